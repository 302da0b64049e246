#!/usr/bin/env bash
# rebirth.sh: nodes that start for the first time, again, without their state, or elsewhere with it. A flock heals where
# a majority kept its disks, and no node ever counts for more than it knows.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# loses_state I - as a new disk at the old address.
loses_state() {
    rm -r "$(node_state_dir "$1")"
}

uid_has_changed() {
    local goose now
    goose=$(flock_goose) || return 1
    now=$(uid_at "$goose" "$1") && [ -n "$now" ] && [ "$now" != "$2" ]
}

kill_all() {
    local i
    for i in $(nodes_running); do
        node_kill "$i"
    done
}

scene "two of three started for the first time; the third comes when they have a goose"
flock_new 3 "${patient[@]}"
start 1 2
observe
agree 1 2
goose=$(flock_goose)
status_is "$goose" settled false || fail "settled, and nobody has seen node 3 yet"
mark=$(mark)
start 3
agree 1 2 3
wait_voters 10 1 2 3
! sees "$mark" goose || fail "the goose changed for the third"

say "the third has lost its state: newborn at its old address, and a voter again"
node_kill 3
loses_state 3
before=$(uid_at "$(flock_goose)" 3)
mark=$(mark)
start 3
wait_for 10 "node 3 to be listed with another uid" uid_has_changed 3 "$before"
wait_voters 10 1 2 3
! sees "$mark" goose || [ "$goose" = 3 ] || fail "the goose changed for a newborn"

say "killed as a whole, and started again: no old goose counts, the term goes up"
term=$(status_of "$(flock_goose)" term)
kill_all
mark=$(mark)
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
[ "$(status_of 1 term)" -gt "$term" ] || fail "the term did not go up"

say "a node goes on at a new address, with its state: the same seat, the same uid"
goose=$(flock_goose)
moving=$(another_than "$goose")
before=$(uid_at "$goose" "$moving")
node_stop "$moving"
mark=$(mark)
old=$(node_address "$moving")
loopback 8 >"$FLOCK_DIR/$moving/address"
start "$moving"
agree 1 2 3
wait_voters 10 1 2 3
[ "$(uid_at "$goose" "$moving")" = "$before" ] || fail "node $moving has another uid at its new address"
[[ " $(voters_at "$goose") " != *" $old "* ]] || fail "the old address is a voter still"
! sees "$mark" goose || fail "the goose changed for a node that moved"

scene "a minority of five loses its disks, the goose among them"
flock_on_loopback 5
wait_voters 10 1 2 3 4 5
observe
lost=("$(flock_goose)")
lost+=("$(another_than "${lost[0]}")")
mark=$(mark)
# Both at once, or the second may be goose before it dies.
kill -s KILL "$(node_pid "${lost[0]}")" "$(node_pid "${lost[1]}")"
for i in "${lost[@]}"; do
    wait_for 5 "node $i to end" node_is_gone "$i"
    loses_state "$i"
done
start "${lost[@]}"
next=$(wait_new_goose 10 "$mark")
[[ " ${lost[*]} " != *" $next "* ]] || fail "node $next is goose, though it knows nothing"
wait_voters 20 1 2 3 4 5
agree 1 2 3 4 5

say "a majority of five loses them: no goose, until an operator decides"
kill_all
for i in 1 2 3; do
    loses_state "$i"
done
mark=$(mark)
# Those that remember first: three newborns that hear nobody else for a promise's time are a majority of the list.
for i in 4 5 1 2 3; do
    start "$i"
    wait_for 5 "node $i to answer" node_answers "$i"
done
expect_quiet 2 "$mark" goose

scene "two: when one is away, the other stays a duck"
flock_on_loopback 2
observe
wait_log 5 1 'a flock of two has no failover'
goose=$(flock_goose)
wait_voters 10 1 2
node_kill "$goose"
expect_quiet 1 "$(mark)" goose
start "$goose"
agree 1 2
finish
