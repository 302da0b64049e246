#!/usr/bin/env bash
# carried.sh: changes to the flock over HTTP: handover, drain, removal, at the goose and at ducks that carry them to it,
# and what of it is refused; holds that a handover waits for; the fault drills.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# runs_for_ms I MS - longer than a promise means: it may be goose, wherever it comes from.
runs_for_ms() {
    [ "$(status_of "$1" uptime_ms)" -gt "$2" ]
}

# look - who is who now, once all agree, and any of them may be goose: $goose, $duck, $third.
look() {
    local now i
    agree 1 2 3
    wait_for 10 "a goose" flock_goose >/dev/null
    goose=$(flock_goose)
    read -r duck third < <(others_than "$goose" | xargs)
    for i in 1 2 3; do
        wait_for 5 "the quarantine of node $i to end" runs_for_ms "$i" 1100
    done
    now=$(now_ms)
    wait_for 5 "the goose to hear of node $duck" has_news_of "$duck" "$now"
    wait_for 5 "the goose to hear of node $third" has_news_of "$third" "$now"
}

# to I - the body of a handover.
to() {
    echo "{\"to\":\"$(node_address "$1")\"}"
}

# last_heard_ms I - how long ago the goose has heard it.
last_heard_ms() {
    node_http "$goose" GET /members |
        jq --arg of "$(node_address "$1")" '.members[] | select(.address == $of).last_heard_ms | floor'
}

silent_for_ms() {
    [ "$(last_heard_ms "$1")" -gt "$2" ]
}

# has_news_of I MS - the goose has heard node I say something that was sent after this moment (but for 50 ms).
has_news_of() {
    local ago
    ago=$(last_heard_ms "$1")
    [ $((ago + 50)) -lt $(($(now_ms) - $2)) ]
}

# drain I METHOD - PUT or DELETE, and wait until the goose knows it too.
drain() {
    expect 200 '(not )?draining' "$1" "$2" /drain
    wait_for 5 "the goose to hear of node $1" has_news_of "$1" "$(now_ms)"
}

scene "handover, at the goose and at a duck, to whoever is next and to a named one"
flock_new 3 "${patient[@]}"
start 1 2 3
look
wait_voters 10 1 2 3
observe
for at in goose duck; do
    mark=$(mark)
    before=$goose
    expect 200 '127.*' "${!at}" POST /handover
    [ "$body" != "$(node_address "$before")" ] || fail "it is the goose still"
    next=$(wait_new_goose 5 "$mark")
    [ "$body" = "$(node_address "$next")" ] || fail "it said $body, and node $next is goose"
    look
    mark=$(mark)
    expect 200 "\{\"goose\":\"$(node_address "$third")\"\}" "${!at}" POST /handover --data "$(to "$third")" "${json[@]}"
    [ "$(wait_new_goose 5 "$mark")" = "$third" ] || fail "another than the named one is goose"
    look
done
mark=$(mark)
expect 200 "$(node_address "$goose")" "$duck" POST /handover --data "$(to "$goose")"
expect 200 "$(node_address "$goose")" "$goose" POST /handover --data "$(to "$goose")"
! sees "$mark" goose || fail "a handover to the goose itself changed the goose"

say "to nobody: 404; to who may not: 409"
expect 404 'there is no member 127.0.0.1:1; see /members' "$duck" POST /handover --data '{"to":"127.0.0.1:1"}'
drain "$third" PUT
for at in goose duck; do
    expect 409 'it cannot be goose now; an heir is a voter .*' "${!at}" POST /handover --data "$(to "$third")"
done
expect 409 '\{"error": "it cannot be goose now", "hint": ".*"\}' \
    "$goose" POST /handover --data "$(to "$third")" "${json[@]}"

say "drain: the goose gives the role away and does not take it again, until it is told to"
status_is "$third" draining true || fail "the status does not say that it drains"
expect 503 "$(node_address "$goose")" "$third" GET /duck
expect 200 ready "$third" GET /readyz
mark=$(mark)
expect 200 '\{"draining":true\}' "$goose" PUT /drain "${json[@]}"
[ "$(wait_new_goose 5 "$mark")" = "$duck" ] || fail "a draining node is goose"
drained=$goose
look
for i in "$drained" "$third"; do
    [ "$i" != "$goose" ] || continue
    drain "$i" DELETE
done
expect 200 draining "$duck" PUT /drain
node_stop "$duck"
start "$duck"
look
status_is "$duck" draining false || fail "draining survived a restart"

say "a hold: a handover waits for it"
hand_over_to "$third"
look
asked=$(now_ms)
expect 200 goose "$goose" GET '/status?hold=600ms'
held=$(sed -nE 's/^[Gg]oose-[Hh]old-[Mm]s: //p' <<<"$headers")
[ "$held" -gt 300 ] || fail "held for $held ms only"
mark=$(mark)
expect 200 '.*' "$duck" POST /handover
[ $(($(now_ms) - asked)) -ge "$held" ] || fail "another was goose before the hold of $held ms was over"
wait_seen 5 "$mark" 'goose ' >/dev/null
look

say "removal, at a duck"
expect 404 'there is no member 127.0.0.1:1; see /members' "$duck" DELETE /members/127.0.0.1:1
expect 400 'this is no HOST:PORT; .*' "$duck" DELETE /members/somewhere
node_kill "$third"
wait_for 5 "the goose to miss node $third" silent_for_ms "$third" 1100
expect 409 'without it the voters that are heard would be no majority; .*force=1' \
    "$duck" DELETE "/members/$(node_address "$duck")"
expect 200 "removed $(node_address "$third"); nobody waits for the seat: .* when 1 more voter is lost, so start .*" \
    "$duck" DELETE "/members/$(node_address "$third")"
wait_voters 5 "$goose" "$duck"
expect 200 "\{\"removed\":\"$(node_address "$duck")\",\"stops_at\":1,\"warning\":\"nobody waits .*\"\}" \
    "$goose" DELETE "/members/$(node_address "$duck")?force=1" "${json[@]}"
expect 409 'the only voter cannot be removed; .*' "$goose" DELETE "/members/$(node_address "$goose")"
expect 409 '.*' "$goose" POST /handover
finish
