#!/usr/bin/env bash
# state.sh: what a node finds in its state directory, and what it does when it cannot write there. It says what it found
# in one line; it never goes back to a state that others may have seen it leave; it never acts on what is not saved.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# ---- the file: two slots of 5 sectors, each sector begins with its generation, state_image.h ----

slot_a=4096
slot_b=8192
sector=512

state_file() {
    echo "$(node_state_dir "$1")/state"
}

# generation FILE SLOT
generation() {
    echo $((16#$(xxd -p -s "$2" -l 8 "$1")))
}

a_is_ahead() {
    [ "$(generation "$1" $slot_a)" -gt "$(generation "$1" $slot_b)" ]
}

slots_agree() {
    [ "$(generation "$1" $slot_a)" = "$(generation "$1" $slot_b)" ]
}

# spoil FILE OFFSET - one sector.
spoil() {
    dd if=/dev/zero of="$1" bs=1 seek="$2" count=$sector conv=notrunc status=none
}

# sign FILE OFFSET - the checksum of a sector whose bytes were changed: it is how its disk would have it.
sign() {
    local sum
    sum=$(dd if="$1" bs=1 skip="$2" count=496 status=none | b2sum -l 128 | cut -c 1-32)
    xxd -r -p <<<"$sum" | dd of="$1" bs=1 seek=$(($2 + 496)) conv=notrunc status=none
}

# begin_next_write FILE - as if the machine had lost power in the write of a next state: one sector of it got there.
begin_next_write() {
    printf '%016x' $(($(generation "$1" $slot_a) + 1)) | xxd -r -p |
        dd of="$1" bs=1 seek=$slot_a conv=notrunc status=none
    sign "$1" $slot_a
}

# crash_between_slots I OTHER - node I is killed when the first slot has the new state, and the second has it not yet.
crash_between_slots() {
    wait_for 5 "both slots of node $1" slots_agree "$(state_file "$1")"
    node_faults "$1" '{"disk":"slow","disk_ms":1000}'
    hand_over_to "$2"
    wait_for 5 "node $1 to write a slot" a_is_ahead "$(state_file "$1")"
    node_kill "$1"
    a_is_ahead "$(state_file "$1")" || fail "killed too late"
}

# writes_through I - what it writes is on the disk when the write returns: O_DSYNC, 010000, is among the flags of the file.
writes_through() {
    local pid fd flags
    pid=$(node_pid "$1")
    for fd in "/proc/$pid/fd"/*; do
        [ "$(readlink "$fd")" = "$(realpath "$(state_file "$1")")" ] || continue
        flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$pid/fdinfo/${fd##*/}")
        [ $((flags & 010000)) != 0 ] || fail "node $1 has its state open with $flags, without O_DSYNC"
        return 0
    done
    fail "node $1 does not have its state open"
}

no_word_of_the_disk() {
    ! grep -nE 'torn|damaged|bad sector|old copy|cannot' "$(node_log "$1")" || fail "node $1 found fault with its state"
}

back_in_flock() {
    agree 1 2 3
    wait_voters 10 1 2 3
}

scene "killed between its two writes: the state counts, and nothing is said"
flock_on_loopback 3
wait_voters 10 1 2 3
observe
writes_through 1
read -r it other < <(others_than "$(flock_goose)" | xargs)
file=$(state_file "$it")
uid=$(uid_at "$other" "$it")
crash_between_slots "$it" "$other"
start "$it"
back_in_flock
no_word_of_the_disk "$it"
writes_through "$it"

say "torn: the older state counts"
node_stop "$it"
begin_next_write "$file"
start "$it"
wait_log 5 "$it" 'state: the last write was torn'
back_in_flock
[ "$(uid_at "$other" "$it")" = "$uid" ] || fail "node $it has another uid, though nothing it acted upon is lost"

say "a bad sector: its copy counts"
node_stop "$it"
spoil "$file" $((slot_b + sector))
start "$it"
wait_log 5 "$it" 'state: a bad sector, written again from its copy'
back_in_flock
[ "$(uid_at "$(flock_goose)" "$it")" = "$uid" ] || fail "node $it has another uid, though it lost nothing"

say "damaged: set aside, newborn, a voter again"
node_stop "$it"
spoil "$file" $((slot_a + sector))
spoil "$file" $((slot_b + 2 * sector))
start "$it"
wait_log 5 "$it" 'state: damaged, set aside as state.damaged-1'
back_in_flock
[ -e "$file.damaged-1" ] || fail "nothing was set aside"
[ "$(uid_at "$(flock_goose)" "$it")" != "$uid" ] || fail "a newborn has its old uid"

say "a second daemon on the same state"
expect_refusal 1 "another goosed runs on it, process $(node_pid "$it")" \
    --self "$(loopback 9)" --state-dir "$(node_state_dir "$it")"

# refused STATUS PATTERN ARGS... - goosed ends so on the file as it is, says so in one line, and leaves it alone.
refused() {
    local status=$1 pattern=$2
    shift 2
    cp "$file" "$FLOCK_DIR/as-it-was"
    expect_refusal "$status" "$pattern" --self "$(node_address "$it")" --state-dir "$(node_state_dir "$it")" "$@"
    [ "$(wc -l <"$FLOCK_DIR/refusal")" = 1 ] || fail "more than one line: $(cat "$FLOCK_DIR/refusal")"
    cmp -s "$file" "$FLOCK_DIR/as-it-was" || fail "the file was touched: $pattern"
}

say "short, foreign, newer, of another flock: refused, and left alone"
node_stop "$it"
cp "$file" "$FLOCK_DIR/good"
truncate -s 5000 "$file"
refused 3 'state: cut short, 5000 bytes instead of 16384; move it away'
: >"$file"
refused 3 'state: cut short, 0 bytes'
head -c 16384 /dev/urandom >"$file"
refused 3 'state: no state file of goosed; check --state-dir'
cp "$FLOCK_DIR/good" "$file"
refused 3 'state: of flock "goose", not of "swan"; check --flock and --state-dir' --flock swan
for header in 0 12288; do
    printf '\0\0\0\2' | dd of="$file" bs=1 seek=$((header + 16)) conv=notrunc status=none
    sign "$file" $header
done
refused 3 'state: of format 2, this goosed knows up to 1; run a newer goosed'

say "an old copy brought back: set aside, newborn"
cp "$FLOCK_DIR/good" "$file"
start "$it"
back_in_flock
uid=$(uid_at "$(flock_goose)" "$it")
node_kill "$it"
start "$it"
back_in_flock
node_kill "$it"
cp "$FLOCK_DIR/good" "$file"
start "$it"
wait_log 10 "$it" 'old copy'
back_in_flock
[ -e "$file.old-1" ] || fail "the old copy was not set aside"
[ "$(uid_at "$(flock_goose)" "$it")" != "$uid" ] || fail "it goes on under the uid of the old copy"

say "nowhere to write"
: >"$FLOCK_DIR/a-file"
expect_refusal 1 '--state-dir .*/a-file/below: cannot make it: Not a directory' \
    --self "$(loopback 9)" --state-dir "$FLOCK_DIR/a-file/below"
if [ "$IN_SANDBOX" = yes ]; then
    mkdir /run/small
    mount -t tmpfs -o size=8k tmpfs /run/small
    expect_refusal 1 '/run/small/state: no room for it: No space left on device' \
        --self "$(loopback 9)" --state-dir /run/small
    [ ! -e /run/small/state ] || fail "a file without room has its name"
else
    say "(no sandbox, so no small disk to try)"
fi
finish
