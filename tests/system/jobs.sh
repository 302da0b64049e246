#!/usr/bin/env bash
# jobs.sh: goosectl run. Whatever happens to the daemon, to either of the two processes that watch over a job, or to the
# network, two jobs are never there at once; a planned handover waits for the job; exit statuses and signals are passed on.
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/jobs_lib.sh
. "$(dirname "$0")/jobs_lib.sh"

# Outside of the nodes' network namespaces, which hide them, there may be control groups.
groups() {
    find /sys/fs/cgroup -maxdepth 4 -name 'goosectl-run-*' 2>/dev/null || true
}

new_group() {
    comm -13 <(sort <<<"$others") <(groups | sort)
}

no_group() {
    [ -z "$(new_group)" ]
}

job_is_gone() {
    flock -n "$jobs_log.lock" true
}

say "one node: whoever of the two is killed, the other ends the job and all its daemons"
flock_on_loopback 1 "${patient[@]}" --lease-page "$(page_of 1)"
others=$(groups)
for victim in supervisor guard; do
    started=$(job_starts)
    run_start 1 stubborn
    wait_job "$started"
    find_owner
    group=$(new_group)
    [ -z "$group" ] || [ -n "$(cat "$group/cgroup.procs")" ] || fail "nobody is in $group"
    job=$(child_of "$guard")
    kill -s KILL "$([ $victim = supervisor ] && supervisor_of 1 || echo "$guard")"
    wait_for 5 "the job to be gone" process_is_gone "$job"
    [ $victim = supervisor ] || { wait_job "$((started + 1))" && kill -s KILL "$(supervisor_of 1)"; }
    wait_for 5 "all of the job to be gone" job_is_gone
    wait_for 5 "its control group to be gone" no_group
done
say "control group: ${group:-none here}"

# other_start ARGS... - a second job of node 1, which says that it runs; leaves in $other who watches over it.
other_start() {
    : >"$FLOCK_DIR/other"
    "$GOOSECTL" --at "$(node_address 1)" --lease-page "$(page_of 1)" run "$@" >>"$FLOCK_DIR/other" 2>&1 </dev/null &
    other=$!
    wait_for 5 "the other job" grep -qx runs "$FLOCK_DIR/other"
}

say "goosectl killed: the job is gone also where the role goes on being held for another one"
other_start -- sh -c 'echo runs; exec sleep 1000'
others=$(groups)
started=$(job_starts)
run_start 1
wait_job "$started"
kill -s KILL "$(supervisor_of 1)"
wait_for 5 "all of the job to be gone" job_is_gone
wait_for 5 "its control group to be gone" no_group
kill -0 $other 2>/dev/null || fail "the other one has ended: $(cat "$FLOCK_DIR/other")"
kill -s TERM $other
wait_for 5 "the other one to end" process_is_gone $other

say "the role goes on purpose: a job hears of it before, and has its grace to end, which is longer than a lease"
at_end() {
    [ -s "$FLOCK_DIR/at_end" ]
}
other_start --grace 5s -- sh -c \
    'trap "sleep 2; \"$0\" --lease-page \"$1\" is-goose; echo \$? >\"$2\"; exit 0" TERM; echo runs
    while :; do sleep 0.05; done' \
    "$GOOSECTL" "$(page_of 1)" "$FLOCK_DIR/at_end"
timeout 30 "$GOOSECTL" --at "$(node_address 1)" drain >/dev/null || fail "the role was not given up"
wait_for 5 "the job to end" at_end
[ "$(cat "$FLOCK_DIR/at_end")" = 0 ] || fail "the role was gone before the job"
kill -s TERM $other
wait_for 5 "goosectl to end" process_is_gone $other
"$GOOSECTL" --at "$(node_address 1)" undrain >/dev/null
wait_goose

say "who is told to end while the job has its grace: goosectl ends as the job does"
other_start --grace 20s -- sh -c 'trap "echo heard; until [ -e \"\$0\" ]; do sleep 0.05; done; exit 3" TERM; echo runs
    while :; do sleep 0.05; done' "$FLOCK_DIR/may_end"
(timeout 30 "$GOOSECTL" --at "$(node_address 1)" drain >/dev/null || true) &
wait_for 5 "the job to hear of it" grep -q heard "$FLOCK_DIR/other"
kill -s TERM $other
touch "$FLOCK_DIR/may_end"
status=0
wait $other || status=$?
[ $status = 3 ] || fail "it ended with $status, not 3: $(<"$FLOCK_DIR/other")"
wait $!
"$GOOSECTL" --at "$(node_address 1)" undrain >/dev/null
wait_goose
others=$(groups)

say "a second goosectl with the same command waits for the first, and for the guard of the first"
started=$(job_starts)
run_start 1 stubborn
wait_job "$started"
first=$(supervisor_of 1)
: >"$FLOCK_DIR/1/run"
run_start 1 stubborn
wait_for 5 "the second to wait" grep -q 'another goosectl runs this very command here' "$FLOCK_DIR/1/run"
[ "$(job_starts)" = $((started + 1)) ] || fail "the second did not wait"
kill -s KILL "$first"
wait_job $((started + 1))
kill -s KILL "$(supervisor_of 1)"
wait_for 5 "all of the job to be gone" job_is_gone
wait_for 5 "its control group to be gone" no_group

# Who may become root, as sudo may: what it starts is beyond the one who started it.
someone=(setpriv --reuid 65534 --regid 65534 --clear-groups)
can_become() {
    [ "$IN_SANDBOX" = yes ] && mount -t tmpfs -o mode=755 tmpfs /mnt || return 1
    cp "$(command -v setpriv)" /mnt/become
    chmod 4755 /mnt/become
    cp "$GOOSECTL" /mnt/goosectl
    [ "$("${someone[@]}" /mnt/become --reuid 0 id -u 2>/dev/null)" = 0 ]
}
if can_become; then
    say "a process of another user is not killed: that is said once, and who is told to end ends"
    : >/run/theirs
    chmod 666 /run/theirs
    mkdir -m 700 /mnt/someone
    chown 65534:65534 /mnt/someone
    XDG_RUNTIME_DIR=/mnt/someone "${someone[@]}" /mnt/goosectl --at "$(node_address 1)" --lease-page "$(page_of 1)" run -- sh -c \
        '/mnt/become --reuid 0 sh -c "echo \$\$ >/run/theirs; exec sleep 1000" & wait' >"$FLOCK_DIR/other" 2>&1 </dev/null &
    other=$!
    wait_for 5 "a process of another user" test -s /run/theirs
    theirs=$(</run/theirs)
    kill -s TERM $other
    wait_for 5 "it to be said" grep -q "run: process $theirs of the command belongs to another user" "$FLOCK_DIR/other"
    wait_for 5 "goosectl to end" process_is_gone $other
    status=0
    wait $other || status=$?
    [ $status = 143 ] || fail "it ended with $status, not 143: $(<"$FLOCK_DIR/other")"
    [ "$(grep -c 'another user' "$FLOCK_DIR/other")" = 1 ] || fail "said more than once: $(<"$FLOCK_DIR/other")"
    kill -s KILL "$theirs"
fi

scene "three nodes"
jobs_flock 3 --heartbeat 50ms --lease 500ms

# run_here I ARGS... - in the foreground; leaves its exit status in $status and what it said in $FLOCK_DIR/said.
run_here() {
    local i=$1
    shift
    status=0
    node_in "$i" timeout 30 "$GOOSECTL" --at "$(node_address "$i")" --lease-page "$(page_of "$i")" run "$@" \
        >"$FLOCK_DIR/said" 2>&1 </dev/null || status=$?
}

expect_status() {
    [ "$status" = "$1" ] || fail "exit status $status, not $1: $(cat "$FLOCK_DIR/said")"
}

says() {
    grep -qE -e "$1" "$FLOCK_DIR/said" || fail "not /$1/: $(cat "$FLOCK_DIR/said")"
}

say "it ends as its command does"
wait_goose
duck=$(another_than "$goose")
run_here "$goose" -- sh -c 'exit 7'
expect_status 7
run_here "$goose" -- sh -c 'kill -9 $$'
expect_status 137
run_here "$goose" -- sh -c 'echo "term $GOOSE_TERM"'
expect_status 0
says "^term $(status_of "$goose" term)\$"
run_here "$goose" --grace 1s -- sh -c 'echo "$#:$1:$2:$3"' sh --at -n 'a b'
says '^3:--at:-n:a b$'
run_here "$goose" -- /nonexistent/command
expect_status 127
run_here "$goose" -- /etc/passwd
expect_status 126
run_here "$goose" -- sh -c 'sleep 1000 & echo $! >"$0"; setsid sleep 1000 & echo $! >>"$0"; exit 5' "$FLOCK_DIR/left"
expect_status 5
[ "$(wc -l <"$FLOCK_DIR/left")" = 2 ] || fail "the command left nothing behind"
while read -r pid; do
    process_is_gone "$pid" || fail "what the command left behind is still there"
done <"$FLOCK_DIR/left"

say "-n: not the goose, so not at all"
run_here "$duck" -n -- true
expect_status 1
run_here "$goose" -n -- sh -c 'exit 6'
expect_status 6

say "what is wrong is said in one line"
run_here "$goose" --
expect_status 2
says 'which command|run: what'
run_here "$goose" --grace 61s -- true
expect_status 2
says 'at most 60s'
status=0
"$GOOSECTL" --at "$(node_address "$goose")" run -- true >"$FLOCK_DIR/said" 2>&1 || status=$?
expect_status 2
says 'which lease page'
status=0
"$GOOSECTL" --at "$(node_address "$goose")" --lease-page /etc/passwd run -- true >"$FLOCK_DIR/said" 2>&1 || status=$?
expect_status 2
says '^goosectl: run: /etc/passwd is no lease page: give the file'
status=0
node_in "$goose" timeout 30 "$GOOSECTL" --at "$(node_address "$goose")" --lease-page "$(page_of "$duck")" \
    run -n -- true >"$FLOCK_DIR/said" 2>&1 || status=$?
expect_status 1

say "signals are passed on"
started=$(job_starts)
run_start "$goose"
wait_job "$started"
supervisor=$(supervisor_of "$goose")
kill -s TERM "$supervisor"
wait_for 5 "goosectl to end" process_is_gone "$supervisor"
[ "$(job_starts)" = $((started + 1)) ] || fail "the job was started again"

say "is-goose, off the page and over HTTP"
for by in "--lease-page $(page_of "$goose")" "--at $(node_address "$goose")"; do
    # shellcheck disable=SC2086 # two words
    "$GOOSECTL" $by is-goose || fail "$by: the goose is not"
done
status=0
"$GOOSECTL" --lease-page "$(page_of "$duck")" is-goose || status=$?
[ $status = 1 ] || fail "is-goose of a duck's page: $status"
status=0
"$GOOSECTL" --lease-page /nonexistent is-goose 2>/dev/null || status=$?
[ $status = 2 ] || fail "is-goose without a page: $status"

observe
say "jobs that end when they are told to"
started=$(job_starts)
jobs_start
wait_job "$started"
for kind in "${kinds[@]}"; do
    say "$kind"
    fail_over "$kind"
done

say "a planned handover waits for the job"
wait_for 10 "a job that runs" find_owner
[ "$(flock_goose)" = "$owner" ] || wait_for 5 "the job on the goose" find_owner
before=$(job_starts)
wait_for 10 "a handover that another node asks for" hands_over "$(another_than "$owner")"
wait_job "$before"
grep -q 'why=handover' "$(node_log "$owner")" || fail "it was no handover"
grep -qx 'goosectl: run: the role goes elsewhere: the command has ended' "$FLOCK_DIR/$owner/run" ||
    fail "not told: $(<"$FLOCK_DIR/$owner/run")"
wait_for 5 "it to say that it waits" grep -qx 'goosectl: run: this node is not the goose, so the command waits' \
    "$FLOCK_DIR/$owner/run"
for i in $(nodes_all); do
    kill -s TERM "$(supervisor_of "$i")"
    wait_for 5 "goosectl $i to end" process_is_gone "$(supervisor_of "$i")"
done

say "jobs that ignore SIGTERM, and have daemons of their own, on a busy machine: who is killed gets no processor by himself"
busy=()
for i in 1 2 3 4; do
    nice -n 19 timeout 120 bash -c 'while :; do :; done' &
    busy+=($!)
done
started=$(job_starts)
jobs_start stubborn
wait_job "$started"
for kind in kill_daemon stop_supervisor stop_guard stop_supervisor kill_supervisor stop_guard kill_guard handover; do
    say "$kind"
    fail_over "$kind" stubborn
done
kill "${busy[@]}"
expect_no_overlap
say "$(job_starts) jobs, one after the other"
for i in $(nodes_all); do
    kill -s KILL "$(supervisor_of "$i")"
done
finish
