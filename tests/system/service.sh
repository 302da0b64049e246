#!/usr/bin/env bash
# service.sh: the unit under a real systemd, which runs as the first process of a small Debian in namespaces of its own:
# with all its restrictions a flock elects, reloads, is watched, restarted where that helps, and taken away.
# shellcheck source=tests/system/debian.sh
. "$(dirname "$0")/debian.sh"
make_deb
make_debian
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
needs_sandbox

# systemd wants a cgroup to itself.
cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/goosed-$(date +%s%N)
mkdir "$cgroup" 2>/dev/null || skip "no cgroup can be made"
unpack_debian

# Everything of the sandbox, once more for systemd alone, and the small Debian as its root (chroot would not do: whoever
# is in one may make no user namespace, and PrivateUsers= does).
# shellcheck disable=SC2016 # expanded by the shell that runs it
(
    echo $BASHPID >"$cgroup/cgroup.procs"
    exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child bash -c '
        set -e
        mount --bind "$1" "$1"
        cd "$1"
        mount -t proc proc proc
        mount -t sysfs -o ro sysfs sys
        mount -t cgroup2 none sys/fs/cgroup
        mount -t tmpfs tmpfs run
        mkdir -p old
        pivot_root . old
        umount -l /old
        exec env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --system --unit=basic.target
    ' bash "$root"
) >"$FLOCK_DIR/boot" 2>&1 </dev/null &
outside=$!

# The number of its first process, out here.
first_process() {
    tr -d ' ' <"/proc/$outside/task/$outside/children"
}

# in_debian COMMAND...
in_debian() {
    nsenter --target "$(first_process)" --all --root --wd /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 "$@"
}

has_booted() {
    in_debian systemctl is-system-running 2>/dev/null | grep -qxE 'running|degraded'
}
wait_for 60 "systemd to have booted: $(cat "$FLOCK_DIR/boot")" has_booted

# of I PROPERTY - of node I's service.
of() {
    in_debian systemctl show --value --property "$2" "goosed@$1"
}

# is I PROPERTY PATTERN
is() {
    [[ $(of "$1" "$2") =~ ^($3)$ ]]
}

journal_of() {
    in_debian journalctl --no-pager --output cat --unit "goosed@$1"
}

# configure I JSON-PAIRS
configure() {
    node_new "$1" "127.0.0.1:700$1"
    echo "{\"self\": \"127.0.0.1:700$1\"${2-}}" >"$root/etc/goosed/$1.json"
}

say "three services start, elect, and say so"
in_debian dpkg --install /root/goosed.deb >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
in_debian sh -c 'umask 077 && goosed --new-key >/etc/goosed/key && chown goosed: /etc/goosed/key'
for i in 1 2 3; do
    configure $i ', "peers": ["127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003"], "key-file": "/etc/goosed/key"'
done
printf '%s\n' GOOSED_LOG_LEVEL=debug GOOSED_LEASE_PAGE=/run/goosed/1/lease >"$root/etc/default/goosed-1"
in_debian systemctl start goosed@1 goosed@2 goosed@3
# flock_goose and flock_agrees ask the nodes that run: by their addresses, for here systemd has the processes.
# shellcheck disable=SC2317 # called by those two
nodes_running() {
    echo 1 2 3
}
agree 1 2 3
wait_goose
wait_for 5 "a goose's status" is "$goose" StatusText 'goose, term [0-9]+'
[ "$(in_debian stat -c '%U %a' /var/lib/goosed/1)" = 'goosed 700' ] || fail "the state is not the node's own"
journal_of 1 | grep -q ' debug ' || fail "/etc/default/goosed-1 was not read"
[ "$(in_debian stat -c '%U %a' /run/goosed/1 /run/goosed/1/lease | xargs)" = 'goosed 755 goosed 644' ] ||
    fail "there is no lease page that others can read"
in_debian runuser -u nobody -- goosectl --lease-page /run/goosed/1/lease is-goose || [ $? = 1 ] || fail "nor can they"

say "reload: the new key is known when it returns"
in_debian sh -c 'umask 077 && goosed --new-key >>/etc/goosed/key'
in_debian systemctl reload goosed@1
journal_of 1 | grep -q 'keys, token and log level read again' || fail "nothing was read again"

say "a hang ends the process, and it is started again"
in_debian systemctl kill --signal STOP goosed@2
wait_for 40 "the watchdog" is 2 NRestarts 1
agree 1 2 3
journal_of 2 | grep -q "Failed with result 'watchdog'" || fail "it was not the watchdog"

say "a wrong configuration stays down"
echo '{"self": "n1"}' >"$root/etc/goosed/wrong.json"
! in_debian systemctl start goosed@wrong 2>/dev/null || fail "started, with a wrong configuration"
{ is wrong ActiveState failed && is wrong ExecMainStatus 3 && is wrong NRestarts 0; } || fail "it is tried again"

say "one without an address yet waits, and says so"
echo '{"self": "192.0.2.9:7000"}' >"$root/etc/goosed/late.json"
in_debian systemctl start --no-block goosed@late
wait_for 10 "the status" is late StatusText 'waits for its address'
is late ActiveState activating || fail "it is $(of late ActiveState)"
ip addr add 192.0.2.9/32 dev lo
wait_for 10 "the start" is late ActiveState active

say "with the drop-in for --on-change the command is run"
cat >"$root/etc/goosed/on-change" <<'COMMAND'
#!/bin/sh
echo "$GOOSE_ROLE of $GOOSE_ADDRESS" >>/var/lib/goosed/late/told
COMMAND
chmod 755 "$root/etc/goosed/on-change"
mkdir -p "$root/etc/systemd/system/goosed@late.service.d"
cp "$root/usr/share/doc/goosed/examples/on-change.conf" "$root/etc/systemd/system/goosed@late.service.d/"
in_debian systemctl daemon-reload
in_debian systemctl restart goosed@late
wait_for 15 "the command to be told of its goose" grep -sqx 'goose of 192.0.2.9:7000' "$root/var/lib/goosed/late/told"

say "a flock and its job by the commands of the README"
# readme FROM TO - its commands from one line to another.
readme() {
    sed -n '/^## Install/,/^## /s/^    //p' "$here/../../README.md" | sed -n "/^$1/,/^$2/p"
}
printf '127.0.0.1%s n%s\n' 1 1 2 2 3 3 >>"$root/etc/hosts"
in_debian sh -c 'umask 077 && goosed --new-key >/root/goose.key'
for i in 2 3; do
    in_debian sh -ec "cd /root; $(readme systemd-sysusers 'systemctl enable' | sed "s,\"self\": \"n1,\"self\": \"n$i,; s/goose\.json/n$i.json/; s/goosed@goose/goosed@n$i/")"
done
in_debian sh -ec "cd /root; $(readme systemd-sysusers 'systemctl status')" >"$FLOCK_DIR/said" || fail "$(<"$FLOCK_DIR/said")"
grep -qE '^ +Status: "(goose|duck), term [0-9]' "$FLOCK_DIR/said" || fail "no status: $(<"$FLOCK_DIR/said")"
# shellcheck disable=SC2016 # the job's own
printf '#!/bin/sh\necho "runs in term $GOOSE_TERM" >/root/scheduled; exec sleep 1000\n' >"$root/usr/local/bin/scheduler"
chmod 755 "$root/usr/local/bin/scheduler"
in_debian sh -c "exec $(readme 'goosectl --at' goosectl)" >"$FLOCK_DIR/said" 2>&1 </dev/null &
in_debian goosectl --at n2:7000 wait ready
leads() {
    in_debian goosectl --at n1:7000 is-goose || in_debian goosectl --at n2:7000 handover --to n1:7000 >/dev/null 2>&1
}
wait_for 20 "n1 to lead" leads
wait_for 10 "the job of the README" grep -sq '^runs in term' "$root/root/scheduled"
in_debian systemctl disable --now goosed@goose goosed@n2 goosed@n3 2>/dev/null
in_debian sh -c '! pidof sleep' || fail "the job goes on without a goose"
in_debian sh -c "kill \$(pidof goosectl)"

say "stopped, it ends well; removed, all end; purged, nothing is left"
in_debian systemctl stop goosed@1
is 1 Result success || fail "it ended with $(of 1 Result)"
in_debian dpkg --remove goosed >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
for i in 1 2 3 late; do
    is $i ActiveState inactive || fail "goosed@$i is $(of $i ActiveState), though its program is gone"
done
in_debian dpkg --purge goosed >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
for path in /etc/goosed /var/lib/goosed /run/goosed; do
    ! in_debian test -e $path || fail "$path is left"
done
# shellcheck disable=SC2317 # called at the end
nodes_running() {
    true
}
kill -KILL "$(first_process)"
wait $outside || true
find "$cgroup" -depth -type d -exec rmdir {} \;
finish
