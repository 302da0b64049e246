#!/usr/bin/env bash
# play.sh: the flock to play with, by the very commands of the README: its start, all that is to be tried on it, its end.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
needs_sandbox
cd "$here/../.."
export GOOSED CHAOS_DIR=$FLOCK_DIR/chaos
said=$FLOCK_DIR/said

# play COMMAND... - with a flock of its own.
play() {
    FLOCK_DIR=$FLOCK_DIR/play "$@"
}

# readme FROM TO - the commands in quotes from one line to another; flock.sh is left out before most of its own.
readme() {
    # shellcheck disable=SC2016 # the README's quotes
    sed -n "/$1/,/$2/p" README.md | grep -oE '`[^`]+`' | tr -d '`' |
        sed -E '/^scripts/! s,^,scripts/flock.sh ,'
}

# Nobody types as fast as this test does.
is_well() {
    play scripts/find_goose.sh >"$FLOCK_DIR/found"
}

say "scripts/flock.sh start"
grep -qx '    scripts/flock.sh start  .*' README.md || fail "the README does not start a flock"
play scripts/flock.sh start >"$said"
table=$(grep -A 5 '^node ' "$said") || fail "no table: $(<"$said")"
[ "$(grep -cE ' (goose|duck) +[0-9]+ +[0-9]+ +127' <<<"$table")" = 5 ] || fail "not five nodes: $table"
[ "$(head -n 1 <<<"$table")" = "$(sed -n 's/^    \(node .*\)/\1/p' README.md)" ] || fail "the README shows another table"
page=$(sed -nE 's/^ +Look at (http[^ ]+) in a browser.*/\1/p' README.md)
grep -qF "Look at $page in a browser" "$said" || fail "the README shows another end than: $(<"$said")"
curl --silent --fail --max-time 5 --header "Accept: text/html" "$page" | grep '<title>' >/dev/null || fail "no dashboard at $page"

tried=0
while read -r command; do
    [ "$command" != "scripts/flock.sh down" ] || break
    say "$command"
    eval "play $command" </dev/null || fail "$command"
    wait_for 20 "one goose" is_well
    tried=$((tried + 1))
done < <(readme '^More to break' 'for each node')
[ $tried = 9 ] || fail "$tried commands of the README were tried"

say "a job of a moment, on the goose"
the-job() {
    ran=yes
}
ran=
line=$(sed -n 's/^    \(if \[ .*curl.*the-job; fi\)$/\1/p' README.md)
[ -n "$line" ] || fail "the README does not ask before a job"
eval "$line"
[ "${ran:-no}" = no ] || fail "node 1 is a duck, and ran it"
play scripts/flock.sh handover 1
wait_for 20 "one goose" is_well
eval "$line"
[ "$ran" = yes ] || fail "node 1 is the goose, and did not run it"

say "scripts/flock.sh down"
play scripts/flock.sh down
[ ! -e "$FLOCK_DIR/play" ] || fail "it left $(ls -R "$FLOCK_DIR/play")"

say "scripts/chaos.sh"
# shellcheck disable=SC2016 # the README's quotes
grep -q '`scripts/chaos.sh` breaks' README.md || fail "the README has no chaos.sh"
scripts/chaos.sh >"$said" 2>&1 || fail "$(tail -n 20 "$said")"
finish
