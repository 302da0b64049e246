#!/usr/bin/env bash
# flock.sh: a flock on this machine to play with: one command starts it, others kill, pause, cut and heal its nodes.
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

FLOCK_DIR=${FLOCK_DIR:-$top/build/flock}
GOOSED=${GOOSED:-$top/build/release/src/daemon/goosed}
first_port=${FLOCK_PORT:-7001}

usage() {
    cat <<'USAGE'
usage: scripts/flock.sh COMMAND

  start [N] [GOOSED-OPTION...]   build goosed, start N nodes (5 without a number) on 127.0.0.1, wait for the goose
  status                         one line for each node
  kill I                         kill node I with SIGKILL, as a crash would
  stop I                         stop it with SIGTERM: it resigns first
  restart I                      start it again, with the state it had
  pause I, resume I              SIGSTOP and SIGCONT
  partition "1 2" "3 4 5"        cut the links between the groups; nodes that are not named form one more
  heal                           mend all links
  add                            start one more node; it joins the others
  remove I                       take node I out of the flock for good, and stop it
  handover [I]                   the goose hands over, to node I if one is named
  logs I                         what node I has logged
  down                           stop all nodes and remove all that they have left

Environment: FLOCK_DIR (all state; build/flock of this repository), FLOCK_PORT (of the first node; 7001), GOOSED (the
program; what start builds).
USAGE
}

die() {
    echo "flock.sh: $*" >&2
    exit 1
}

# The number of a node that exists.
node_arg() {
    [[ ${1-} =~ ^[0-9]+$ ]] || die "which node? give its number, as in: scripts/flock.sh ${command} 1"
    [ -e "$FLOCK_DIR/$1/address" ] || die "there is no node $1; scripts/flock.sh status shows those there are"
}

need_flock() {
    [ -n "$(nodes_all)" ] || die "there is no flock; scripts/flock.sh start makes one"
}

# ---- the table ----

status_table() {
    local i status role term goose pid
    printf '%-5s %-21s %-6s %-6s %-8s %s\n' node address role term pid goose
    for i in $(nodes_all); do
        pid=$(node_pid "$i") || pid=-
        status="stopped - - -"
        if [ "$pid" != - ]; then
            # A paused process does not answer; do not wait for it.
            if node_is_paused "$i"; then status="paused - - -"; else status=$(node_status "$i"); fi
        fi
        read -r role term _ goose <<<"$status"
        printf '%-5s %-21s %-6s %-6s %-8s %s\n' "$i" "$(node_address "$i")" "$role" "$term" "$pid" "$goose"
    done
}

# ---- start and end ----

# For who looks on while something takes long; standard output is the table's.
tell() {
    echo "flock.sh: $*" >&2
}

# Lines "NN% ..." become one line that counts, on a terminal.
show_percents() {
    if [ -t 2 ]; then
        awk '/^ *[0-9]+%/ { printf "\rflock.sh: built %s", $1; fflush(); n++ } END { if (n) print "" }' >&2
    else
        cat >/dev/null
    fi
}

build_goosed() {
    [ "$GOOSED" = "$top/build/release/src/daemon/goosed" ] || return 0
    packages_need build run
    cd "$top"
    # A folder that is there is used as it is, tests or not.
    if [ ! -e build/release/build.ninja ]; then
        tell "building goosed, which takes about half a minute the first time"
        build_configure release -DCMAKE_BUILD_TYPE=Release -DGOOSED_TESTS=OFF
    fi
    NINJA_STATUS='%p ' build_make release goosed goosectl | tee build/release/flock.log | show_percents ||
        { cat build/release/flock.log >&2 && return 1; }
}

# ended_or COMMAND I... - one of these nodes has ended, so that there is nothing to wait for, or the command is so.
ended_or() {
    local i
    for i in "${@:2}"; do
        ! node_is_gone "$i" || return 0
    done
    "$@"
}

# wait_nodes SECONDS WHAT COMMAND I... - until it is so. Of nodes that have ended instead, what they said last.
wait_nodes() {
    local i failed=0
    wait_for "$1" "$2" ended_or "${@:3}" || failed=1
    for i in "${@:4}"; do
        node_is_gone "$i" || continue
        echo "node $i has ended: $(tail -n 1 "$(node_log "$i")")" >&2
        failed=1
    done
    return $failed
}

start() {
    local count=5 i all=()
    if [[ ${1-} =~ ^[0-9]+$ ]]; then
        count=$1
        shift
    fi
    if [ "$count" -lt 1 ] || [ "$count" -gt 31 ]; then die "start $count: a flock has 1 to 31 voters"; fi
    [ -z "$(nodes_all)" ] || die "there is a flock already in $FLOCK_DIR; scripts/flock.sh down removes it"
    build_goosed
    for ((i = 1; i <= count; i++)); do
        all+=("127.0.0.1:$((first_port + i - 1))")
    done
    for ((i = 1; i <= count; i++)); do
        node_new "$i" "${all[i - 1]}" --peers "$(IFS=, && echo "${all[*]}")" --faults --last-will "$@"
    done
    for ((i = 1; i <= count; i++)); do
        node_start "$i"
    done
    # shellcheck disable=SC2046 # numbers
    wait_nodes 10 "a goose that all follow" flock_agrees $(nodes_all) || { down && die "no flock was started"; }
    status_table
    cat <<NEXT

Look at http://${all[0]} in a browser, and break things:
  scripts/flock.sh kill 1      then status, and restart 1; --help has more, down ends it
  build/release/src/ctl/goosectl --at ${all[0]} members
NEXT
}

down() {
    local i
    for i in $(nodes_running); do
        node_signal "$i" CONT
        node_signal "$i" TERM
    done
    for i in $(nodes_all); do
        wait_for 3 "node $i to stop" node_is_gone "$i" || node_kill "$i"
        rm -rf "${FLOCK_DIR:?}/$i"
    done
    rmdir "$FLOCK_DIR" 2>/dev/null || true
}

add() {
    local i=0 last
    need_flock
    last=$(nodes_all | tail -n 1)
    i=$((last + 1))
    # shellcheck disable=SC2046 # numbers
    node_new "$i" "127.0.0.1:$((first_port + i - 1))" --join "$(addresses_of $(nodes_all))" --faults --last-will
    node_start "$i"
    wait_nodes 10 "node $i to follow the goose" flock_agrees "$i" || exit 1
    status_table
}

restart() {
    node_is_gone "$1" || die "node $1 is running; kill or stop it first"
    node_start "$1"
    wait_nodes 5 "node $1 to answer" node_answers "$1" || exit 1
}

# Through any node: it carries the request to the goose.
somebody() {
    local i
    for i in $(nodes_running); do
        ! node_answers "$i" || { echo "$i" && return 0; }
    done
    die "no node answers"
}

remove() {
    local address
    address=$(node_address "$1")
    node_http "$(somebody)" DELETE "/members/$address" || die "node $1 was not removed"
    node_is_gone "$1" || node_stop "$1"
    rm -rf "${FLOCK_DIR:?}/$1"
}

handover() {
    local body='{}'
    if [ -n "${1-}" ]; then
        node_arg "$1"
        body="{\"to\": \"$(node_address "$1")\"}"
    fi
    node_http "$(somebody)" POST /handover --header 'Content-Type: application/json' --data "$body"
}

# ---- partitions ----

# partition GROUP... - every node drops what comes from, and goes to, the nodes of other groups.
partition() {
    local i j group named=" $* " rest=()
    for i in "$@"; do
        for j in $i; do
            node_arg "$j"
        done
    done
    for i in $(nodes_all); do
        [[ $named == *" $i "* ]] || rest+=("$i")
    done
    [ ${#rest[@]} = 0 ] || set -- "$@" "${rest[*]}"
    [ $# -gt 1 ] || die 'between whom? Name two groups, as in: scripts/flock.sh partition "1 2" "3 4 5"'
    for group in "$@"; do
        for i in $group; do
            cut_from_others "$i" "$group"
        done
    done
    (IFS='|' && echo "cut: $*" | sed 's/|/ | /g')
}

cut_from_others() {
    local i=$1 group=" $2 " j others=() list
    for j in $(nodes_all); do
        [[ $group == *" $j "* ]] || others+=("\"$(node_address "$j")\"")
    done
    list=$(IFS=, && echo "${others[*]}")
    node_is_gone "$i" || node_faults "$i" "{\"drop_from\": [$list], \"drop_to\": [$list]}" ||
        echo "node $i does not answer, so its own links are as they were" >&2
}

heal() {
    local i
    for i in $(nodes_running); do
        node_faults "$i" '{}' || echo "node $i does not answer; heal again when it does" >&2
    done
    echo "all links are whole"
}

# on_node COMMAND DONE I - and says what was done.
on_node() {
    local address
    node_arg "${3-}"
    address=$(node_address "$3")
    [ "$1" = restart ] || node_pid "$3" >/dev/null || die "node $3 is not running"
    "$1" "$3"
    echo "node $3, $address: $2"
}

command=${1---help}
[ $# = 0 ] || shift
case $command in
start) start "$@" ;;
status) need_flock && status_table ;;
kill) on_node node_kill "killed, as by a crash" "$@" ;;
stop) on_node node_stop "stopped; it resigned first" "$@" ;;
restart) on_node restart "runs again" "$@" ;;
pause) on_node node_pause "stands still" "$@" ;;
resume) on_node node_resume "goes on" "$@" ;;
remove) node_arg "${1-}" && remove "$1" ;;
partition) need_flock && partition "$@" ;;
heal | handover) need_flock && "$command" "$@" ;;
add | down) "$command" ;;
logs) node_arg "${1-}" && cat "$(node_log "$1")" ;;
--help | -h | help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
