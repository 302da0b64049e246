#!/usr/bin/env bash
# layers.sh: proves that the files of an archive stand on each other in one order, and none calls what stands above it.
# usage: layers.sh ARCHIVE FILE[,FILE...]... - the files from below; those with a comma between them stand side by side.
set -euo pipefail
export LC_ALL=C
archive=$1
shift

wrong=$(nm -A "$archive" | awk -v ladder="$*" '
BEGIN {
    steps = split(ladder, names, " ")
    for (i = 1; i <= steps; i++)
        for (n = split(names[i], beside, ","); n > 0; n--) height[beside[n]] = i
}
{
    n = split($1, where, ":")
    file = where[n - 1]
    sub(/\.c\.o$/, "", file)
    kind = $(NF - 1)
    if (!(file in height) && !(file in seen)) print file ".c has no place in the list"
    seen[file] = 1
    if (kind == "U") wants[++wanted] = file " " $NF
    else if (kind ~ /^[TDR]$/) home[$NF] = file
}
END {
    for (name in height) if (!(name in seen)) print name ".c is in the list, and nowhere else"
    for (i = 1; i <= wanted; i++) {
        split(wants[i], want, " ")
        to = home[want[2]]
        if (to != "" && height[to] >= height[want[1]]) print want[1] ".c calls up: " want[2] "() of " to ".c"
    }
}')
[ -z "$wrong" ] || { echo "$wrong" && exit 1; }
echo "no call goes up"
