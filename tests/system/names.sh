#!/usr/bin/env bash
# names.sh: names with several addresses: of both kinds, of another machine, of the wrong kind; and that nothing waits for a
# name server that says nothing, nor for a drill, when a node is told to stop.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"
GOOSECTL=$BUILD_DIR/src/ctl/goosectl
needs_sandbox
[ -e /proc/net/if_inet6 ] || skip "needs IPv6"

# hosts ADDRESS-AND-NAMES...
hosts() {
    printf '%s\n' '127.0.0.1 localhost' "$@" >/run/hosts
}
hosts
mount --bind /run/hosts /etc/hosts
: >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf

# comes_first NAME ADDRESS - for a resolver on this machine.
comes_first() {
    [[ $(getent ahosts "$1") == "$2 "* ]]
}

# hosts_of_both - IPv6 is what a resolver gives first.
hosts_of_both() {
    hosts 127.0.0.1\ {n1,n2,n3}.test ::1\ {n1,n2,n3}.test
    wait_for 10 "IPv6 to come first" comes_first n1.test ::1
}

# flock_bound_to HOST ARGS... - three nodes, nN.test, which all listen at one host's address.
flock_bound_to() {
    local host=$1 i
    shift
    for i in 1 2 3; do
        node_new "$i" "n$i.test:700$i" --peers n1.test:7001,n2.test:7002,n3.test:7003 --bind "$host:700$i" \
            --http "127.0.0.1:700$i" --dead-after 1s --log-level debug "$@"
    done
}

answers_like() {
    ask "$1" GET "$2"
    [[ $body =~ ^($3)$ ]]
}

# A frozen node answers no more; of the others it is enough that they were told.
drill_has_begun() {
    [[ $drill != *freeze* ]] || ! node_answers 1
}

for host in 0.0.0.0 '[::]' 127.0.0.1 '[::1]'; do
    scene "names with addresses of both kinds, and nodes that listen at $host"
    hosts_of_both
    flock_bound_to "$host"
    start 1 2 3
    agree 1 2 3
    wait_for 15 "every seat to be taken" flock_is_settled
    for i in 1 2 3; do
        ! log_has "$i" 'nothing can be sent to' || fail "node $i says that it cannot send"
    done
done

scene "a name of the other kind only: said once, and why knows; once it has an address of this kind, all is well"
hosts '127.0.0.1 n1.test n2.test' '::1 n3.test'
flock_bound_to 0.0.0.0
start 1 2 3
agree 1 2
said='nothing can be sent to n3.test:7003: it has no IPv4 address, and this node listens at one; give it one'
wait_log 10 1 "$said"
expect 200 '.*"other_family":\["n3.test:7003"\].*' 1 GET /why
"$GOOSECTL" --at n1.test:7001 why >"$FLOCK_DIR/why" || fail "why: $(<"$FLOCK_DIR/why")"
grep -q '^n1.test:7001 cannot send to n3.test:7003: ' "$FLOCK_DIR/why" || fail "$(<"$FLOCK_DIR/why")"
hosts '127.0.0.1 n1.test n2.test n3.test'
agree 1 2 3
wait_for 15 "node 1 to know better" answers_like 1 /why '.*"other_family":\[\].*'
[ "$(log_count 1 "$said")" = 1 ] || fail "said more than once: $(grep nothing "$(node_log 1)")"

scene "names of which one address is nobody's; and one that means another node too: all are found the same"
hosts '127.0.0.4 n1.test' '127.0.0.5 n2.test' '127.0.0.6 n3.test' '127.0.0.5 n3.test' '127.0.0.1 n1.test n2.test n3.test'
for i in 1 2 3; do
    wait_for 10 "what is nobody's to come first" comes_first "n$i.test" 127.0.0.1
    node_new "$i" "n$i.test:7000" --peers n1.test:7000,n2.test:7000,n3.test:7000 --bind "127.0.0.$((i + 3)):7000" \
        --http "127.0.0.$((i + 3)):7000" --log-level debug
done
start 2
said="n3.test:7000 of --peers has an address of this node's among others"
wait_log 10 2 "$said"
has_heard_itself() {
    scrape 2 && metric_is 'goosed_messages_refused_total{reason="own-message"}' '>= 5'
}
wait_for 20 "node 2 to hear itself again" has_heard_itself
start 1 3
agree 1 2 3
[ "$(log_count 2 "$said")" = 1 ] || fail "said more than once: $(grep others "$(node_log 2)")"
wait_for 15 "every seat to be taken" flock_is_settled
node_kill 3
start 3
agree 1 2 3

scene "an address that nobody has is left out where a node listens"
ip link add near type veth peer name far
ip addr add 192.0.2.1/24 dev near
ip addr add 169.254.7.1/24 dev near
ip link set near up
ip link set far up
hosts '192.0.2.1 n1.test' '169.254.7.2 n1.test'
wait_for 10 "the other's address to come first" comes_first n1.test 169.254.7.2
node_new 1 n1.test:7001
start 1
wait_log 10 1 'listening at n1.test:7001'
wait_for 10 "HTTP there, too" curl --silent --max-time 2 http://192.0.2.1:7001/livez
! log_has 1 'trying on' || fail "it did not take the other address"

# So long each look-up would take, by far.
scene "told to stop while no name server answers: it ends, and that is a clean stop"
hosts
echo 'nameserver 127.0.0.53' >/run/resolv.conf
echo 'options timeout:30 attempts:5' >>/run/resolv.conf
python3 -c '
import socket
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.53", 53))
print(len(silent.recv(512)), flush=True)
while True:
    silent.recv(512)' >"$FLOCK_DIR/asked" &
server=$!
node_new 1 "$(loopback 1)" --join a.example:7,b.example:7,c.example:7,d.example:7,e.example:7 --log-level debug
start_child 1
wait_for 10 "the name server to be asked" test -s "$FLOCK_DIR/asked"
node_signal 1 TERM
expect_end 10 1 0
log_has 1 ' stopped$' || fail "it was not stopped in order: $(tail -n 3 "$(node_log 1)")"
kill "$server"
: >/run/resolv.conf

# Each would take 100 s.
for drill in '{"delay_ms":100000}' '{"freeze_ms":100000}' '{"disk":"hang"}' '{"disk":"slow","disk_ms":100000}'; do
    for signal in TERM INT; do
        scene "told to stop by $signal in a drill: $drill"
        flock_new 2
        start_child 1
        start 2
        agree 1 2
        wait_for 15 "every seat to be taken" flock_is_settled
        node_faults 1 "$drill"
        wait_for 10 "the drill to begin" drill_has_begun
        node_signal 1 "$signal"
        expect_end 20 1 0
    done
done
finish
