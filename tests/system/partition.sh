#!/usr/bin/env bash
# partition.sh: five nodes, cut in two. Only the side with the majority has a goose, the other side is duck before that,
# and nothing changes when the cables are mended. Then so finely that no side has a majority.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

flock_on_bridge 5 "${patient[@]}"
observe_options=() # as fast as it can
observe

wait_goose
mapfile -t others < <(others_than "$goose")
small=("$goose" "${others[0]}")
large=("${others[@]:1}")

say "the goose is among ${small[*]}, cut off from ${large[*]}"
mark=$(mark)
partition "${small[*]}" "${large[*]}"
next=$(wait_new_goose 5 "$mark")
[[ " ${large[*]} " == *" $next "* ]] || fail "node $next has no majority, but is goose"
expect_duck_first "$goose" "$next"
agree "${large[@]}"

say "mended: the old goose and its friend come back as ducks"
mark=$(mark)
heal
agree 1 2 3 4 5
! sees "$mark" goose || fail "the goose changed when a minority came back"

say "no side has a majority, so nobody is goose"
wait_goose
mark=$(mark)
partition "1 2" "3 4" "5"
wait_seen 5 "$mark" "duck $(node_address "$goose")\$" >/dev/null
expect_quiet 2 "$mark" goose

say "mended"
heal
agree 1 2 3 4 5
finish
