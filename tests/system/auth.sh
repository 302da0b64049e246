#!/usr/bin/env bash
# auth.sh: who is heard. Nodes of one key and one name are a flock; all others are dropped, counted by the reason, and
# named once. Keys and token change while the flock runs.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
GOOSECTL=$BUILD_DIR/src/ctl/goosectl
MISCHIEF=$BUILD_DIR/tests/system/mischief

# keys I KEY... - the key file of node I from its next reading on.
keys() {
    local file=$FLOCK_DIR/$1/keys
    shift
    (umask 077 && printf '%s\n' "$@" >"$file.new")
    mv "$file.new" "$file"
}

# flock_with_keys COUNT ARGS... - each has a key file of its own; to be filled by keys.
flock_with_keys() {
    local i
    flock_new "$@"
    for i in $(nodes_all); do
        printf '%s\n' --key-file "$FLOCK_DIR/$i/keys" >>"$FLOCK_DIR/$i/args"
    done
}

# read_again I - and wait until it has.
read_again() {
    local before
    before=$(log_count "$1" 'keys, token and log level read again')
    node_signal "$1" HUP
    wait_for 5 "node $1 to read its keys again" has_read "$1" "$before"
}

has_read() {
    [ "$(log_count "$1" 'keys, token and log level read again')" -gt "$2" ]
}

has_counted() {
    [ "$(counted "$1" "$2")" -gt "$3" ]
}

# told_by_why I SENTENCE... - goosectl's why, asked at node I, says each of them on a line of its own.
told_by_why() {
    local i=$1 said sentence
    shift
    said=$("$BUILD_DIR/src/ctl/goosectl" --at "$(node_address "$i")" why) || true
    for sentence in "$@"; do
        grep -Eqx "$sentence" <<<"$said" || fail "why, at node $i, does not say: $sentence; but: $said"
    done
}

# forged_of_all - by nodes 1 to 3 together.
forged_of_all() {
    echo $(($(counted 1 forged) + $(counted 2 forged) + $(counted 3 forged)))
}

first=$("$GOOSED" --new-key)
second=$("$GOOSED" --new-key)

scene "one key, and one node with another: it hears nobody, nobody hears it, and both say so once"
flock_with_keys 3 "${patient[@]}"
keys 1 "$first"
keys 2 "$first"
keys 3 "$second"
start 1 2 3
agree 1 2
observe
wait_log 5 3 'a datagram from .* was dropped: its key is none of mine .*; from now on .* only counted'
wait_log 5 1 'a datagram from .* was dropped: its key is none of mine'
status_is 1 authenticated true || fail "there is a key, and the status does not say so"
mark=$(mark)
wait_for 5 "node 1 to count what node 3 sends" has_counted 1 forged 10
[ "$(log_count 1 'its key is none of mine')" = 1 ] || fail "said more than once"
[ "$(status_of 3 goose)" = null ] || fail "node 3 follows a goose whose key it does not have"
told_by_why 3 "$(node_address 3) drops what comes from .*: another key, or none\." \
    'Give all nodes the same --key-file\.'

say "given the right key, it follows without a restart"
keys 3 "$first"
read_again 3
agree 1 2 3
wait_voters 10 1 2 3

say "a key file that is wrong changes nothing"
keys 3 'no key'
node_signal 3 HUP
wait_log 5 3 'nothing was changed: --key-file .*/keys: line 1 is not a key'

say "another key without a gap: both are known first, then the new one signs, then the old one goes"
forged=$(forged_of_all)
for step in "$first $second" "$second $first" "$second"; do
    for i in 1 2 3; do
        # shellcheck disable=SC2086 # words
        keys "$i" $step
        read_again "$i"
    done
done
agree 1 2 3
[ "$(forged_of_all)" = "$forged" ] || fail "a datagram was dropped while the key changed"
forged=$(counted 1 forged)
! sees "$mark" 'goose' || fail "the goose changed while the key was"
keys 3 "$first"
read_again 3
wait_for 5 "the old key to be no good any more" has_counted 1 forged "$forged"

scene "a key, and one node without: neither hears the other, and both say so once"
flock_with_keys 3 "${patient[@]}"
keys 1 "$first"
keys 2 "$first"
node_set_args 3 --peers "$(addresses_of 1 2 3)" "${patient[@]}"
start 1 2 3
agree 1 2
for i in 1 3; do
    wait_log 5 "$i" 'a datagram from .* was dropped: it is sealed in another way .*--key-file.*; from now'
    wait_for 5 "node $i to count them" has_counted "$i" other_seal 10
    [ "$(log_count "$i" 'was dropped:')" = 1 ] || fail "said more than once"
done
[ "$(status_of 3 goose)" = null ] || fail "node 3 follows a goose without its key"
told_by_why 1 "$(node_address 1) drops what comes from $(node_address 3): another key, or none\."

scene "other flocks at the same addresses: dropped, counted, named once"
flock_with_keys 2 "${patient[@]}"
keys 1 "$first"
keys 2 "$first"
start 1 2
agree 1 2
goose=$(flock_goose)
node_new 3 "$(loopback 3)" --peers "$(loopback 1),$(loopback 2),$(loopback 3)" --flock swan \
    --key-file "$FLOCK_DIR/1/keys"
start 3
wait_log 5 1 'a datagram from .* was dropped: it is of a flock of another name'
wait_for 5 "node 1 to count them" has_counted 1 foreign 5
[ "$(status_of 3 goose)" = null ] || fail "a swan follows a goose"
told_by_why 3 "$(node_address 1) drops what comes from $(node_address 3): another --flock\." 'Give all nodes the same --flock\.'

say "datagrams of nobody who knows the key, in a flood: dropped and counted, and nothing else changes"
observe
mark=$(mark)
forged=$(counted "$goose" forged)
"$MISCHIEF" storm 5000 2 "$FLOCK_DIR/1/keys" "$(node_address "$goose")" >/dev/null
"$MISCHIEF" forge 5000 2 "$(node_address "$goose")" >/dev/null
[ $(($(counted "$goose" forged) - forged)) -gt 5000 ] || fail "forged ones are not counted"
[ "$(counted "$goose" other_seal)" -gt 5000 ] || fail "those without a key are not counted"
for i in {1..100}; do
    echo "no datagram of a flock $i" >"/dev/udp/127.0.0.1/$((port_base + goose))"
done
wait_for 5 "noise to be counted" has_counted "$goose" truncated 90
[ "$(log_count "$goose" 'was dropped:')" -le 4 ] || fail "a flood fills the log"
agree 1 2
[ "$(flock_goose)" = "$goose" ] || fail "a flood changed the goose"

scene "other --peers: refused, loudly, by both"
flock_new 3
node_set_args 3 --peers "$(loopback 1),$(loopback 3),$(loopback 4)"
start 1 3
wait_log 10 1 'was started with other --peers than this node: give all first members the same list'
wait_log 10 3 'was started with other --peers than this node'
for i in 1 3; do
    told_by_why $i "$(node_address 1) refuses $(node_address 3): other --peers\." \
        'Of 3 voters 2 answer; .* But they were not told the same: mend that first, as said above\.'
done
observe
expect_quiet 1 "$(mark)" goose

scene "a token: needed for a change, wherever one asks; read again on HUP"
flock_new 1
(umask 077 && echo "honk-honk-honk-1" >"$FLOCK_DIR/token")
printf '%s\n' --http-token-file "$FLOCK_DIR/token" >>"$FLOCK_DIR/1/args"
start 1
agree 1
expect 401 'a change here needs the right token; .*' 1 PUT /drain
expect_header 'WWW-Authenticate: Bearer .*'
expect 401 '.*' 1 PUT /drain --header 'Authorization: Bearer honk-honk-honk-2'
expect 401 '.*' 1 PUT /drain --header 'Authorization: Bearer honk-honk-honk-1x'
expect 401 '.*' 1 PUT /drain --header 'Authorization: Basic honk-honk-honk-1'
expect 200 'not draining' 1 DELETE /drain --header 'Authorization: Bearer honk-honk-honk-1'
expect 200 'not draining' 1 DELETE /drain --header 'Authorization: Bearer honk-honk-honk-1' \
    --header 'Host: goosed.example.test' --header 'Origin: https://goosed.example.test'
expect 200 '\{.*' 1 GET /members --header 'Authorization: Bearer honk-honk-honk-1' --header 'Host: goosed.example.test'
wait_log 5 1 'undrain, asked by 127\.0\.0\.[0-9]+:[0-9]+: done'
expect 200 'goose' 1 GET /status
(umask 077 && echo "honk-honk-honk-2" >"$FLOCK_DIR/token")
read_again 1
expect 401 '.*' 1 DELETE /drain --header 'Authorization: Bearer honk-honk-honk-1'
expect 200 '\{"draining":false\}' 1 DELETE /drain --header 'authorization: bearer honk-honk-honk-2' "${json[@]}"

scene "a Unix socket: its user and root need no token there, others do; it comes and goes with the node"
flock_new 1
socket=$FLOCK_DIR/1/http
(umask 077 && echo "honk-honk-honk-1" >"$FLOCK_DIR/token")
printf '%s\n' --http-token-file "$FLOCK_DIR/token" --http "$(node_address 1),unix:$socket" >>"$FLOCK_DIR/1/args"
start 1
agree 1
# over_socket CODE METHOD PATH ARGS... - as whom $as says.
as=()
over_socket() {
    local wanted=$1 verb=$2 target=$3 got
    shift 3
    got=$("${as[@]}" curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' --request "$verb" \
        --unix-socket "$socket" "$@" "http://localhost$target") || true
    [ "$got" = "$wanted" ] || fail "$verb $target over the socket: $got, not $wanted"
}
[ "$(stat -c %a "$socket")" = 660 ] || fail "the socket's mode is $(stat -c %a "$socket")"
expect 401 '.*' 1 DELETE /drain
over_socket 200 DELETE /drain
over_socket 403 DELETE /drain --header 'Sec-Fetch-Site: cross-site'
wait_log 5 1 "undrain, asked by uid $(id -u): done"
"$GOOSECTL" --at "unix:$socket" undrain >/dev/null || fail "goosectl has no right over the socket"
if as=(setpriv --reuid 65533 --regid "$(id -g)" --clear-groups) && "${as[@]}" true 2>/dev/null; then
    chmod g+x "$FLOCK_DIR" "$FLOCK_DIR/1"
    over_socket 200 GET /members
    over_socket 401 DELETE /drain
    over_socket 200 DELETE /drain --header 'Authorization: Bearer honk-honk-honk-1'
fi
as=()
node_kill 1
[ -S "$socket" ] || fail "who is killed removes nothing"
node_start 1
agree 1
over_socket 200 GET /livez
expect_refusal 1 "--http unix:$socket cannot be opened: another process listens there; .*" \
    --self 127.0.0.1:17099 --http "unix:$socket" --state-dir "$FLOCK_DIR/other"
over_socket 200 GET /livez
node_stop 1
[ ! -e "$socket" ] || fail "the socket is still there"
finish
