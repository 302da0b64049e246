#!/usr/bin/env bash
# forged.sh: a flock with keys, and somebody without one who has listened and sends 100,000 datagrams a second that look
# as if they were its own: of any size, to the goose and to all, from another core and from theirs. The goose stays the
# goose, and that there may be 16 keys makes none of them dearer.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"
rate=${RATE:-100000}
seconds=${SECONDS_EACH:-5}
mapfile -t cores < <(sed -nE 's/^Cpus_allowed_list:\t//p' "/proc/$$/status" | tr , '\n' |
    awk -F - '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }')

# cpu_ns I - of node I, all its threads, so far.
cpu_ns() {
    cat "/proc/$(node_pid "$1")"/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

# received I - datagrams, so far.
received() {
    scrape "$1" && metric goosed_datagrams_received_total
}

# storm CORE NODE... - and the goose is the same. Leaves in $each_ns what a datagram has cost the goose.
storm() {
    local core=$1 cost before
    shift
    before=$(received "$goose")
    cost=$(cpu_ns "$goose")
    # shellcheck disable=SC2046 # addresses have no blanks
    taskset --cpu-list "$core" "$BUILD_DIR/tests/system/mischief" storm "$rate" "$seconds" "$FLOCK_DIR/last" \
        $(addresses_of "$@" | tr , ' ') >"$FLOCK_DIR/storm"
    cost=$(($(cpu_ns "$goose") - cost))
    before=$(($(received "$goose") - before))
    each_ns=$((cost / before))
    say "$(<"$FLOCK_DIR/storm") to nodes $*, from core $core; the goose took $before, $each_ns ns each"
    for i in 1 2 3; do
        status_is "$i" term "$term" || fail "node $i is in term $(status_of "$i" term), not in $term"
    done
    status_is "$goose" role goose || fail "node $goose is no longer the goose"
}

# flock_under_keys COUNT - on the first core.
flock_under_keys() {
    local i
    (umask 077 && for ((i = 0; i < $1; i++)); do "$GOOSED" --new-key; done >"$FLOCK_DIR/keys" &&
        tail -n 1 "$FLOCK_DIR/keys" >"$FLOCK_DIR/last")
    flock_on_loopback 3 --key-file "$FLOCK_DIR/keys"
    for i in 1 2 3; do
        taskset --all-tasks --cpu-list --pid "${cores[0]}" "$(node_pid "$i")" >/dev/null
    done
    goose=$(flock_goose)
    term=$(status_of "$goose" term)
}

scene "one key"
flock_under_keys 1
storm "${cores[-1]}" "$goose"
with_1_ns=$each_ns

scene "16 keys"
flock_under_keys 16
storm "${cores[-1]}" "$goose"
# How many come at once, and so what each costs, is half chance; 16 tries for each made it seven times as much.
[ "$each_ns" -le $((3 * with_1_ns)) ] || fail "a forged datagram costs $each_ns ns, with one key $with_1_ns"
storm "${cores[-1]}" 1 2 3
storm "${cores[0]}" "$goose"
storm "${cores[0]}" 1 2 3
wait_metric 5 "$goose" 'goosed_datagrams_dropped_total{reason="wrong-key"}' '> 1000'
[ "$(log_count "$goose" 'was dropped:')" -le 3 ] || fail "a flood fills the log"
finish
