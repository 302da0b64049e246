# shellcheck shell=bash
# lib.sh: what failover.sh, flood.sh and footprint.sh share: the programs, a flock on loopback, and the table. Sourced, never run.
# Everything it starts and writes lies in one folder of the build folder, on the disk that is measured, and goes with
# the script.
export LC_ALL=C
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib/packages.sh
. "$top/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/build.sh
. "$top/scripts/lib/build.sh"
# shellcheck source=scripts/lib/nodes.sh
. "$top/scripts/lib/nodes.sh"
first_port=${FLOCK_PORT:-7301}

die() {
    echo "$(basename "$0"): $*" >&2
    exit 2
}

# ---- begin and end ----

# Builds what is measured, unless BUILD_DIR names a build.
bench_begin() {
    if [ -z "${BUILD_DIR-}" ]; then
        packages_need build run test
        BUILD_DIR=$top/build/release
        cd "$top" || exit
        build_configure release -DCMAKE_BUILD_TYPE=Release
        build_make release goosed poller durable_writes takeover flood >"$BUILD_DIR/bench.log" ||
            { cat "$BUILD_DIR/bench.log" >&2 && exit 2; }
    fi
    GOOSED=${GOOSED:-$BUILD_DIR/src/daemon/goosed}
    POLLER=$BUILD_DIR/tests/bench/poller
    WRITES=$BUILD_DIR/tests/bench/durable_writes
    for program in "$GOOSED" "$POLLER" "$WRITES"; do
        [ -x "$program" ] || die "$program is missing: build it, or leave BUILD_DIR unset"
    done
    run_dir=$(mktemp -d "$BUILD_DIR/tests/bench/run.XXXXXX")
    FLOCK_DIR=$run_dir/flock
    trap bench_end EXIT
    trap 'exit 130' INT TERM
}

# What failed leaves its logs behind.
bench_end() {
    local status=${1:-$?}
    trap - EXIT
    flock_kill || true
    if [ "$status" -le 1 ]; then
        rm -rf "$run_dir"
    else
        echo "$(basename "$0"): what is left of it: $run_dir" >&2
    fi
    exit "$status"
}

machine() {
    local load
    read -r load _ </proc/loadavg
    echo "$(nproc) CPUs, load average $load: $1"
}

# ---- a flock ----

# flock_new COUNT ARGS... - not started yet; the one before it is gone.
flock_new() {
    local count=$1 i all=()
    shift
    flock_kill
    rm -rf "$FLOCK_DIR"
    for ((i = 1; i <= count; i++)); do
        all+=("127.0.0.1:$((first_port + i - 1))")
    done
    for ((i = 1; i <= count; i++)); do
        node_new "$i" "${all[i - 1]}" --peers "$(IFS=, && echo "${all[*]}")" "$@"
    done
}

flock_start() {
    local i
    for i in $(nodes_all); do
        node_start "$i"
    done
    # shellcheck disable=SC2046 # numbers
    wait_for 15 "all nodes to follow one goose" flock_agrees $(nodes_all) || die "$(cat "$FLOCK_DIR"/*/log)"
}

# A node that is paused dies of it too.
flock_kill() {
    local i
    for i in $(nodes_running); do
        node_kill "$i"
    done
}

# ---- numbers ----

# figures - of numbers on standard input: how many, median, p99, max.
figures() {
    sort -n | awk '
        { v[NR] = $1 }
        END {
            if (NR == 0) { print "0 - - -"; exit }
            p99 = int(NR * 0.99); if (p99 < NR * 0.99) p99++
            median = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf "%d %.3f %.3f %.3f\n", NR, median, v[p99], v[NR]
        }'
}

# shellcheck disable=SC2034 # the scripts exit with it
missed=0
# at_most VALUE BOUND - "-" bounds nothing.
at_most() {
    [ "$2" = - ] || awk -v value="$1" -v bound="$2" 'BEGIN { exit !(value != "-" && value + 0 <= bound + 0) }'
}

table_head() {
    printf '%-38s %5s %9s %9s %9s  %-32s %s\n' "$1" runs median p99 max bound ok
}

# table_row WHAT FILE MEDIAN-BOUND MAX-BOUND - of the numbers in FILE.
table_row() {
    local runs median p99 max ok=yes bound=
    read -r runs median p99 max < <(figures <"$2")
    at_most "$median" "$3" && at_most "$max" "$4" || ok=NO
    # shellcheck disable=SC2034
    [ $ok = yes ] || missed=1
    [ "$3" = - ] || bound="median <= $3"
    [ "$4" = - ] || bound="${bound:+$bound, }max <= $4"
    [ -n "$bound" ] || ok=
    printf '%-38s %5s %9s %9s %9s  %-32s %s\n' "$1" "$runs" "$median" "$p99" "$max" "$bound" "$ok"
}
