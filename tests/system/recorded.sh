#!/usr/bin/env bash
# recorded.sh: a flock with a key, and somebody without it who has recorded what its nodes said to each other. Played back,
# it neither keeps them from electing a goose nor makes them send more than came.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"
needs_sandbox # it listens on loopback
RECORDER=$BUILD_DIR/tests/system/recorder
tape=$FLOCK_DIR/tape
record_ms=6000

# listen - until listen_end.
listen() {
    : >"$FLOCK_DIR/recorder"
    "$RECORDER" record "$tape" >"$FLOCK_DIR/recorder" &
    recorder=$!
    wait_for 5 "the recorder to listen" grep -q listening "$FLOCK_DIR/recorder"
}

listen_end() {
    kill $recorder
    wait $recorder
    say "$(tail -n 1 "$FLOCK_DIR/recorder")"
}

is_forgotten() {
    [ -z "$(uid_at "$goose" "$1")" ]
}

# again PORT KEYS... - and no more comes back than was said.
again() {
    counts=$("$RECORDER" again "$tape" "$1" 3000 "${@:2}")
    say "$counts"
    read -r said sent back came < <(grep -oE '[0-9]+' <<<"$counts" | xargs)
    [ "$came" -le "$sent" ] || fail "$came bytes for $sent"
    [ "$back" -le "$said" ] || fail "$back datagrams for $said"
}

(umask 077 && "$GOOSED" --new-key >"$FLOCK_DIR/keys")
flock_new 3 --key-file "$FLOCK_DIR/keys" --dead-after 2s
listen
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
goose=$(flock_goose)
node_new 4 "$(loopback 4)" --join "$(node_address "$goose")" --observer --key-file "$FLOCK_DIR/keys"
start 4
agree 1 2 3 4
node_kill 4
listen_end
wait_for 10 "node 4 to be forgotten" is_forgotten 4

say "the HELLOs of one who is gone, then all it said, then all that was said, from another address: no more comes there"
again $((port_base + 4)) "$FLOCK_DIR/keys"
[ "$said" -gt 0 ] || fail "no HELLO was recorded"
[ "$back" -gt 0 ] || fail "a HELLO was not answered: it was not what its address is judged by"
again $((port_base + 4))
again 0
agree 1 2 3
for i in 1 2 3; do
    [ "$(counted "$i" replayed)" -gt 20 ] || fail "node $i counted $(counted "$i" replayed) replays"
done

say "$record_ms ms of heartbeats, and then all die; two come back, and hear those of the third again: a goose all the same"
goose=$(flock_goose)
mapfile -t left < <(others_than "$goose" | grep -v 4)
listen
sleep $((record_ms / 1000))
listen_end
for i in 1 2 3; do
    node_kill "$i"
done
"$RECORDER" heartbeats "$tape" $((port_base + goose)) 250 "$FLOCK_DIR/keys" $((port_base + left[0])) $((port_base + left[1])) \
    >"$FLOCK_DIR/heartbeats" &
player=$!
began=$(now_ms)
start "${left[@]}"
wait_for 5 "one of the two to be goose" find_goose
say "a goose after $(($(now_ms) - began)) ms"
agree "${left[@]}"
kill -0 $player || fail "the recording was over before that"
kill $player
wait $player
grep -q ' [1-9][0-9]* heartbeats' "$FLOCK_DIR/heartbeats" || fail "nothing was played: $(<"$FLOCK_DIR/heartbeats")"

scene "a newborn hears what it said, from its own address: it goes on asking, and is let in"
flock_new 3 --key-file "$FLOCK_DIR/keys"
: >"$FLOCK_DIR/mirror"
"$RECORDER" mirror $((port_base + 1)) >"$FLOCK_DIR/mirror" &
mirror=$!
wait_for 5 "the mirror" grep -q listening "$FLOCK_DIR/mirror"
start 1
wait_metric 10 1 'goosed_messages_refused_total{reason="own-message"}' '> 1'
start 2 3
agree 1 2 3
kill $mirror
wait $mirror
say "$(tail -n 1 "$FLOCK_DIR/mirror")"
finish
