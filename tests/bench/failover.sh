#!/usr/bin/env bash
# failover.sh: how long a flock of five on this machine is without a goose, measured from outside, against its bounds.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
    cat <<'USAGE'
usage: tests/bench/failover.sh [--only "WHAT..."] [--keep FILE] [RUNS]

Does each of these RUNS times (100) to a flock of five and measures until a poller that asks all nodes every
millisecond sees the new goose:

  kill, term, pause, handover   with default timings: kill -9, SIGTERM, SIGSTOP, POST /handover
  will-kill, will-segv,         with --last-will: kill -9, SIGSEGV, SIGABRT, SIGSTOP
  will-abort, will-pause
  fast-kill, fast-pause         with --heartbeat 10ms --lease 50ms
  newborn                       five new nodes started at once, from the start of the last one

A goose that was paused goes on when there is a new one; its answers that still say goose are counted, that to the
question which waited in its socket first of all. Between the runs five processes make durable writes like goosed's,
at the same time; some bounds allow for two of those. All in milliseconds. Exit status 0 if every bound was kept.

  --only "WHAT..."   some of them only
  --keep FILE        every single measurement, a line each

Environment: BUILD_DIR (a build of goosed and its tests; build/release is built where it is not set), FLOCK_PORT (of
the first of five nodes; 7301).
USAGE
}

nodes=5
writes_every=10 # runs
runs=100
keep=
every="kill term pause handover will-kill will-segv will-abort will-pause fast-kill fast-pause newborn"
only=$every
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --only) only=${2:?} && shift ;;
    --keep) keep=${2:?} && shift ;;
    *) [[ $1 =~ ^[1-9][0-9]*$ ]] || die "what is $1? see --help" && runs=$1 ;;
    esac
    shift
done
for what in $only; do
    [[ " $every " == *" $what "* ]] || die "--only $what? see --help"
done

measure_writes() {
    "$WRITES" "$run_dir" 20 "$nodes" >>"$run_dir/writes"
}

# What the poller wants to know of the nodes.
addresses_and_pids() {
    local i pid
    for i in $(nodes_all); do
        read -r pid _ <"$FLOCK_DIR/$i/pid"
        echo "$(node_address "$i")=$pid"
    done
}

# "kill OLD then NEW term T after X ms stale N", or "start NEW term T after X ms stale N"
keep_result() {
    local what=$1 line=$2
    [ -z "$keep" ] || echo "$what: $line" >>"$keep"
    sed -E 's/.* after ([0-9.]+) ms .*/\1/' <<<"$line" >>"$run_dir/$what"
    sed -E 's/.* stale //' <<<"$line" >>"$run_dir/$what.stale"
}

# strike WHAT DEED STEADY-MS - once; afterwards all nodes run again.
strike() {
    local line goose
    # shellcheck disable=SC2046 # addresses have no blanks
    line=$("$POLLER" --steady "$3" "$2" $(addresses_and_pids)) || die "$1: the poller gave up; $(tail -n 3 "$FLOCK_DIR"/*/log)"
    keep_result "$1" "$line"
    case $2 in
    kill | segv | abort | term)
        read -r _ goose _ <<<"$line"
        goose=$(node_of "$goose")
        wait_for 5 "node $goose to end" node_is_gone "$goose"
        node_start "$goose"
        ;;
    esac
}

# strike_all WHAT DEED STEADY-MS - a node that was started again first waits a promise's time; steady is longer.
strike_all() {
    local run
    for ((run = 0; run < runs; run++)); do
        [ $((run % writes_every)) != 0 ] || measure_writes
        strike "$@"
    done
}

newborn() {
    local run i since line numbers addresses
    for ((run = 0; run < runs; run++)); do
        flock_new $nodes
        # Asked before: what this shell takes its time for between the last start and the poller is measured too.
        mapfile -t numbers < <(nodes_all)
        IFS=, read -ra addresses < <(addresses_of "${numbers[@]}")
        for i in "${numbers[@]}"; do
            since=$EPOCHREALTIME
            node_start "$i"
        done
        line=$("$POLLER" --since "$since" start "${addresses[@]}") ||
            die "newborn: the poller gave up; $(tail -n 3 "$FLOCK_DIR"/*/log)"
        keep_result newborn "$line"
    done
}

measure() {
    case $1 in
    newborn) newborn ;;
    will-*) strike_all "$1" "${1#will-}" 700 ;;
    fast-*) strike_all "$1" "${1#fast-}" 150 ;;
    *) strike_all "$1" "$1" 700 ;;
    esac
}

# with_writes MS - a bound, and twice the median of a durable write.
with_writes() {
    figures <"$run_dir/writes" | awk -v ms="$1" '{ printf "%.3f\n", ms + 2 * $2 }'
}

row() {
    local what=$1
    case $what in
    kill) table_row "kill -9" "$run_dir/$what" 305 380 ;;
    pause) table_row "SIGSTOP" "$run_dir/$what" 305 380 ;;
    will-kill) table_row "last will: kill -9" "$run_dir/$what" "$(with_writes 5)" - ;;
    will-segv) table_row "last will: SIGSEGV" "$run_dir/$what" "$(with_writes 5)" - ;;
    will-abort) table_row "last will: SIGABRT" "$run_dir/$what" "$(with_writes 5)" - ;;
    will-pause) table_row "last will: SIGSTOP" "$run_dir/$what" 305 380 ;;
    term) table_row "SIGTERM" "$run_dir/$what" "$(with_writes 4)" - ;;
    handover) table_row "POST /handover" "$run_dir/$what" "$(with_writes 4)" - ;;
    fast-kill) table_row "10/50 ms: kill -9" "$run_dir/$what" "$(with_writes 55)" - ;;
    fast-pause) table_row "10/50 ms: SIGSTOP" "$run_dir/$what" "$(with_writes 55)" - ;;
    newborn) table_row "five newborn nodes" "$run_dir/$what" - 150 ;;
    esac
    case $what in
    *pause) table_row "    claims of the paused, afterwards" "$run_dir/$what.stale" - 0 ;;
    esac
}

[ -z "$keep" ] || : >"$keep"
bench_begin
machine "before"
: >"$run_dir/writes"
measure_writes
timings=none
for what in $only; do
    case $what in
    newborn) wanted=none args=() ;;
    will-*) wanted=will args=(--last-will) ;;
    fast-*) wanted=fast args=(--heartbeat 10ms --lease 50ms) ;;
    *) wanted=default args=() ;;
    esac
    if [ $wanted != none ] && [ $wanted != $timings ]; then
        flock_new $nodes "${args[@]}"
        flock_start
    fi
    timings=$wanted
    measure "$what"
    machine "after $what"
done
measure_writes
table_head "without a goose, ms"
for what in $only; do
    row "$what"
done
table_row "a durable write, $nodes at once" "$run_dir/writes" - -
exit "$missed"
