# shellcheck shell=bash
# lib.sh: what every scenario begins with. A scenario runs in network, process and mount namespaces of its own wherever
# the machine lets it: it disturbs nothing, nothing disturbs it, and whatever it started ends with it. It fails as soon
# as a command fails, and whenever the observer, a sanitizer or an assertion had something to say.
#
#   . "$(dirname "$0")/lib.sh"
#   flock_on_loopback 3
#   observe
#   ...
#   finish
set -euo pipefail
export LC_ALL=C
: "${BUILD_DIR:?is not set: run this through ctest}"
scenario=$(basename "$0" .sh)
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/lib/nodes.sh
. "$here/../../scripts/lib/nodes.sh"
# shellcheck source=tests/system/claim_logs.sh
. "$here/claim_logs.sh"
GOOSED=$BUILD_DIR/src/daemon/goosed
OBSERVER=$BUILD_DIR/tests/system/observer
observer_pid=

# ---- namespaces ----

sandbox_flags=(--net --mount --pid --fork --kill-child --mount-proc)
# As root, or as the root of a user namespace.
sandbox_user=()
[ "$(id -u)" = 0 ] || sandbox_user=(--user --map-root-user)
if [ -z "${IN_SANDBOX-}" ]; then
    if unshare "${sandbox_user[@]}" "${sandbox_flags[@]}" mount -t tmpfs tmpfs /run 2>/dev/null; then
        IN_SANDBOX=yes exec unshare "${sandbox_user[@]}" "${sandbox_flags[@]}" "$BASH" "$0" "$@"
    fi
    IN_SANDBOX=no
fi
if [ "$IN_SANDBOX" = yes ]; then
    ip link set lo up
    mount -t tmpfs tmpfs /run
    mkdir /run/netns
fi

skip() {
    echo "SKIPPED: $*"
    exit 77
}

needs_sandbox() {
    [ "$IN_SANDBOX" = yes ] || skip "needs network namespaces: run it as root, or allow user namespaces"
}

# ---- begin and end ----

mkdir -p "$BUILD_DIR/tests/system/run"
FLOCK_DIR=$(mktemp -d "$BUILD_DIR/tests/system/run/$scenario.XXXXXX")
# In memory, for a disk that a neighbour keeps busy stands still for longer than a lease; but where real_disk is set,
# because the disk is what a scenario is about, or its speed counts.
in_memory=
if [ "$IN_SANDBOX" = yes ] && [ -z "${real_disk-}" ]; then
    mount -t tmpfs -o mode=700 tmpfs "$FLOCK_DIR"
    in_memory=yes
fi
seen=$FLOCK_DIR/observed
finished=

say() {
    echo "-- $*"
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# What must never stand in a node's log, whatever the scenario does to it.
look_for_crashes() {
    ! grep -nE 'Sanitizer|runtime error:|Assertion .* failed|stack smashing' "$FLOCK_DIR"/*/log 2>/dev/null
}

tidy_up() {
    [ -z "$in_memory" ] || umount --lazy "$FLOCK_DIR"
    rm -rf "$FLOCK_DIR"
}

on_exit() {
    local status=$? i left
    trap - EXIT
    [ -n "$finished" ] || [ $status != 0 ] || { echo "the scenario ended without finish" && status=1; }
    [ $status != 77 ] || { tidy_up && exit 77; }
    [ -z "$observer_pid" ] || kill "$observer_pid" 2>/dev/null || true
    for i in $(nodes_running); do
        node_signal "$i" KILL
    done
    look_for_crashes >&2 || status=1
    if [ $status = 0 ]; then
        tidy_up
    else
        left=$FLOCK_DIR
        [ -z "$in_memory" ] || { left+=.left && cp -ax "$FLOCK_DIR" "$left" && tidy_up; }
        echo "what is left of it: $left" >&2
        tail -n 15 "$left"/*/log "$left/observed" >&2 2>/dev/null || true
    fi
    exit $status
}
trap on_exit EXIT

# The last line of every scenario.
finish() {
    [ -z "$observer_pid" ] || observer_end
    finished=yes
}

# ---- flocks ----

# port I - on loopback. Without a sandbox the ports are shared with the rest of the machine.
port_base=7000
[ "$IN_SANDBOX" = yes ] || port_base=$((21000 + $$ % 1100 * 10))
loopback() {
    echo "127.0.0.1:$((port_base + $1))"
}

# flock_new COUNT ARGS... - nodes that know each other by --peers; not started yet.
flock_new() {
    local count=$1 i all=()
    shift
    for ((i = 1; i <= count; i++)); do
        all+=("$(loopback "$i")")
    done
    for ((i = 1; i <= count; i++)); do
        node_new "$i" "${all[i - 1]}" --peers "$(IFS=, && echo "${all[*]}")" --faults --log-level debug "$@"
    done
}

# Where a scenario says that the goose must not change, its machine may stand still for so long without a lie.
# shellcheck disable=SC2034 # for the scenarios
patient=(--lease 2s)

# start I...
start() {
    local i
    for i in "$@"; do
        node_start "$i"
    done
}

agree() {
    wait_for 15 "nodes $* to follow one goose" flock_agrees "$@"
}

# A newborn has its seat a moment after it follows: until then none of those that founded the flock can be missed.
flock_is_settled() {
    goose=$(flock_goose) &&
        [ "$(curl --silent --max-time 2 --header 'Accept: application/json' \
            "http://$(node_address "$goose")/status" | jq .settled)" = true ]
}

# Leaves in $goose the number of the goose, as soon as there is one.
find_goose() {
    goose=$(flock_goose)
}

wait_goose() {
    wait_for 15 "a goose" find_goose
}

# flock_on_loopback COUNT ARGS... - started, with a goose that all follow, and every seat taken.
flock_on_loopback() {
    flock_new "$@"
    # shellcheck disable=SC2046 # numbers
    start $(nodes_all)
    # shellcheck disable=SC2046
    agree $(nodes_all)
    wait_for 15 "every seat to be taken" flock_is_settled
}

# flock_on_bridge COUNT ARGS... - each node in a network namespace of its own, on one bridge. The observer stands at
# the bridge, and is never cut off.
flock_on_bridge() {
    local count=$1 i all=()
    shift
    needs_sandbox
    ip link add bridge type bridge
    ip addr add 192.0.2.254/24 dev bridge
    ip link set bridge up
    for ((i = 1; i <= count; i++)); do
        namespace_new "$i" "192.0.2.$i/24"
        all+=("192.0.2.$i:7000")
    done
    for ((i = 1; i <= count; i++)); do
        node_new "$i" "${all[i - 1]}" --peers "$(IFS=, && echo "${all[*]}")" --faults --log-level debug "$@"
        echo "n$i" >"$FLOCK_DIR/$i/namespace"
    done
    # shellcheck disable=SC2046 # numbers
    start $(nodes_all)
    # shellcheck disable=SC2046
    agree $(nodes_all)
    wait_for 15 "every seat to be taken" flock_is_settled
}

namespace_new() {
    ip netns add "n$1"
    ip link add "port$1" type veth peer name eth0 netns "n$1"
    ip link set "port$1" master bridge up
    ip -n "n$1" addr add "$2" dev eth0
    ip -n "n$1" link set eth0 up
    ip -n "n$1" link set lo up
}

others_than() {
    local i
    for i in $(nodes_all); do
        [ "$i" = "$1" ] || echo "$i"
    done
}

# ---- cables ----

# cut_one_way FROM TO - what FROM sends no longer reaches TO.
cut_one_way() {
    ip netns exec "n$2" iptables -w -A INPUT -s "192.0.2.$1" -j DROP
}

cut_link() {
    cut_one_way "$1" "$2"
    cut_one_way "$2" "$1"
}

# partition "1 2" "3 4 5"
partition() {
    local a b i j
    for a in "$@"; do
        for b in "$@"; do
            [ "$a" != "$b" ] || continue
            for i in $a; do
                for j in $b; do
                    cut_one_way "$i" "$j"
                done
            done
        done
    done
}

# lose PERCENT - of all datagrams between nodes.
lose() {
    local i j
    for i in $(nodes_all); do
        for j in $(others_than "$i"); do
            ip netns exec "n$i" iptables -w -A INPUT -s "192.0.2.$j" -p udp \
                -m statistic --mode random --probability "0.$(printf %02d "$1")" -j DROP
        done
    done
}

heal() {
    local i
    for i in $(nodes_all); do
        ip netns exec "n$i" iptables -w -F INPUT
    done
}

# ---- the observer ----

# Watches all nodes known by now, and those of observe_too, until the end of the scenario. (Readers of its lines read
# all of them: "head" would end the pipe early, which is an error here.)
observe_too=()
# As fast as it can, which is without this, it takes a processor for itself. What it misses then, the claims that the nodes
# log show.
observe_options=(--every 1ms)
observe() {
    local i all=("${observe_too[@]}")
    for i in $(nodes_all); do
        all+=("$(node_address "$i")")
    done
    : >"$seen"
    "$OBSERVER" "${observe_options[@]}" "${all[@]}" >"$seen" &
    observer_pid=$!
    wait_for 10 "the observer to see every node" sees_all
}

# What each of them was at the beginning is no news behind a mark.
sees_all() {
    local i seen_at
    seen_at=$(cut -d ' ' -f 3 "$seen")
    for i in $(nodes_running); do
        node_is_paused "$i" || grep -qxF "$(node_address "$i")" <<<"$seen_at" || return 1
    done
    [ -n "$seen_at" ]
}

# The claims that it saw must not have been in conflict, nor those that the nodes logged.
observer_end() {
    local status=0 said
    kill "$observer_pid" 2>/dev/null || true
    wait "$observer_pid" || status=$?
    observer_pid=
    tail -n 1 "$seen"
    [ $status = 0 ] || fail "the observer ended with $status: $(grep -A 3 -E 'CONFLICT|GARBLED' "$seen")"
    said=$(claim_logs_check "$seen" "$FLOCK_DIR"/*/log) || fail "by the nodes' own logs: $said"
    echo "$said"
}

# How many lines it has written: what comes later is news.
mark() {
    wc -l <"$seen"
}

# sees MARK PATTERN - a line since the mark; the pattern begins behind the stamp.
sees() {
    tail -n +$(($1 + 1)) "$seen" | grep -E "^[0-9.]+ $2"
}

# wait_seen SECONDS MARK PATTERN
wait_seen() {
    wait_for "$1" "the observer to see /$3/" sees_quietly "$2" "$3" && sees "$2" "$3" | sed -n 1p
}

sees_quietly() {
    sees "$@" >/dev/null
}

# wait_new_goose SECONDS MARK - the number of the next node that becomes goose.
wait_new_goose() {
    local address
    address=$(wait_seen "$1" "$2" 'goose ') || return 1
    node_of "$(cut -d ' ' -f 3 <<<"$address")"
}

# ---- what has to be ----

# expect_role I ROLE
expect_role() {
    local role
    role=$(node_status "$1" | cut -d ' ' -f 1)
    [ "$role" = "$2" ] || fail "node $1 is $role, not $2"
}

# claim_of I FIELD - from_us or until_us of the latest claim that node I has logged.
claim_of() {
    grep ' claim from_us=' "$(node_log "$1")" | tail -n 1 | sed -nE "s/.* $2=([0-9]+).*/\1/p"
}

has_ended_claim() {
    [[ $(grep ' claim from_us=' "$(node_log "$1")" | tail -n 1) == *" ended" ]]
}

# expect_duck_first OLD NEW - by their own logs, to the microsecond. (Whom a poller happens to ask first says little.)
expect_duck_first() {
    local ended began
    wait_for 5 "node $1 to log that its claim ended" has_ended_claim "$1"
    ended=$(claim_of "$1" until_us)
    began=$(claim_of "$2" from_us)
    [ "$ended" -le "$began" ] || fail "node $1 was goose until $ended us, node $2 from $began us on"
}

# expect_quiet SECONDS MARK PATTERN - nothing of this kind for so long. The one wait that is for nothing to happen.
expect_quiet() {
    sleep "$1"
    ! sees "$2" "$3" || fail "the observer saw what should not have been"
}

# expect_refusal STATUS PATTERN ARGS... - goosed, so started, ends at once with this status and one such line.
expect_refusal() {
    local status=$1 pattern=$2 got=0
    shift 2
    timeout 10 "$GOOSED" "$@" >"$FLOCK_DIR/refusal" 2>&1 </dev/null || got=$?
    [ $got = "$status" ] || fail "goosed $*: exit status $got, not $status: $(cat "$FLOCK_DIR/refusal")"
    grep -qE -e "$pattern" "$FLOCK_DIR/refusal" || fail "goosed $*: not /$pattern/: $(cat "$FLOCK_DIR/refusal")"
}
