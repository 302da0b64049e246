#!/usr/bin/env bash
# own_files.sh: what other users of the machine can do to a node: not make its page or state, nor stop it with a pipe or a
# file cut short, nor read its keys, nor take its descriptors.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
needs_sandbox
PATH=$BUILD_DIR/src/ctl:$PATH
self=(--self "$(loopback 9)" --http off)
umask 022

as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
"${as_nobody[@]}" true 2>/dev/null || skip "needs a second user"
chmod 755 "$FLOCK_DIR"
shared=$FLOCK_DIR/shared
mkdir -m 1777 "$shared"

flock_new 1 "${patient[@]}" --lease-page "$FLOCK_DIR/page"
start 1
wait_for 10 "a goose" goosectl --lease-page "$FLOCK_DIR/page" is-goose

say "a stranger's page, and a copy of one, are not taken"
"${as_nobody[@]}" cp "$FLOCK_DIR/page" "$shared/page"
expect_refusal 3 'it is of user 65534 .*; remove it, or give another file' "${self[@]}" --state-dir "$FLOCK_DIR/9" \
    --lease-page "$shared/page"
said=$(goosectl --lease-page "$shared/page" is-goose 2>&1) && fail "a stranger's page says goose"
grep -q "it may be another user's" <<<"$said" || fail "not said: $said"

say "a stranger's state directory neither, and a link in it leads nowhere"
echo precious >"$FLOCK_DIR/precious"
"${as_nobody[@]}" mkdir "$shared/state"
"${as_nobody[@]}" ln -s "$FLOCK_DIR/precious" "$shared/state/lock"
expect_refusal 1 'it belongs to user 65534' "${self[@]}" --state-dir "$shared/state"
[ "$(cat "$FLOCK_DIR/precious")" = precious ] || fail "a link was followed"

say "a stranger's key, token and configuration neither; a pipe is not waited for"
"$GOOSED" --new-key >"$shared/key"
chmod 600 "$shared/key"
chown 65534 "$shared/key"
expect_refusal 3 'it belongs to user 65534, who could change it' "${self[@]}" --key-file "$shared/key"
mkfifo -m 600 "$FLOCK_DIR/pipe"
for option in key-file http-token-file config; do
    expect_refusal 3 'not a file' "${self[@]}" --$option "$FLOCK_DIR/pipe"
done
echo a-token-of-sixteen-and-more >"$FLOCK_DIR/token"
chmod 600 "$FLOCK_DIR/token"
"$GOOSED" --self "$(loopback 8)" --state-dir "$FLOCK_DIR/8" --http-token-file "$FLOCK_DIR/token" 2>"$FLOCK_DIR/said8" &
other=$!
wait_for 10 "a goose" goosectl --at "$(loopback 8)" is-goose
mv "$FLOCK_DIR/pipe" "$FLOCK_DIR/token"
kill -HUP $other
wait_for 5 "a refusal" grep -q 'nothing was changed: --http-token-file .* not a file' "$FLOCK_DIR/said8"
goosectl --at "$(loopback 8)" is-goose || fail "it no longer answers"
kill $other
wait $other || fail "it did not end well"

say "a page that is cut short: nobody dies, and it is made whole"
goosectl --at "$(node_address 1)" --lease-page "$FLOCK_DIR/page" run -- sleep 1000 >"$FLOCK_DIR/run" 2>&1 &
run=$!
wait_for 10 "the job" pgrep -fx 'sleep 1000'
name=$(find /run/goosectl -name 'run-*')
[ "$(stat -c %a "${name%/*}")" = 700 ] || fail "others come to the lock of run"
! grep -q goosectl /proc/net/unix || fail "a name that anybody can take"
for i in {1..5}; do
    : >"$FLOCK_DIR/page"
    wait_for 5 "the page to be whole ($i)" goosectl --lease-page "$FLOCK_DIR/page" is-goose
done
kill -0 "$(node_pid 1)" || fail "goosed died"
kill -0 $run || fail "goosectl died: $(cat "$FLOCK_DIR/run")"
kill -TERM $run
wait $run || true
[ ! -e "$name" ] || fail "the lock of run stays"
node_stop 1

say "memory that others do not read, and that is not swapped out"
"${as_nobody[@]}" "$GOOSED" "${self[@]}" --state-dir "$shared/nobody" 2>"$FLOCK_DIR/nobody" &
nobody=$!
wait_for 5 "a state of it" test -e "$shared/nobody/state"
[ "$(stat -c %u "/proc/$nobody/mem")" = 0 ] || fail "goosed may be dumped"
# Under a sanitizer nothing ever is.
[ -n "${ASAN_OPTIONS-}" ] || grep -qE '^VmLck:[[:space:]]*[1-9]' "/proc/$nobody/status" || fail "nothing is locked"
kill $nobody
wait $nobody || fail "it did not end well: $(cat "$FLOCK_DIR/nobody")"

say "descriptors: too few are refused, with few ones clients make room for each other"
(ulimit -n 20 && expect_refusal 1 '20 descriptors are too few .*; give at least 64' "${self[@]}" --state-dir "$FLOCK_DIR/9") ||
    fail "it starts with 20"
(ulimit -n 64 && start 1)
wait_for 10 "a goose" goosectl --lease-page "$FLOCK_DIR/page" is-goose
idle=()
for i in {1..60}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/$(node_address 1 | sed 's/.*://')"
    idle+=("$fd")
done
for i in {1..20}; do
    [ "$(status_of 1 role)" = goose ] || fail "no answer beside 60 idle connections"
done
for fd in "${idle[@]}"; do
    exec {fd}>&-
done
finish
