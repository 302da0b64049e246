#!/usr/bin/env bash
# pause.sh: the goose is stopped and goes on after another has taken over. Its very first answer is duck, 40 times of
# 40: the answer to a question that was put when it had stopped, and has waited in its socket ever since.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
rounds=40 # tests/bench/failover.sh does more of them

# A connection to node I, kept open from before the stop: then the question waits where the node reads first.
connect() {
    exec {line}<>"/dev/tcp/$(node_address "$1" | tr : /)"
}

disconnect() {
    exec {line}>&-
}

question() {
    printf 'GET /status HTTP/1.1\r\nHost: %s\r\n\r\n' "$(node_address "$1")" >&"$line"
}

# role_answered - the next answer's body; what it says in its head is not looked at.
role_answered() {
    local text
    while read -r -t 5 -u "$line" text; do
        case $text in
        goose | duck) echo "$text" && return ;;
        esac
    done
    fail "no answer to the question"
}

another_goose_than() {
    local i
    for i in $(others_than "$1"); do
        [ "$(node_status "$i" | cut -d ' ' -f 1)" != goose ] || return 0
    done
    return 1
}

flock_on_loopback 3 --heartbeat 20ms --lease 100ms
observe_options=() # as fast as it can
observe

# A round counts if it was the goose that was stopped; on a busy machine another may just have taken over.
round=0
for ((try = 1; round < rounds && try <= 2 * rounds; try++)); do
    wait_goose
    connect "$goose"
    question "$goose"
    before=$(role_answered)
    node_pause "$goose"
    question "$goose"
    [ "$before" != goose ] || round=$((round + 1))
    wait_for 5 "another goose" another_goose_than "$goose"
    node_resume "$goose"
    [ "$(role_answered)" = duck ] || fail "node $goose was still goose when it went on"
    disconnect
done
[ $round = $rounds ] || fail "only $round of $try rounds stopped a goose"
agree 1 2 3
say "$rounds of $rounds: duck"
finish
