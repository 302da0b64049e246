#!/usr/bin/env bash
# strangers.sh: a flock without a key, and somebody who can send datagrams to it. It hears much nonsense in the flock's own
# words; what it can do by that is bounded.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"
MISCHIEF=$BUILD_DIR/tests/system/mischief

flock_on_loopback 3 "${patient[@]}"
wait_voters 10 1 2 3
observe
mark=$(mark)
goose=$(flock_goose)

say "one heartbeat with a roster of term 2^62, to each: nobody follows it, and nothing else changes"
term=$(status_of "$goose" term)
roster=$(status_of "$goose" roster)
for i in 1 2 3; do
    "$MISCHIEF" leap $((1 << 62)) "$(uid_at "$goose" "$i")" "$(node_address "$i")"
done
expect_quiet 3 "$mark" '(goose|duck|gone)'
for i in 1 2 3; do
    [ "$(status_of "$i" term) $(status_of "$i" roster)" = "$term $roster" ] ||
        fail "node $i: $(node_status "$i"), roster $(status_of "$i" roster) in the place of $roster"
done

# lines_of I - that everybody sees.
lines_of() {
    log_count "$1" ' (info|warn|error) '
}

say "greetings with the address of somebody else: it gets no more bytes than came in its name, and no log is filled"
before=$(lines_of "$goose")
counts=$("$MISCHIEF" greet 1000 2000 "$(node_address "$goose")")
read -r sent came < <(sed -nE 's/.* of ([0-9]+) bytes sent, [0-9]+ of ([0-9]+) came back/\1 \2/p' <<<"$counts")
say "$counts"
[ "$came" -le "$sent" ] || fail "$came bytes for $sent"
[ $(($(lines_of "$goose") - before)) -le 8 ] || fail "$(($(lines_of "$goose") - before)) lines for 1,000 greetings"
[ "$(node_http "$goose" GET /members | jq '.members | length')" = 3 ] || fail "a stranger is listed"

say "another version of the protocol: refused, and said once with the sender's address and what to do"
for version in 1 3; do
    "$MISCHIEF" version $version "$(node_address "$goose")"
done
wait_log 5 "$goose" '127.0.0.1:[0-9]+ speaks version 1 of the protocol, this node 2: .*; upgrade it$'
wait_log 5 "$goose" '127.0.0.1:[0-9]+ speaks version 3 of the protocol, this node 2: .*; upgrade this node$'
"$BUILD_DIR/src/ctl/goosectl" --at "$(node_address "$goose")" why |
    grep -Eq "$(node_address "$goose") hears nothing from 127.0.0.1:[0-9]+.*: another version\.$" ||
    fail "why does not tell of it"
for _ in {1..20}; do
    "$MISCHIEF" version 1 "$(node_address "$goose")" >/dev/null
done
wait_metric 5 "$goose" 'goosed_datagrams_dropped_total{reason="other-major"}' '== 22'
[ "$(log_count "$goose" 'speaks version')" = 8 ] || fail "$(log_count "$goose" 'speaks version') lines, not 8"
expect_quiet 1 "$mark" '(goose|duck|gone)'
finish
