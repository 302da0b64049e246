#!/bin/sh
# fenced-store.sh: puts standard input into FILE, for whoever comes with the highest term so far; refuses all others.
# A goose that was paused for minutes and goes on where it was can so never undo what the next goose wrote:
#
#     echo "primary: $(hostname)" | fenced-store.sh /srv/shared/primary "$GOOSE_TERM"
#
# FILE.term holds the highest term seen. It is on disk before the file changes: a crash in between refuses the older
# goose already, and costs nothing else. All writers have to go through this script, and share one machine's flock(1).
set -eu
[ $# = 2 ] || { echo "usage: fenced-store.sh FILE TERM <CONTENT" >&2 && exit 2; }
case $2 in
'' | 0* | *[!0-9]*) echo "fenced-store.sh: term \"$2\": give the number that Goose-Term or GOOSE_TERM says" >&2 && exit 2 ;;
esac
file=$1 term=$2

# replace NAME - with standard input, whole and on disk, or not at all.
replace() {
    cat >"$1.new"
    sync "$1.new"
    mv "$1.new" "$1"
    sync "$(dirname "$1")"
}

# older A B - terms are numbers of up to 20 digits, more than test(1) can compare: the longer one is the larger.
older() {
    [ ${#1} -lt ${#2} ] || { [ ${#1} = ${#2} ] && [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | LC_ALL=C sort | head -n 1)" = "$1" ]; }
}

exec 9>"$file.lock"
flock 9
seen=$(cat "$file.term" 2>/dev/null || echo 0)
case $seen in
'' | *[!0-9]*) echo "fenced-store.sh: $file.term holds \"$seen\", which is no term; see to it" >&2 && exit 2 ;;
esac
if older "$term" "$seen"; then
    echo "fenced-store.sh: term $term is over: $file has heard from the goose of term $seen" >&2
    exit 1
fi
[ "$term" = "$seen" ] || echo "$term" | replace "$file.term"
replace "$file"
