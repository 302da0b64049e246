#!/usr/bin/env bash
# coverage.sh: how many lines of src/election the tests reach, and which they do not.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh
# shellcheck source=scripts/lib/build.sh
. scripts/lib/build.sh

wanted=95
usage() {
    cat <<USAGE
usage: scripts/coverage.sh [CTEST-OPTION...]

Builds into build/coverage, runs the unit, trace, sim and fuzz tests there (or those that the options choose, e.g.
-R unit), prints the lines of src/election that were missed, then the line coverage of each file and of all.
Exit status 1 under $wanted %.
USAGE
}
case ${1-} in
--help | -h) usage && exit 0 ;;
esac

objects=build/coverage/src/election/CMakeFiles/goose.dir

run_tests() {
    find build/coverage -name '*.gcda' -delete
    ctest --test-dir build/coverage --output-on-failure --no-tests=error --timeout 1800 \
        --parallel "$(nproc)" --tests-regex '^(unit|trace|sim|fuzz)/' --label-exclude '^(long|brief)$' "$@"
}

# One line for each line of code: FILE NUMBER COUNT TEXT, where the count of a missed line is 0.
count_lines() {
    local source name
    for source in src/election/*.c; do
        name=$(basename "$source")
        gcov --stdout --object-directory "$objects" "$objects/$name.gcno" 2>/dev/null |
            awk -v file="$name" -F: '
                $2 + 0 == 0 { if ($3 == "Source") here = $4 ~ ("/" file "$"); next }
                here && $1 !~ /-$/ {
                    count = $1
                    gsub(/[ *]/, "", count)
                    number = $2 + 0
                    sub(/^[^:]*:[^:]*:/, "")
                    print file, number, (count ~ /^[#=]/ ? 0 : count), $0
                }'
    done
}

report() {
    awk -v wanted=$wanted '
        function row(name, all, none) {
            printf "%-18s %6d lines %6d missed %7.2f %%\n", name, all, none, 100 * (all - none) / all
        }
        !($1 in lines) { files[++count] = $1 }
        { lines[$1]++; all++ }
        $3 == 0 {
            where = $1 ":" $2
            sub(/^[^ ]+ [^ ]+ 0 /, "")
            missed[files[count]]++
            none++
            print "missed " where ": " $0
        }
        END {
            if (!all) { print "no line was counted"; exit 1 }
            for (i = 1; i <= count; i++) row(files[i], lines[files[i]], missed[files[i]])
            row("src/election", all, none)
            if (100 * (all - none) < wanted * all) { print "under " wanted " %"; exit 1 }
        }'
}

packages_need build run test
build_configure coverage -DCMAKE_BUILD_TYPE=Debug -DGOOSED_COVERAGE=ON
build_make coverage
run_tests "$@"
count_lines >build/coverage/lines.txt
report <build/coverage/lines.txt
