#!/usr/bin/env bash
# starting.sh: where a node listens and whom it finds (IPv6, names, names and addresses that come later, ports that are
# taken), and what signals do to it.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# flock_at HOST COUNT ARGS... - nodes 1 to COUNT of one host.
flock_at() {
    local host=$1 count=$2 i all=()
    shift 2
    for ((i = 1; i <= count; i++)); do
        all+=("$host:$((port_base + i))")
    done
    for ((i = 1; i <= count; i++)); do
        node_new "$i" "${all[i - 1]}" --peers "$(IFS=, && echo "${all[*]}")" --log-level debug "$@"
    done
}

scene "a port that is taken: status 1, and the reason"
flock_new 1
start_child 1
agree 1
expect_refusal 1 "--self $(loopback 1) cannot be opened: address already in use; another program has this port" \
    --self "$(loopback 1)" --state-dir "$FLOCK_DIR/other"
expect_refusal 1 "--http $(loopback 1) cannot be opened: address already in use; another program has this port" \
    --self "$(loopback 2)" --http "$(loopback 1)" --state-dir "$FLOCK_DIR/other"

say "TERM and INT: stopped cleanly, status 0"
node_signal 1 TERM
expect_end 5 1 0
start_child 1
agree 1
node_signal 1 INT
expect_end 5 1 0

say "with no descriptor open it writes its log nowhere, and not into what it opens itself"
node_new 1 "$(loopback 1)"
"$GOOSED" --self "$(loopback 1)" --state-dir "$FLOCK_DIR/1/state" <&- >&- 2>&- &
child[1]=$!
echo "$! $(process_born $!)" >"$FLOCK_DIR/1/pid"
agree 1
node_signal 1 TERM
expect_end 5 1 0
start 1
agree 1

say "what cannot be printed is no success"
for flag in --new-key --help --version; do
    status=0
    "$GOOSED" $flag >/dev/full 2>"$FLOCK_DIR/refusal" || status=$?
    [ $status = 1 ] || fail "goosed $flag ended with $status on a full disk"
    grep -q 'standard output cannot be written to' "$FLOCK_DIR/refusal" || fail "goosed $flag did not say why"
done

scene "signals to a flock"
flock_at 127.0.0.1 3 "${patient[@]}"
printf '%s\n' --config "$FLOCK_DIR/config" >>"$FLOCK_DIR/1/args"
grep -v -e --log-level -e debug "$FLOCK_DIR/1/args" >"$FLOCK_DIR/args"
mv "$FLOCK_DIR/args" "$FLOCK_DIR/1/args"
echo '{"log-level": "info"}' >"$FLOCK_DIR/config"
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
observe

say "USR1: a line about the state, and nothing else"
goose=$(flock_goose)
mark=$(mark)
for i in 1 2 3; do
    node_signal "$i" USR1
    wait_log 5 "$i" "status role=(duck|goose) term=[0-9]+ goose=$(node_address "$goose") lease_ms=[0-9]+ .* seats=3 "
done
log_has "$goose" 'status role=goose' || fail "the goose's status is not goose"

say "HUP: the log level is read again, and a file that is wrong changes nothing"
! log_has 1 ' debug ' || fail "debug lines at level info"
echo '{"log-level": "debug"}' >"$FLOCK_DIR/config"
node_signal 1 HUP
wait_log 5 1 'keys, token and log level read again'
[ "$goose" != 1 ] || wait_log 5 1 ' debug .* claim from_us='
echo '{"log-level": "loud"}' >"$FLOCK_DIR/config"
node_signal 1 HUP
wait_log 5 1 'nothing was changed: .*/config: "log-level": loud is no level'
! sees "$mark" '(goose|gone)' || fail "a signal disturbed the flock"

say "USR2: the goose hands over, and goes on as a duck; a duck has nothing to hand over"
mark=$(mark)
node_signal "$goose" USR2
next=$(wait_new_goose 5 "$mark")
[ "$next" != "$goose" ] || fail "it handed over to itself"
agree 1 2 3
mark=$(mark)
node_signal "$goose" USR2
wait_log 5 "$goose" 'nothing to hand over: this node is a duck'
expect_role "$next" goose
! sees "$mark" goose || fail "the goose changed"

say "TERM to the goose: it resigns first, so the next one does not wait; the members stay as they are"
mark=$(mark)
node_signal "$next" TERM
wait_for 5 "node $next to stop" node_is_gone "$next"
third=$(wait_new_goose 5 "$mark")
[ "$(voters_at "$third" | wc -w)" = 3 ] || fail "who was stopped is no voter any more"
read -r gap < <(sees "$mark" 'goose ' | sed -nE 's/.* after ([0-9]+)\..* ms$/\1/p')
[ "$gap" -lt 500 ] || fail "$gap ms without a goose, though the old one resigned"
start "$next"
agree 1 2 3

scene "names"
flock_at localhost 3
start 1 2 3
agree 1 2 3
observe

scene "a flock that does not answer: each says so once, and tries on"
flock_new 3 --dead-after 1s
node_new 4 "$(loopback 4)" --join "$(loopback 3)" --dead-after 1s
start 1 4
wait_log 5 1 'in no flock yet: too few of --peers answer; .* --flock and --key-file.* trying on'
wait_log 5 4 'in no flock yet: nobody of --join has let this node in; .* trying on'
start 2
agree 1 2
start 3
agree 1 2 3 4
for i in 1 4; do
    [ "$(log_count "$i" 'in no flock yet')" = 1 ] || fail "node $i said it more than once, or not at all"
done
! log_has 3 'in no flock yet' || fail "node 3 had a flock at once"

if [ -e /proc/net/if_inet6 ]; then
    scene "IPv6"
    flock_at '[::1]' 3
    start 1 2 3
    agree 1 2 3
    wait_voters 10 1 2 3
    observe
    mark=$(mark)
    node_kill "$(flock_goose)"
    wait_new_goose 5 "$mark" >/dev/null
else
    say "(no IPv6 here)"
fi

if [ "$IN_SANDBOX" = yes ]; then
    hosts() {
        printf '127.0.0.1 localhost\n' >/run/hosts
        printf '%s\n' "$@" >>/run/hosts
    }
    hosts '127.0.0.1 n1.test n2.test'
    mount --bind /run/hosts /etc/hosts
    : >/run/no-resolver
    mount --bind /run/no-resolver /etc/resolv.conf

    # flock_of_names NAME-OF-THE-THIRD - as --peers have it; it calls itself n3.test.
    flock_of_names() {
        local i
        for i in 1 2 3; do
            node_new "$i" "n$i.test:$((port_base + i))" --log-level debug \
                --peers "n1.test:$((port_base + 1)),n2.test:$((port_base + 2)),$1:$((port_base + 3))"
        done
    }

    scene "an alias of this node among --peers: status 3"
    hosts '127.0.0.1 n1.test n2.test n3.test m3.test'
    flock_of_names m3.test
    # It comes first: where there is a flock already, it asks its list no more.
    start_child 3
    expect_end 5 3 3
    wait_log 5 3 "--peers names this node itself under another spelling, m3.test:$((port_base + 3)), than --self n3.test:$((port_base + 3))"
    start 1 2
    observe
    agree 1 2
    hosts '127.0.0.1 n1.test n2.test'

    scene "a peer's name that does not resolve yet: the others go on without it; then it is there"
    flock_of_names n3.test
    start 1 2
    agree 1 2
    say "its own name: it says so once, and tries on"
    start 3
    wait_log 5 3 "n3.test:$((port_base + 3)) does not resolve.*: trying on"
    hosts '127.0.0.1 n1.test n2.test n3.test'
    agree 1 2 3
    wait_voters 10 1 2 3
    [ "$(log_count 3 "n3.test.* trying on")" = 1 ] ||
        fail "said more than once: $(grep "trying on" "$(node_log 3)")"

    scene "its own address is not there yet: it says so once, and tries on"
    node_new 1 192.0.2.77:7000 --peers 192.0.2.77:7000
    start 1
    wait_log 5 1 '192.0.2.77:7000 cannot be opened yet .*: trying on'
    ip addr add 192.0.2.77/32 dev lo
    agree 1
    [ "$(log_count 1 'trying on')" = 1 ] || fail "said more than once: $(grep 'trying on' "$(node_log 1)")"
    log_has 1 'no --key-file: whoever can send datagrams' || fail "no warning off loopback"

    scene "told to stop before there is an address, or its name resolves: it ends, and that is a clean stop"
    node_new 1 192.0.2.78:7000 --peers 192.0.2.78:7000
    node_new 2 "n4.test:$((port_base + 2))"
    for i in 1 2; do
        start_child "$i"
        wait_log 5 "$i" ' .*: trying on'
    done
    node_signal 1 USR1
    wait_log 5 1 'status role=duck term=0 goose=none'
    node_signal 1 USR2
    node_signal 1 TERM
    node_signal 2 INT
    expect_end 5 1 0
    expect_end 5 2 0
else
    say "(no sandbox, so nothing that comes later)"
fi
finish
