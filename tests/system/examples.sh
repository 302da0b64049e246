#!/usr/bin/env bash
# examples.sh: scripts/examples as people use them: a cron job on one node only, and a file that refuses former geese.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
examples=$here/../../scripts/examples

cat >"$FLOCK_DIR/job" <<'END'
#!/bin/sh
echo "$GOOSE_TERM" >"$1"
END
chmod +x "$FLOCK_DIR/job"

say "cron: the goose's machine runs the job, the others do not"
flock_on_loopback 3 "${patient[@]}"
wait_goose
for i in 1 2 3; do
    "$examples/cron-on-goose.sh" "$(node_address "$i")" "$FLOCK_DIR/job" "$FLOCK_DIR/ran-$i" ||
        fail "node $i: status $?"
    if [ "$i" = "$goose" ]; then
        [ "$(<"$FLOCK_DIR/ran-$i")" = "$(node_status "$i" | cut -d ' ' -f 2)" ] || fail "the job has not the goose's term"
    else
        [ ! -e "$FLOCK_DIR/ran-$i" ] || fail "a duck ran the job"
    fi
done
status=0
"$examples/cron-on-goose.sh" "$(node_address "$goose")" sh -c 'exit 7' || status=$?
[ $status = 7 ] || fail "the job ended with 7, the example with $status"
node_kill "$goose"
said=$("$examples/cron-on-goose.sh" "$(node_address "$goose")" true 2>&1) && fail "a node that is gone is no error"
[[ $said == *"no answer from $(node_address "$goose")"* ]] || fail "it said: $said"

say "fencing: whoever comes with an older term is refused"
store=$FLOCK_DIR/store
put() {
    echo "$2" | "$examples/fenced-store.sh" "$store" "$1"
}
put 3 three
put 3 again
[ "$(<"$store")" = again ] || fail "the same goose may write twice"
put 5 five
! said=$(put 4 four 2>&1) || fail "an older goose wrote"
[[ $said == *"term 4 is over"* ]] || fail "it said: $said"
[ "$(<"$store")" = five ] || fail "the file holds $(<"$store")"
put 10 ten # as a number, not as text
! put '' nothing 2>/dev/null || fail "a term that is no number"
[ "$(<"$store")" = ten ] || fail "the file holds $(<"$store")"
put 99 large # ... however large
put 9223372036854775808 huge
! put 99 small 2>/dev/null || fail "a term above 2^63 fences nobody"
! put 9223372036854775807 small 2>/dev/null || fail "a term above 2^63 fences nobody"
put 18446744073709551615 last
[ "$(<"$store")" = last ] || fail "the file holds $(<"$store")"
rm "$store.term"

say "fencing: of 20 at once, the highest term has the last word"
for term in {11..30}; do
    put "$term" "$term" 2>/dev/null &
done
wait
[ "$(<"$store")" = 30 ] || fail "the file holds $(<"$store")"
finish
