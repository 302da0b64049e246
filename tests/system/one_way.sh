#!/usr/bin/env bash
# one_way.sh: links that work one way only, and a link that fails between two of three. A goose that is not heard, or
# does not hear, is replaced; a duck that is not heard, or does not hear, changes nothing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# one_way deaf|mute I - cuts it off from all others in one direction.
one_way() {
    local j
    for j in $(others_than "$2"); do
        if [ "$1" = deaf ]; then cut_one_way "$j" "$2"; else cut_one_way "$2" "$j"; fi
    done
}

flock_on_bridge 3 "${patient[@]}"
observe

for kind in deaf mute; do
    wait_goose
    say "goose $goose is $kind"
    mark=$(mark)
    one_way $kind "$goose"
    next=$(wait_new_goose 5 "$mark")
    [ "$next" != "$goose" ] || fail "it is goose again"
    expect_duck_first "$goose" "$next"
    # shellcheck disable=SC2046 # numbers
    agree $(others_than "$goose")
    say "it is so no longer, and nothing changes"
    mark=$(mark)
    heal
    agree 1 2 3
    ! sees "$mark" goose || fail "the goose changed"
done

for kind in deaf mute; do
    wait_goose
    duck=$(others_than "$goose" | sed -n 1p)
    say "duck $duck is $kind: nothing changes, then or afterwards"
    mark=$(mark)
    one_way $kind "$duck"
    expect_quiet 1.5 "$mark" goose
    heal
    agree 1 2 3
    expect_quiet 0.5 "$mark" goose
done

wait_goose
duck=$(others_than "$goose" | sed -n 1p)
say "goose $goose and duck $duck do not reach each other, but both reach the third: nothing changes"
mark=$(mark)
cut_link "$goose" "$duck"
expect_quiet 2 "$mark" goose
heal
agree 1 2 3
expect_quiet 0.5 "$mark" goose
finish
