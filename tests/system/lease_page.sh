#!/usr/bin/env bash
# lease_page.sh: the lease page says what /status says, in C, Python and shell alike; it runs out by itself when goosed is
# killed or stopped; two pages never say goose at one instant, whatever happens.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
examples=$here/../../scripts/examples
PATH=$BUILD_DIR/src/ctl:$PATH

page_of() {
    echo "$FLOCK_DIR/$1/page"
}

by_c() {
    "$BUILD_DIR/tests/system/lease_page_example" "$(page_of "$1")"
}

by_python() {
    python3 "$examples/lease_page.py" "$(page_of "$1")"
}

by_goosectl() {
    goosectl --lease-page "$(page_of "$1")" is-goose
}

# answers STATUS HOW I
answers() {
    local status=0
    "$2" "$3" >"$FLOCK_DIR/said" 2>&1 || status=$?
    [ $status = "$1" ]
}

# expect_answer STATUS I - by all of them.
expect_answer() {
    local how
    for how in by_c by_python by_goosectl; do
        answers "$1" $how "$2" || fail "$how of node $2's page: not $1: $(cat "$FLOCK_DIR/said")"
    done
}

flock_new 3 "${patient[@]}"
for i in 1 2 3; do
    mapfile -t args <"$FLOCK_DIR/$i/args"
    node_set_args "$i" "${args[@]}" --lease-page "$(page_of "$i")"
done
expect_answer 2 1
start 1 2 3
agree 1 2 3
observe
"$BUILD_DIR/tests/system/pages" "$(page_of 1)" "$(page_of 2)" "$(page_of 3)" >"$FLOCK_DIR/pages" 2>&1 &
pages=$!

say "the page says what /status says"
wait_goose
duck=$(another_than "$goose")
expect_answer 0 "$goose"
expect_answer 1 "$duck"
by_c "$goose" | grep -qE "^goose term $(status_of "$goose" term) for [0-9]+ ms\$" || fail "another term"
by_python "$goose" | grep -qE "^goose term $(status_of "$goose" term) for [0-9]+ ms\$" || fail "another term"
[ "$("$examples/only-on-goose.sh" "$(page_of "$goose")" echo yes)" = yes ] || fail "the goose does not run it"
[ -z "$("$examples/only-on-goose.sh" "$(page_of "$duck")" echo yes)" ] || fail "a duck runs it"

say "the same page, and one writer"
expect_refusal 1 'another goosed keeps this page' --self "$(loopback 9)" --state-dir "$FLOCK_DIR/9" \
    --lease-page "$(page_of "$goose")"
expect_refusal 3 'no lease page' --self "$(loopback 9)" --state-dir "$FLOCK_DIR/9" --lease-page "$0"
expect_refusal 3 'no such directory' --check-config --self "$(loopback 9)" --lease-page /nonexistent/page

say "6 handovers"
for ((i = 0; i < 6; i++)); do
    wait_goose
    mark=$(mark)
    wait_for 10 "a handover" node_http "$goose" POST /handover >/dev/null
    wait_new_goose 5 "$mark" >/dev/null
done

say "SIGSTOP: it runs out, and stays so when the node goes on"
wait_goose
node_pause "$goose"
wait_for 5 "the page to run out" answers 1 by_c "$goose"
expect_answer 1 "$goose"
node_resume "$goose"
agree 1 2 3

say "kill -9: likewise; and the next daemon goes on in the same page"
wait_goose
node_kill "$goose"
wait_for 5 "the page to run out" answers 1 by_c "$goose"
start "$goose"
agree 1 2 3
hand_over_to "$goose"
wait_for 5 "the same page to say goose" answers 0 by_c "$goose"

say "a stop withdraws it"
node_stop "$goose"
expect_answer 1 "$goose"
start "$goose"
agree 1 2 3
kill -0 $pages || fail "$(cat "$FLOCK_DIR/pages")"
kill $pages
wait $pages || fail "$(cat "$FLOCK_DIR/pages")"
cat "$FLOCK_DIR/pages"
finish
