#!/usr/bin/env bash
# crowd.sh: more observers than one step of the election can send to. Who sends to all of them goes on until it has, and
# ends only then.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

crowd=200

lists_all() {
    [ "$(node_http 1 GET /members 2>/dev/null | jq '.members | length')" = $((crowd + 1)) ]
}

scene "a goose of its own, and $crowd observers"
node_new 1 "$(loopback 1)" --log-level debug "${patient[@]}"
start 1
wait_for 10 "node 1 to be goose" answers_code 1 /goose 200
observe
: >"$FLOCK_DIR/crowd"
"$BUILD_DIR/tests/system/crowd" $crowd "$(node_address 1)" >"$FLOCK_DIR/crowd" &
pid=$!
wait_for 10 "$crowd observers" lists_all

say "it stops: each is told three times, and then it ends"
node_stop 1
kill $pid
wait $pid
[ "$(<"$FLOCK_DIR/crowd")" = "crowd: $crowd let in, $((3 * crowd)) resignations heard" ] || fail "$(<"$FLOCK_DIR/crowd")"
finish
