#!/usr/bin/env bash
# robust.sh: what lasts, and what strangers cannot do. 100,000 requests and 1,000 elections leave a node no larger than
# it was; 1,000 idle clients at every node and 50,000 forged datagrams a second leave the goose and
# failover as they are.
real_disk=yes
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
MISCHIEF=$BUILD_DIR/tests/system/mischief
requests=${REQUESTS:-100000}
elections=${ELECTIONS:-1000}
grown_kb_max=256 # what an allocator may keep
failovers=5
failover_ms_max=400 # a quiet machine's worst is 380

# ---- growth ----

rss_kb() {
    awk '$1 == "Rss:" { print $2 }' "/proc/$(node_pid "$1")/smaps_rollup"
}

descriptors() {
    find "/proc/$(node_pid "$1")/fd" -mindepth 1 | wc -l
}

# ask_often I COUNT CURL-ARGS... - so many requests, one after the other.
ask_often() {
    local i=$1 count=$2
    shift 2
    curl --silent --output /dev/null "$@" "http://$(node_address "$i")/status?[1-$count]"
}

# elect COUNT - so many handovers that were carried out.
elect() {
    local done=0 before after
    before=$(status_of 1 term)
    while [ "$done" -lt "$1" ]; do
        ask $((done % 3 + 1)) POST /handover
        [ "$code" != 200 ] || done=$((done + 1))
    done
    agree 1 2 3
    after=$(status_of 1 term)
    [ $((after - before)) -ge "$1" ] || fail "only $((after - before)) elections"
}

# use_all SHARE - a part of all requests and elections, every kind of them.
use_all() {
    local i
    for i in 1 2 3; do
        ask_often "$i" $((requests * 9 / 30 / $1))
        ask_often "$i" $((requests / 30 / $1)) --header 'Connection: close' "${json[@]}"
    done
    elect $((elections / $1))
}

few_descriptors() {
    [ "$(descriptors "$1")" -le "$2" ]
}

scene "$requests requests and $elections elections"
flock_on_loopback 3
wait_voters 10 1 2 3
use_all 10
declare -A rss=() fds=()
for i in 1 2 3; do
    rss[$i]=$(rss_kb "$i")
    fds[$i]=$(descriptors "$i")
done
use_all 1
for i in 1 2 3; do
    grown=$(($(rss_kb "$i") - rss[$i]))
    say "node $i: ${rss[$i]} kB and ${fds[$i]} descriptors before, $grown kB more now"
    [ "$grown" -lt $grown_kb_max ] || [ -n "${ASAN_OPTIONS-}" ] || fail "node $i has grown by $grown kB"
    wait_for 15 "node $i to have no more descriptors than before" few_descriptors "$i" "${fds[$i]}"
done

# ---- strangers ----

mischief=()
end_mischief() {
    kill "${mischief[@]}"
    wait "${mischief[@]}" || true
    mischief=()
}

# median_failover_ms - of some kill -9 of the goose, as the observer sees them.
median_failover_ms() {
    local i mark goose gaps=()
    for ((i = 0; i < failovers; i++)); do
        wait_voters 10 1 2 3
        goose=$(flock_goose)
        mark=$(mark)
        node_kill "$goose"
        gaps+=("$(wait_seen 10 "$mark" 'goose ' | sed -nE 's/.* after ([0-9]+)\..* ms$/\1/p')")
        start "$goose"
        agree 1 2 3
    done
    printf '%s\n' "${gaps[@]}" | sort -n | sed -n $((failovers / 2 + 1))p
}

# watch - the observer, at a pace that leaves the machine to the others.
watch() {
    : >"$seen"
    "$OBSERVER" --every 1ms "$(loopback 1)" "$(loopback 2)" "$(loopback 3)" >"$seen" &
    observer_pid=$!
    wait_for 10 "the observer to see a node" grep -q . "$seen"
}

scene "1,000 idle clients at every node, 50,000 forged datagrams a second in all"
"$GOOSED" --new-key >"$FLOCK_DIR/keys"
chmod 600 "$FLOCK_DIR/keys"
flock_on_loopback 3 --key-file "$FLOCK_DIR/keys"
watch
quiet=$(median_failover_ms)
for i in 1 2 3; do
    : >"$FLOCK_DIR/idle-$i"
    "$MISCHIEF" idle 1000 "$(node_address "$i")" >"$FLOCK_DIR/idle-$i" &
    mischief+=($!)
    "$MISCHIEF" storm 16667 600 "$FLOCK_DIR/keys" "$(node_address "$i")" >/dev/null &
    mischief+=($!)
done
for i in 1 2 3; do
    wait_for 10 "1,000 clients at node $i" grep -q 'clients wait' "$FLOCK_DIR/idle-$i"
done
wait_voters 10 1 2 3
forged_before=$(counted "$(flock_goose)" forged)
mark=$(mark)
expect_quiet 12 "$mark" '(goose|duck|gone)'
forged=$(($(counted "$(flock_goose)" forged) - forged_before))
[ $forged -gt 100000 ] || fail "only $forged forged datagrams arrived at the goose"
[ "$(descriptors "$(flock_goose)")" -gt 1000 ] || fail "the goose does not have its 1,000 clients"
say "nothing changed for 12 s, longer than a client may be idle, and $forged forged datagrams at the goose"
loud=$(median_failover_ms)
say "kill -9 to the next goose, median of $failovers: $quiet ms in peace, $loud ms under fire"
[ "$loud" -le $failover_ms_max ] || fail "failover takes $loud ms under fire"
end_mischief
finish
