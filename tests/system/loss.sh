#!/usr/bin/env bash
# loss.sh: a network that loses a quarter of all datagrams, while the goose is killed again and again.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

flock_on_bridge 3
lose 25
observe

for round in 1 2 3 4 5; do
    wait_goose
    say "round $round: kill $goose"
    mark=$(mark)
    node_kill "$goose"
    wait_new_goose 10 "$mark" >/dev/null
    start "$goose"
    # On such a network a heartbeat's promise may end now and then.
    agree 1 2 3
done
say "nothing is lost any more"
heal
agree 1 2 3
finish
