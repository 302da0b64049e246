#!/usr/bin/env bash
# http_bench.sh: GET /status of a running goosed against nginx's `return 200`, on this machine.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: http_bench.sh [--seconds N] [--pairs N] [--connections "32 256"] PORT

Measures GET http://127.0.0.1:PORT/status with wrk, in turns with an nginx of one worker that only says
`return 200`. Server and nginx are pinned to the first CPU this script may use, wrk to the last; the server's
old CPUs are given back at the end. Prints the medians, and exits 0 if goosed reaches nginx's everywhere.

  --seconds N       length of one run (3)
  --pairs N         runs of each, taken in turns (5)
  --connections L   numbers of connections (32 256)
TEXT
}

die() {
    echo "http_bench.sh: $*" >&2
    exit 2
}

seconds=3
pairs=5
connections="32 256"
port=""
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --seconds) seconds=${2:?} && shift ;;
    --pairs) pairs=${2:?} && shift ;;
    --connections) connections=${2:?} && shift ;;
    -*) die "unknown option $1; see --help" ;;
    *) port=$1 ;;
    esac
    shift
done
[ -n "$port" ] || die "which port? see --help"
for tool in wrk nginx taskset ss curl; do
    command -v "$tool" >/dev/null || die "$tool is missing; install wrk, nginx, util-linux, iproute2 and curl"
done

pid_at() {
    ss -Hltnp "sport = :$1" | sed -n '1s/.*pid=\([0-9]*\).*/\1/p'
}

server_pid=$(pid_at "$port")
[ -n "$server_pid" ] || die "nothing of mine listens on port $port"
cpus=$(taskset -cp $$ | sed 's/.*: //')
first_cpu=${cpus%%[-,]*}
last_cpu=${cpus##*[-,]}
[ "$first_cpu" != "$last_cpu" ] || die "needs two CPUs, has $cpus"
old_cpus=$(taskset -cp "$server_pid" | sed 's/.*: //')

folder=$(mktemp -d)
nginx_pid=""
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    [ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
    taskset -acp "$old_cpus" "$server_pid" >/dev/null 2>&1 || true
    [ -z "$nginx_pid" ] || wait "$nginx_pid" 2>/dev/null || true
    rm -rf "$folder"
}
trap clean_up EXIT

nginx_port=$((port + 1))
while [ -n "$(ss -Hltn "sport = :$nginx_port")" ]; do nginx_port=$((nginx_port + 1)); done
cat >"$folder/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $folder/pid;
error_log $folder/error.log;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:$nginx_port;
        location / { return 200; }
    }
}
CONF
taskset -c "$first_cpu" nginx -e "$folder/error.log" -c "$folder/nginx.conf" &
nginx_pid=$!
taskset -acp "$first_cpu" "$server_pid" >/dev/null
for _ in $(seq 100); do
    curl -s -o "$folder/first" "http://127.0.0.1:$nginx_port/" && break
    sleep 0.05
done
curl -sf "http://127.0.0.1:$nginx_port/" || die "nginx did not start: $(cat "$folder/error.log")"
curl -sf -o "$folder/first" "http://127.0.0.1:$port/status" || die "no /status on port $port"

# Requests a second; any error or answer that is not 2xx makes the measurement worthless.
measure() {
    local text
    text=$(taskset -c "$last_cpu" wrk -t1 -c"$2" -d"${seconds}s" "http://127.0.0.1:$1/status")
    if grep -qE 'Socket errors|Non-2xx' <<<"$text"; then
        echo "$text" >&2
        die "errors on port $1"
    fi
    sed -n 's/^Requests\/sec: *//p' <<<"$text"
}

median() {
    sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

slower=0
echo "connections   goosed req/s   nginx req/s   ratio   (medians of $pairs runs of ${seconds}s, in turns)"
for count in $connections; do
    : >"$folder/goosed" && : >"$folder/nginx"
    for _ in $(seq "$pairs"); do
        measure "$port" "$count" >>"$folder/goosed"
        measure "$nginx_port" "$count" >>"$folder/nginx"
    done
    ours=$(median <"$folder/goosed")
    theirs=$(median <"$folder/nginx")
    awk -v c="$count" -v o="$ours" -v t="$theirs" \
        'BEGIN { printf "%11d   %12.0f   %11.0f   %5.2f\n", c, o, t, o / t; exit !(o < t) }' && slower=1
done
exit "$slower"
