#!/usr/bin/env bash
# bench.sh: goosed beside what else elects a leader, in one run on one machine: who is how soon there again, when are there
# two, and what does it cost. It judges nothing; where another does better, that stands in the table.
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    cat <<'USAGE'
usage: scripts/bench.sh [--quick] [--only SYSTEM,...] [--minutes N] [--out DIR]

Installs etcd, ZooKeeper, Redis with Sentinel, and keepalived (Debian's packages; no service is started), builds goosed, and
starts three nodes of each in turn, each node in a network namespace of its own, states on the disk of DIR. In every round
and for every system: cold start; kill -9, SIGTERM, SIGSTOP of the leader, its cable taken out and put in again; in some
rounds what three nodes cost at rest. Then locks with a job that ignores SIGTERM, and answers a second beside nginx.

  --quick            one round, and of those that take long less: 5 minutes
  --only SYSTEM,...  some of them: goosed etcd zookeeper sentinel keepalived, or a row's name as in the table
  --minutes N        no round begins that would not end in that time (55)
  --out DIR          where samples.jsonl, table.md and *.svg go (build/bench). What is in samples.jsonl is not measured
                     again, so an interrupted run goes on; a new one wants another DIR

Needs root, and nothing else to run beside it: load averages are kept with the samples. Environment: BUILD_DIR (a build of
goosed and its tests; build/release is built where it is not set).
USAGE
}

die() {
    echo "bench.sh: $*" >&2
    exit 2
}

# NAME FILE KILLS,TERMS,PAUSES,CUTS-A-ROUND QUICK VARIANT
systems() {
    cat <<'SYSTEMS'
goosed            goosed      6,3,3,4  2,1,1,1
goosed-will       goosed      6,3,3,4  2,1,1,1  --last-will
goosed-10-50      goosed      6,3,3,4  2,1,1,1  --heartbeat 10ms --lease 50ms
goosed-10-50-will goosed      6,3,3,4  2,1,1,1  --heartbeat 10ms --lease 50ms --last-will
etcd              etcd        3,1,2,2  1,1,0,1
etcd-10-50        etcd        6,3,3,4  2,1,1,1  --heartbeat-interval 10 --election-timeout 50
zookeeper         zookeeper   2,1,1,1  1,0,0,1  2000
sentinel          sentinel    1,0,0,1  0,0,0,0  30000 180000
sentinel-300      sentinel    2,1,1,1  1,0,0,1  300 3000
keepalived        keepalived  2,1,1,1  1,0,0,1  1
keepalived-100    keepalived  2,1,1,1  0,0,0,0  0.1
SYSTEMS
}

quick=
only=
minutes=55
out=$top/build/bench
options=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --quick) quick=yes ;;
    --only) only=${2:?} && shift ;;
    --minutes) [[ ${2-} =~ ^[1-9][0-9]*$ ]] || die "--minutes ${2-}: give a number, as 55" && minutes=$2 && shift ;;
    --out) out=${2:?} && shift ;;
    *) die "what is $1? see --help" ;;
    esac
    shift
done
for name in ${only//,/ }; do
    systems | awk -v name="$name" '$1 == name || $2 == name { found = 1 } END { exit !found }' ||
        die "--only $name: there are $(systems | awk '{ printf "%s ", $1 }')"
done

is_wanted() {
    [ -z "$only" ] || [[ ",$only," == *",$1,"* ]] || [[ ",$only," == *",$2,"* ]]
}

# ---- before the sandbox: packages, goosed; then all again, alone ----

if [ -z "${IN_BENCH-}" ]; then
    [ "$(id -u)" = 0 ] || die "needs root, for network namespaces"
    # shellcheck source=scripts/lib/packages.sh
    . "$top/scripts/lib/packages.sh"
    # shellcheck source=scripts/lib/build.sh
    . "$top/scripts/lib/build.sh"
    groups=(run test)
    [[ $only =~ ^(goosed[^,]*,?)+$ ]] || groups+=(peers)
    [ -n "${BUILD_DIR-}" ] || groups+=(build)
    packages_need "${groups[@]}"
    if [ -z "${BUILD_DIR-}" ]; then
        BUILD_DIR=$top/build/release
        cd "$top"
        build_configure release -DCMAKE_BUILD_TYPE=Release
        build_make release goosed goosectl leaders stubborn >"$BUILD_DIR/bench.log" ||
            { cat "$BUILD_DIR/bench.log" >&2 && exit 2; }
    fi
    mkdir -p "$out"
    export BUILD_DIR IN_BENCH=yes
    exec unshare --net --mount --pid --fork --kill-child --mount-proc "$BASH" "$0" "${options[@]}"
fi
mount -t tmpfs tmpfs /run
mkdir /run/netns
out=$(cd "$out" && pwd)
samples=$out/samples.jsonl
work=$(mktemp -d "$out/run.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
GOOSED=$BUILD_DIR/src/daemon/goosed
GOOSECTL=$BUILD_DIR/src/ctl/goosectl
LEADERS=$BUILD_DIR/tests/bench/leaders
for program in "$GOOSED" "$GOOSECTL" "$LEADERS" "$BUILD_DIR/tests/bench/stubborn"; do
    [ -x "$program" ] || die "$program is missing: build it, or leave BUILD_DIR unset"
done
touch "$samples"
# shellcheck source=tests/bench/peers/lib.sh
. "$top/tests/bench/peers/lib.sh"
# shellcheck source=tests/bench/measure.sh
. "$top/tests/bench/measure.sh"
# shellcheck source=tests/bench/locks.sh
. "$top/tests/bench/locks.sh"
machines_begin

# One line that changes on a terminal, lines elsewhere.
progress() {
    local line
    line="$(printf '%3d min' $((SECONDS / 60))) of $((minutes ? minutes : 5)), round $round: $*"
    if [ -t 2 ]; then printf '\r\033[K%s' "$line" >&2; else echo "$line" >&2; fi
}

# The systems of this run, that goosed knows the options of.
chosen() {
    local name file full brief variant
    while read -r name file full brief variant; do
        is_wanted "$name" "$file" || continue
        [[ $variant != *--last-will* ]] || grep -q -- --last-will <<<"$goosed_help" || continue
        echo "$name $file $([ -n "$quick" ] && echo "$brief" || echo "$full") $variant"
    done < <(systems)
}

machine_line() {
    local model
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    echo "{\"machine\": \"$(date -u +%F), $(nproc) cores ($model), Linux $(uname -r): scripts/bench.sh ${options[*]}\"}"
}

goosed_help=$("$GOOSED" --help)

[ -s "$samples" ] || machine_line >>"$samples"
round=0
rest_rounds=2 rest_s=15 lock_runs=3 pairs=5 last=0
[ -z "$quick" ] || rest_rounds=1 rest_s=3 lock_runs=1 pairs=1 minutes=0
while [ $round = 0 ] || [ $((SECONDS + last)) -lt $((minutes * 60)) ]; do
    round=$((round + 1))
    began=$SECONDS
    while read -r name file counts variant; do
        measure_system "$name" "$file" "$counts" "$variant" </dev/null
    done < <(chosen)
    if [ $round = 1 ]; then
        measure_locks
        measure_answers
    fi
    last=$((SECONDS - began))
done
[ ! -t 2 ] || echo >&2
python3 "$top/tests/bench/figures.py" "$samples" "$out"
cat "$out/table.md"
