#!/usr/bin/env bash
# rooms.sh: proves that the folders of src include only what they may.
# usage: rooms.sh SRC ROOM=OTHER,... - for each folder of C files, whose headers it may include besides its own.
set -euo pipefail
export LC_ALL=C
src=$1
shift

wrong=$(
    for folder in "$src"/*/; do
        room=$(basename "$folder")
        compgen -G "$folder*.c" >/dev/null || continue
        others=
        for rule in "$@"; do
            [ "${rule%%=*}" != "$room" ] || others=$room,${rule#*=}
        done
        [ -n "$others" ] || echo "src/$room has no place in the list"
        grep -H '^#include "' "$folder"*.[ch] | while IFS=: read -r file include; do
            header=${include#*\"}
            header=${header%\"*}
            [[ $header != */* || ,$others, == *,${header%%/*},* ]] || echo "${file#"$src"/} includes $header"
        done
    done
)
[ -z "$wrong" ] || { echo "$wrong" && exit 1; }
echo "nobody includes what it may not"
