#!/usr/bin/env bash
# jobs_many.sh [ROUNDS] [SEED] - 500 failovers of jobs that ignore SIGTERM and have daemons of their own, in every way that
# jobs.sh knows, by chance: two jobs are never there at once. Long: some ten minutes.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/jobs_lib.sh
. "$(dirname "$0")/jobs_lib.sh"
rounds=${1-500}
RANDOM=${2-1}
grace=200ms

jobs_flock 3
observe
jobs_start stubborn
wait_job 0
declare -A done_of=()
for ((round = 0; round < rounds;)); do
    kind=${kinds[RANDOM % ${#kinds[@]}]}
    fail_over "$kind" stubborn
    [ -z "$missed" ] || continue
    round=$((round + 1))
    done_of[$kind]=$((${done_of[$kind]-0} + 1))
    ((round % 50 != 0)) || say "$round failovers, $(job_starts) jobs"
done
expect_no_overlap
for kind in "${!done_of[@]}"; do
    say "$kind: ${done_of[$kind]}"
done
say "$rounds failovers, $(job_starts) jobs, no two at once"
for i in $(nodes_all); do
    kill -s KILL "$(supervisor_of "$i")"
done
finish
