# shellcheck shell=bash
# nodes.sh: real goosed processes, numbered from 1, with everything about node I under $FLOCK_DIR/I: its address, its
# arguments, its pid, its log, its state. Sourced, never run. The caller sets FLOCK_DIR and GOOSED (the program).
# It only ever signals a process that it started: a pid is kept together with the time the process was born.

# ---- names ----

node_address() {
    echo "$(<"$FLOCK_DIR/$1/address")"
}

node_state_dir() {
    echo "$FLOCK_DIR/$1/state"
}

node_log() {
    echo "$FLOCK_DIR/$1/log"
}

# The numbers of all nodes that this folder knows, running or not.
nodes_all() {
    local dir
    for dir in "$FLOCK_DIR"/*/address; do
        dir=${dir%/address}
        [ ! -d "$dir" ] || echo "${dir##*/}"
    done | sort -n
}

nodes_running() {
    local i
    for i in $(nodes_all); do
        ! node_pid "$i" >/dev/null || echo "$i"
    done
}

# node_of ADDRESS - its number.
node_of() {
    local i
    for i in $(nodes_all); do
        [ "$(node_address "$i")" != "$1" ] || { echo "$i" && return 0; }
    done
    return 1
}

# addresses_of I... - with commas between, as --peers wants them.
addresses_of() {
    local i all=()
    for i in "$@"; do
        all+=("$(node_address "$i")")
    done
    (IFS=, && echo "${all[*]}")
}

# ---- processes ----

# When the process was born, in ticks since boot: with it a pid names one process for ever. One whose first thread has ended
# is not gone, and its ports are not free, before the last has.
process_born() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # shellcheck disable=SC2086 # the fields behind the name, which may hold blanks
    set -- ${stat##*) }
    [ $# -ge 20 ] || return 1 # it ended this very moment
    { [ "$1" != Z ] || [ "${18}" -gt 1 ]; } && echo "${20}"
}

# node_pid I - fails where it does not run.
node_pid() {
    local pid born
    { read -r pid born <"$FLOCK_DIR/$1/pid"; } 2>/dev/null || return 1
    [ -n "$born" ] && [ "$(process_born "$pid")" = "$born" ] || return 1
    echo "$pid"
}

# node_new I ADDRESS ARGS... - a node to be; the arguments do not name --self and --state-dir.
node_new() {
    local dir=$FLOCK_DIR/$1
    mkdir -p "$dir"
    echo "$2" >"$dir/address"
    shift 2
    node_set_args_in "$dir" "$@"
}

node_set_args_in() {
    local dir=$1
    shift
    : >"$dir/args"
    [ $# = 0 ] || printf '%s\n' "$@" >"$dir/args"
}

# node_set_args I ARGS... - from its next start on.
node_set_args() {
    local i=$1
    shift
    node_set_args_in "$FLOCK_DIR/$i" "$@"
}

# node_in I COMMAND... - where node I lives: in its network namespace, if it has one.
node_in() {
    local where=$FLOCK_DIR/$1/namespace
    shift
    if [ -e "$where" ]; then
        ip netns exec "$(<"$where")" "$@"
    else
        "$@"
    fi
}

# In the background, in a session of its own: it outlives the script and its terminal. Called in the script's own shell,
# so that $! is the daemon itself: setsid and ip netns exec become it.
node_start() {
    local i=$1 dir=$FLOCK_DIR/$1 args where=()
    if node_pid "$i" >/dev/null; then
        echo "node $i is running already" >&2
        return 1
    fi
    mapfile -t args <"$dir/args"
    [ ! -e "$dir/namespace" ] || where=(ip netns exec "$(<"$dir/namespace")")
    "${where[@]}" setsid "$GOOSED" --self "$(<"$dir/address")" --state-dir "$dir/state" "${args[@]}" \
        >>"$dir/log" 2>&1 </dev/null &
    echo "$! $(process_born $!)" >"$dir/pid"
    disown $!
}

# node_signal I SIGNAL
node_signal() {
    local pid
    if ! pid=$(node_pid "$1"); then
        echo "node $1 is not running" >&2
        return 1
    fi
    kill -s "$2" "$pid"
}

node_is_gone() {
    ! node_pid "$1" >/dev/null
}

node_kill() {
    node_signal "$1" KILL
    wait_for 5 "node $1 to end" node_is_gone "$1"
}

# node_stop I - as an operator does it.
node_stop() {
    node_signal "$1" CONT && node_signal "$1" TERM
    wait_for 5 "node $1 to stop" node_is_gone "$1"
}

# SIGSTOP takes hold some time after kill returns.
node_is_paused() {
    local stat
    { stat=$(<"/proc/$(node_pid "$1")/stat"); } 2>/dev/null || return 1
    stat=${stat##*) }
    [ "${stat%% *}" = T ]
}

node_pause() {
    node_signal "$1" STOP
    wait_for 5 "node $1 to pause" node_is_paused "$1"
}

node_resume() {
    node_signal "$1" CONT
}

# ---- questions ----

# node_http I METHOD PATH CURL-ARGS... - the body, or the node's word why not; fails on an error status or silence.
node_http() {
    local i=$1 method=$2 path=$3
    shift 3
    curl --silent --fail-with-body --max-time 15 --globoff --request "$method" "$@" \
        "http://$(node_address "$i")$path"
}

# node_faults I JSON - what the network, the disk and the process of node I do from now on; {} for nothing wrong.
node_faults() {
    node_http "$1" POST /faults --max-time 2 --header 'Content-Type: application/json' --data "$2" >/dev/null
}

# node_status I - "ROLE TERM LEASE-MS GOOSE": role is duck or goose, or gone; what is not known is "-".
node_status() {
    curl --silent --include --max-time 1 --globoff "http://$(node_address "$1")/status" 2>/dev/null | awk '
        { sub(/\r$/, "") }
        tolower($1) == "goose-term:" { term = $2 }
        tolower($1) == "goose-lease-ms:" { lease = $2 }
        tolower($1) == "goose-address:" { goose = $2 }
        $0 == "duck" || $0 == "goose" { role = $0 }
        function known(text) { return text == "" ? "-" : text }
        END { print role == "" ? "gone" : role, known(term), known(lease), known(goose) }'
}

node_answers() {
    [ "$(node_status "$1" | cut -d ' ' -f 1)" != gone ]
}

# flock_goose - the number of the node that says it is goose; fails where none does.
flock_goose() {
    local i status
    for i in $(nodes_running); do
        status=$(node_status "$i")
        [ "${status%% *}" != goose ] || { echo "$i" && return 0; }
    done
    return 1
}

# flock_agrees I... - all of these answer, and know the same goose.
flock_agrees() {
    local i role goose common=
    for i in "$@"; do
        read -r role _ _ goose < <(node_status "$i")
        [ "$role" != gone ] && [ "$goose" != - ] || return 1
        [ "${common:=$goose}" = "$goose" ] || return 1
    done
    [ -n "$common" ]
}

# ---- waiting ----

# wait_for SECONDS WHAT COMMAND... - until the command succeeds.
wait_for() {
    local deadline what=$2
    deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
    shift 2
    until "$@"; do
        if [ "${EPOCHREALTIME/[.,]/}" -gt $deadline ]; then
            echo "waited in vain for $what" >&2
            return 1
        fi
        sleep 0.02
    done
}
