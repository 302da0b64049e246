#!/usr/bin/env bash
# readme.sh: the job that only one node runs, by the very commands of the README.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
needs_sandbox
mount -t tmpfs tmpfs /dev/shm
cd "$here/../.."
export PATH=$BUILD_DIR/src/daemon:$BUILD_DIR/src/ctl:$PATH

# run_readme FROM TO - the commands of that section from one line to another, in this shell.
run_readme() {
    sed -n '/^## Only one of us runs this/,/^## /s/^    //p' README.md | sed -n "/^$1/,/^$2/p" >"$FLOCK_DIR/commands"
    [ -s "$FLOCK_DIR/commands" ] || fail "the README has no commands from $1 to $2"
    # shellcheck source=/dev/null
    . "$FLOCK_DIR/commands"
}

# terms_seen N - the job has told so many.
terms_seen() {
    [ "$(grep ': only I run$' "$FLOCK_DIR/said" | sort -u | wc -l)" -ge "$1" ]
}

# The job is "sleep 1000".
never_two() {
    [ "$(grep -lzx '100[0]' /proc/[0-9]*/cmdline | wc -l)" -le 1 ] || fail "more than one job: $(<"$FLOCK_DIR/said")"
}

say "one of three nodes runs the job"
run_readme 'PATH=' 'goosectl .* wait ready' >"$FLOCK_DIR/said"
wait_for 10 "the job" terms_seen 1
never_two

# Who reads the README is not as fast: by then all three have their seats.
is_settled() {
    curl --silent --max-time 2 --header 'Accept: application/json' 127.0.0.1:{8001,8002,8003}/status |
        jq -se 'any(.role == "goose" and .settled)' >/dev/null
}
wait_for 10 "every seat to be taken" is_settled

say "the role moves, and the job goes along"
run_readme 'curl ' 'goosectl .* handover' >"$FLOCK_DIR/looked"
grep -qxE 'goose|duck' "$FLOCK_DIR/looked" || fail "no role: $(<"$FLOCK_DIR/looked")"
grep -q 'goose is now 127' "$FLOCK_DIR/looked" || fail "no handover: $(<"$FLOCK_DIR/looked")"
wait_for 10 "the job in another term" terms_seen 2
sort -c -k 2n "$FLOCK_DIR/said" || fail "a term fell: $(<"$FLOCK_DIR/said")"
never_two

say "the end leaves nothing"
run_readme 'kill ' 'kill '
for program in goosed goosectl sleep; do
    ! grep -lx $program /proc/[0-9]*/comm || fail "$program is left"
done
[ -z "$(ls -A /dev/shm)" ] || fail "files are left"
finish
