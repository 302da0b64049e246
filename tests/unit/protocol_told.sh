#!/usr/bin/env bash
# protocol_told.sh - the index at the end of PROTOCOL.md: each function that it names is in the file that it names, and no
# file of src/election is left out but those that carry out no rule.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../../src/election"
index=$(sed -n '/^## 13/,$p' PROTOCOL.md | grep '^|')
failed=0 count=0

# shellcheck disable=SC2016 # the quotes are those of the text
# "`a.c`: `f`, `g`; `b.c`: `h`" -> "a.c f", "a.c g", "b.c h".
named() {
    grep -oE '`[a-z_.]+`' <<<"$index" | tr -d '`' | awk '/\.c$/ { file = $1; next } { print file, $1 }'
}

while read -r file function; do
    count=$((count + 1))
    grep -qE "^[a-z].*[ *]$function\(" "$file" || { echo "PROTOCOL.md: no $function in $file" && failed=1; }
done < <(named)
[ $count -gt 60 ] || { echo "the index is not understood" && failed=1; }
for file in *.c; do
    [[ $file == invariants.c || $file == view.c ]] || grep -qF "\`$file\`" <<<"$index" ||
        { echo "PROTOCOL.md: $file is not in the index" && failed=1; }
done
exit $failed
