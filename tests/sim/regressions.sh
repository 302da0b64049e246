#!/bin/sh
# regressions.sh GOOSIM LIST: every seed of the list, once more.
set -eu
sed -n 's/^\([0-9][0-9]*\) .*/\1/p' "$2" | while read -r seed; do
    "$1" --seeds "$seed..$seed" >/dev/null || { echo "seed $seed fails again" && exit 1; }
done
