#!/usr/bin/env bash
# sim.sh: the long run of the simulator: as many seeds as the time allows, none of them seen by CI.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'USAGE'
usage: scripts/sim.sh [--minutes M] [--jobs J] [--from SEED] [--crashes N]

Builds goosim (optimised, its checks on), then runs seeds from SEED on for M minutes (60) in J processes (1), then the
figures, then N crashes of healthy flocks (10000). The first seed is by default the seconds of the clock, so that every
run meets others; it is printed. Ends with 0 only if nothing was broken and the figures hold.

A seed that fails is shown, and shrunk, by: build/sim/tests/sim/goosim --seed N
USAGE
}

minutes=60
jobs=1
from=$(date +%s)000
crashes=10000
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --minutes | --jobs | --from | --crashes)
        [ $# -ge 2 ] || { usage >&2 && exit 2; }
        declare "${1#--}=$2"
        shift 2
        ;;
    *) usage >&2 && exit 2 ;;
    esac
done

cmake -S . -B build/sim -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build/sim --target goosim -j 2
goosim=build/sim/tests/sim/goosim
failed=0
echo "seeds from $from on, for $minutes minutes, in $jobs processes"
"$goosim" --seeds "$from..18000000000000000000" --minutes "$minutes" --jobs "$jobs" || failed=1
"$goosim" --figures || failed=1
"$goosim" --crashes "$crashes" || failed=1
exit $failed
