#!/usr/bin/env bash
# package.sh: the Debian package, from its making to its purge, in a Debian of its own (debootstrap): it installs with
# what it says it needs, its flock runs as its own user, its pages can be read, and a purge leaves nothing.
# shellcheck source=tests/system/debian.sh
. "$(dirname "$0")/debian.sh"
make_deb
make_debian
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
needs_sandbox
unpack_debian
mount -t proc proc "$root/proc"

# in_debian COMMAND...
in_debian() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}

# The name in there of who runs process PID.
user_of() {
    in_debian getent passwd "$(stat -c %u "/proc/$1")" | cut -d : -f 1
}

# All that there is, and who may log in; but for what dpkg and man keep for themselves.
inventory() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./tmp -o -path ./var/lib/dpkg -o -path ./var/log \
        -o -path './var/cache/*' -o -path './etc/*-' -o -path './etc/.pwd.lock' \) -prune \
        -o -printf '%p %M %u %g\n' | sort)
    cat "$root/etc/passwd" "$root/etc/group" "$root/etc/shadow"
}

say "what lintian says of it"
if command -v lintian >/dev/null; then
    said=$(lintian --fail-on error,warning "$root/root/goosed.deb" 2>&1) || fail "$said"
else
    say "(lintian is not here)"
fi

say "installed, with nothing but what it depends on"
inventory >"$FLOCK_DIR/before"
in_debian dpkg --install /root/goosed.deb >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
[ -z "$(in_debian dpkg --audit)$(in_debian dpkg --verify goosed)" ] || fail "dpkg is not content"
in_debian goosed --version | grep -qx 'goosed [0-9.]*' || fail "goosed does not run"
[ "$(in_debian stat -c %U /etc/goosed)" = root ] || fail "there is no /etc/goosed"
in_debian getent passwd goosed >/dev/null || fail "there is no user goosed"
for page in "8 goosed" "1 goosectl" "7 goosed-http" "7 goose-election"; do
    read -ra words <<<"$page"
    in_debian man "${words[@]}" | grep -q '^NAME$' || fail "man $page"
done
[ -s "$root/lib/systemd/system/goosed@.service" ] || fail "systemd would not find the unit"

say "what is installed builds programs"
PKG_CONFIG_PATH=$(dirname "$(find "$root/usr/lib" -name goose.pc)")
export PKG_CONFIG_PATH
read -ra flags < <(pkg-config --cflags --libs --static goose)
cc -o "$FLOCK_DIR/embed" "$root/usr/share/doc/goosed/examples/embed.c" "${flags[@]}"
[[ ${flags[*]} == *"$root"* ]] || fail "not with the files of the package: ${flags[*]}"

say "a flock of three from its files, each as the unit would run it"
in_debian sh -c 'umask 077 && goosed --new-key >/etc/goosed/key && chown goosed: /etc/goosed/key'
for i in 1 2 3; do
    mkdir "$FLOCK_DIR/$i"
    echo "127.0.0.1:700$i" >"$FLOCK_DIR/$i/address"
    cat >"$root/etc/goosed/n$i.json" <<JSON
{"self": "127.0.0.1:700$i", "peers": ["127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003"],
 "key-file": "/etc/goosed/key"}
JSON
    in_debian install -d -o goosed -g goosed -m 700 "/var/lib/goosed/n$i"
    setsid chroot --userspec=goosed:goosed "$root" /usr/bin/env -i \
        "STATE_DIRECTORY=/var/lib/goosed/n$i" GOOSED_LOG_LEVEL=debug \
        /usr/sbin/goosed --config "/etc/goosed/n$i.json" >"$FLOCK_DIR/$i/log" 2>&1 </dev/null &
    echo "$! $(process_born $!)" >"$FLOCK_DIR/$i/pid"
    disown $!
done
agree 1 2 3
observe
wait_goose
old=$goose
[ "$(user_of "$(node_pid "$old")")" = goosed ] || fail "not as its own user"
node_kill "$old"
find_other_goose() {
    goose=$(flock_goose) && [ "$goose" != "$old" ]
}
wait_for 15 "another goose" find_other_goose
in_debian goosectl --at "$(node_address "$goose")" is-goose || fail "goosectl does not find the goose"
for i in $(nodes_running); do
    node_stop "$i"
done

say "an upgrade leaves state, keys and what is enabled alone; a removal too"
wants=$root/etc/systemd/system/multi-user.target.wants
in_debian systemctl enable goosed@n1 2>/dev/null
[ -L "$wants/goosed@n1.service" ] || fail "it cannot be enabled"
ln -s /etc/systemd/system/mine.service "$wants/goosed@mine.service"
kept() {
    (cd "$root" && sha256sum var/lib/goosed/*/state etc/goosed/*)
}
before=$(kept)
in_debian dpkg --install /root/goosed.deb >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
in_debian dpkg --remove goosed >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
[ ! -e "$root/usr/sbin/goosed" ] || fail "removed, and yet there"
[ "$(kept)" = "$before" ] || fail "state or keys are not what they were"
[ -L "$wants/goosed@n1.service" ] || fail "a removal has disabled a node"

say "a purge leaves nothing but the user, whose number must not become another's; and what is not ours"
in_debian dpkg --purge goosed >"$FLOCK_DIR/dpkg" 2>&1 || fail "$(cat "$FLOCK_DIR/dpkg")"
rm "$wants/goosed@mine.service" || fail "a link of the administrator's is gone"
in_debian getent passwd goosed >/dev/null || fail "the user is gone"
diff "$FLOCK_DIR/before" <(inventory | grep -v '^goosed:') || fail "this is left, or gone"
umount "$root/proc"
finish
