#!/bin/sh
# replay.sh GOOSIM: the same seed twice gives the same digest of all that happened; other seeds give others.
set -eu
goosim=$1
seen=
for seed in 1 2 3 17 99 1234; do
    once=$("$goosim" --seed $seed --digest)
    twice=$("$goosim" --seed $seed --digest)
    if [ "$once" != "$twice" ]; then
        echo "seed $seed went two ways: $once, $twice"
        exit 1
    fi
    case $seen in
    *"${once#*digest }"*)
        echo "seed $seed went the way of another: $once"
        exit 1
        ;;
    esac
    seen="$seen ${once#*digest }"
done
# A trace looks on and changes nothing (goosim compares), and its first line is the seed and its options.
trace=$("$goosim" --seed 17 --no-shrink --full)
case $trace in
"goosim --seed 17 "*CLAIMS*) ;;
*) echo "no trace of seed 17" && exit 1 ;;
esac
