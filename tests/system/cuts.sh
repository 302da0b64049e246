#!/usr/bin/env bash
# cuts.sh: the goose is cut off, alone or with a friend, a hundred times. It is duck before the other side has its
# goose, the side without a majority never has one, and who comes back changes nothing.
real_disk=yes
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
rounds=100

flock_on_bridge 5
observe

for ((round = 1; round <= rounds; round++)); do
    wait_goose
    mapfile -t others < <(others_than "$goose" | shuf)
    friends=$((round % 2))
    small=("$goose" "${others[@]:0:friends}")
    large=("${others[@]:friends}")
    mark=$(mark)
    partition "${small[*]}" "${large[*]}"
    next=$(wait_new_goose 5 "$mark")
    [[ " ${large[*]} " == *" $next "* ]] || fail "round $round: node $next has no majority, but is goose"
    expect_duck_first "$goose" "$next"
    agree "${large[@]}"
    mark=$(mark)
    heal
    agree 1 2 3 4 5
    ! sees "$mark" goose || fail "round $round: the goose changed when a minority came back"
done
say "$rounds of $rounds"
finish
