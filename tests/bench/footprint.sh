#!/usr/bin/env bash
# footprint.sh: what a node of a flock of five costs at rest, and how soon after its start it answers, against bounds.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
    cat <<'USAGE'
usage: tests/bench/footprint.sh [--seconds N] [--starts N]

Starts a flock of five that nobody talks to and reads from /proc, over N seconds (60), what each node needs: memory
(smaps_rollup), processor time and voluntary context switches of all its threads (schedstat, status). Then starts one
node N times (20), with state and without, and measures until it answers its first request. Exit status 0 if every
bound was kept.

Environment: BUILD_DIR (a build of goosed and its tests; build/release is built where it is not set), FLOCK_PORT (of
the first of five nodes; 7301).
USAGE
}

nodes=5
seconds=60
starts=20
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --seconds) seconds=${2:?} && shift ;;
    --starts) starts=${2:?} && shift ;;
    *) die "what is $1? see --help" ;;
    esac
    shift
done

# cost PID - "CPU-NS SWITCHES": of all its threads, so far.
cost() {
    cat "/proc/$1"/task/*/schedstat "/proc/$1"/task/*/status | awk '
        NF == 3 && /^[0-9]/ { cpu += $1 }
        $1 == "voluntary_ctxt_switches:" { switches += $2 }
        END { printf "%.0f %.0f\n", cpu, switches }'
}

rss_kb() {
    awk '$1 == "Rss:" { print $2 }' "/proc/$1/smaps_rollup"
}

# now_us - bash's own clock, as digits.
now_us() {
    echo "${EPOCHREALTIME/[.,]/}"
}

# What every node has cost by now, a line each: NODE MICROSECONDS CPU-NS SWITCHES
costs() {
    local i
    for i in $(nodes_all); do
        echo "$i $(now_us) $(cost "$(node_pid "$i")")"
    done
}

# per_node BEFORE AFTER - NODE CPU-PERCENT SWITCHES-A-SECOND
per_node() {
    paste -d ' ' "$1" "$2" | awk '
        { us = $6 - $2; printf "%d %.3f %.1f\n", $1, ($7 - $3) / us / 10, ($8 - $4) * 1e6 / us }'
}

rest() {
    local goose i cpu switches role bounds rss ok
    flock_new $nodes
    flock_start
    goose=$(flock_goose)
    # A roster still fills in its uids, and who has just started reads its libraries.
    sleep 3
    costs >"$run_dir/before"
    sleep "$seconds"
    costs >"$run_dir/after"
    [ "$(flock_goose)" = "$goose" ] || die "the goose changed meanwhile: this was no rest"
    machine "after $seconds s of rest"
    printf '%-5s %-6s %15s %18s %22s  %s\n' node role "RSS, kB" "CPU, % of a core" "switches a second" ok
    while read -r i cpu switches; do
        role=duck bounds=(4096 0.3 50)
        [ "$i" != "$goose" ] || role=goose bounds=(4096 0.6 130)
        rss=$(rss_kb "$(node_pid "$i")")
        ok=yes
        at_most "$rss" "${bounds[0]}" && at_most "$cpu" "${bounds[1]}" && at_most "$switches" "${bounds[2]}" || ok=NO
        [ $ok = yes ] || missed=1
        printf '%-5s %-6s %15s %18s %22s  %s\n' "$i" "$role" "$rss <= ${bounds[0]}" "$cpu <= ${bounds[1]}" \
            "$switches <= ${bounds[2]}" "$ok"
    done < <(per_node "$run_dir/before" "$run_dir/after")
}

# start_often WHAT - node 1, alone; "newborn": without the state of the start before. The poller starts and ends it:
# a shell between the two would be most of what is measured.
start_often() {
    local run line args
    mapfile -t args <"$FLOCK_DIR/1/args"
    for ((run = 0; run < starts; run++)); do
        [ "$1" != newborn ] || rm -rf "$(node_state_dir 1)"
        line=$("$POLLER" serve "$(node_address 1)" "$GOOSED" --self "$(node_address 1)" \
            --state-dir "$(node_state_dir 1)" "${args[@]}" 2>>"$(node_log 1)") ||
            die "it does not answer: $(cat "$(node_log 1)")"
        sed -E 's/.* after ([0-9.]+) ms .*/\1/' <<<"$line" >>"$run_dir/$1"
    done
}

bench_begin
machine "before"
rest
flock_kill
start_often "with state"
start_often newborn
table_head "start to first answer, ms"
table_row "with state" "$run_dir/with state" - 20
table_row newborn "$run_dir/newborn" - 20
exit "$missed"
