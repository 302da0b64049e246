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
scene 1 'GARBLED' 'A 7 goose' 'B garble GARBLED'
finish
