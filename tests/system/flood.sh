#!/usr/bin/env bash
# flood.sh: clients that ask for all that is large, pipelined over many connections, and take no answer, or all; that
# come and go; that are gone with a reset. The goose stays the goose, and whoever asks it for its status gets an answer meanwhile.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
clients=${CLIENTS:-100}
seconds=${SECONDS_EACH:-5}

# expect_same DEED - the same goose in the same term, from here and from everywhere.
expect_same() {
    local i now
    for i in 1 2 3; do
        now=$(status_of "$i" term)
        [ "$now" = "$term" ] || fail "$1: node $i is in term $now, not in $term: $(node_http "$i" GET /history)"
    done
    status_is "$goose" role goose || fail "$1: node $goose is no longer the goose"
}

# The lease is the default: a second would be long enough for a quick machine to serve them all in between.
flock_on_loopback 3
goose=$(flock_goose)
term=$(status_of "$goose" term)
for deed in /metrics /why /members /history read:/metrics connect reset; do
    say "$clients clients at each node, $seconds s: $deed"
    # shellcheck disable=SC2046 # addresses have no blanks
    "$BUILD_DIR/tests/system/flood" "$clients" "$seconds" "$deed" $(addresses_of 1 2 3 | tr , ' ') >"$FLOCK_DIR/flood" &
    flood_pid=$!
    asked=0 answered=0
    while kill -0 $flood_pid 2>/dev/null; do
        asked=$((asked + 1))
        [ "$(node_status "$goose" | cut -d ' ' -f 1)" = gone ] || answered=$((answered + 1))
        sleep 0.1
    done
    wait $flood_pid || fail "$deed: the flood did not end well"
    say "$(<"$FLOCK_DIR/flood"); $answered of $asked questions answered within a second"
    expect_same "$deed"
    [ $((2 * answered)) -gt "$asked" ] || fail "$deed: $answered of $asked questions were answered"
done
finish
