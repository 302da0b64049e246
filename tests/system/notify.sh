#!/usr/bin/env bash
# notify.sh: what goosed tells a service manager, and when: a stub listens where systemd would.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

told=$FLOCK_DIR/told
manager_pid=

# Sockets are in /run, which is the sandbox's own: their paths have 107 characters at most.
needs_sandbox

# manager NAME - a new one, that has heard nothing yet.
manager() {
    manager_end
    export NOTIFY_SOCKET=$1
    : >"$told"
    "$BUILD_DIR/tests/system/notified" "$1" >>"$told" &
    manager_pid=$!
    wait_for 5 "the manager to listen" was_told listening
}

manager_end() {
    [ -z "$manager_pid" ] || kill "$manager_pid"
    manager_pid=
}

was_told() {
    grep -qE "^[0-9]+ $1\$" "$told"
}

wait_told() {
    wait_for 10 "the manager to be told /$1/" was_told "$1"
}

count_told() {
    grep -cE "^[0-9]+ $1\$" "$told" || true
}

told_more() {
    [ "$(count_told "$1")" -gt "$2" ]
}

last_fed() {
    awk '$2 == "WATCHDOG=1" { last = $1 } END { print last }' "$told"
}

# was_silent SINCE MS - for so long the watchdog was not fed, and then it was again.
was_silent() {
    awk -v last="$1" -v ms="$2" '$2 == "WATCHDOG=1" && $1 > last { silent = silent || $1 - last >= ms; last = $1 }
        END { exit !silent }' "$told"
}

say "ready: one of three is, though there is no goose yet; the status follows the flock"
manager "/run/notify"
flock_new 3 "${patient[@]}"
export WATCHDOG_USEC=400000
start_child 1
wait_told READY=1
expect 503 none 1 GET /goose
wait_told 'STATUS=.*, knows no goose'
(unset NOTIFY_SOCKET && start 2 3)
agree 1 2 3
status="STATUS=(goose, term [0-9]+|duck, term [0-9]+, follows 127.0.0.1:[0-9]+)"
wait_told "$status"

say "a reload begins, and is over"
ready=$(count_told READY=1)
node_signal 1 HUP
wait_told 'RELOADING=1'
wait_told 'MONOTONIC_USEC=[0-9]+'
wait_for 5 "the end of the reload" told_more READY=1 "$ready"

say "the watchdog is fed while the loop turns, and not while it hangs"
fed=$(count_told WATCHDOG=1)
wait_for 5 "the watchdog to be fed" told_more WATCHDOG=1 $((fed + 4))
last=$(last_fed)
node_faults 1 '{"freeze_ms": 2500}'
wait_for 10 "a silence of 2 s, and its end" was_silent "$last" 2000

say "stopping"
node_signal 1 TERM
expect_end 10 1 0
wait_told STOPPING=1
wait_told STATUS=stopping

scene "an abstract name; not ready before there is an address to listen at"
manager "@goosed-notify-$$"
unset WATCHDOG_USEC
node_new 1 192.0.2.77:7000
start_child 1
wait_told 'STATUS=waits for its address'
wait_log 5 1 '192.0.2.77:7000 cannot be opened yet'
! was_told READY=1 || fail "ready, but nobody could ask it"
ip addr add 192.0.2.77/32 dev lo
wait_told READY=1
expect 200 'duck|goose' 1 GET /status
wait_told 'STATUS=goose, term 1'
! was_told WATCHDOG=1 || fail "fed a watchdog that nobody set"

scene "a manager that does not read holds nothing up"
manager "/run/deaf"
kill -STOP "$manager_pid"
flock_new 1
WATCHDOG_USEC=2000 start_child 1
agree 1
for _ in {1..50}; do
    expect 200 goose 1 GET /status
done
kill -CONT "$manager_pid"
wait_told READY=1
node_signal 1 TERM
expect_end 5 1 0
wait_told STOPPING=1

manager_end
finish
