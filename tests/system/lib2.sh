# shellcheck shell=bash
# lib2.sh: more words for scenarios, on top of lib.sh: several flocks one after the other, HTTP answers as a whole, who
# is a member, what a log says, how a daemon ended. Sourced behind lib.sh, never run.

# ---- scenes ----

# scene WHAT - the flock of the scene before is gone with its state, and its observer had nothing to say against it.
scene() {
    local i
    [ -z "$observer_pid" ] || observer_end
    # shellcheck disable=SC2034 # read in lib.sh
    observe_too=()
    for i in $(nodes_running); do
        node_kill "$i"
    done
    look_for_crashes >&2 || fail "in the scene before $1"
    for i in $(nodes_all); do
        rm -rf "${FLOCK_DIR:?}/$i"
    done
    say "$1"
}

# another_than I - the first that is not I.
another_than() {
    local all
    mapfile -t all < <(others_than "$1")
    echo "${all[0]}"
}

# not COMMAND... - for wait_for.
not() {
    ! "$@"
}

now_ms() {
    echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# ---- HTTP ----

# ask I METHOD PATH CURL-ARGS... - leaves in $code the status ("000": no answer), in $headers the header fields and in
# $body the body of whatever node I answers.
ask() {
    local i=$1 method=(--request "$2") url
    [ "$2" != HEAD ] || method=(--head)
    url=http://$(node_address "$i")$3
    shift 3
    : >"$FLOCK_DIR/headers"
    : >"$FLOCK_DIR/body"
    code=$(curl --silent --globoff --max-time 15 "${method[@]}" --dump-header "$FLOCK_DIR/headers" \
        --output "$FLOCK_DIR/body" --write-out '%{http_code}' "$@" "$url") || true
    headers=$(tr -d '\r' <"$FLOCK_DIR/headers")
    body=$(<"$FLOCK_DIR/body")
}

json=(--header 'Accept: application/json')

# expect CODE BODY-PATTERN I METHOD PATH CURL-ARGS... - the pattern has to fit the whole body.
expect() {
    local wanted=$1 pattern=$2
    shift 2
    ask "$@"
    [ "$code" = "$wanted" ] || fail "$*: $code, not $wanted: $body"
    [[ $body =~ ^($pattern)$ ]] || fail "$*: /$pattern/ is not: $body"
}

# has_header PATTERN - of the last answer, a line as a whole.
has_header() {
    grep -qiE "^($1)\$" <<<"$headers"
}

expect_header() {
    has_header "$1" || fail "no header /$1/ in: $headers"
}

# status_of I FIELD - as its JSON has it; nothing if it does not answer.
status_of() {
    curl --silent --globoff --max-time 2 "${json[@]}" "http://$(node_address "$1")/status" | jq -r ".$2" || true
}

# status_is I FIELD VALUE
status_is() {
    [ "$(status_of "$1" "$2")" = "$3" ]
}

# answers_code I PATH CODE
answers_code() {
    ask "$1" GET "$2"
    [ "$code" = "$3" ]
}

# hand_over_to I - from whoever is goose; a node that has just started has to wait for its quarantine to end.
hand_over_to() {
    wait_for 10 "node $1 to take over" takes_over "$1"
}

takes_over() {
    local goose
    goose=$(flock_goose) || return 1
    ask "$goose" POST /handover --data "{\"to\":\"$(node_address "$1")\"}"
    [ "$code $body" = "200 $(node_address "$1")" ]
}

# remove I NODE QUERY - asks node I to remove NODE from the flock.
remove() {
    node_http "$1" DELETE "/members/$(node_address "$2")${3-}" >/dev/null
}

# holds PROGRAM ARGS... - starts slow_exec or slow_file, which say so in $FLOCK_DIR/held, with its number in $holder. Fails
# where the kernel lets nobody do that.
holds() {
    : >"$FLOCK_DIR/held"
    "$BUILD_DIR/tests/system/$1" "${@:2}" >"$FLOCK_DIR/held" 2>&1 &
    holder=$!
    wait_for 5 "$1 to begin" holds_or_is_gone
    ! grep -q holding "$FLOCK_DIR/held" || return 0
    wait "$holder" || [ $? = 77 ] || fail "$1: $(<"$FLOCK_DIR/held")"
    say "left out: $(<"$FLOCK_DIR/held")"
    return 1
}

holds_or_is_gone() {
    grep -q holding "$FLOCK_DIR/held" || ! kill -0 "$holder" 2>/dev/null
}

# ---- members ----

# voters_at I - addresses, sorted, with blanks between, as node I lists them.
voters_at() {
    node_http "$1" GET /members 2>/dev/null | jq -r '.members[] | select(.seat == "voter").address' | sort | xargs
}

# uid_at I NODE - the uid of NODE, as node I lists it.
uid_at() {
    node_http "$1" GET /members | jq -r --arg of "$(node_address "$2")" '.members[] | select(.address == $of).uid'
}

voters_are() {
    local i=$1 goose
    shift
    goose=$(flock_goose) || return 1
    [ "$(voters_at "$goose")" = "$(for i in "$@"; do node_address "$i"; done | sort | xargs)" ] &&
        status_is "$goose" settled true
}

# wait_voters SECONDS I... - these are the voters, and every one of them has acknowledged that.
wait_voters() {
    local seconds=$1
    shift
    wait_for "$seconds" "the voters to be $*" voters_are - "$@"
}

# ---- logs, and how it ended ----

# log_has I PATTERN
log_has() {
    grep -qE -e "$2" "$(node_log "$1")"
}

# wait_log SECONDS I PATTERN
wait_log() {
    wait_for "$1" "the log of node $2 to say /$3/" log_has "$2" "$3"
}

# log_count I PATTERN - how many lines.
log_count() {
    grep -cE -e "$2" "$(node_log "$1")" || true
}

# counted I REASON - how many datagrams node I has dropped for that, as it says itself.
counted() {
    local before
    before=$(log_count "$1" ' status role=')
    node_signal "$1" USR1
    wait_for 5 "node $1 to tell its status" has_told "$1" "$before"
    grep ' status role=' "$(node_log "$1")" | tail -n 1 | sed -nE "s/.* $2=([0-9]+).*/\1/p"
}

has_told() {
    [ "$(log_count "$1" ' status role=')" -gt "$2" ]
}

# start_child I - like start, but its exit status can be had.
declare -A child=()
start_child() {
    local dir=$FLOCK_DIR/$1 args
    mapfile -t args <"$dir/args"
    "$GOOSED" --self "$(<"$dir/address")" --state-dir "$dir/state" "${args[@]}" >>"$dir/log" 2>&1 </dev/null &
    child[$1]=$!
    echo "$! $(process_born $!)" >"$dir/pid"
}

# expect_end SECONDS I STATUS - the child ends within so long, with this status.
expect_end() {
    local status=0
    wait_for "$1" "node $2 to end" node_is_gone "$2"
    wait "${child[$2]}" || status=$?
    [ $status = "$3" ] || fail "node $2 ended with $status, not $3"
}
