# shellcheck shell=bash
# jobs_lib.sh: nodes with lease pages, and beside each a `goosectl run` of one and the same job. What takes the role, and
# what watches over the job, is killed, stopped and cut off; two jobs must never be there at once. Sourced behind lib.sh.
GOOSECTL=$BUILD_DIR/src/ctl/goosectl
JOB=$BUILD_DIR/tests/system/job
jobs_log=$FLOCK_DIR/jobs
: >"$jobs_log"
grace=500ms

page_of() {
    echo "/run/lease$1"
}

# run_start I ARGS... - the job of node I, started as somebody would start it there.
run_start() {
    local i=$1 where=()
    shift
    [ ! -e "$FLOCK_DIR/$i/namespace" ] || where=(ip netns exec "$(<"$FLOCK_DIR/$i/namespace")")
    "${where[@]}" setsid "$GOOSECTL" --at "$(node_address "$i")" --lease-page "$(page_of "$i")" \
        run --grace $grace -- "$JOB" "$jobs_log" "node$i" "$@" >>"$FLOCK_DIR/$i/run" 2>&1 </dev/null &
    echo $! >"$FLOCK_DIR/$i/supervisor"
    disown $!
}

supervisor_of() {
    cat "$FLOCK_DIR/$1/supervisor"
}

# The guard is the supervisor's child, the job the guard's.
child_of() {
    local children
    children=$(cat "/proc/$1/task/$1/children") || return 1
    [ -n "$children" ] && echo "${children%% *}"
}

guard_of() {
    child_of "$(supervisor_of "$1")" 2>/dev/null
}

# jobs_start ARGS... - one beside each node.
jobs_start() {
    local i
    for i in $(nodes_all); do
        run_start "$i" "$@"
    done
}

job_starts() {
    grep -c '^start' "$jobs_log" || true
}

has_started_since() {
    ! grep -q OVERLAP "$jobs_log" || return 0
    [ "$(job_starts)" -gt "$1" ]
}

# wait_job COUNT - more than so many have started; by then none may have met another.
wait_job() {
    wait_for 20 "a job to start" has_started_since "$1"
    expect_no_overlap
}

expect_no_overlap() {
    ! grep OVERLAP "$jobs_log" || fail "two jobs at once: $(tail -n 5 "$jobs_log")"
}

# Leaves in $owner the node whose job runs, with a guard of its own.
find_owner() {
    owner=$(tail -n 1 "$jobs_log" | sed -nE 's/^start node([0-9]+) .*/\1/p')
    [ -n "$owner" ] && guard=$(guard_of "$owner")
}

# For a process that is no node. On a busy machine a lease may just have run out, and the guard with it: then this is no
# failover of this kind, and $missed says so.
pause_process() {
    signal_process STOP "$1" || return 0
    wait_for 5 "process $1 to pause" has_paused "$1"
}

has_paused() {
    is_stopped "$1" || process_is_gone "$1"
}

# signal_process SIGNAL PID
signal_process() {
    kill -s "$1" "$2" 2>/dev/null || { missed=yes && return 1; }
}

is_stopped() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    stat=${stat##*) }
    [ "${stat%% *}" = T ]
}

process_is_gone() {
    [ ! -e "/proc/$1" ]
}

# Ends a supervisor in a way that nobody can catch, and starts it again at once, as a service manager may.
supervisor_again() {
    local i=$1
    shift
    kill -s KILL "$(supervisor_of "$i")"
    run_start "$i" "$@"
}

# fail_over KIND ARGS... - something happens to the node, or the processes, whose job runs; a job starts again, there or
# elsewhere; then all is as before.
# shellcheck disable=SC2034 # for the scenarios
kinds=(kill_daemon restart_daemon stop_daemon kill_supervisor kill_guard stop_supervisor stop_guard
    stop_supervisor_handover handover terminate cut)
fail_over() {
    local kind=$1 owner guard before supervisor
    shift
    wait_for 10 "a job that runs" find_owner
    supervisor=$(supervisor_of "$owner")
    before=$(job_starts)
    # shellcheck disable=SC2034 # for the scenarios
    missed=
    "do_$kind" "$@"
}

do_kill_daemon() {
    node_kill "$owner"
    wait_job "$before"
    start "$owner"
}

do_restart_daemon() {
    node_kill "$owner"
    start "$owner"
    wait_job "$before"
}

do_stop_daemon() {
    node_pause "$owner"
    wait_job "$before"
    node_resume "$owner"
}

do_kill_supervisor() {
    supervisor_again "$owner" "$@"
    wait_job "$before"
}

do_kill_guard() {
    signal_process KILL "$guard" || return 0
    wait_job "$before"
}

do_stop_supervisor() {
    pause_process "$supervisor"
    node_kill "$owner"
    wait_job "$before"
    kill -s CONT "$supervisor"
    start "$owner"
}

do_stop_guard() {
    pause_process "$guard"
    node_kill "$owner"
    wait_job "$before"
    start "$owner"
}

# hands_over I - asked at node I. A node that has just started cannot take over yet.
hands_over() {
    node_in "$1" timeout 30 "$GOOSECTL" --at "$(node_address "$1")" handover >"$FLOCK_DIR/handover" 2>&1
}

# Nobody reads "leave", so the node waits for the whole grace.
do_stop_supervisor_handover() {
    pause_process "$supervisor"
    wait_for 10 "a handover" hands_over "$owner"
    wait_job "$before"
    kill -s CONT "$supervisor"
}

do_handover() {
    wait_for 10 "a handover" hands_over "$owner"
    wait_job "$before"
}

do_terminate() {
    node_stop "$owner"
    wait_job "$before"
    start "$owner"
}

do_cut() {
    local i
    if [ ! -e "$FLOCK_DIR/$owner/namespace" ]; then
        do_kill_daemon
        return
    fi
    for i in $(others_than "$owner"); do
        cut_link "$owner" "$i"
    done
    wait_job "$before"
    heal
}

# jobs_flock COUNT ARGS... - on a bridge, each with a page of its own.
jobs_flock() {
    local i count=$1 args
    shift
    flock_on_bridge "$count" "$@"
    for i in $(nodes_all); do
        mapfile -t args <"$FLOCK_DIR/$i/args"
        node_set_args "$i" "${args[@]}" --lease-page "$(page_of "$i")"
        node_stop "$i"
        start "$i"
    done
    # shellcheck disable=SC2046 # numbers
    agree $(nodes_all)
}
