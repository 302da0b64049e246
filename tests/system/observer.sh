#!/usr/bin/env bash
# observer.sh: the observer itself, shown flocks that are well and flocks that are not. It has teeth, or no system test
# has any. Each scene: a list of "NODE ANSWER PATTERN", one after the other: node A or B answers so from now on, until
# the observer has written a line like the pattern; then how the observer ends.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
FAKE_NODE=$BUILD_DIR/tests/system/fake_node

answer() {
    echo "$2" >"$FLOCK_DIR/next"
    mv "$FLOCK_DIR/next" "$FLOCK_DIR/$1"
}

fake() {
    answer "$1" duck
    : >"$FLOCK_DIR/at-$1"
    "$FAKE_NODE" "$FLOCK_DIR/$1" >"$FLOCK_DIR/at-$1" &
    fakes+=($!)
    wait_for 10 "fake node $1" grep -q . "$FLOCK_DIR/at-$1"
}

# scene STATUS LAST-LINES-PATTERN STEP...
scene() {
    local status=$1 last=$2 step node what pattern mark got=0
    shift 2
    fakes=()
    fake A
    fake B
    : >"$seen"
    "$OBSERVER" "$(<"$FLOCK_DIR/at-A")" "$(<"$FLOCK_DIR/at-B")" >"$seen" &
    observer_pid=$!
    wait_for 10 "both ducks" has_lines 2
    for step in "$@"; do
        read -r node what pattern <<<"$step"
        mark=$(mark)
        answer "$node" "$what"
        wait_seen 10 "$mark" "$pattern" >/dev/null
    done
    [ "$status" != 0 ] || kill $observer_pid
    wait $observer_pid || got=$?
    observer_pid=
    kill "${fakes[@]}"
    [ $got = "$status" ] || fail "$*: the observer ended with $got"
    grep -qE "$last" "$seen" || fail "$*: no /$last/ in $(cat "$seen")"
}

has_lines() {
    [ "$(wc -l <"$seen")" -ge "$1" ]
}

scene 0 'observer: 2 nodes, [0-9]+ answers .*, 2 claims, longest time without a goose [0-9.]+ ms' \
    'A 7 goose .* term 7$' 'A duck duck' 'B 8 goose .* term 8 after [0-9.]+ ms'
scene 0 ', 0 claims, '
scene 0 ', 2 claims, ' 'A 7 goose' 'A 8 goose .* term 8'
scene 1 'two geese at once' 'A 7 goose' 'B 8 CONFLICT'
scene 1 'two geese in one term' 'A 7 goose' 'A duck duck' 'B 7 CONFLICT'
scene 1 'a goose of an older term' 'A 8 goose' 'A 7 CONFLICT'
scene 1 'a goose of an older term' 'A 8 goose' 'A duck duck' 'B 7 CONFLICT'
# The nodes' own logs, likewise: claim_logs STATUS PATTERN "NODE TERM FROM UNTIL"...
claim_logs() {
    local status=$1 pattern=$2 claim node term from until got=0 said
    shift 2
    : >"$FLOCK_DIR/log-a"
    : >"$FLOCK_DIR/log-b"
    for claim in "$@"; do
        read -r node term from until <<<"$claim"
        echo "2026-11-21T11:08:00.229208Z debug term=$term claim from_us=$from until_us=$until" >>"$FLOCK_DIR/log-$node"
    done
    said=$(claim_logs_check "$FLOCK_DIR/seen" "$FLOCK_DIR/log-a" "$FLOCK_DIR/log-b") || got=$?
    [ $got = "$status" ] || fail "claims $*: $got, $said"
    grep -qE "$pattern" <<<"$said" || fail "claims $*: no /$pattern/ in $said"
}

: >"$FLOCK_DIR/seen"
claim_logs 0 'logs: 0 claims'
claim_logs 0 'logs: 2 claims' 'a 1 1000 2000' 'a 1 1000 3000' 'b 2 3000 4000'
claim_logs 0 'logs: 2 claims' 'a 1 1000 2000' 'a 2 1500 3000'
claim_logs 1 'two geese at once: 2999 ' 'a 1 1000 2000' 'a 1 1000 3000' 'b 2 2999 4000'
claim_logs 1 'two geese at once' 'a 1 1000 9000' 'b 2 9000 20000' 'b 3 9500 9600' 'a 4 9700 9800'
claim_logs 1 'two geese at once' 'a 1 1000 9000' 'a 2 2000 3000' 'b 3 4000 5000'
claim_logs 1 'two geese in one term' 'a 1 1000 2000' 'b 1 3000 4000'
claim_logs 1 'older term' 'a 2 1000 2000' 'b 1 3000 4000'
echo '1795259280.014550 goose 127.0.0.1:7001 term 1' >"$FLOCK_DIR/seen"
claim_logs 0 'logs: 1 claims' 'a 1 1000 2000'
claim_logs 1 'the observer saw 1 claims, the logs show 0'

scene 1 'GARBLED' 'A 7 goose' 'B garble GARBLED'
finish
