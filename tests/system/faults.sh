#!/usr/bin/env bash
# faults.sh: the drills that a node allows with --faults: datagrams dropped and late, no answers, a frozen process. (A
# disk that fails is in disk.sh.)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# as_json I... - their addresses as a list.
as_json() {
    local i
    for i in "$@"; do
        node_address "$i"
    done | jq -Rnc '[inputs]'
}

# look - who is who now, once all agree: $goose, $duck, $third.
look() {
    agree 1 2 3
    wait_for 10 "a goose" flock_goose >/dev/null
    goose=$(flock_goose)
    read -r duck third < <(others_than "$goose" | xargs)
}

none='{"drop_from":[],"drop_to":[],"delay_ms":0,"disk":"ok","disk_ms":0,"freeze_ms":0,"stop_answering":false}'
none=${none//[/\\[}
none=${none//]/\\]}
none=${none//[{]/\\{}
none=${none//\}/\\\}}

scene "what is asked for is shown, and is over when something else is asked for"
flock_on_loopback 3
wait_voters 10 1 2 3
observe
look
log_has 1 'warn .*--faults' || fail "--faults is not said loudly"
expect 200 "$none" 1 GET /faults
expect 200 '\{.*"delay_ms":5,"disk":"slow","disk_ms":1,.*\}' \
    1 POST /faults --data '{"delay_ms":5,"disk":"slow","disk_ms":1}'
expect 200 '.*"delay_ms":5,.*' 1 GET /faults
expect 400 '.*' 1 POST /faults --data '{"delay_ms":7,"disk":"none"}'
expect 200 '.*"delay_ms":5,.*' 1 GET /faults
expect 200 "$none" 1 POST /faults --data '{}'

say "the goose is heard by nobody: it is duck before another is goose"
mark=$(mark)
node_faults "$goose" "{\"drop_to\":$(as_json "$duck" "$third")}"
next=$(wait_new_goose 5 "$mark")
[ "$next" != "$goose" ] || fail "nobody hears it, and it is goose again"
expect_duck_first "$goose" "$next"
node_faults "$goose" '{}'
look

say "the goose hears nobody: the same"
mark=$(mark)
node_faults "$goose" "{\"drop_from\":$(as_json "$duck" "$third")}"
next=$(wait_new_goose 5 "$mark")
[ "$next" != "$goose" ] || fail "it hears nobody, and is goose again"
node_faults "$goose" '{}'
look

say "a goose that answers no datagram, and one whose datagrams are late"
for fault in '{"stop_answering":true}' '{"delay_ms":1000}'; do
    mark=$(mark)
    node_faults "$goose" "$fault"
    next=$(wait_new_goose 5 "$mark")
    [ "$next" != "$goose" ] || fail "it is goose again, with $fault"
    node_faults "$goose" '{}'
    look
done

say "a frozen goose: another takes over, and the first answer of the old one is duck"
mark=$(mark)
node_faults "$goose" '{"freeze_ms":1500}'
next=$(wait_new_goose 5 "$mark")
[ "$next" != "$goose" ] || fail "it is frozen, and goose again"
wait_seen 5 "$mark" "duck $(node_address "$goose")\$" >/dev/null
look
finish
