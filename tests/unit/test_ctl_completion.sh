#!/usr/bin/env bash
# test_ctl_completion.sh GOOSECTL - completion for bash knows the commands and options that --help lists, and offers what
# fits at the cursor.
set -euo pipefail
goosectl=$1
# shellcheck source=src/ctl/goosectl.bash
. "$(dirname "$0")/../../src/ctl/goosectl.bash"
failed=0

# What stands there instead of asking a node.
timeout() {
    [ "$*" != "1 goosectl --at n1:7000 members" ] || printf 'address  seat\nn1:7000  voter\nn2:7000  voter\n'
}

# offers LINE WORDS - the cursor is at the end of the line.
offers() {
    local COMP_LINE=$1 COMP_POINT=${#1} got
    _goosectl
    got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd " ")
    [ "$got" = "$2" ] || { echo "after '$1': '$got', not '$2'" && failed=1; }
}

# Commands, as --help lists them: two blanks, then the name.
help=$("$goosectl" --help)
commands=$(sed -nE 's/^  ([a-z][a-z-]*)( .*)?$/\1/p' <<<"$help" | sort | paste -sd " ")
known=$(_goosectl_words_of '' | tr ' ' '\n' | sort | paste -sd " ")
[ "$commands" = "$known" ] || { echo "--help has '$commands', the completion '$known'" && failed=1; }

# Each option of a command's usage line is offered, and no other.
for command in $commands; do
    # Of `run`, what stands behind -- is another program's.
    usage=$("$goosectl" "$command" --help | sed -nE "s/^Usage: goosectl (\[--at HOST:PORT\] )?$command ?//p" | sed 's/ -- .*//')
    options=$(grep -oE -e '--[a-z-]+' <<<"$usage" | sort | paste -sd " " || true)
    known=$(_goosectl_words_of "$command" | grep -oE -e '--[a-z-]+' | sort | paste -sd " " || true)
    [ "$options" = "$known" ] || { echo "$command has '$options', the completion '$known'" && failed=1; }
done

offers 'goosectl st' 'status'
offers 'goosectl --at n1:7000 un' 'undrain'
offers 'goosectl --at x --token-file y --j' '--json'
offers 'goosectl wait r' 'ready'
offers 'goosectl wait --t' '--timeout --token-file'
offers 'goosectl wait duck --timeout 1' '10s 1m'
offers 'goosectl recover --y' '--yes'
offers 'goosectl status --v' ''
offers 'goosectl --v' '--version'
offers 'goosectl is-goose goo' ''
COMP_WORDBREAKS=' :'
offers 'goosectl --at n1:7000 remove n' 'n1:7000 n2:7000'
offers 'goosectl --at n1:7000 remove n2:7' '7000'
offers 'goosectl --at n1:7000 handover --to n1' 'n1:7000'
COMP_WORDBREAKS=' '
offers 'goosectl --at n1:7000 handover --to n1:' 'n1:7000'
offers 'goosectl --at n9:7000 handover --to n' ''
exit $failed
