#!/usr/bin/env bash
# readme.sh GOOSED GOOSECTL - the README takes a minute to read, and what it names is there: files that it and the other
# texts link to, options and commands of goosed and goosectl, commands of flock.sh.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.."
failed=0

wrong() {
    echo "$*"
    failed=1
}

[ "$(wc -l <README.md)" -le 220 ] || wrong "README.md has more than 220 lines"
[ "$(wc -w <README.md)" -le 2200 ] || wrong "README.md has more than 2,200 words"

links=0
for text in README.md tests/EVIDENCE.md src/election/PROTOCOL.md .github/*.md; do
    while read -r link; do
        links=$((links + 1))
        [ -e "$(dirname "$text")/$link" ] || wrong "$text links to $link, which is not there"
    done < <(grep -oE '\]\([^)#]+' "$text" | cut -c 3- | grep -v '^https:')
done
[ $links -gt 20 ] || wrong "links are not understood"

options=0
help=$("$1" --help && "$2" --help)
while read -r option; do
    options=$((options + 1))
    grep -qE -e "(^|[^a-z-])$option([^a-z-]|$)" <<<"$help" || wrong "README.md names $option, which is none"
done < <(grep -E 'goose(d|ctl) |^`?--' README.md | grep -v 'cmake\|systemctl' | grep -oE -e '--[a-z][a-z-]+' | sort -u)
[ $options -gt 5 ] || wrong "options are not understood"
while read -r command; do
    grep -qE "^  ([a-z|, ]* )?$command( |$)" <<<"$help" || wrong "README.md names goosectl $command, which is none"
done < <(grep -oE 'goosectl( --[a-z-]+ [^ ]+)* [a-z]+' README.md | sed 's/.* //' | sort -u)
# shellcheck disable=SC2016 # the README's quotes
while read -r command; do
    grep -qE "^  ([^ ]+.*, )?$command( |,)" scripts/flock.sh || wrong "README.md names flock.sh $command, which is none"
done < <(sed -n '/flock.sh kill/,/`down`/p' README.md | grep -oE '`(scripts/flock\.sh )?[a-z]+( [^`]*)?`' |
    sed 's,scripts/flock.sh ,,' | grep -oE '[a-z]+' | sort -u)
exit $failed
