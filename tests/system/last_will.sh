#!/usr/bin/env bash
# last_will.sh: with --last-will the next goose comes long before the lease of a dead one is over, however it died; one
# that is only stopped stays goose. Without its helper, or with a long hold, the lease decides. Two pages never say goose
# at one instant, and no two claims overlap.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
rounds=${ROUNDS:-1}

page_of() {
    echo "$FLOCK_DIR/$1/page"
}

# helper_of I - its only child.
helper_of() {
    local pid
    pid=$(node_pid "$1") && pid=$(<"/proc/$pid/task/$pid/children") && echo "${pid%% *}"
}

# Who has just started votes for nobody while a promise of his may hold, whoever resigns.
all_may_vote() {
    local i
    for i in 1 2 3; do
        [ "$(node_http "$i" GET /why --header 'Accept: application/json' | jq .quarantine_ms)" = 0 ] || return 1
    done
}

# ready_goose - leaves in $goose whose will the others can act upon.
ready_goose() {
    wait_for 30 "all to be out of quarantine" all_may_vote
    agree 1 2 3
    wait_goose
}

# die I SIGNAL... - the claim that its log shows ends here, and not with the lease that it had: what the next one is laid
# beside is the instant before the signal is sent, on the clock of the logs: it is left in $dead_us.
die() {
    local i=$1 last
    shift
    dead_us=$(python3 - "$(node_pid "$i")" "$@" <<'PYTHON'
import os, signal, sys, time
def clock(of):
    return time.clock_gettime_ns(of)
now = clock(time.CLOCK_MONOTONIC_RAW) + clock(time.CLOCK_BOOTTIME) - clock(time.CLOCK_MONOTONIC)
pids = [int(sys.argv[1])] + [int(pid) for pid in sys.argv[3:]]
for pid in pids:
    os.kill(pid, getattr(signal, "SIG" + sys.argv[2]))
print(now // 1000)
PYTHON
    )
    wait_for 5 "node $i to end" node_is_gone "$i"
    last=$(grep ' claim from_us=' "$(node_log "$i")" | tail -n 1)
    sed -E "s/until_us=[0-9]+/until_us=$dead_us/; s/( ended)?\$/ ended/" <<<"$last" >>"$(node_log "$i")"
}

# claims_since I US - its latest claim began after that.
claims_since() {
    [ "$(claim_of "$1" from_us)" -gt "$2" ]
}

# next_late MARK - another goose, when the lease of the dead one is over, or most of it.
next_late() {
    next=$(wait_new_goose 20 "$1")
    wait_for 5 "its claim in the log" claims_since "$next" "$dead_us"
    [ "$(claim_of "$next" from_us)" -ge $((dead_us + 2000000)) ] || fail "another goose came within the lease of the dead one"
}

# next_soon MARK - another goose, long before a lease of 6 s is over.
next_soon() {
    next=$(wait_new_goose 3 "$1") || fail "no other goose came soon"
}

flock_new 3 --lease 6s --heartbeat 100ms --last-will
for i in 1 2 3; do
    mapfile -t args <"$FLOCK_DIR/$i/args"
    node_set_args "$i" "${args[@]}" --lease-page "$(page_of "$i")"
done
start 1 2 3
agree 1 2 3
wait_for 15 "every seat to be taken" flock_is_settled
observe
"$BUILD_DIR/tests/system/pages" "$(page_of 1)" "$(page_of 2)" "$(page_of 3)" >"$FLOCK_DIR/pages" 2>&1 &
pages=$!

for signal in KILL SEGV ABRT; do
    say "SIG$signal, $rounds times, and started again at once: SIGTERM does not end the helper, and its name is its own"
    for ((round = 0; round < rounds; round++)); do
        ready_goose
        helper=$(helper_of "$goose")
        [ "$(<"/proc/$helper/comm")" = goosed-will ] || fail "its helper is called $(<"/proc/$helper/comm")"
        kill -TERM "$helper"
        mark=$(mark)
        die "$goose" $signal
        start "$goose"
        next_soon "$mark"
        [ "$next" != "$goose" ] || fail "node $goose is goose again"
        agree 1 2 3
    done
done

say "SIGSTOP: nothing is said, and it is goose when it goes on"
ready_goose
mark=$(mark)
node_pause "$goose"
expect_quiet 1.5 "$mark" "goose $(node_address "$(another_than "$goose")")"
node_resume "$goose"
agree 1 2 3

say "a hold of 800 ms is waited for"
ready_goose
mark=$(mark)
began_us=$(python3 -c 'import time
c = time.clock_gettime_ns
print((c(time.CLOCK_MONOTONIC_RAW) + c(time.CLOCK_BOOTTIME) - c(time.CLOCK_MONOTONIC)) // 1000)')
ask "$goose" GET '/goose?hold=800ms'
held_ms=$(sed -nE 's/^Goose-Hold-Ms: ([0-9]+)$/\1/Ip' <<<"$headers")
[ "$held_ms" -gt 700 ] || fail "a hold of $held_ms ms"
die "$goose" KILL
start "$goose"
next_soon "$mark"
wait_for 5 "its claim in the log" claims_since "$next" "$dead_us"
[ "$(claim_of "$next" from_us)" -ge $((began_us + held_ms * 1000)) ] || fail "the hold was not waited for"
agree 1 2 3

say "the hold of open work, most of a lease, is left to the lease; and the next start finds nothing locked"
ready_goose
curl --silent --request POST "http://$(node_address "$goose")/job?grace=1s" >/dev/null 2>&1 &
wait_log 20 "$goose" 'a job'
mark=$(mark)
die "$goose" KILL
start "$goose"
next_late "$mark"
agree 1 2 3

say "without its helper, or when both are killed, the lease decides"
for both in '' yes; do
    ready_goose
    helper=$(helper_of "$goose")
    mark=$(mark)
    if [ -n "$both" ]; then
        die "$goose" KILL "$helper"
    else
        kill -KILL "$helper"
        wait_log 5 "$goose" 'helper of --last-will has ended'
        die "$goose" KILL
    fi
    next_late "$mark"
    start "$goose"
    agree 1 2 3
done

say "who stops leaves no helper behind"
ready_goose
helper=$(helper_of "$goose")
node_stop "$goose"
! kill -0 "$helper" 2>/dev/null || fail "the helper of a node that was stopped lives"

say "a port that is in use for a moment more is waited for"
start "$goose"
agree 1 2 3
node_stop "$goose"
python3 - "$(node_address "$goose")" >"$FLOCK_DIR/port" <<'PYTHON' &
import socket, sys, time
host, port = sys.argv[1].split(":")
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind((host, int(port)))
print("taken", flush=True)
time.sleep(0.7)
PYTHON
wait_for 15 "the port to be taken" grep -q taken "$FLOCK_DIR/port"
start "$goose"
agree 1 2 3

say "the first process of a pid namespace says that a helper would be in vain, once, and has none"
timeout 5 unshare --pid --fork "$GOOSED" --self "$(loopback 9)" --state-dir "$FLOCK_DIR/9" --last-will \
    2>"$FLOCK_DIR/first" || true
[ "$(grep -c 'first process of its pid namespace' "$FLOCK_DIR/first")" = 1 ] || fail "$(<"$FLOCK_DIR/first")"

kill -0 $pages || fail "$(cat "$FLOCK_DIR/pages")"
kill $pages
wait $pages || fail "$(cat "$FLOCK_DIR/pages")"
cat "$FLOCK_DIR/pages"
finish
