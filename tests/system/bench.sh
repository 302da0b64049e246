#!/usr/bin/env bash
# bench.sh: scripts/bench.sh runs, with goosed alone; what it has measured it does not measure again; and its poller sees two
# leaders where there are two.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
needs_sandbox
out=$FLOCK_DIR/out

say "two flocks of one node each: two leaders all the time"
node_new 1 "$(loopback 1)"
node_new 2 "$(loopback 2)"
start 1 2
wait_for 15 "a goose" flock_agrees 1
wait_for 15 "another" flock_agrees 2
two=$("$BUILD_DIR/tests/bench/leaders" --patience 1000 goosed watch "$(loopback 1)" "$(loopback 2)")
jq -e '.doubles == 1 and .double_ms > 100 and .lasts' <<<"{$two}" || fail "seen: $two"
node_kill 1
node_kill 2

say "goosed alone"
bench() {
    "$here/../../scripts/bench.sh" --quick --only goosed-10-50 --out "$out"
}
bench >"$FLOCK_DIR/first"
grep -q '^| goosed, 10/50 ms |' "$out/table.md" || fail "no table"
for plot in failover two-leaders rest; do
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$out/$plot.svg"
done
for deed in start rest kill back term pause cut; do
    jq -e -s "map(select(.deed == \"$deed\" and .failed == null)) | length > 0" "$out/samples.jsonl" >/dev/null ||
        fail "no $deed: $(cat "$out/samples.jsonl")"
done
jq -e -s 'map(.doubles // 0, .stale // 0) | add == 0' "$out/samples.jsonl" >/dev/null || fail "two leaders"

say "and again: nothing is measured"
cp "$out/samples.jsonl" "$FLOCK_DIR/samples"
bench >"$FLOCK_DIR/second"
cmp "$out/samples.jsonl" "$FLOCK_DIR/samples"
cmp "$FLOCK_DIR/first" "$FLOCK_DIR/second"
finish
