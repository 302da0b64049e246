#!/usr/bin/env bash
# purity.sh: proves that libgoose is pure. What it may use is named here; everything else fails, so nobody has to
# think of all that is forbidden.
# usage: purity.sh ARCHIVE SOURCE-FOLDER HEADER-FOLDER
set -euo pipefail
export LC_ALL=C
archive=$1 sources=$2 headers=$3

# Memory to memory, and what a broken assertion ends in. No I/O, clock, allocation, chance, thread or environment.
# bcmp is what clang makes of memcmp() == 0; the stack guard is the compiler's own.
symbols_allowed=(memcpy memmove memset memcmp memchr strlen bcmp
    __assert_fail __stack_chk_fail)
# Types, limits and the functions above.
headers_allowed=(assert inttypes limits stdbool stddef stdint string)
# No part of libgoose: it reads what goosed shows to other programs, from a file and with a clock.
reader=lease_page.h

failed=0
complain() {
    echo "$1"
    failed=1
}

one_a_line() {
    printf '%s\n' "$@" | sort
}

# Symbols that some member of the archive wants and none defines.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm "$archive" >"$work/symbols"
awk 'NF == 3 { print $3 }' "$work/symbols" | sort -u >"$work/defined"
awk 'NF == 2 && ($1 == "U" || $1 == "w") { print $2 }' "$work/symbols" | sort -u >"$work/wanted"
[ -s "$work/defined" ] || complain "$archive defines nothing"
for symbol in $(comm -23 "$work/wanted" "$work/defined" |
    comm -23 - <(one_a_line "${symbols_allowed[@]}")); do
    complain "$archive uses $symbol, which is not on the list"
done
# Data that can change would be state outside struct goose_election.
while read -r kind symbol; do
    complain "$archive has a variable of its own: $symbol ($kind)"
done < <(awk 'NF == 3 && $2 ~ /^[BbDdCGgSs]$/ { print $2, $3 }' "$work/symbols")

# includes FOLDER PATTERN - complains of every #include there that is neither standard nor matches.
includes() {
    local folder=$1 own=$2 standard
    standard=$(IFS='|' && echo "${headers_allowed[*]}")
    while IFS= read -r line; do
        complain "not allowed: $line"
    done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' "$folder" --include='*.[ch]' --exclude="$reader" |
        grep -vE "include <($standard)\.h>|include \"($own)\"" || true)
}
[ -n "$(find "$headers" -name '*.h')" ] || complain "no header in $headers"
[ -n "$(find "$sources" -name '*.c')" ] || complain "no source in $sources"
includes "$headers" 'goose/[a-z_]+\.h'
includes "$sources" '(goose/)?[a-z_]+\.h'

# An outsider can include any header alone, first, with nothing else on the path.
for header in "$headers"/*.h; do
    language=(-std=c11)
    [ "$(basename "$header")" != "$reader" ] || language=(-std=c11 -D_GNU_SOURCE)
    echo "#include \"goose/$(basename "$header")\"" |
        "${CC:-cc}" "${language[@]}" -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
            -I "$(dirname "$headers")" -x c - || complain "$header cannot be included alone"
done
[ $failed = 0 ] && echo "pure: $(comm -23 "$work/wanted" "$work/defined" | tr '\n' ' ')"
exit $failed
