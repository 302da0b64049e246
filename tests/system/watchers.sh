#!/usr/bin/env bash
# watchers.sh: 1,000 clients watch the nodes of a flock, and a goose is killed: all of them are told of the next one
# within 100 ms of the first. Others are answered meanwhile.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
count=${COUNT:-1000}
rounds=${ROUNDS:-5}
last_ms_max=100
lasts=()

# kill_goose NODES... - while so many clients watch these.
kill_goose() {
    local said i all=()
    for i in "$@"; do
        all+=("$(node_address "$i")")
    done
    said=$("$BUILD_DIR/tests/system/watchers" "$count" "$(node_pid "$goose")" "${all[@]}") || fail "not all were told"
    say "$said"
    lasts+=("$(cut -d ' ' -f 4 <<<"$said")")
    wait_for 5 "node $goose to end" node_is_gone "$goose"
    agree "${survivors[@]}"
    start "$goose"
    agree 1 2 3
    wait_voters 10 1 2 3
}

flock_on_loopback 3
wait_voters 10 1 2 3
observe
for ((round = 0; round < rounds; round++)); do
    goose=$(flock_goose)
    mapfile -t survivors < <(others_than "$goose")
    # All at one node, or half of them at each.
    kill_goose "${survivors[@]:0:round % 2 + 1}"
done
# A machine that has other work stands still now and then: so it is the run in the middle that counts.
middle=$(printf '%s\n' "${lasts[@]}" | sort -n | sed -n "$((rounds / 2 + 1))p")
[ "${middle%.*}" -lt $last_ms_max ] || fail "the last of all was told $middle ms after the first, in half of the runs"
finish
