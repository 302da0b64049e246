#!/usr/bin/env bash
# prove.sh: all that is too long for every change: the simulator for as long as asked, all small worlds, all mutants, all
# fuzzers. It can be interrupted at any time and goes on where it was; in the end it prints one summary.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh
# shellcheck source=scripts/lib/build.sh
. scripts/lib/build.sh

work=$PWD/build/proof
sim_minutes=60
from=$(date +%s)000
crashes=10000
jobs=1
mutant_seeds=2000
fuzz_minutes=10
world_seconds=600
only_summary=
usage() {
    cat <<'USAGE'
usage: scripts/prove.sh [OPTIONS] [PART...]

Runs the parts named, or all four in this order, then prints what is known so far of all of them:

  sim      goosim on seeds that nobody has seen yet, then crashes of healthy flocks, then the figures
  worlds   goosemodel in every world, each to its end or to the end of its budget
  fuzz     libFuzzer on every target
  mutants  every rule taken away once, and who notices

What is finished is kept in build/proof and is not run again, as long as the sources that it is about stay as they are.
The parts do not disturb each other: run them side by side where there are cores. Everything takes some hours.

  --sim-minutes M    how long the simulator runs, all in all (60)
  --from SEED        the first seed; by default the seconds of the clock, so that every run meets others
  --crashes N        crashes of healthy flocks (10000)
  --jobs J           processes of the simulator (1)
  --fuzz-minutes M   for each target (10)
  --world-seconds S  of the processor, for each world at most (600)
  --mutant-seeds N   seeds of the simulator for each mutant, at most (2000)
  --summary          run nothing, print what is known so far
  --again            forget what is known first (the fuzzers keep their corpora)

Ends with 0 only if all of it has run and nothing was broken. A world that does not end within its budget is said to be
open, and is no failure. What fails is shown with the command that shows it again.
USAGE
}

die() {
    echo "prove.sh: $*" >&2
    exit 2
}

all_parts=(sim worlds fuzz mutants)
parts=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --summary) only_summary=yes ;;
    --again) rm -rf "$work/rows" ;;
    --sim-minutes | --from | --crashes | --jobs | --fuzz-minutes | --world-seconds | --mutant-seeds)
        [[ ${2-} =~ ^[1-9][0-9]{0,14}$ ]] || die "$1 ${2-}: give a number"
        name=${1#--}
        declare "${name//-/_}=$2"
        shift
        ;;
    -*) usage >&2 && exit 2 ;;
    *)
        [[ " ${all_parts[*]} " = *" $1 "* ]] || die "no part $1; there are ${all_parts[*]}"
        parts+=("$1")
        ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=("${all_parts[@]}")
rows=$work/rows
mkdir -p "$rows"

# ---- what is known: a row is a file with the checksum of what it is about, then what was found ----

# sources_sum PART - of the code that it is about; a comment changes nothing. (lease_page.h is no part of libgoose.)
sources_sum() {
    local of=(include src/election)
    case $1 in
    sim) of+=(tests/rig tests/sim) ;;
    worlds) of+=(tests/rig tests/model) ;;
    fuzz) of+=(src tests/rig tests/fuzz) ;;
    mutants) of+=(src tests/unit tests/rig tests/trace tests/sim tests/model tests/system tests/mutants) ;;
    esac
    {
        find "${of[@]}" -name '*.[ch]' ! -name lease_page.h -print0 | sort -zu |
            xargs -0 -n 1 gcc -fpreprocessed -dD -E -P -x c
        find "${of[@]}" '(' -name '*.sh' -o -name '*.txt' ')' ! -name CMakeLists.txt -print0 |
            sort -zu | xargs -0r cat
    } | sha256sum | cut -c 1-16
}

packages_need build
declare -A sums
for part in "${all_parts[@]}"; do
    sums[$part]=$(sources_sum "$part")
done

# row_keep PART NAME TEXT - at once or not at all.
row_keep() {
    printf '%s\n%s\n' "${sums[$1]}" "$3" >"$rows/$1.$2.new"
    mv "$rows/$1.$2.new" "$rows/$1.$2"
}

# row PART NAME - fails where nothing is known of these sources.
row() {
    [ -e "$rows/$1.$2" ] && [ "$(head -n 1 "$rows/$1.$2")" = "${sums[$1]}" ] && tail -n +2 "$rows/$1.$2"
}

# rows_of PART - their names, in order.
rows_of() {
    local file
    for file in "$rows/$1".*; do
        [ ! -e "$file" ] || [[ $file = *.new ]] || ! row "$1" "${file#"$rows/$1".}" >/dev/null || echo "${file#"$rows/$1".}"
    done | sort -V
}

# ---- the simulator: slices of at most five minutes, so that little is lost with an interruption ----

# sim_total FIELD - 2: seeds, 3: events, 4: seconds, 5: failed; over all slices.
sim_total() {
    local name
    for name in $(rows_of sim | grep '^slice-'); do
        row sim "$name"
    done | awk -v field="$1" '{ sum += $field } END { printf "%d\n", sum }'
}

goosim_says='^\([0-9]*\) seeds, \([0-9]*\) events, .* simulated, \([0-9.]*\) s, .*'
# sim_slice MINUTES - a row "FIRST SEEDS EVENTS SECONDS FAILED".
sim_slice() {
    local log=$work/sim.log number first seeds events seconds failed
    number=$(rows_of sim | grep -c '^slice-' || true)
    first=$from
    [ "$number" = 0 ] || read -r first seeds _ < <(row sim "slice-$number") && first=$((first + ${seeds:-0}))
    echo "== sim: $1 min from seed $first on"
    "$goosim" --seeds "$first..18000000000000000000" --minutes "$1" --jobs "$jobs" >"$log" 2>&1 || true
    read -r seeds events seconds < <(sed -n "s/$goosim_says/\1 \2 \3/p" "$log") ||
        { tail -n 20 "$log" >&2 && die "goosim did not end well"; }
    failed=$(sed -n 's/^\([0-9]*\) failed$/\1/p' "$log")
    [ "$failed" = 0 ] || grep -E '^(seed|a worker)' "$log" | tee -a "$work/sim.failed"
    row_keep sim "slice-$((number + 1))" "$first $seeds $events $seconds $failed"
}

# sim_also NAME ARGS... - keeps "held", or what it said.
sim_also() {
    local name=$1 log=$work/sim-$1.log verdict=held
    shift
    ! row sim "$name" >/dev/null || return 0
    echo "== sim: $*"
    "$goosim" "$@" >"$log" 2>&1 || verdict="FAILED: $goosim $*"
    row_keep sim "$name" "$verdict"
}

run_sim() {
    build_configure sim -DCMAKE_BUILD_TYPE=Release
    build_make sim goosim >"$work/build-sim.log" || { cat "$work/build-sim.log" && exit 1; }
    goosim=build/sim/tests/sim/goosim
    local left
    while left=$((sim_minutes - ($(sim_total 4) + 30) / 60)) && [ $left -gt 0 ]; do
        sim_slice $((left < 5 ? left : 5))
    done
    sim_also figures --figures
    sim_also crashes --crashes "$crashes"
}

say_sim() {
    local name bad=0 failed
    printf '%s seeds, %s events, %s s; ' "$(sim_total 2)" "$(sim_total 3)" "$(sim_total 4)"
    failed=$(sim_total 5)
    echo "$failed failed"
    [ "$failed" = 0 ] || { bad=1 && cat "$work/sim.failed"; }
    for name in figures crashes; do
        echo "$name: $(row sim "$name" || echo 'not yet')"
        [ "$(row sim "$name")" = held ] || bad=1
    done
    [ $((($(sim_total 4) + 30) / 60)) -ge "$sim_minutes" ] || { echo "not yet $sim_minutes minutes" && bad=1; }
    return $bad
}

# ---- the worlds ----

# Those that end first. A line is "NAME ends|open ABOUT".
worlds() {
    build/worlds/tests/model/goosemodel --list | sort -s -b -k 2,2 | awk '{ print $1 }'
}

says_it_ends() {
    build/worlds/tests/model/goosemodel --list | grep -q "^$1 *ends "
}

# world_row LOG - "STATES DEPTH SECONDS MB"
world_row() {
    sed -n 's/^  .*: \([0-9]*\) states, depth \([0-9]*\).*, \([0-9.]*\) s of the processor, \([0-9]*\) MB$/\1 \2 \3 \4/p' "$1"
}

run_worlds() {
    build_configure worlds -DCMAKE_BUILD_TYPE=Release
    build_make worlds goosemodel >"$work/build-worlds.log" || { cat "$work/build-worlds.log" && exit 1; }
    local name log status verdict
    for name in $(worlds); do
        ! row worlds "$name" >/dev/null || continue
        log=$work/world-$name.log status=0
        echo "== world $name"
        build/worlds/tests/model/goosemodel --seconds "$world_seconds" "$name" >"$log" 2>&1 || status=$?
        case $status in
        0) verdict=ended ;;
        3) verdict=open && ! says_it_ends "$name" || verdict="OPEN, though it should end" ;;
        *) verdict="BROKEN: build/worlds/tests/model/goosemodel $name" ;;
        esac
        row_keep worlds "$name" "$(world_row "$log") $verdict"
    done
}

say_worlds() {
    local name states depth seconds mb verdict bad=0
    [ -x build/worlds/tests/model/goosemodel ] || { echo "not yet" && return 1; }
    printf '%-14s %12s %6s %8s %7s\n' world states depth seconds MB
    for name in $(worlds); do
        read -r states depth seconds mb verdict < <(row worlds "$name" || echo "- - - - not yet")
        printf '%-14s %12s %6s %8s %7s  %s\n' "$name" "$states" "$depth" "$seconds" "$mb" "$verdict"
        [[ $verdict = ended || $verdict = open ]] || bad=1
    done
    return $bad
}

# ---- the fuzzers ----

targets() {
    sed -n 's/^targets=(\(.*\))/\1/p' scripts/fuzz.sh
}

run_fuzz() {
    local name log
    for name in $(targets); do
        ! row fuzz "$name" >/dev/null || continue
        log=$work/fuzz-$name.log
        echo "== fuzz $name, $fuzz_minutes min"
        scripts/fuzz.sh --minutes "$fuzz_minutes" --only "$name" >"$log" 2>&1 || true
        grep -q "^$name .*[0-9]$" "$log" || { tail -n 20 "$log" >&2 && die "fuzz.sh did not end well"; }
        row_keep fuzz "$name" "$(grep "^$name .*[0-9]$" "$log") $fuzz_minutes"
        grep '    again: ' "$log" || true
    done
}

say_fuzz() {
    local name cells bad=0
    printf '%-8s %12s %8s %6s %6s %8s %8s\n' target executions per-sec edges new crashes minutes
    for name in $(targets); do
        read -r -a cells < <(row fuzz "$name" || echo "$name - - - - - -")
        printf '%-8s %12s %8s %6s %6s %8s %8s\n' "${cells[@]}"
        [ "${cells[5]}" = 0 ] || bad=1
    done
    return $bad
}

# ---- the mutants: their script keeps its own rows ----

run_mutants() {
    local log=$work/mutants.log status=0
    scripts/mutants.sh --resume --seeds "$mutant_seeds" --dir "$work/mutants" >"$log" 2>&1 || status=$?
    [ $status != 2 ] || { tail -n 20 "$log" >&2; }
    row_keep mutants all "$(cat "$log")"
}

say_mutants() {
    local table
    table=$(row mutants all) || { echo "not yet" && return 1; }
    echo "$table"
    grep -q '^[0-9]* mutants: .* 0 alive, 0 in error$' <<<"$table"
}

# ---- all of it ----

if [ -z "$only_summary" ]; then
    packages_need build test check
    for part in "${parts[@]}"; do
        "run_$part"
    done
fi
bad=0
for part in "${all_parts[@]}"; do
    echo
    echo "== $part"
    "say_$part" || bad=1
done >"$work/summary"
cat "$work/summary"
[ $bad = 0 ]
