#!/usr/bin/env bash
# flock.sh: scripts/flock.sh as who plays with it sees it: what it says and does, and that it waits for nothing in vain.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
export GOOSED FLOCK_PORT=$((port_base + 1))

# play STATUS PATTERN ARGS... - flock.sh ends with this status; the pattern fits all that it says, lines joined by '/'.
play() {
    local wanted=$1 pattern=$2 status=0 said
    shift 2
    said=$(FLOCK_DIR=$FLOCK_DIR/play timeout 30 "$here/../../scripts/flock.sh" "$@" 2>&1 </dev/null | paste -sd /) ||
        status=$?
    [ $status = "$wanted" ] || fail "flock.sh $*: $status, not $wanted: $said"
    [[ $said =~ ^($pattern)$ ]] || fail "flock.sh $*: /$pattern/ is not: $said"
}
one=$(loopback 1) two=$(loopback 2)

say "a node that cannot start ends it at once: a wait in vain would say so"
play 1 '(node [12] has ended: goosed: --lease 10ms is under 3 heartbeats .*/){2}flock.sh: no flock was started' \
    start 2 --lease 10ms
play 1 'flock.sh: there is no flock; .*' status

say "each command says what it did, and what comes next"
play 0 "node .*/1 +$one +.*/2 +$two +.*//Look at http://$one .*/.*flock.sh kill 1 .*" start 2 --lease 1s --heartbeat 100ms
play 0 "node 2, $two: killed, as by a crash" kill 2
play 1 'flock.sh: node 2 is not running' stop 2
play 0 "node 2, $two: runs again" restart 2
play 0 "node 2, $two: stands still" pause 2
play 0 "node .*/2 +$two +paused .*" status
play 0 "node 2, $two: goes on" resume 2
play 0 'cut: 1 \| 2' partition 1 2
play 1 'flock.sh: between whom\? .*' partition
play 0 'all links are whole' heal
play 0 "node 1, $one: stopped; it resigned first" stop 1
play 0 '' down
finish
