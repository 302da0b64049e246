#!/usr/bin/env bash
# even.sh: four nodes cut in two halves have no goose, cut in one and three they do; two nodes cut apart have none.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

flock_on_bridge 4 "${patient[@]}"
observe

wait_goose
mapfile -t ducks < <(others_than "$goose")
say "halves: $goose ${ducks[0]} | ${ducks[1]} ${ducks[2]}"
mark=$(mark)
partition "$goose ${ducks[0]}" "${ducks[1]} ${ducks[2]}"
wait_seen 5 "$mark" "duck $(node_address "$goose")\$" >/dev/null
expect_quiet 2 "$mark" goose
heal
agree 1 2 3 4

wait_goose
mapfile -t ducks < <(others_than "$goose")
say "one and three: $goose | ${ducks[*]}"
mark=$(mark)
partition "$goose" "${ducks[*]}"
next=$(wait_new_goose 5 "$mark")
expect_duck_first "$goose" "$next"
heal
agree 1 2 3 4

say "two of the four are gone, so the other two have no majority"
wait_goose
mapfile -t ducks < <(others_than "$goose")
mark=$(mark)
node_kill "${ducks[0]}"
node_kill "${ducks[1]}"
wait_seen 5 "$mark" "duck $(node_address "$goose")\$" >/dev/null
expect_quiet 2 "$mark" goose
start "${ducks[0]}"
agree "$goose" "${ducks[0]}" "${ducks[2]}"
finish
