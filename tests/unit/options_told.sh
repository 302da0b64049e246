#!/usr/bin/env bash
# options_told.sh GOOSED GOOSECTL [--write] - the list of options in goosed's manual page is what goosed --help tells;
# --write makes it so. What goosectl --help tells, its page does.
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
help=$("$1" --help)
page=$top/src/man/goosed.8
first='^\.\\" Options: ' end='^\.\\" The options end here'

# Each heading of --help that has options below it becomes a part of the page. Text becomes sentences, one a line.
of_help() {
    awk -v RS= '
        function sentences(text) {
            text = toupper(substr(text, 1, 1)) substr(text, 2)
            if (match(text, / \([a-z0-9]+\)$/))
                text = substr(text, 1, RSTART - 1) ". Default: " substr(text, RSTART + 2, RLENGTH - 3)
            if (text !~ /}$/) text = text "."
            gsub(/\n +/, "\n", text)
            gsub(/\. /, ".\n", text)
            gsub(/~?\/[^ \n]+/, "\\%&", text) # a path is never parted
            gsub(/~/, "\\(ti", text)
            while (match(text, /[ \n]--[a-z-]+[:,.]?[ \n]/)) {
                option = substr(text, RSTART + 3, RLENGTH - 4)
                sub(/[:,.]$/, " &", option)
                text = substr(text, 1, RSTART - 1) "\n.Fl \\-" option "\n" substr(text, RSTART + RLENGTH)
            }
            print text
        }
        /\n  --/ {
            items = split($0, item, /\n  --/)
            split(item[1], heading, ": ")
            print ".Ss " heading[1]
            if (heading[2] != "") sentences(heading[2])
            print ".Bl -tag -width Ds"
            for (i = 2; i <= items; i++) {
                sub(/ /, " Ar ", item[i])
                sub(/ Ar  +/, "  ", item[i]) # it has no value
                match(item[i], /  +/)
                print ".It Fl \\-" substr(item[i], 1, RSTART - 1)
                sentences(substr(item[i], RSTART + RLENGTH))
            }
            print ".El"
        }' <<<"$help"
}

if [ "${3-}" = --write ]; then
    written=$(sed "/$first/q" "$page" && of_help && sed -n "/$end/,\$p" "$page")
    printf '%s\n' "$written" >"$page"
fi
failed=0
[ "$(grep -c '^  --' <<<"$help")" -gt 20 ] || { echo "--help is not understood" && failed=1; }
parted=$(diff <(of_help) <(sed "1,/$first/d; /$end/,\$d" "$page")) || {
    printf 'src/man/goosed.8; < is what --help tells, > what stands there (--write mends it):\n%s\n' "$parted"
    failed=1
}

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
