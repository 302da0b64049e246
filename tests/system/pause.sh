#!/usr/bin/env bash
# pause.sh: the goose is stopped and goes on after another has taken over. Its very first answer is duck, 200 times of
# 200. It answers a question that has waited in its socket: the observer asks every 5 ms. (Not as fast as it can: then
# the goose would often be stopped between making an answer and sending it, and what was true would arrive late.)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
rounds=200

# The last that was seen of node I is that it was goose.
was_goose() {
    grep -F " $(node_address "$1")" "$seen" | tail -n 1 | grep ' goose ' >/dev/null
}

another_goose_than() {
    local i
    for i in $(others_than "$1"); do
        [ "$(node_status "$i" | cut -d ' ' -f 1)" != goose ] || return 0
    done
    return 1
}

flock_on_loopback 3 --heartbeat 20ms --lease 100ms
observe_options=(--every 5ms)
observe

# A round counts if it was the goose that was stopped; on a busy machine another may just have taken over.
round=0
for ((try = 1; round < rounds && try <= 2 * rounds; try++)); do
    wait_goose
    node_pause "$goose"
    ! was_goose "$goose" || round=$((round + 1))
    wait_for 5 "another goose" another_goose_than "$goose"
    node_resume "$goose"
    wait_for 5 "node $goose to answer" node_answers "$goose"
done
[ $round = $rounds ] || fail "only $round of $try rounds stopped a goose"
agree 1 2 3
! sees 0 late || fail "who went on was still goose in its first answer"
say "$rounds of $rounds: duck"
finish
