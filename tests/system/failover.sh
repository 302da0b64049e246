#!/usr/bin/env bash
# failover.sh: the goose dies, leaves, or hangs, one after the other; another takes over, and it comes back as a duck.
real_disk=yes
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# lost I NEXT WHAT - NEXT is another than I, and everybody who runs follows it.
taken_over() {
    [ "$1" != "$2" ] || fail "$3: node $1 is goose again"
    # shellcheck disable=SC2046 # numbers
    agree $(others_than "$1")
}

flock_on_loopback 3 "${patient[@]}"
observe_options=() # as fast as it can
observe

say "kill -9"
wait_goose
mark=$(mark)
node_kill "$goose"
next=$(wait_new_goose 5 "$mark")
taken_over "$goose" "$next" "kill -9"

say "it comes back as a duck"
mark=$(mark)
start "$goose"
agree 1 2 3
[ "$(flock_goose)" = "$next" ] || fail "who came back took the role"
! sees "$mark" 'goose' || fail "the goose changed for one who came back"

say "SIGTERM: it resigns, so nobody waits for its lease to end"
goose=$next
mark=$(mark)
node_stop "$goose"
next=$(wait_new_goose 5 "$mark")
taken_over "$goose" "$next" SIGTERM
grep -q 'why=heir' "$FLOCK_DIR"/*/log || fail "SIGTERM: nobody was named heir, so its lease had to end"
start "$goose"
agree 1 2 3

say "SIGSTOP: the others go on without it, and its first answer afterwards is duck"
goose=$next
mark=$(mark)
node_pause "$goose"
next=$(wait_new_goose 5 "$mark")
taken_over "$goose" "$next" SIGSTOP
mark=$(mark)
node_resume "$goose"
agree 1 2 3
wait_seen 5 "$mark" "duck $(node_address "$goose")\$" >/dev/null
! sees "$mark" 'goose' || fail "the paused goose claimed, or the goose changed when it went on"
finish
