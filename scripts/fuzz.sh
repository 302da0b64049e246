#!/usr/bin/env bash
# fuzz.sh: libFuzzer on every target of tests/fuzz, for as long as you like, and a table of how much that was; or real
# flocks under fire over their sockets.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh
# shellcheck source=scripts/lib/build.sh
. scripts/lib/build.sh

usage() {
    cat <<'USAGE'
usage: scripts/fuzz.sh [--minutes M] [--only NAMES]
       scripts/fuzz.sh --keep [--only NAMES]
       scripts/fuzz.sh --network [--seconds N] [--seed S]

Builds the fuzz targets with clang into build/fuzz, then runs one after the other for M minutes each (10) on a corpus
of its own, which grows from run to run in build/fuzz/corpus/NAME. Prints a table in the end. A crash does not stop the
others; it is shown with the command that replays it. Ends with 0 only if there was none.

  --minutes M    for each target
  --only NAMES   of these targets, with commas between: wire,http
  --keep         does not run them: of all that they found so far writes what reaches most (branches that the good inputs
                 do not reach, the shortest inputs first) to tests/fuzz/found/NAME.hex, where every build tries it again
  --network      builds goosed with sanitizers into build/sanitize, and fires datagrams and requests of all kinds at flocks
                 of three on loopback (tests/system/fire.sh says what); needs root, or user namespaces
  --seconds N    for so long in all (60), beside what it takes to start them
  --seed S       what is sent depends on it (1)
  --help         this
USAGE
}

targets=(wire durable step seal state keys options config http)
minutes=10
keep=
network=
seconds=60
seed=1
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --keep) keep=yes && shift ;;
    --network) network=yes && shift ;;
    --seconds)
        [[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || { usage >&2 && exit 2; }
        seconds=$2
        shift 2
        ;;
    --seed)
        [[ ${2-} =~ ^[0-9]{1,9}$ ]] || { usage >&2 && exit 2; }
        seed=$2
        shift 2
        ;;
    --minutes)
        [[ ${2-} =~ ^[1-9][0-9]{0,4}$ ]] || { usage >&2 && exit 2; }
        minutes=$2
        shift 2
        ;;
    --only)
        [ $# -ge 2 ] || { usage >&2 && exit 2; }
        IFS=, read -r -a only <<<"$2"
        for name in "${only[@]}"; do
            [[ " ${targets[*]} " = *" $name "* ]] ||
                { echo "no target $name; there are ${targets[*]}" >&2 && exit 2; }
        done
        targets=("${only[@]}")
        shift 2
        ;;
    *) usage >&2 && exit 2 ;;
    esac
done

if [ -n "$network" ]; then
    packages_need build run test
    build_configure sanitize -DCMAKE_BUILD_TYPE=Release -DGOOSED_SANITIZE=ON
    build_make sanitize goosed observer fire_datagrams fire_requests
    exec env ASAN_OPTIONS=strict_string_checks=1 BUILD_DIR="$PWD/build/sanitize" FIRE_SECONDS="$seconds" \
        FIRE_SEED="$((10#$seed))" tests/system/fire.sh
fi

packages_need build test check
build_configure fuzz -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release -DGOOSED_FUZZ=ON
build_make fuzz "${targets[@]/#/fuzz_}"
programs=build/fuzz/tests/fuzz

# figure NAME LOG - of libFuzzer's own at the end.
figure() {
    sed -n "s/^stat::$1: *//p" "$2" | tail -n 1
}

# edges LOG - those that the last line which tells saw covered.
edges() {
    sed -n 's/^#[0-9].* cov: \([0-9]*\) .*/\1/p' "$1" | tail -n 1
}

# keep NAME - FOUND_MAX of tests/fuzz/found.h at most. Each is there for the branches that it alone takes.
keep() {
    local name=$1 merged files
    merged=$(mktemp -d "build/fuzz/merged-$name.XXXXXX")
    cp "$programs/corpus-$name"/seed-* "$merged"
    "$programs/fuzz_$name" -merge=1 -use_counters=0 "$merged" "build/fuzz/corpus/$name" "$programs/corpus-$name" \
        >"build/fuzz/$name.merge.log" 2>&1 || { tail -n 20 "build/fuzz/$name.merge.log" >&2 && return 1; }
    mapfile -t files < <(find "$merged" -type f ! -name 'seed-*' -printf '%s %f\n' | sort -n | head -n 64 | cut -d ' ' -f 2)
    for file in "${files[@]}"; do
        xxd -p "$merged/$file" | tr -d '\n' && echo
    done >"tests/fuzz/found/$name.hex"
    echo "$name: ${#files[@]} inputs kept"
    rm -r "$merged"
}

if [ -n "$keep" ]; then
    for name in "${targets[@]}"; do
        keep "$name"
    done
    exit 0
fi

rows=()
crashed=0
# fuzz NAME - a row for the table; what goes wrong is told at once.
fuzz() {
    local name=$1 corpus=build/fuzz/corpus/$1 crashes=build/fuzz/crashes/$1 log=build/fuzz/$1.log found=() file
    mkdir -p "$corpus" "$crashes"
    touch "build/fuzz/$name.began"
    echo "== $name, $minutes min"
    "$programs/fuzz_$name" -max_total_time=$((minutes * 60)) -print_final_stats=1 -artifact_prefix="$crashes/" \
        "$corpus" "$programs/corpus-$name" >"$log" 2>&1 || true
    mapfile -t found < <(find "$crashes" -type f -newer "build/fuzz/$name.began")
    # Something may go wrong with no input to blame.
    grep -q '^Done ' "$log" || [ ${#found[@]} -gt 0 ] || found=("?")
    rows+=("$(printf '%-8s %12s %8s %6s %6s %8d' "$name" "$(figure number_of_executed_units "$log")" \
        "$(figure average_exec_per_sec "$log")" "$(edges "$log")" "$(figure new_units_added "$log")" ${#found[@]})")
    [ ${#found[@]} -gt 0 ] || return 0
    crashed=1
    tail -n 40 "$log" >&2
    echo "$name: a crash; all of the log is in $log" >&2
    for file in "${found[@]}"; do
        [ "$file" = "?" ] || echo "    again: $programs/fuzz_$name $file" >&2
    done
}

for name in "${targets[@]}"; do
    fuzz "$name"
done
printf '%-8s %12s %8s %6s %6s %8s\n' target executions per-sec edges new crashes
printf '%s\n' "${rows[@]}"
exit $crashed
