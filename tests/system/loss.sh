#!/usr/bin/env bash
# loss.sh: a network that loses a quarter of all datagrams, while the goose is killed again and again.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

flock_on_bridge 3
lose 25
observe

for round in 1 2 3 4 5; do
    wait_goose
    killed=$goose
    say "round $round: kill $killed"
    node_kill "$killed"
    # On such a network a lease may end by itself now and then, so whom the others follow may be anyone's heir: also of
    # a goose that came between our look and the kill.
    # shellcheck disable=SC2046 # numbers
    agree $(others_than "$killed")
    start "$killed"
    agree 1 2 3
done
say "nothing is lost any more"
heal
agree 1 2 3
finish
