#!/usr/bin/env bash
# chaos.sh: a flock on this machine, treated badly at random for a given time, while the observer asks every node who is
# goose. It fails on two geese at once, on a node that ends by itself, and on one that does not come round when all is
# mended.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
# shellcheck source=scripts/lib/packages.sh
. "$here/lib/packages.sh"
# shellcheck source=scripts/lib/build.sh
. "$here/lib/build.sh"
# shellcheck source=scripts/lib/nodes.sh
. "$here/lib/nodes.sh"

seconds=60
count=5
seed=$((RANDOM * 32768 + RANDOM))
every=
usage() {
    cat <<'USAGE'
usage: scripts/chaos.sh [--seconds N] [--nodes N] [--seed N] [--every DURATION] [-- GOOSED-OPTION...]

  --seconds N   how long nodes are killed, stopped, paused, frozen, cut off, slowed down and mended (60; at most 86400)
  --nodes N     how many nodes (5; 3 to 15)
  --seed N      the same decisions as a former run with this seed (how they fall in time differs)
  --every D     the observer asks each node once in D instead of as fast as it answers

Prints what it does, and in the end the longest time without a goose. Exit status 0 if there never were two geese, no
node crashed, and all nodes follow one goose at the end. Environment: CHAOS_DIR (build/chaos: what is left of a run that
failed), CHAOS_PORT (of the first node; 7201), BUILD_DIR (with goosed and the observer; what this script builds).
USAGE
}

die() {
    echo "chaos.sh: $*" >&2
    exit 2
}

number() {
    if ! [[ $3 =~ ^[0-9]{1,10}$ ]] || [ "$3" -lt "$1" ] || [ "$3" -gt "$2" ]; then
        die "$4 $3: give a number from $1 to $2"
    fi
}

while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --seconds) seconds=${2-} && number 1 86400 "$seconds" "$1" ;;
    --nodes) count=${2-} && number 3 15 "$count" "$1" ;;
    --seed) seed=${2-} && number 0 4294967295 "$seed" "$1" ;;
    --every)
        every=${2-}
        [ -n "$every" ] || die "--every has no value; give a duration, as in --every 10ms"
        ;;
    --) shift && break ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift 2
done
goosed_options=("$@")

# ---- set-up ----

FLOCK_DIR=${CHAOS_DIR:-$top/build/chaos}
seen=$FLOCK_DIR/observed
observer_pid=
if [ -z "${BUILD_DIR-}" ]; then
    BUILD_DIR=$top/build/release
    packages_need build run test
    (cd "$top" && build_configure release -DCMAKE_BUILD_TYPE=Release -DGOOSED_TESTS=ON &&
        build_make release goosed observer >/dev/null)
fi
GOOSED=$BUILD_DIR/src/daemon/goosed

# What became of each node, as far as this script knows: up, down or paused.
declare -A state

on_exit() {
    local status=$? i
    [ -z "$observer_pid" ] || kill "$observer_pid" 2>/dev/null || true
    for i in $(nodes_running); do
        node_signal "$i" KILL
    done
    if [ $status = 0 ]; then
        rm -rf "$FLOCK_DIR"
    else
        echo "chaos.sh: seed $seed: FAILED; what is left of it: $FLOCK_DIR" >&2
    fi
}

began=${EPOCHREALTIME/[.,]/}
did() {
    local now=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
    printf '%8d.%03d  %s\n' $((now / 1000)) $((now % 1000)) "$*"
}

start_flock() {
    local i first=${CHAOS_PORT:-7201} all=()
    [ -z "$(nodes_running)" ] || die "nodes of $FLOCK_DIR are running; is this script running already?"
    rm -rf "$FLOCK_DIR"
    for ((i = 1; i <= count; i++)); do
        all+=("127.0.0.1:$((first + i - 1))")
    done
    for ((i = 1; i <= count; i++)); do
        node_new "$i" "${all[i - 1]}" --peers "$(IFS=, && echo "${all[*]}")" --faults "${goosed_options[@]}"
        node_start "$i"
        state[$i]=up
    done
    # shellcheck disable=SC2046 # numbers
    wait_for 15 "the first goose" flock_agrees $(nodes_all)
    : >"$seen"
    "$BUILD_DIR/tests/system/observer" ${every:+--every "$every"} "${all[@]}" >"$seen" &
    observer_pid=$!
}

# ---- what it does to them ----

# pick STATE - one of the nodes in that state; fails where there is none.
pick() {
    local i of=()
    for ((i = 1; i <= count; i++)); do
        [ "${state[$i]}" != "$1" ] || of+=("$i")
    done
    [ ${#of[@]} -gt 0 ] && picked=${of[RANDOM % ${#of[@]}]}
}

# The goose is the most rewarding to hit.
pick_victim() {
    local goose
    if [ $((RANDOM % 2)) = 0 ] && goose=$(flock_goose) && [ "${state[$goose]}" = up ]; then
        picked=$goose
    else
        pick up
    fi
}

# Only a minority is down or paused at a time, so that the time without a goose says something. Links know no such mercy.
pick_to_take_away() {
    local i away=0
    for ((i = 1; i <= count; i++)); do
        [ "${state[$i]}" = up ] || away=$((away + 1))
    done
    [ $((2 * (away + 1))) -lt "$count" ] && pick_victim
}

# Who does not answer in time stays as it was; a drill is no duty.
faults() {
    node_faults "$1" "$2" || did "node $1 did not take $2"
}

list_of() {
    local i all=()
    for i in "$@"; do
        all+=("\"$(node_address "$i")\"")
    done
    (IFS=, && echo "[${all[*]}]")
}

do_kill() {
    pick_to_take_away || return 0
    did "kill $picked"
    state[$picked]=down
    node_kill "$picked"
}

do_stop() {
    pick_to_take_away || return 0
    did "stop $picked"
    state[$picked]=down
    node_stop "$picked"
}

do_restart() {
    pick down || return 0
    did "restart $picked"
    node_start "$picked"
    state[$picked]=up
}

do_pause() {
    pick_to_take_away || return 0
    did "pause $picked"
    state[$picked]=paused
    node_pause "$picked"
}

do_resume() {
    pick paused || return 0
    did "resume $picked"
    node_resume "$picked"
    state[$picked]=up
}

do_freeze() {
    local time=$((RANDOM % 1000))
    pick_victim || return 0
    did "freeze $picked for $time ms"
    faults "$picked" "{\"freeze_ms\": $time}"
}

do_slow_disk() {
    local time=$((RANDOM % 400))
    pick_victim || return 0
    did "disk of $picked takes $time ms"
    faults "$picked" "{\"disk\": \"slow\", \"disk_ms\": $time}"
}

do_delay() {
    local time=$((RANDOM % 150))
    pick_victim || return 0
    did "delay datagrams of $picked by $time ms"
    faults "$picked" "{\"delay_ms\": $time}"
}

do_deafen() {
    local way=drop_from
    pick_victim || return 0
    [ $((RANDOM % 2)) = 0 ] || way=drop_to
    did "$way all others at $picked"
    # shellcheck disable=SC2046 # numbers
    faults "$picked" "{\"$way\": $(list_of $(nodes_all))}"
}

do_partition() {
    local i side=() left=() right=()
    for ((i = 1; i <= count; i++)); do
        side[i]=$((RANDOM % 2))
        if [ "${side[i]}" = 0 ]; then left+=("$i"); else right+=("$i"); fi
    done
    did "partition ${left[*]-} | ${right[*]-}"
    for ((i = 1; i <= count; i++)); do
        [ "${state[$i]}" = up ] || continue
        if [ "${side[i]}" = 0 ]; then set -- "${right[@]}"; else set -- "${left[@]}"; fi
        faults "$i" "{\"drop_from\": $(list_of "$@"), \"drop_to\": $(list_of "$@")}"
    done
}

do_heal() {
    local i
    did "heal"
    for ((i = 1; i <= count; i++)); do
        [ "${state[$i]}" != up ] || faults "$i" '{}'
    done
}

# Through any node, to any node or the first in line; it may well be refused.
do_handover() {
    local via body='{}'
    pick up || return 0
    via=$picked
    [ $((RANDOM % 2)) = 0 ] || body="{\"to\": \"$(node_address "$((1 + RANDOM % count))")\"}"
    did "handover $body asked of $via: $(node_http "$via" POST /handover --max-time 2 \
        --header 'Content-Type: application/json' --data "$body" | sed -n 1p)"
}

# What mends stands here more often, so that most of the time there is a majority.
actions=(kill stop pause freeze slow_disk delay deafen partition handover
    restart restart restart resume resume heal heal heal)

# ---- what has to be ----

look() {
    local i
    kill -0 "$observer_pid" 2>/dev/null || { cat "$seen" && return 1; }
    for ((i = 1; i <= count; i++)); do
        [ "${state[$i]}" != down ] || continue
        node_pid "$i" >/dev/null || { did "node $i ended by itself" && tail -n 5 "$(node_log "$i")" && return 1; }
    done
}

end_in_peace() {
    local i status=0
    for ((i = 1; i <= count; i++)); do
        case ${state[$i]} in
        paused) node_resume "$i" ;;
        down) node_start "$i" ;;
        esac
        state[$i]=up
    done
    # One that is frozen takes its time to hear this.
    for ((i = 1; i <= count; i++)); do
        wait_for 10 "node $i to be mended" node_faults "$i" '{}'
    done
    # shellcheck disable=SC2046 # numbers
    wait_for 20 "all nodes to follow one goose" flock_agrees $(nodes_all)
    look
    kill "$observer_pid"
    wait "$observer_pid" || status=$?
    observer_pid=
    tail -n 1 "$seen"
    return $status
}

trap on_exit EXIT
echo "chaos.sh: --seed $seed --nodes $count --seconds $seconds"
start_flock
RANDOM=$seed
ends=$((SECONDS + seconds))
while [ $SECONDS -lt $ends ]; do
    "do_${actions[RANDOM % ${#actions[@]}]}"
    sleep "0.$(printf %03d $((RANDOM % 1000)))"
    look
done
did "mend everything"
end_in_peace
