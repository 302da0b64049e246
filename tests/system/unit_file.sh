#!/usr/bin/env bash
# unit_file.sh: what systemd itself says of our unit: that it is sound, and little exposed; likewise with the drop-in
# for --on-change, which may do more.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
command -v systemd-analyze >/dev/null || skip "systemd-analyze is not here"
needs_sandbox

units=$FLOCK_DIR/units
mkdir -p "$units"
cp "$here/../../src/systemd/goosed@.service" "$units"
# Its program is found where systemd looks for programs. The mount is gone with the sandbox.
mount -t tmpfs tmpfs /usr/local/sbin
ln -s "$GOOSED" /usr/local/sbin/goosed

# sound - verify has nothing to say.
sound() {
    local said
    said=$(systemd-analyze verify --man=no "$units/goosed@.service" 2>&1) || fail "verify: $said"
    [ -z "$said" ] || fail "verify: $said"
}

# exposed PERCENT - at most.
exposed() {
    local said
    said=$(systemd-analyze security --offline=true --threshold="$1" "$units/goosed@.service" 2>&1) ||
        fail "more exposed than $1 of 100: $said"
    tail -n 1 <<<"$said"
}

say "as it is: what has work behind the daemon's end is not killed with it"
grep -qx KillMode=control-group "$units/goosed@.service" || fail "the unit does not say how it is killed"
sound
exposed 20

say "with the drop-in"
mkdir "$units/goosed@.service.d"
cp "$here/../../src/systemd/on-change.conf" "$units/goosed@.service.d"
sound
exposed 45

say "what is wrong would be seen"
rm -r "$units/goosed@.service.d"
sed -i 's/^ExecStart=goosed /ExecStart=goosedd /' "$units/goosed@.service"
! systemd-analyze verify --man=no "$units/goosed@.service" 2>/dev/null || fail "a program that is not there was found"
sed -i '/^SystemCallFilter=/d; /^Protect/d' "$units/goosed@.service"
! systemd-analyze security --offline=true --threshold=20 "$units/goosed@.service" >/dev/null 2>&1 ||
    fail "the threshold is none"
finish
