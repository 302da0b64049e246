#!/usr/bin/env bash
# mutants.sh: takes one rule away at a time, as the tables of tests/mutants say, and shows which of the tests notice.
# What nothing notices is a hole in the tests, or a rule that does not earn its place.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh

top=$PWD
tables=$top/tests/mutants
seeds=2000
work=$top/build/mutants
jobs=$(nproc)
stages=(unit trace sim model system)
stop_at_first=
check_only=
resume=
usage() {
    cat <<'USAGE'
usage: scripts/mutants.sh [--seeds N] [--only STAGE] [--first] [--jobs J] [--resume] [--check] [--dir DIR] [NAME...]

For each mutant (all that stand in tests/mutants/*.txt, or those named; NAME may be a shell pattern): takes its rule
away in a copy of the sources, builds it, and runs the unit tests, the trace scenarios, the simulator, the model and the
system tests that have to do with it. Prints a table: for each stage "-" where it was not asked, "lives" where all was well, else what
killed the mutant. The simulator's column says which of S1 to L3 broke and in which seed (counted from 1); where nothing
has noticed so far, it also looks at the crashes of a healthy flock and at the figures of PROTOCOL 11. The model's
column says what broke, in which world and after how long; "lives, unfinished" is a world that was not seen to its end.
The last says which scenario failed, and after how long; one that would not fail again is taken for a machine that
stalled.

  --seeds N     seeds of the simulator at most (2000); it stops at the first that fails
  --only STAGE  unit, trace, sim, model or system
  --first       no further stage for a mutant that is dead already; the traces, which are built soonest, come first
  --jobs J      so many mutants at a time (one a processor), each in a tree of its own; those that are for the system
                tests come last and one by one, for these measure time
  --resume      a row that DIR has of an earlier run counts, if its entry, the sources and the options are the same
  --check       only whether the text of each stands exactly once in src and include; builds nothing
  --dir DIR     where the copies, their builds and the rows live (build/mutants); what is there already is used again

The kind of a table says what tries its mutants: daemon, http and ctl, their own unit tests and the system tests that
the line "system:" names; core, the unit tests of the election, the traces, the simulator, and the model's world that
the line "model:" names.

Exit status: 0 if each mutant was killed, or has a line "argued:"; 1 if one lives that has none; 2 if the text of one
does not stand exactly once, or its sources do not build.
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
    --resume) resume=yes ;;
    --seeds)
        [[ ${2-} =~ ^[1-9][0-9]{0,8}$ ]] || die "--seeds ${2-}: give a number"
        seeds=$2 && shift
        ;;
    --jobs)
        [[ ${2-} =~ ^[1-9][0-9]{0,2}$ ]] || die "--jobs ${2-}: give a number"
        jobs=$2 && shift
        ;;
    --only)
        [[ ${2-} =~ ^(unit|trace|sim|model|system)$ ]] || die "--only ${2-}: give unit, trace, sim, model or system"
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

# table ARGS... - asks the tables.
table() {
    local what=$1
    shift
    python3 "$top/scripts/lib/mutants.py" "$what" "$tables" "$@"
}

chosen=()
declare -A kind_of section_of model_of system_of argued_of sum_of
listed=$(table list "${names[@]}") || exit 2
[ -n "$listed" ] || die "no such mutant"
while IFS='|' read -r name kind section worlds scenarios argued sum; do
    chosen+=("$name")
    kind_of[$name]=$kind section_of[$name]=$section model_of[$name]=$worlds system_of[$name]=$scenarios
    argued_of[$name]=$argued sum_of[$name]=$sum
done <<<"$listed"
if [ -n "$check_only" ]; then
    table check "$top" "${chosen[@]}" || exit 2
    echo "${#chosen[@]} mutants apply"
    exit 0
fi
packages_need build test

# ---- the copies: worker I has $work/I, with a tree and a build ----

own=
use_worker() {
    own=$work/$1
    tree=$own/tree
    build=$own/build
    mkdir -p "$tree"
}

# By content: what an interrupted run left changed gets a new date, and so is built again.
copy_sources() {
    local path
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
    cmake -G Ninja -S "$tree" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="$flags" >"$own/configure.log" 2>&1 ||
        { cat "$own/configure.log" >&2 && return 1; }
}

# unit_tests KIND - the table of tests/unit that names a test says whose it is; but those that look at bytes or at sizes,
# or are none.
other_tests='^(dashboard|ctl_fake|http_fake|http_stand_in|wire|wire_rules|scale)$'
unit_tests() {
    local path name table
    for path in "$top"/tests/unit/test_*.c; do
        name=$(basename "$path" .c)
        name=${name#test_}
        for table in election daemon http ctl; do
            grep -qw "$name" "$top/tests/unit/$table.cmake" && break
        done
        [[ ! $name =~ $other_tests ]] || table=other
        [ "${table/election/core}" != "$1" ] || echo "test_$name"
    done
}

# has_stage NAME STAGE - this run asks for it, and it has to do with this mutant.
has_stage() {
    [[ " ${stages[*]} " == *" $2 "* ]] || return 1
    case $2 in
    trace | sim) [ "${kind_of[$1]}" = core ] ;;
    model) [ -n "${model_of[$1]}" ] ;;
    system) [ -n "${system_of[$1]}" ] ;;
    esac
}

# targets NAME STAGE... - what these need.
targets() {
    local name=$1 stage
    shift
    for stage in "$@"; do
        has_stage "$name" "$stage" || continue
        case $stage in
        unit) unit_tests "${kind_of[$name]}" ;;
        trace) echo goosetrace ;;
        sim) echo goosim ;;
        model) echo goosemodel ;;
        system) printf '%s\n' goosed goosectl tests/system/all ;;
        esac
    done
}

make_targets() {
    local all
    mapfile -t all
    [ ${#all[@]} -gt 0 ] || return 0
    ninja -C "$build" -j "$threads" "${all[@]}" >"$own/build.log" 2>&1
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

# Some of them wait for a process or a socket, and a machine that stalls is no kill: what fails has to fail twice.
unit_test() {
    (cd "$build/tests/unit" && timeout 60 "./$1") >"$own/unit.log" 2>&1
}

run_unit() {
    local test first='' count=0
    while read -r test; do
        if unit_test "$test" || unit_test "$test"; then continue; fi
        first=${first:-${test#test_}}
        count=$((count + 1))
    done < <(unit_tests "${kind_of[$1]}")
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
    if ! timeout $((600 + seeds)) "$goosim" --seeds "1..$seeds" --first >"$own/sim.log" 2>&1; then
        read -r seed rule < <(sed -n -e 's/^seed \([0-9]*\): \([^ ]*\) broken.*/\1 \2/p' \
            -e 's/^a worker died in seed \([0-9]*\)/\1 assertion/p' "$own/sim.log") || true
        echo "${rule:-hangs} at ${seed:-?}"
        return
    fi
    [ -z "$dead" ] || { echo lives && return; }
    timeout 600 "$goosim" --crashes 1000 >"$own/sim.log" 2>&1 || { echo crashes && return; }
    timeout 600 "$goosim" --figures --runs 200 >"$own/sim.log" 2>&1 || { echo figures && return; }
    echo lives
}

# What breaks an assertion of the core ends the model: that is noticed too.
run_model() {
    local world status began rule said=lives
    for world in ${model_of[$1]}; do
        status=0 began=$SECONDS
        timeout 120 "$build/tests/model/goosemodel" --outside "$world" >"$own/model.log" 2>&1 || status=$?
        rule=$(sed -nE -e 's/^# broken: ([SL][0-9])\>.*/\1/p' -e 's/^# broken: .*/broken/p' "$own/model.log" | sed -n 1p)
        [ $status -le 128 ] || rule=${rule:-assertion}
        if [ -n "$rule" ]; then
            echo "$rule in $world, $((SECONDS - began)) s"
            return
        fi
        [ $status = 0 ] || said='lives, unfinished'
    done
    echo "$said"
}

system_test() {
    BUILD_DIR=$build timeout 300 "$tree/tests/system/$1.sh" >"$own/system.log" 2>&1
}

run_system() {
    local scenario first='' count=0 status began took
    for scenario in ${system_of[$1]}; do
        status=0 began=$SECONDS
        system_test "$scenario" || status=$?
        took=$((SECONDS - began))
        [ $status != 77 ] || { echo skipped && return; }
        if [ $status = 0 ] || system_test "$scenario"; then continue; fi
        first=${first:-$scenario, $took s}
        count=$((count + 1))
    done
    count_more "$first" $count
}

# ---- rows: "NAME|SUM|CELL|CELL|CELL|CELL|CELL", or "NAME|SUM|error: WHY" ----

kept=$work/table # of this run and of those before
now=$work/now    # of this run

# sources_of KIND - what its mutants are made of and tried by. One of the election does not meet the daemon.
sources_of() {
    case $1 in
    core)
        echo CMakeLists.txt include src/election tests/{rig,trace,sim,model} tests/unit/{core.[ch],unit.h}
        echo tests/fuzz/samples.[ch]
        echo scripts/{,lib/}mutants.*
        unit_tests core | sed 's,.*,tests/unit/&.c,'
        ;;
    *) echo CMakeLists.txt include src tests/{unit,system} scripts ;;
    esac
}

declare -A source_sums
sum_sources() {
    local kind
    for kind in core daemon http ctl; do
        # shellcheck disable=SC2046 # a list
        source_sums[$kind]=$(find $(sources_of $kind) -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    done
}

# sum NAME - of all that its row stands on.
sum() {
    echo "$seeds ${stages[*]} $stop_at_first ${source_sums[${kind_of[$1]}]} ${sum_of[$1]}" | sha256sum | cut -c 1-16
}

# kept_row NAME - false where it has none that counts.
kept_row() {
    [ -e "$kept" ] && grep "^$1|$(sum "$1")|" "$kept" | tail -n 1 | grep .
}

notices() {
    [[ $1 != - && $1 != lives* && $1 != skipped ]]
}

# verdict_of NAME SUM CELL...
verdict_of() {
    local name=$1 cell dead=''
    shift 2
    [[ $1 != error:* ]] || { echo ERROR && return; }
    for cell in "$@"; do
        ! notices "$cell" || dead=yes
    done
    if [ -n "$dead" ]; then
        echo "killed${argued_of[$name]:+, though argued for}"
    elif [ -n "${argued_of[$name]}" ]; then
        echo "lives, argued"
    else
        echo LIVES
    fi
}

line='%-28s %-6s %-24s %-34s %-18s %-18s %-18s %s\n'
show() {
    local fields
    IFS='|' read -ra fields <<<"$1"
    if [[ ${fields[2]} == error:* ]]; then
        echo "${fields[0]}: ${fields[2]#error: }"
    else
        # shellcheck disable=SC2059 # a format of ours
        printf "$line" "${fields[0]}" "${section_of[${fields[0]}]}" "${fields[@]:2}" "$(verdict_of "${fields[@]}")"
    fi
}

# take_row ROW - one that is whole will do for the next run too.
take_row() {
    echo "$1" >>"$now"
    [[ $1 == *"|error:"* || $1 == *"|skipped"* ]] || echo "$1" >>"$kept"
    show "$1"
}

# ---- the work ----

# cells NAME - false where it does not build.
cells() {
    local stage dead='' order=(unit trace sim model system)
    local -A cell
    [ -z "$stop_at_first" ] || order=(trace unit sim model system)
    for stage in "${order[@]}"; do
        cell[$stage]=-
        if has_stage "$1" "$stage" && [ "$dead$stop_at_first" != yesyes ]; then
            targets "$1" "$stage" | make_targets || return 1
            cell[$stage]=$("run_$stage" "$1")
        fi
        ! notices "${cell[$stage]}" || dead=yes
    done
    for stage in unit trace sim model system; do
        printf '|%s' "${cell[$stage]}"
    done
}

try() {
    local row cells
    row="$1|$(sum "$1")"
    rm -rf "$own/kept"
    if ! table apply "$tree" "$1" "$own/kept" 2>"$own/apply.log"; then
        take_row "$row|error: does not apply any more: see --check"
        return
    fi
    if cells=$(cells "$1"); then
        row+=$cells
    else
        row+="|error: does not build: $(grep -m 1 'error:' "$own/build.log" || echo "see $own/build.log")"
    fi
    cp -r "$own/kept/." "$tree"
    take_row "$row"
}

# worker I NAME... - whoever comes first to a mutant has it. What all share is built once, and must be well.
worker() {
    local name
    use_worker "$1"
    shift
    if ! copy_sources || ! configure; then exit 2; fi
    for name in "$@"; do
        targets "$name" "${stages[@]}"
    done | sort -u | make_targets || { tail -n 20 "$own/build.log" >&2 && die "the sources themselves do not build"; }
    for name in "$@"; do
        ! mkdir "$work/taken/$name" 2>/dev/null || try "$name"
    done
}

# work_off WORKERS NAME... - each worker in a process group of its own, which ends with this script.
workers=()
work_off() {
    local count=$1 i failed=0
    shift
    [ $# -gt 0 ] || return 0
    [ $# -ge "$count" ] || count=$#
    threads=$((($(nproc) + count - 1) / count))
    workers=()
    set -m
    for ((i = 1; i <= count; i++)); do
        worker "$i" "$@" &
        workers+=($!)
    done
    set +m
    for i in "${workers[@]}"; do
        wait "$i" || failed=1
    done
    workers=()
    return $failed
}
trap '[ ${#workers[@]} = 0 ] || kill -- "${workers[@]/#/-}" 2>/dev/null || true' EXIT

mkdir -p "$work"
rm -rf "$work/taken"
mkdir "$work/taken"
: >"$now"
[ -n "$resume" ] || rm -f "$kept"
sum_sources
# shellcheck disable=SC2059
printf "$line" mutant rule unit trace "sim, 1..$seeds" model system ''
together=() alone=()
for name in "${chosen[@]}"; do
    if row=$(kept_row "$name"); then
        echo "$row" >>"$now"
        show "$row"
    elif has_stage "$name" system; then
        alone+=("$name")
    else
        together+=("$name")
    fi
done
work_off "$jobs" "${together[@]}" || exit 2
work_off 1 "${alone[@]}" || exit 2

# ---- what came of it ----

killed=0 argued=0 errors=0 alive=()
while IFS='|' read -ra fields; do
    case $(verdict_of "${fields[@]}") in
    ERROR) errors=$((errors + 1)) ;;
    LIVES) alive+=("${fields[0]}") ;;
    killed*) killed=$((killed + 1)) ;;
    *) argued=$((argued + 1)) ;;
    esac
done <"$now"
[ ${#alive[@]} = 0 ] || echo "alive: ${alive[*]}"
echo "${#chosen[@]} mutants: $killed killed, $argued argued for, ${#alive[@]} alive, $errors in error"
[ $errors = 0 ] || exit 2
[ ${#alive[@]} = 0 ]
