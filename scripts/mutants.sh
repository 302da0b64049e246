#!/usr/bin/env bash
# mutants.sh: takes one rule of the protocol away at a time (tests/mutants/NAME.patch) and shows which of the tests
# notice. What nothing notices is a hole in the tests, or a rule that does not earn its place.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh

top=$PWD
patches=$top/tests/mutants
seeds=2000
work=$top/build/mutants
stages=(unit trace sim system)
stop_at_first=
check_only=
usage() {
    cat <<'USAGE'
usage: scripts/mutants.sh [--seeds N] [--only STAGE] [--first] [--check] [--dir DIR] [NAME...]

For each mutant (all of tests/mutants/*.patch, or those named; NAME may be a shell pattern): patches a copy of the
sources, builds it, and runs the unit tests, the trace scenarios, the simulator and, for a mutant that names them, the
system tests. Prints a table: for each stage "-" where it was not asked, "lives" where all was well, else what killed
the mutant. The simulator's column says which of S1 to L3 broke and in which seed (counted from 1). Where nothing has
noticed so far, the simulator also looks at the crashes of a healthy flock and at the figures of PROTOCOL 11.

  --seeds N     seeds of the simulator at most (2000); it stops at the first that fails
  --only STAGE  unit, trace, sim or system
  --first       no further stage for a mutant that is dead already
  --check       only whether every patch applies; builds nothing
  --dir DIR     where the copy and its build live (build/mutants); what is there already is used again

A mutant of src/daemon is for the unit tests of the daemon and for the system tests, any other for the unit tests of
the election, the traces and the simulator.

Exit status: 0 if each mutant was killed, or stands in tests/mutants/survivors.txt with an argument; 1 if one lives that
does not; 2 if a patch does not apply or its sources do not build.
USAGE
}

die() {
    echo "mutants.sh: $*" >&2
    exit 2
}

names=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --first) stop_at_first=yes ;;
    --check) check_only=yes ;;
    --seeds)
        [[ ${2-} =~ ^[1-9][0-9]{0,9}$ ]] || die "--seeds ${2-}: give a number"
        seeds=$2 && shift
        ;;
    --only)
        [[ ${2-} =~ ^(unit|trace|sim|system)$ ]] || die "--only ${2-}: give unit, trace, sim or system"
        stages=("$2") && shift
        ;;
    --dir)
        [ -n "${2-}" ] || die "--dir: give a directory"
        mkdir -p "$2" && work=$(cd "$2" && pwd) && shift
        ;;
    -*) usage >&2 && exit 2 ;;
    *) names+=("$1") ;;
    esac
    shift
done

# The mutants asked for, in order.
mutants() {
    local path name wanted
    for path in "$patches"/*.patch; do
        name=$(basename "$path" .patch)
        [ ${#names[@]} -gt 0 ] || { echo "$name" && continue; }
        for wanted in "${names[@]}"; do
            # shellcheck disable=SC2053 # a pattern
            [[ $name != $wanted ]] || { echo "$name" && break; }
        done
    done
}

# header NAME KEY - what the lines before the diff say.
header() {
    sed -n -e "s/^$2: //p" -e '/^---/q' "$patches/$1.patch"
}

# is_whole NAME - its header says what it must.
is_whole() {
    local key
    for key in rule section expect; do
        [ -n "$(header "$1" $key)" ] || { echo "$1: no line \"$key:\" at its head" >&2 && return 1; }
    done
}

# applies NAME TREE - cleanly: an offset is fine, a guess is not.
applies() {
    patch --dry-run --strip 1 --fuzz 0 --force --directory "$2" <"$patches/$1.patch" >/dev/null 2>&1
}

# The argued survivors name mutants that there are.
check_survivors() {
    local name bad=0
    while read -r name; do
        [ -e "$patches/$name.patch" ] || { echo "survivors.txt argues for $name, which is no mutant" >&2 && bad=1; }
    done < <(sed -n 's/^\([a-z0-9-]*\):.*/\1/p' "$patches/survivors.txt")
    return $bad
}

is_argued() {
    grep -q "^$1:" "$patches/survivors.txt"
}

mapfile -t chosen < <(mutants)
[ ${#chosen[@]} -gt 0 ] || die "no such mutant"
if [ -n "$check_only" ]; then
    bad=0
    for name in "${chosen[@]}"; do
        is_whole "$name" || bad=1
        applies "$name" "$top" || { echo "$name does not apply any more" && bad=1; }
    done
    check_survivors || bad=1
    [ $bad = 0 ] || exit 2
    echo "${#chosen[@]} mutants apply"
    exit 0
fi
packages_need build test
tree=$work/tree
build=$work/build

# ---- the copy ----

# By content: what an interrupted run left patched gets a new date, and so is built again.
copy_sources() {
    local path
    mkdir -p "$tree"
    while IFS= read -r path; do
        [ -e "$top/$path" ] || rm -f "$tree/$path"
    done < <(cd "$tree" && find . -type f)
    while IFS= read -r path; do
        cmp -s "$top/$path" "$tree/$path" && continue
        mkdir -p "$tree/$(dirname "$path")"
        cp "$top/$path" "$tree/$path"
    done < <(cd "$top" && find CMakeLists.txt include src tests scripts -type f)
}

# A rule taken away may leave a function or an argument without use: no error here.
configure() {
    local flags="-Wno-unused-function -Wno-unused-parameter -Wno-unused-variable -Wno-unused-but-set-variable"
    flags+=" -Wno-unused-const-variable"
    cmake -G Ninja -S "$tree" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="$flags" >"$work/configure.log" 2>&1 ||
        { cat "$work/configure.log" >&2 && exit 2; }
}

# The unit tests of the daemon's own files (src/http has others, and no mutants), and those that look at bytes or at
# sizes; all others are of the election's rules.
daemon_tests='^test_(address|clock|durable|log|metrics|notify|options|seal|state_image|token)$'
other_tests='^test_(http.*|wire|wire_rules|durable_state|outsider|scale)$'
# unit_tests KIND - daemon or core.
unit_tests() {
    local path name kind
    for path in "$top"/tests/unit/test_*.c; do
        name=$(basename "$path" .c)
        kind=core
        [[ ! $name =~ $daemon_tests ]] || kind=daemon
        [[ ! $name =~ $other_tests ]] || kind=other
        [ $kind != "$1" ] || echo "$name"
    done
}

# of_daemon NAME
of_daemon() {
    grep -q '^+++ b/src/daemon/' "$patches/$1.patch"
}

is_asked() {
    [[ " ${stages[*]} " == *" $1 "* ]]
}

# targets NAME - what its stages need.
targets() {
    local kind=core
    ! of_daemon "$1" || kind=daemon
    ! is_asked unit || unit_tests $kind
    if [ $kind = core ]; then
        ! is_asked trace || echo goosetrace
        ! is_asked sim || echo goosim
    fi
    ! is_asked system || [ -z "$(header "$1" system)" ] || printf '%s\n' goosed observer fake_node mischief
}

make_targets() {
    local all
    mapfile -t all
    [ ${#all[@]} -gt 0 ] || return 0
    ninja -C "$build" -j "$(nproc)" "${all[@]}" >"$work/build.log" 2>&1
}

# ---- the stages: each prints what killed the mutant, or "lives" ----

# count_more FIRST COUNT - "FIRST +2": what noticed it first, and how many more did.
count_more() {
    case $2 in
    0) echo lives ;;
    1) echo "$1" ;;
    *) echo "$1 +$(($2 - 1))" ;;
    esac
}

run_unit() {
    local test first='' count=0 kind=core
    ! of_daemon "$1" || kind=daemon
    while read -r test; do
        (cd "$build/tests/unit" && timeout 60 "./$test") >"$work/unit.log" 2>&1 && continue
        first=${first:-${test#test_}}
        count=$((count + 1))
    done < <(unit_tests $kind)
    count_more "$first" $count
}

run_trace() {
    local scenario first='' count=0
    for scenario in "$tree"/tests/trace/[0-9]*.txt; do
        timeout 20 "$build/tests/trace/goosetrace" "$scenario" >/dev/null 2>&1 && continue
        first=${first:-$(basename "$scenario" .txt)}
        count=$((count + 1))
    done
    count_more "$first" $count
}

run_sim() {
    local goosim=$build/tests/sim/goosim seed rule
    if ! timeout 1800 "$goosim" --seeds "1..$seeds" --first >"$work/sim.log" 2>&1; then
        read -r seed rule < <(sed -n -e 's/^seed \([0-9]*\): \([^ ]*\) broken.*/\1 \2/p' \
            -e 's/^a worker died in seed \([0-9]*\)/\1 assertion/p' "$work/sim.log") || true
        echo "${rule:-hangs} at ${seed:-?}"
        return
    fi
    [ -z "$dead" ] || { echo lives && return; }
    timeout 600 "$goosim" --crashes 1000 >"$work/sim.log" 2>&1 || { echo crashes && return; }
    timeout 600 "$goosim" --figures --runs 200 >"$work/sim.log" 2>&1 || { echo figures && return; }
    echo lives
}

run_system() {
    local scenario first='' count=0 status
    for scenario in $(header "$1" system); do
        status=0
        BUILD_DIR=$build timeout 300 "$tree/tests/system/$scenario.sh" >"$work/system.log" 2>&1 || status=$?
        if [ $status = 77 ]; then
            echo "skipped"
            return
        fi
        [ $status = 0 ] && continue
        first=${first:-$scenario}
        count=$((count + 1))
    done
    count_more "$first" $count
}

# run_stage NAME STAGE - "-" where the stage has nothing to say about this mutant.
run_stage() {
    local core=yes
    ! of_daemon "$1" || core=
    is_asked "$2" || { echo - && return; }
    case $2 in
    trace | sim) [ -n "$core" ] || { echo - && return; } ;;
    system) [ -n "$(header "$1" system)" ] || { echo - && return; } ;;
    esac
    "run_$2" "$1"
}

# ---- the table ----

patched=
unpatch() {
    [ -z "$patched" ] || patch --strip 1 --reverse --force --directory "$tree" <"$patches/$patched.patch" >/dev/null
    patched=
}
trap unpatch EXIT

line='%-28s %-6s %-24s %-34s %-18s %-14s %s\n'
errors=0 alive=() argued=() killed=0
try() {
    local name=$1 stage cells=() cell dead='' verdict
    if ! applies "$name" "$tree"; then
        echo "$name: does not apply any more"
        errors=$((errors + 1))
        return
    fi
    patch --strip 1 --fuzz 0 --force --directory "$tree" <"$patches/$name.patch" >/dev/null
    patched=$name
    if ! targets "$name" | make_targets; then
        echo "$name: does not build: $(grep -m 1 'error:' "$work/build.log" || echo "see $work/build.log")"
        errors=$((errors + 1))
        unpatch
        return
    fi
    for stage in unit trace sim system; do
        if [ -n "$dead" ] && [ -n "$stop_at_first" ]; then
            cells+=(-)
            continue
        fi
        cell=$(run_stage "$name" $stage)
        cells+=("$cell")
        case $cell in - | lives | skipped) ;; *) dead=yes ;; esac
    done
    unpatch
    if [ -n "$dead" ]; then
        verdict=killed && killed=$((killed + 1))
        ! is_argued "$name" || verdict='killed, though argued for'
    elif is_argued "$name"; then
        verdict='lives, argued' && argued+=("$name")
    else
        verdict=LIVES && alive+=("$name")
    fi
    # shellcheck disable=SC2059 # a format of ours
    printf "$line" "$name" "$(header "$name" section)" "${cells[@]}" "$verdict"
}

copy_sources
configure
# What every mutant shares is built once, and must be well.
for name in "${chosen[@]}"; do
    targets "$name"
done | sort -u | make_targets || { tail -n 20 "$work/build.log" >&2 && die "the sources themselves do not build"; }
# shellcheck disable=SC2059
printf "$line" mutant rule unit trace "sim, 1..$seeds" system ''
for name in "${chosen[@]}"; do
    try "$name"
done
echo "${#chosen[@]} mutants: $killed killed, ${#argued[@]} argued for, ${#alive[@]} alive, $errors in error"
[ ${#alive[@]} = 0 ] || echo "alive: ${alive[*]}"
[ $errors = 0 ] || exit 2
[ ${#alive[@]} = 0 ]
