#!/usr/bin/env bash
# heartbeat.sh: what the goose of three nodes at rest does for each heartbeat: instructions of its own, and calls of the
# kernel, both counted and not timed. So the figures are the same on a busy machine.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
    cat <<'USAGE'
usage: tests/bench/heartbeat.sh [SECONDS]

A flock of three with a key, heartbeats every 50 ms. For SECONDS (10) its goose is counted by callgrind, then for as long
by strace. Prints what one round of heartbeats costs, that is one to each duck and their answers. Needs valgrind and
strace.

Environment: BUILD_DIR, FLOCK_PORT, see footprint.sh.
USAGE
}

[ "${1-}" != --help ] || { usage && exit 0; }
seconds=${1:-10}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "$seconds: give a whole number of seconds"
for tool in valgrind callgrind_control strace; do
    command -v $tool >/dev/null || die "there is no $tool: apt-get install valgrind strace"
done
key=

# rounds - how many the goose has sent.
rounds() {
    node_http 1 GET /metrics | awk '$1 == "goosed_messages_sent_total{kind=\"heartbeat\"}" { print $2 / 2 }'
}

is_goose() {
    [ "$(flock_goose)" = 1 ] || { node_http 1 POST /handover --header 'Content-Type: application/json' \
        --data "{\"to\":\"$(node_address 1)\"}" >/dev/null && false; }
}

# flock_of PROGRAM... - node 1 is started by that, and is the goose.
flock_of() {
    flock_new 3 --key-file "$key" --heartbeat 50ms --lease 2s
    GOOSED=$run_dir/wrapped
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$GOOSED"
    chmod +x "$GOOSED"
    node_start 1
    GOOSED=$program
    node_start 2
    node_start 3
    wait_for 60 "all nodes to follow one goose" flock_agrees 1 2 3
    wait_for 30 "node 1 to be the goose" is_goose
    sleep 2 # a roster still fills in its uids
}

bench_begin
program=$GOOSED
key=$run_dir/key
(umask 077 && "$GOOSED" --new-key >"$key")

flock_of valgrind --tool=callgrind --instr-atstart=no "--callgrind-out-file=$run_dir/counted" "$program"
pid=$(node_pid 1)
before=$(rounds)
callgrind_control -i on "$pid" >/dev/null
sleep "$seconds"
callgrind_control -i off "$pid" >/dev/null
after=$(rounds)
node_signal 1 TERM
wait_for 20 "it to write what it counted" node_is_gone 1
awk -v rounds=$((${after%.*} - ${before%.*})) '
    $1 == "totals:" { printf "%d rounds of heartbeats, %.0f instructions each\n", rounds, $2 / rounds }' "$run_dir/counted"

flock_of "$program"
before=$(rounds)
timeout "$seconds" strace -c -f -q -o "$run_dir/calls" -p "$(node_pid 1)" || true
after=$(rounds)
awk -v rounds=$((${after%.*} - ${before%.*})) '
    $1 ~ /^[0-9]/ && $NF != "total" && $4 > rounds / 50 { said = said sprintf(" %s %.2f", $NF, $4 / rounds); all += $4 }
    END { printf "%d rounds of heartbeats, %.1f calls of the kernel each:%s\n", rounds, all / rounds, said }' "$run_dir/calls"
