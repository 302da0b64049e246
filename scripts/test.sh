#!/usr/bin/env bash
# test.sh: everything that has to hold before a change lands, in one command, on a fresh Debian 12 machine.
# It stops at the first thing that fails; the last lines are those of ctest.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh
# shellcheck source=scripts/lib/build.sh
. scripts/lib/build.sh

usage() {
    cat <<'USAGE'
usage: scripts/test.sh [--quick | --all] [CTEST-OPTION...]

Installs what is missing (Debian packages), then: formatting, shell scripts, static checks, a build with clang, a
build with AddressSanitizer and UndefinedBehaviorSanitizer and its tests, the release build and its tests. This is
what CI runs.

  --quick   only the release build and its unit, trace, purity and mutants tests
  --all     the long tests too (label "long"); hours
  --help    this

Further options go to ctest, e.g. -R wire. The builds stay in build/, so a second run takes little time.
USAGE
}

which=most
case ${1-} in
--help | -h) usage && exit 0 ;;
--quick) which=quick && shift ;;
--all) which=all && shift ;;
esac
ctest_options=("$@")

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

on_exit() {
    local status=$?
    [ -z "$tidy" ] || kill -- "-$tidy" 2>/dev/null || true
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

if [ $which = quick ]; then
    step "packages" packages_need build run test
    step "release build" build_release
    table
    step "tests" run_tests release long --tests-regex '^(unit|trace|purity|mutants)/'
    exit 0
fi
skip=long
[ $which = all ] && skip=none
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
step "sanitized tests" run_tests sanitize 'long|timing'
step "clang-tidy, what is left of it" end_clang_tidy
table
step "tests" run_tests release "$skip"
