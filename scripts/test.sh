#!/usr/bin/env bash
# test.sh: does goosed work here, in two minutes; or everything that has to hold before a change lands. One command, on
# a fresh Debian 12 machine. It stops at the first step that fails; the last lines count the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh
# shellcheck source=scripts/lib/build.sh
. scripts/lib/build.sh

usage() {
    cat <<'USAGE'
usage: scripts/test.sh [--full | --all] [CTEST-OPTION...]

Installs what is missing (Debian packages), builds once, and runs the tests that give confidence soonest: under 3
minutes on two cores.

  --full    all that must hold before a change lands, and what CI runs: formatting, shell scripts, static checks, a
            build with clang, a build with AddressSanitizer and UndefinedBehaviorSanitizer and its tests, the release
            build and its tests. A patient scenario runs in one of the two.
  --all     every test in each build that it is meant for, and the long ones (label "long"); hours
  --help    this

Further options go to ctest, e.g. -R wire, which then chooses among all tests but the long. The builds stay in build/,
so a second run takes little time.
USAGE
}

which=brief
case ${1-} in
--help | -h) usage && exit 0 ;;
--full) which=full && shift ;;
--all) which=all && shift ;;
esac
ctest_options=("$@")

# Before anything is done.
say_plan() {
    case $which in
    brief)
        echo "Builds goosed, and runs its unit tests, the traces of its protocol, a little of the simulator and of the"
        echo "model checker, and real flocks. About 2 minutes on two cores, behind the packages that are missing."
        echo "--full runs all that must hold before a change lands."
        ;;
    full)
        echo "Checks the sources, builds three times (gcc, clang, sanitizers), and runs all tests but the long."
        echo "A quarter of an hour on two cores; later runs build less."
        ;;
    all) echo "As --full, and the long tests. Hours." ;;
    esac
}

# What each step took, for the table.
steps=()
step=start
began=0
# step NAME COMMAND... - one line before, and a line for the table after. A failure ends the script, by name.
step() {
    step=$1
    shift
    began=$SECONDS
    echo "== $step"
    "$@"
    steps+=("$(printf '%5d s  %s' $((SECONDS - began)) "$step")")
}

table() {
    echo "== time"
    printf '%s\n' "${steps[@]}"
}

# clang-tidy in the background; see begin_clang_tidy.
tidy=

# How many tests passed, over all builds; which did not; and by its own word why each skipped one was skipped.
count_tests() {
    local results=(build/*/tests.xml)
    [ -e "${results[0]}" ] || return 0
    awk '
        / status="/ { split($0, part, "\""); test = part[2]; ran = / status="run"/; passed += ran }
        / status="/ && !ran { failures[test]; failed++ }
        /<skipped message="SKIP_RETURN_CODE/ { delete failures[test]; failed--; skipped++; said[test] = "no reason" }
        / *SKIPPED: / && (test in said) { sub(/.*SKIPPED: /, ""); sub(/<\/system-out>.*/, ""); said[test] = $0 }
        END {
            for (test in said) print "skipped " test ": " said[test]
            for (test in failures) print "failed " test
            print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"
        }' "${results[@]}"
}

on_exit() {
    local status=$?
    [ -z "$tidy" ] || kill -- "-$tidy" 2>/dev/null || true
    count_tests
    [ $status = 0 ] || echo "scripts/test.sh: FAILED in: $step" >&2
}
trap on_exit EXIT

c_files() {
    find include src tests -name '*.[ch]' -print0
}

check_format() {
    c_files | xargs -0 clang-format --dry-run -Werror
}

check_scripts() {
    find scripts tests .ci \( -name '*.sh' -o -path .ci/run \) -print0 | xargs -0 -n 8 -P "$(nproc)" shellcheck -x
}

# One process a file: the analyzers are single-threaded. Tests are compiled with the same warnings, but not analyzed.
sources_of() {
    find "$1" -name '*.c' -print0
}

# By the release build, which compiles each of the daemon's files once: with the fuzzers' copies in view, clang-tidy 14
# looks twice in one run, and then takes every va_list for uninitialized.
check_clang_tidy() {
    sources_of src | xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/release --quiet 2>build/release/tidy.log ||
        { cat build/release/tidy.log >&2 && return 1; }
}

# It takes minutes of the processor, and the tests behind it wait most of their time: beside them it takes what is left.
# In a process group of its own, all of which ends with this script.
begin_clang_tidy() {
    set -m
    { renice -n 19 "$BASHPID" >/dev/null && check_clang_tidy; } &
    tidy=$!
    set +m
}

end_clang_tidy() {
    local group=$tidy
    wait "$group"
    tidy=
}

check_cppcheck() {
    mkdir -p build/cppcheck
    cppcheck --quiet --std=c11 --language=c -j "$(nproc)" --cppcheck-build-dir=build/cppcheck \
        --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --suppressions-list=scripts/lib/cppcheck.txt -I include -I src src
}

# run_tests BUILD LABELS CTEST-OPTIONS... - all but the tests with one of the labels.
run_tests() {
    local name=$1 labels=$2
    shift 2
    ctest --test-dir "build/$name" --output-on-failure --no-tests=error --timeout 600 \
        --output-junit "$PWD/build/$name/tests.xml" \
        --parallel "$(nproc)" --label-exclude "^($labels)\$" "$@" "${ctest_options[@]}"
}

build_clang() {
    build_configure clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release -DGOOSED_FUZZ=ON
    build_make clang
}

build_sanitized() {
    build_configure sanitize -DCMAKE_BUILD_TYPE=Release -DGOOSED_SANITIZE=ON
    build_make sanitize
}

build_release() {
    build_configure release -DCMAKE_BUILD_TYPE=Release -DGOOSED_TESTS=ON
    build_make release
}

say_plan
rm -f build/*/tests.xml
# Of the labels, "brief" is a little of what --full has more of, and "full" what would take a newcomer's time.
if [ $which = brief ]; then
    skip='long|full'
    [ ${#ctest_options[@]} = 0 ] || skip='long|brief'
    step "packages" packages_need build run test
    step "release build" build_release
    step "tests" run_tests release "$skip"
    table
    exit 0
fi
skip='long|brief|memory'
[ $which = full ] || skip=brief
groups=(build run test check)
[ $which != all ] || groups+=(long)
step "packages" packages_need "${groups[@]}"
step "format" check_format
step "shellcheck" check_scripts
step "release build" build_release
step "clang build" build_clang
step "libFuzzer" run_tests clang none --tests-regex libfuzzer
step "cppcheck" check_cppcheck
step "sanitized build" build_sanitized
begin_clang_tidy
# The sanitizers look for bad memory. What measures time is the release build's, and so are the long runs.
step "sanitized tests" run_tests sanitize 'long|timing|brief'
step "clang-tidy, what is left of it" end_clang_tidy
step "tests" run_tests release "$skip"
table
