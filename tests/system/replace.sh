#!/usr/bin/env bash
# replace.sh: a node is replaced as people do it: the new one is started, the old one removed. Then the flock outlives a
# crash as before. And what a removal says where nobody stands by.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

is_seated() {
    status_is "$1" seat "$2"
}

flock_on_loopback 3 "${patient[@]}"
agree 1 2 3
observe_too=("$(loopback 4)")
observe
goose=$(flock_goose)
read -r duck third < <(others_than "$goose" | xargs)

say "the fourth waits, the third goes: the fourth is a voter"
node_new 4 "$(loopback 4)" --join "$(node_address "$goose")" "${patient[@]}"
start 4
wait_for 10 "node 4 to be an observer" is_seated 4 observer
expect 409 'it cannot be goose now; an heir is a voter .*' "$duck" POST /handover \
    --data "{\"to\":\"$(node_address 4)\"}"
expect 200 "removed $(node_address "$third")" "$duck" DELETE "/members/$(node_address "$third")"
wait_voters 10 "$goose" "$duck" 4
node_stop "$third"

say "one of three may be lost, as before"
mark=$(mark)
node_kill "$goose"
next=$(wait_new_goose 10 "$mark")
[ "$next" != "$goose" ] || fail "a dead node is goose"

say "nobody stands by: the removal warns, and the old machine stays out when it is started again"
start "$goose"
agree "$duck" 4 "$goose"
expect 200 "removed $(node_address "$goose"); nobody waits .* when 1 more voter is lost, so start another node .*" \
    4 DELETE "/members/$(node_address "$goose")"
node_stop "$goose"
start "$goose"
agree "$duck" 4 "$goose"
is_seated "$goose" none || fail "a removed node came back by a restart"
expect 200 'not draining' "$goose" DELETE /drain
wait_voters 10 "$goose" "$duck" 4
finish
