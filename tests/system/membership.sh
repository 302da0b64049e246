#!/usr/bin/env bash
# membership.sh: who belongs to the flock changes while it runs, and never does that cost it its goose for long, or give
# it two. From one node to nine and back to three, and every node replaced by another.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# joiner I WHOM ARGS... - a node to be that knows nobody but node WHOM.
joiner() {
    local i=$1 whom=$2
    shift 2
    node_new "$i" "$(loopback "$i")" --join "$(loopback "$whom")" --faults --log-level debug "${patient[@]}" "$@"
}

is_seated() {
    status_is "$1" seat "$2"
}

expect_seat() {
    [ "$(status_of "$1" seat)" = "$2" ] || fail "node $1 is $(status_of "$1" seat), not $2"
}

scene "a flock of one listens first, for four promises; then others join, through a duck too"
node_new 1 "$(loopback 1)" --voters 9 --faults --log-level debug "${patient[@]}"
for i in 2 3 4 5 6 7 8 9; do
    joiner "$i" $(((i + 1) / 2)) --voters 9
done
joined=$(now_ms)
start 1
wait_for 5 "its first answer" node_answers 1
[ "$(status_of 1 state)" = listening ] || fail "node 1 does not listen first"
answers_code 1 /readyz 503 || fail "a node that only listens is ready"
observe
wait_for 10 "node 1 to be goose" answers_code 1 /goose 200
[ $(($(now_ms) - joined)) -ge 4200 ] || fail "it listened for less than four promises"
mark=$(mark)
start 2
wait_for 10 "node 2 to follow" flock_agrees 1 2
start 3
wait_voters 10 1 2 3
wait_log 5 1 'my own command line names nobody'
start 4 5 6 7 8 9
wait_voters 20 1 2 3 4 5 6 7 8 9
agree 1 2 3 4 5 6 7 8 9
! sees "$mark" goose || fail "the goose changed while others joined"

say "back to three: removed by any node, a duck or the goose itself; who is removed stays out"
for i in 9 8 7; do
    remove $((i - 5)) "$i"
    wait_for 5 "node $i to know that it has no seat" is_seated "$i" none
done
wait_voters 10 1 2 3 4 5 6
remove 5 1
wait_for 5 "node 1 to know that it has no seat" is_seated 1 none
wait_voters 10 2 3 4 5 6
remove 2 5
remove 6 6
wait_voters 10 2 3 4
ask 2 DELETE "/members/$(loopback 99)"
[ "$code" = 404 ] || fail "nobody was removed: $code $body"
for i in 1 5 6 7 8 9; do
    expect_seat "$i" none
    answers_code "$i" /readyz 503 || fail "node $i is ready, but no member"
done
agree 2 3 4

say "how many voters are wanted was left alone, and changes by asking"
[ "$(node_http 2 GET /members | jq .wanted)" = 9 ] || fail "removals changed how many voters are wanted"
ask 3 PUT /voters --data '{"wanted":3}'
[ "$code $body" = '200 voters wanted: 3' ] || fail "$code $body"
ask 3 PUT /voters --data '{"wanted":32}'
[[ "$code $body" == '400 '*'1 to 31' ]] || fail "$code $body"

say "restarted, a removed node stays out; told to come back, it does, and finds no seat free"
node_stop 9
mark=$(mark)
start 9
agree 2 3 4 9
expect_seat 9 none
ask 9 DELETE /drain
wait_for 10 "node 9 to be an observer" is_seated 9 observer
wait_for 5 "it to be ready" answers_code 9 /readyz 200
wait_voters 5 2 3 4
! sees "$mark" goose || fail "the goose changed for an observer"

say "a node that is an observer for ever leaves a free seat alone; another takes it"
node_stop 8
node_set_args 8 --join "$(loopback 2)" --observer "${patient[@]}"
start 8
agree 2 3 4 8
ask 8 DELETE /drain
wait_for 10 "node 8 to be an observer" is_seated 8 observer
for i in 1 2 3 4 5 6 7 9; do
    ! node_pid "$i" >/dev/null || node_stop "$i"
done
expect_quiet 1 "$(mark)" goose

scene "every node replaced, one by one"
for i in 1 2 3; do
    node_new "$i" "$(loopback "$i")" --peers "$(loopback 1),$(loopback 2),$(loopback 3)" --log-level debug \
        --dead-after 1500ms "${patient[@]}"
done
for i in 4 5 6; do
    joiner "$i" $((i - 2)) --dead-after 1500ms
done
start 1 2 3
agree 1 2 3
observe
for i in 1 2 3; do
    start $((i + 3))
    wait_for 10 "node $((i + 3)) to be an observer" is_seated $((i + 3)) observer
    node_kill "$i"
    case $i in
    1) wait_voters 15 2 3 4 ;;
    2) wait_voters 15 3 4 5 ;;
    3) wait_voters 15 4 5 6 ;;
    esac
done
agree 4 5 6
say "the first three come back with their old state, and find the flock where it is now"
start 1 2 3
agree 1 2 3 4 5 6
wait_voters 5 4 5 6
finish
