#!/usr/bin/env bash
# virtual_ip.sh: scripts/examples/virtual-ip.sh under goosectl run: the address follows the goose, whoever is killed or cut
# off, and two machines never have it at once.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
GOOSECTL=$BUILD_DIR/src/ctl/goosectl
example=$here/../../scripts/examples/virtual-ip.sh
address=192.0.2.100
command -v arping >/dev/null || skip "arping is not installed (iputils-arping)"

flock_on_bridge 3 "${patient[@]}"
for i in 1 2 3; do
    node_stop "$i"
    printf '%s\n' --lease-page "/run/lease$i" >>"$FLOCK_DIR/$i/args"
done
start 1 2 3
agree 1 2 3
observe
runs=()
for i in 1 2 3; do
    ip netns exec "n$i" "$GOOSECTL" --lease-page "/run/lease$i" --at "$(node_address "$i")" run -- \
        "$example" $address/24 eth0 >"$FLOCK_DIR/$i/run" 2>&1 &
    runs+=($!)
done

has_address() {
    [[ $(ip -n "n$1" -4 -oneline addr show dev eth0) == *" $address/"* ]]
}

# Looks all the time. Who had it before and after somebody else was seen with it had it all along.
watch_for_two() {
    local a b
    while :; do
        for a in 1 2 3; do
            has_address $a || continue
            for b in 1 2 3; do
                [ $a = $b ] || ! has_address $b || ! has_address $a || echo "$a and $b"
            done
        done
    done
}
watch_for_two >"$FLOCK_DIR/two" &
watcher=$!

# The bridge's machine is the neighbour who asks for it.
reaches() {
    has_address "$1" && ping -q -c 1 -W 1 $address >/dev/null
}

expect_at() {
    wait_for 10 "the address at node $1" reaches "$1"
    say "$2: the address is at node $1"
}

wait_goose
expect_at "$goose" "at first"

mark=$(mark) old=$goose
node_kill "$old"
goose=$(wait_new_goose 5 "$mark")
expect_at "$goose" "goosed killed"
node_start "$old"
agree 1 2 3

mark=$(mark)
mapfile -t others < <(others_than "$goose")
partition "$goose" "${others[*]}"
goose=$(wait_new_goose 10 "$mark")
expect_at "$goose" "goose cut off"
heal
agree 1 2 3

mark=$(mark)
node_in "$goose" "$GOOSECTL" --at "$(node_address "$goose")" handover
goose=$(wait_new_goose 5 "$mark")
expect_at "$goose" "handover"

kill "${runs[@]}" "$watcher"
wait_for 5 "the address to be gone" not has_address "$goose"
[ ! -s "$FLOCK_DIR/two" ] || fail "two machines had it at once: $(sort "$FLOCK_DIR/two" | uniq -c)"
finish
