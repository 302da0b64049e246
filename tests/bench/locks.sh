# shellcheck shell=bash
# locks.sh: a job that ignores SIGTERM, held by a lock: how long do two run when the machine of the first is cut off, or its
# daemon stopped? Sourced by scripts/bench.sh, never run. The job's own clock counts.
# shellcheck disable=SC2154 # scripts/bench.sh and the system's own file set what is not set here

STUBBORN=$BUILD_DIR/tests/bench/stubborn

# The configuration's lines for a job. A stop gives the job a second and then kills it, in a session of its own: keepalived
# takes along, when it ends, what its scripts still do.
keepalived_notify() {
    cat >"$work/notify" <<SCRIPT
#!/bin/sh
# notify start|stop FILE
if [ "\$1" = start ]; then
    setsid "$STUBBORN" "\$2" >/dev/null 2>&1 </dev/null &
    echo \$! >"\$2.pid"
elif [ -e "\$2.pid" ]; then
    pid=\$(cat "\$2.pid")
    rm "\$2.pid"
    kill "\$pid"
    setsid sh -c "sleep 1; kill -9 \$pid" >/dev/null 2>&1 </dev/null &
fi
SCRIPT
    chmod 755 "$work/notify"
    # shellcheck disable=SC2034 # keepalived.sh writes it
    notify="notify_master \"$work/notify start $work/jobNODE\"
    notify_backup \"$work/notify stop $work/jobNODE\"
    notify_fault \"$work/notify stop $work/jobNODE\"
    notify_stop \"$work/notify stop $work/jobNODE\""
}

# hold I - who keeps the job on node I; keepalived does it itself.
hold() {
    case $system in
    goosed) spawn "$1" holder "$GOOSECTL" --at "192.0.2.$1:7000" --lease-page "$work/$1/page" run -- "$STUBBORN" "$work/job$1" ;;
    etcd) ETCDCTL_API=3 spawn "$1" holder etcdctl --endpoints "http://192.0.2.$1:2379" lock bench "$STUBBORN" "$work/job$1" ;;
    esac
}

# The node whose job runs now, but not that of node $1.
holder_but() {
    local i last
    for i in 1 2 3; do
        if [ "$i" = "$1" ] || [ ! -s "$work/job$i" ]; then continue; fi
        read -r _ last <"$work/job$i"
        [ $(($(uptime_ns) - last)) -gt 100000000 ] || { echo "$i" && return 0; }
    done
    return 1
}

uptime_ns() {
    local up
    read -r up _ </proc/uptime
    echo $((10#${up/./} * 10000000))
}

# wait_holder SECONDS BUT
wait_holder() {
    local until=$((SECONDS + $1))
    until holder_but "$2"; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}

# lock DEED NTH - the job's machine is cut off, or its daemon gets a SIGTERM; then 3 s with the next job. after_ms: until
# the next job runs, to ten milliseconds.
lock() {
    local old next began last old_last overlap done_ns
    peers_end
    rm -f "$work"/job*
    peer_begin "$variant"
    for next in 1 2 3; do peer_start "$next"; done
    ask_leaders watch 500 >/dev/null
    for next in 1 2 3; do hold "$next"; done
    old=$(wait_holder 20 0) || return 1
    sleep 1
    done_ns=$(uptime_ns)
    case $1 in
    lock-cut) ip link set "port$old" nomaster ;;
    lock-term) kill "$(pid_of "$old" "$system")" ;;
    esac
    next=$(wait_holder 30 "$old") || next=
    sleep 3
    [ "$1" != lock-cut ] || ip link set "port$old" master bridge
    [ -n "$next" ] || { keep "$1" "$2" '"overlap_ms": null, "runs_on": false' && return 0; }
    read -r began last <"$work/job$next"
    read -r _ old_last <"$work/job$old"
    overlap=$((old_last < last ? old_last - began : last - began))
    keep "$1" "$2" "$(awk -v ns="$overlap" -v left=$((last - old_last)) -v after=$((began - done_ns)) 'BEGIN {
        printf "\"after_ms\": %.0f, \"overlap_ms\": %.3f, ", after / 1e6, ns / 1e6
        printf "\"runs_on\": %s", left < 1e8 ? "true" : "false" }')"
}

measure_locks() {
    local nth deed deeds=(lock-cut)
    [ "$lock_runs" = 1 ] || deeds+=(lock-term)
    while read -r system variant; do
        is_wanted "$system" "$system" || continue
        # shellcheck disable=SC1090 # one of tests/bench/peers
        . "$top/tests/bench/peers/$system.sh"
        [ "$system" != keepalived ] || keepalived_notify
        for ((nth = 1; nth <= lock_runs; nth++)); do
            for deed in "${deeds[@]}"; do
                is_kept "$deed" "$nth" && continue
                progress "a job under $system, $deed $nth"
                lock "$deed" "$nth" </dev/null || keep "$deed" "$nth" '"failed": true'
            done
        done
        peers_end
    done <<<"goosed
etcd
keepalived 1"
}
