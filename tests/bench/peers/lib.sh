# shellcheck shell=bash disable=SC2154
# lib.sh: three machines, each a network namespace, and the processes of one system on them. Sourced, never run.
# Between the machines there is one switch, the bridge "bridge", with portI for eth0 of machine I: what is cut, and where
# packets are counted. Who asks has a wire of his own to each (eth1), which is never cut. The caller sets $work.
#
# A system is a file beside this one. It defines
#     peer_begin VARIANT    writes configurations, and sets way, every (us), steady, jitter, patience (ms) for the poller
#     peer_start I          starts node I, the first time or again
#     peer_struck I         the process ids that a kill or a pause is for, commas between; the first gets a TERM
#     peer_place I          node I as the poller is to know it
#     peer_version

machine_address() {
    echo "192.0.2.$1"
}

machines_begin() {
    local i
    ip link set lo up
    ip link add bridge type bridge
    ip link set bridge up
    ip addr add 198.51.100.254/32 dev lo
    for i in 1 2 3; do
        ip netns add "n$i"
        ip netns exec "n$i" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
        ip link add "port$i" type veth peer name eth0 netns "n$i"
        ip link add "asker$i" type veth peer name eth1 netns "n$i"
        ip link set "port$i" master bridge up
        ip link set "asker$i" up
        ip -n "n$i" addr add "192.0.2.$i/24" dev eth0
        ip -n "n$i" link set lo up
        ip -n "n$i" link set eth0 up
        ip -n "n$i" link set eth1 up
        ip -n "n$i" route add 198.51.100.254/32 dev eth1 src "192.0.2.$i"
        ip route add "192.0.2.$i/32" dev "asker$i" src 198.51.100.254
    done
}

# spawn I WHAT COMMAND... - a process of node I. Its output goes to a log, its id to a file.
spawn() {
    local i=$1 what=$2
    shift 2
    mkdir -p "$work/$i"
    ip netns exec "n$i" setsid "$@" >>"$work/$i/$what.log" 2>&1 </dev/null &
    echo $! >"$work/$i/$what.pid"
    disown $!
}

pid_of() {
    cat "$work/$1/$2.pid"
}

# with_children PID... - each with all below it.
with_children() {
    local pid children
    for pid in "$@"; do
        [ -d "/proc/$pid" ] || continue
        echo "$pid"
        children=$(cat "/proc/$pid/task/"*/children 2>/dev/null) || true
        # shellcheck disable=SC2086 # ids
        [ -z "$children" ] || with_children $children
    done
}

# All that runs on machine I; the ids in the files are of nobody else, for all is in a process namespace of its own.
pids_on() {
    ip netns pids "n$1"
}

# peers_end - all processes on all machines, and what they left.
peers_end() {
    local i pids
    for i in 1 2 3; do
        while pids=$(pids_on "$i") && [ -n "$pids" ]; do
            # shellcheck disable=SC2086 # ids
            kill -9 $pids 2>/dev/null || true
            sleep 0.02
        done
        ip -n "n$i" addr flush dev eth0 to 192.0.2.100/32
        rm -rf "${work:?}/$i"
    done
}
