#!/usr/bin/env bash
# flood.sh: how long a flock is without a goose while its HTTP servers are flooded, beside how long it is when they are
# not; and whether a flood takes the goose's role away.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
    cat <<'USAGE'
usage: tests/bench/flood.sh [--only "DEED..."] [--clients N] [--watch SECONDS] [RUNS]

Starts a flock of three with default timings, all on the first CPU that this script may use, and RUNS times (20) in turn
kills the goose (kill -9) without a flood, and under each of

  /metrics /why /members   1,000 clients at each node, each of which asks for as much as fits into 4,600 bytes and takes
                           nothing; all anew every second
  read:/metrics            as many that ask for it again and again, and take all
  connect, reset           connections that come and go; that ask for something and are gone with a reset

first with the flood on the last CPU, then with the flood on that of the nodes. Then it looks on for a minute of each.
All files are in memory, for a disk that stalls holds up a vote whatever HTTP does.
What it measures is read off the nodes' lease pages, until another says goose: clients over HTTP stand in one line with
the flood. All in milliseconds. Exit status 0 if from the other CPU the median under each was at most 1.1 times that
without, and the goose never changed but by a kill.

  --only "DEED..."   some of them only
  --clients N        at each node (1000)
  --watch SECONDS    in the place of a minute; 0: not at all

Environment: BUILD_DIR (a build of goosed and its tests; build/release is built where it is not set), FLOCK_PORT (of
the first of three nodes; 7301).
USAGE
}

nodes=3
runs=20
clients=1000
watch_s=60
deeds="/metrics /why /members read:/metrics connect reset"
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --only) deeds=${2:?} && shift ;;
    --clients) clients=${2:?} && shift ;;
    --watch) watch_s=${2:?} && shift ;;
    *) [[ $1 =~ ^[1-9][0-9]*$ ]] || die "what is $1? see --help" && runs=$1 ;;
    esac
    shift
done

cpus=$(taskset -cp $$ | sed 's/.*: //')
first_cpu=${cpus%%[-,]*} last_cpu=${cpus##*[-,]}
[ "$first_cpu" != "$last_cpu" ] || die "needs two CPUs, has $cpus"
changes=0 # that nobody asked for
goose=

flood_pid=
flood_begin() {
    # shellcheck disable=SC2046 # addresses have no blanks
    taskset -c "$1" "$BUILD_DIR/tests/system/flood" "$clients" 600 "$2" $(addresses_of $(nodes_all) | tr , ' ') &
    flood_pid=$!
    sleep 1
}

flood_end() {
    [ -n "$flood_pid" ] || return 0
    kill "$flood_pid" 2>/dev/null || true
    wait "$flood_pid" 2>/dev/null || true
    flood_pid=
}

start() {
    node_start "$1"
    wait_for 5 "the lease page of node $1" test -s "$FLOCK_DIR/$1/page"
    taskset -acp "$first_cpu" "$(node_pid "$1")" >/dev/null || die "node $1: $(tail -n 3 "$FLOCK_DIR/$1/log")"
}

pages_and_pids() {
    local i
    for i in $(nodes_all); do
        echo "$FLOCK_DIR/$i/page=$(node_pid "$i")"
    done
}

# strike NAME - keeps what it took, and whether the goose is the one that the last kill made.
strike() {
    local line old next
    # shellcheck disable=SC2046 # no blanks
    line=$("$TAKEOVER" kill $(pages_and_pids)) || die "$1: $(tail -n 3 "$FLOCK_DIR"/*/log)"
    sed -E 's/.* after ([0-9.]+) ms$/\1/' <<<"$line" >>"$run_dir/$1"
    old=${line%% then *}
    next=${line##* then }
    [ -z "$goose" ] || [ "$goose" = "$old" ] || changes=$((changes + 1))
    goose=${next% after *}
    old=${old%/page *}
    wait_for 5 "node ${old##*/} to end" node_is_gone "${old##*/}"
    start "${old##*/}"
}

# strike_all CPU WHERE
strike_all() {
    local run deed
    for ((run = 0; run < runs; run++)); do
        strike "$2 none"
        for deed in $deeds; do
            flood_begin "$1" "$deed"
            strike "$2 ${deed//\//_}"
            flood_end
        done
    done
}

look_on() {
    local deed line number none
    for deed in $deeds; do
        flood_begin "$first_cpu" "$deed"
        # shellcheck disable=SC2046
        line=$("$TAKEOVER" watch "$watch_s" $(pages_and_pids)) || die "$deed: $(tail -n 3 "$FLOCK_DIR"/*/log)"
        flood_end
        read -r _ number _ none _ <<<"$line"
        changes=$((changes + number))
        echo "$watch_s s of $deed from the nodes' CPU: $number changes of goose, $none ms without one"
    done
}

# row WHERE DEED BOUND
row() {
    local median
    read -r _ median _ < <(figures <"$run_dir/$1 none")
    table_row "$1: $2" "$run_dir/$1 ${2//\//_}" "$(awk -v m="$median" -v b="$3" 'BEGIN { print b == "-" ? b : m * b }')" -
    [ "$2" = none ] || awk -v a="$(figures <"$run_dir/$1 ${2//\//_}" | cut -d ' ' -f 2)" -v m="$median" \
        'BEGIN { printf "    %.3f times\n", a / m }'
}

bench_begin
TAKEOVER=$BUILD_DIR/tests/bench/takeover
for program in "$TAKEOVER" "$BUILD_DIR/tests/system/flood"; do
    [ -x "$program" ] || die "$program is missing: build it, or leave BUILD_DIR unset"
done
FLOCK_DIR=$(mktemp -d -p /dev/shm)
# shellcheck disable=SC2317 # the trap calls it
end() {
    local status=$?
    trap - EXIT
    flood_end
    [ "$status" -le 1 ] || cp -r "$FLOCK_DIR" "$run_dir"
    flock_kill || true
    rm -rf "$FLOCK_DIR"
    bench_end "$status"
}
trap end EXIT
machine "before"
flock_new $nodes
for i in $(nodes_all); do
    # shellcheck disable=SC2046 # numbers
    node_set_args "$i" --peers "$(addresses_of $(nodes_all))" --lease-page "$FLOCK_DIR/$i/page"
    start "$i"
done
strike_all "$last_cpu" other
machine "after those from the other CPU"
strike_all "$first_cpu" same
machine "after those from the same CPU"
table_head "without a goose, ms"
for deed in none $deeds; do row other "$deed" "$([ "$deed" = none ] && echo - || echo 1.1)"; done
for deed in none $deeds; do row same "$deed" -; done
[ "$watch_s" = 0 ] || look_on
machine "at the end"
echo "changes of goose that nobody asked for: $changes"
[ $changes = 0 ] || missed=1
exit "$missed"
