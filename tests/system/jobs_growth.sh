#!/usr/bin/env bash
# jobs_growth.sh: a lone goose with a job lets a second voter in while its disk hangs, and does not hear it for longer than
# silent observers are remembered. The newcomer may have a job of its own only when the first one is gone. Long: a minute.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"
# shellcheck source=tests/system/jobs_lib.sh
. "$(dirname "$0")/jobs_lib.sh"
grace=2500ms # the job is stubborn: so long it stays where the role was lost
lease_ms=6000
forgotten_ms=1000
options=(--lease "${lease_ms}ms" --heartbeat 250ms --dead-after "${forgotten_ms}ms" --voters 3 --faults --log-level debug)

# node I ARGS...
node() {
    local i=$1
    shift
    node_new "$i" "$(loopback "$i")" "${options[@]}" --lease-page "$(page_of "$i")" "$@"
    start "$i"
}

say "node 1 is alone, and its job runs"
node 1
wait_for 30 "node 1 to be goose" answers_code 1 /goose 200
run_start 1 stubborn
wait_job 0

say "node 2 asks to be let in: the roster of two waits for the disk of node 1"
node 2 --join "$(loopback 1)"
node 3 --join "$(loopback 1)"
run_start 2 stubborn
wait_for 10 "node 2 to be an observer" status_is 2 seat observer
node_faults 1 '{"disk":"hang"}'
wait_metric 20 1 goosed_disk_write_waiting_seconds '> 0'

say "it does not hear node 2 for longer than it remembers; then its disk goes on"
node_faults 1 "{\"disk\":\"hang\",\"drop_from\":[\"$(loopback 2)\"]}"
sleep 2
node_faults 1 '{}'
expect_no_overlap

say "whoever has the role next, its job begins when the other is gone"
sleep $((lease_ms / 1000))
expect_no_overlap
agree 1 2 3
started=$(job_starts)
[ "$started" != 1 ] || { node_stop 1 && wait_job 1; }
for i in 1 2; do
    kill -s KILL "$(supervisor_of "$i")"
done
finish
