#!/usr/bin/env bash
# story.sh: scripts/story.sh tells what happened: to the letter from logs that are kept here, and of a real flock each
# election in order.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
story=$here/../../scripts/story.sh

say "a paused goose logs late that its claim ended before the next began; text, JSON and the journal are alike"
cat >"$FLOCK_DIR/a" <<'LOG'
2026-11-29T00:59:59.900000Z info  goosed 0.2.0 self=10.0.0.10:7000 flock=goose heartbeat_us=50000 lease_us=300000 state=s
2026-11-29T00:59:59.900500Z debug term=6 role=duck why=started
2026-11-29T01:00:00.100000Z info  term=7 role=goose why=votes-won
2026-11-29T01:00:00.100000Z info  term=7 goose=10.0.0.10:7000 (this node)
2026-11-29T01:00:00.100100Z debug term=7 claim from_us=500000 until_us=790000
2026-11-29T01:00:00.101000Z debug term=7 roster=7.2 committed seats=3
2026-11-29T01:00:00.250100Z debug term=7 claim from_us=500000 until_us=950000
2026-11-29T01:00:12.000000Z info  term=7 role=duck why=lease-ended
2026-11-29T01:00:12.000010Z debug term=7 claim from_us=500000 until_us=950000 ended
2026-11-29T01:00:12.100000Z warn  (2 times more) a "disk" that hangs
LOG
cat >"$FLOCK_DIR/b" <<'LOG'
Nov 29 01:00:00 b goosed[7]: 2026-11-29T00:59:59.950000Z info  no state yet: newborn, uid=00000000000000bb
Nov 29 01:00:00 b goosed[7]: 2026-11-29T01:00:00.700000Z debug term=7 role=canvassing why=promise-ended
Nov 29 01:00:00 b goosed[7]: 2026-11-29T01:00:00.700000Z debug term=7 vote denied by=uid-00000000000000cc why=promised
Nov 29 01:00:00 b goosed[7]: 2026-11-29T01:00:00.710000Z info  term=8 goose=10.0.0.9:7000 (this node)
Nov 29 01:00:00 b goosed[7]: 2026-11-29T01:00:00.710100Z debug term=8 claim from_us=1111 until_us=300000
Nov 29 01:00:00 b goosed[7]: 2026-11-29T01:00:00.720000Z info  term=8 roster=8.3 seats=4 why=seat-added who=10.0.0.11:7000
Nov 29 01:00:15 b goosed[7]: 2026-11-29T01:00:15.000000Z info  term=8 is to resign why=drained: the jobs of this goose are to leave within 5000 ms
Nov 29 01:00:15 b goosed[7]: 2026-11-29T01:00:15.500000Z info  observer uid-00000000000000dd is silent, and forgotten
Nov 29 01:00:15 b goosed[7]: 2026-11-29T01:00:15.600000Z info  stopping
LOG
cat >"$FLOCK_DIR/wanted" <<'STORY'
# n1 is 10.0.0.9:7000: b
# n2 is 10.0.0.10:7000: a
# n3 is 10.0.0.11:7000, whose log is not here
# @0ms is 2026-11-29T00:59:59.900000Z by the nodes' clocks
@0ms start n2
        @0.5ms      n2 is duck in term 6: started
        @50ms       n1 is born: newborn
        @200ms      n2 is goose in term 7: votes won
        @200.1ms    n2 CLAIMS term 7
        @201ms      n2 has committed roster 7.2
        @650.1ms    n2 claims no more
        @800ms      n1 is canvassing in term 7: promise ended
                    n1 is denied by uid-00000000000000cc: promised
        @810.1ms    n1 CLAIMS term 8
        @820ms      n1 uses roster 8.3: 4 seats: seat added, n3
        @12.1s      n2 is duck in term 7: lease ended
# @12.2s n2: a "disk" that hangs
        @15.1s      n1 asks its work to leave within 5000ms: drained
        @15.6s      n1 has lost observer uid-00000000000000dd
@15.7s ask n1 to stop
STORY
cd "$FLOCK_DIR"
"$story" a b | diff wanted - || fail "not that story"
sed -E 's/"/\\"/g; s/^([^ ]+) ([a-z]+) +(\(2 times more\) )?(.*)/{"time":"\1","level":"\2","node":"n1:7000","message":"\4"}/' a >json
"$story" json b | sed 's/: json$/: a/' | diff wanted - || fail "another story from JSON"

# in_order PATTERN... - lines of the story fit them, each behind the one before.
in_order() {
    local at=0 pattern next
    for pattern in "$@"; do
        next=$(tail -n +$((at + 1)) told | grep -nE -m 1 " $pattern\$" | cut -d : -f 1) ||
            fail "no line behind $at fits / $pattern/: $(cat told)"
        at=$((at + next))
    done
}

log_has() {
    grep -qE "$2" "$(node_log "$1")"
}

say "an election: the goose is killed"
flock_on_loopback 3 "${patient[@]}"
wait_goose
old=$goose
node_kill "$old"
wait_goose
first=$goose
# shellcheck disable=SC2046 # numbers
agree $(nodes_running)
start "$old"
agree 1 2 3

say "another: it is told to stop, and names an heir"
goose=$(flock_goose)
last=$goose
node_stop "$last"
wait_goose
# shellcheck disable=SC2046 # numbers
agree $(nodes_running)
wait_for 5 "the heir to log its claim" log_has "$goose" 'claim from_us'
"$story" [123]/log >told
third=$((6 - old - first))
in_order "n$third follows n$old" "n$first is canvassing in term [0-9]+: promise ended" \
    "n$first is candidate in term [0-9]+: canvass won" "n$first is goose in term [0-9]+: votes won" \
    "n$first CLAIMS term [0-9]+" "ask n$last to stop" "n$last is duck in term [0-9]+: stopped"
in_order "ask n$last to stop" "n$goose is candidate in term [0-9]+: heir" "n$goose CLAIMS term [0-9]+"
in_order "n$old CLAIMS term [0-9]+" "n$first CLAIMS term [0-9]+" "start n$old" "n$old is duck in term [0-9]+: started" "n$old follows n$last"
finish
