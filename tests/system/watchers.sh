#!/usr/bin/env bash
# watchers.sh: 1,000 clients watch the nodes of a flock, and a goose is killed: all of them are told of the next one
# within 100 ms of the first. Others are answered meanwhile.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
count=${COUNT:-1000}
last_ms_max=100

# kill_goose NODES... - the goose, while so many clients watch these.
kill_goose() {
    local said last i all=()
    for i in "$@"; do
        all+=("$(node_address "$i")")
    done
    said=$("$BUILD_DIR/tests/system/watchers" "$count" "$(node_pid "$goose")" "${all[@]}") || fail "not all were told"
    say "$said"
    last=$(cut -d ' ' -f 4 <<<"$said")
    [ "${last%.*}" -lt $last_ms_max ] || fail "the last was told $last ms after the first"
    wait_for 5 "node $goose to end" node_is_gone "$goose"
    agree "$@"
    start "$goose"
    agree 1 2 3
    wait_voters 10 1 2 3
    goose=$(flock_goose)
}

flock_on_loopback 3
wait_voters 10 1 2 3
observe
for round in 1 2 3; do
    goose=$(flock_goose)
    say "round $round: all watch one duck, and then both"
    kill_goose "$(another_than "$goose")"
    # shellcheck disable=SC2046 # numbers
    kill_goose $(others_than "$goose")
done
finish
