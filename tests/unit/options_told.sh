#!/usr/bin/env bash
# options_told.sh GOOSED GOOSECTL - options are told in two places, --help and the manual page. Both name the same, and each
# default that the page tells is the one that --help tells. What goosectl --help tells, its page does.
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
help=$("$1" --help)
page=$top/src/man/goosed.8

of_help() {
    grep -oE -e '(^ +|, )--[a-z-]+' <<<"$help" | grep -oE -e '--[a-z-]+'
}

of_page() {
    sed -nE 's/^\.It Fl \\-([a-z-]+).*/--\1/p' "$page"
}

failed=0
[ "$(of_help | wc -l)" -gt 20 ] || { echo "--help is not understood" && failed=1; }
parted=$(diff <(of_help | sort -u) <(of_page | sort -u)) || {
    printf 'src/man/goosed.8; < is in --help only, > is there only:\n%s\n' "$parted"
    failed=1
}

# "--lease DURATION  ... (300ms)" there, "Default: 300ms." here.
while read -r option default; do
    told=$(awk -v option="\\\\-${option#--}" '$1 == ".It" { on = $3 == option }
        on && /^Default:/ { if (NF == 1) { getline; $0 = "Default: " $2 }; sub(/\.$/, "", $2); print $2; exit }' \
        "$page")
    [ "$told" = "$default" ] || { echo "$option: $default by default, '$told' in src/man/goosed.8" && failed=1; }
done < <(grep -oE -e '--[a-z-]+ .*\(([a-z0-9]+)\)$' <<<"$help" | sed -E 's/ .*\((.*)\)$/ \1/' | grep -v required)

help=$("$2" --help)
page=$top/src/man/goosectl.1
[ "$(wc -l <<<"$help")" -gt 10 ] || { echo "goosectl --help is not understood" && failed=1; }
while read -r option; do
    grep -qE -e "Fl \\\\-${option#--}( |$)" "$page" || { echo "$option is not in src/man/goosectl.1" && failed=1; }
done < <(grep -oE -e '--[a-z-]+' <<<"$help" | sort -u)
while read -r command; do
    grep -qE "^\.It Cm (.* )?$command( |$)" "$page" || { echo "$command is not in src/man/goosectl.1" && failed=1; }
done < <(sed -nE 's/^  ([a-z][a-z-]*).*/\1/p' <<<"$help" | sort -u)
exit $failed
