# shellcheck shell=bash disable=SC2034,SC2154
# sentinel.sh: see lib.sh. VARIANT: down-after-milliseconds and failover-timeout; a node is a Redis and a Sentinel. The Redis leads, and is what
# is struck.
peer_begin() {
    local i down_after timeout
    read -r down_after timeout <<<"$1"
    for i in 1 2 3; do
        mkdir -p "$work/$i"
        cat >"$work/$i/redis.conf" <<CONF
bind 192.0.2.$i
protected-mode no
port 6379
dir $work/$i
CONF
        [ "$i" = 1 ] || echo replicaof 192.0.2.1 6379 >>"$work/$i/redis.conf"
        cat >"$work/$i/sentinel.conf" <<CONF
bind 192.0.2.$i
protected-mode no
port 26379
dir $work/$i
sentinel monitor mymaster 192.0.2.1 6379 2
sentinel down-after-milliseconds mymaster $down_after
sentinel failover-timeout mymaster $timeout
CONF
    done
    # Who Redis takes over from is told within ten seconds of when it is back, and Sentinels must know each other.
    way=(redis) every=1000 steady=3000 jitter=1000 patience=90000
}

# The Sentinel of a node that is started again may run on.
peer_start() {
    spawn "$1" redis redis-server "$work/$1/redis.conf"
    if [ ! -e "$work/$1/sentinel.pid" ] || [ ! -d "/proc/$(pid_of "$1" sentinel)" ]; then
        spawn "$1" sentinel redis-sentinel "$work/$1/sentinel.conf"
    fi
}

peer_struck() {
    pid_of "$1" redis
}

peer_place() {
    echo "192.0.2.$1:6379"
}

peer_version() {
    redis-server --version | cut -d ' ' -f 1-3
}
