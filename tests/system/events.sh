#!/usr/bin/env bash
# events.sh: who watches sees each change, in order and soon: streams of events, answers that wait, the history, and the
# command of --on-change. Who reads too slowly costs the node nothing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"

# watch I - its events from now on, in the file events.I.
declare -A watching=()
watch() {
    : >"$FLOCK_DIR/events.$1"
    curl --silent --no-buffer "http://$(node_address "$1")/events" >>"$FLOCK_DIR/events.$1" &
    watching[$1]=$!
    wait_for 5 "the first event of node $1" grep -q ^data: "$FLOCK_DIR/events.$1"
}

unwatch() {
    kill "${watching[$1]}" 2>/dev/null || true
    wait "${watching[$1]}" 2>/dev/null || true
}

# event I FILTER - of the latest event that the filter lets through.
event() {
    sed -n 's/^data: //p' "$FLOCK_DIR/events.$1" | jq -c "$2" | tail -n 1
}

# has_event I WHY
has_event() {
    [ -n "$(event "$1" "select(.why == \"$2\")")" ]
}

# wait_event SECONDS I WHY
wait_event() {
    wait_for "$1" "an event of node $2: $3" has_event "$2" "$3"
}

# Each has its id, its index and all that a status has; and none is left out.
expect_whole() {
    local file=$FLOCK_DIR/events.$1 ids
    ids=$(sed -n 's/^id: //p' "$file")
    [ "$ids" = "$(seq "$(head -n 1 <<<"$ids")" "$(tail -n 1 <<<"$ids")")" ] || fail "ids with gaps: $ids"
    [ "$ids" = "$(sed -n 's/^data: //p' "$file" | jq .index)" ] || fail "ids are not the indexes"
    [ "$(sed -n 's/^data: //p' "$file" | jq -c 'del(.index, .why) | keys_unsorted' | sort -u)" = \
        "$(node_http "$1" GET /status "${json[@]}" | jq -c keys_unsorted)" ] || fail "not what a status has"
}

# history I FILTER
history_of() {
    node_http "$1" GET /history "${json[@]}" | jq -r "$2"
}

index_of() {
    ask "$1" GET /status
    sed -n 's/^Goose-Index: //p' <<<"$headers"
}

scene "a goose dies: on streams, in answers that wait, and in the history"
flock_on_loopback 3 "${patient[@]}"
wait_voters 10 1 2 3
observe
goose=$(flock_goose)
duck=$(another_than "$goose")
third=$((6 - goose - duck))
watch "$duck"
watch "$third"
[ "$(event "$duck" .goose)" = "\"$(node_address "$goose")\"" ] || fail "the first event is not what is"
index=$(index_of "$duck")
[ "$(event "$duck" .index)" = "$index" ] || fail "the first event has another index than /status"
begun=$(now_ms)
expect 200 duck "$duck" GET "/status?wait=300ms&index=$index"
[ $(($(now_ms) - begun)) -ge 290 ] || fail "it did not wait"
expect_header "Goose-Index: $index"
expect 200 duck "$duck" GET "/status?wait=5m&index=$((index - 1))"
expect 200 duck "$duck" GET "/status?wait=5m&index=$((index + 1))"
expect 400 'wait is not a duration of at most 5m; .*' "$duck" GET '/status?wait=6m'
expect 405 '.*' "$duck" HEAD /events
expect_header 'Allow: GET, OPTIONS'
curl --silent --include --max-time 20 "${json[@]}" \
    "http://$(node_address "$duck")/status?wait=15s&index=$index" >"$FLOCK_DIR/waited" &
waiting=$!
node_kill "$goose"
wait "$waiting" || fail "the answer that waits: $?"
# It is what is when it is written, and by then the next change may have been, too: so it is the event of its own index.
waited=$(sed -n 's/^Goose-Index: \([0-9]*\).*/\1/p' "$FLOCK_DIR/waited")
[ "${waited:-0}" -gt "$index" ] || fail "no later index than $index: $(cat "$FLOCK_DIR/waited")"
what_is='[.role, .goose, .term, .roster.version]'
is_event() {
    [ "$(sed -n 's/^{/{/p' "$FLOCK_DIR/waited" | jq -c "$what_is")" = "$(event "$duck" "select(.index == $1) | $what_is")" ]
}
wait_for 5 "an event of index $waited that is the answer: $(cat "$FLOCK_DIR/waited")" is_event "$waited"
agree "$duck" "$third"
old=$goose
goose=$(flock_goose)
[ "$goose" != "$duck" ] || duck=$third
wait_event 5 "$goose" "lost touch with the goose"
wait_event 5 "$goose" "elected after the goose fell silent"
wait_event 5 "$duck" "heard it"
[ "$(event "$goose" 'select(.why | startswith("elected")) | [.role, .goose, .lease_ms > 0]')" = \
    "[\"goose\",\"$(node_address "$goose")\",true]" ] || fail "the event of an election has no claim"
was="{\"from\":\"$(node_address "$old")\",\"to\":null,\"why\":\"lost touch with the goose\"}"
is="{\"from\":null,\"to\":\"$(node_address "$goose")\",\"why\":\"elected after the goose fell silent\"}"
[ "$(history_of "$goose" '.history[-2:] | map({from, to, why}) | tojson')" = "[$was,$is]" ] ||
    fail "the history: $(history_of "$goose" .)"
[ "$(history_of "$duck" '.history[-1] | [.to, .why, (.at | test("^20[0-9-]+T[0-9:]+[.][0-9]{3}Z$"))] | tojson')" = \
    "[\"$(node_address "$goose")\",\"heard it\",true]" ] || fail "the history: $(history_of "$duck" .)"
expect 200 ".* term [0-9]+: none -> $(node_address "$goose"), heard it" "$duck" GET /history

say "a lease that ends while nothing else happens is a change at that very moment"
begun=$(now_ms)
node_kill "$duck"
wait_event 5 "$goose" "its lease ended"
ended=$(date --date "$(history_of "$goose" '.history[-1].at')" +%s%3N)
[ $((ended - begun)) -le 3000 ] || fail "noticed $((ended - begun)) ms after the last voter was lost"
[ "$(event "$goose" 'select(.why == "its lease ended") | [.role, .goose, .lease_ms]')" = '["duck",null,0]' ] ||
    fail "a claim in the event of its end"
expect_whole "$goose"
unwatch "$goose"
unwatch "$third"

# ---- who reads too slowly ----

scene "a stream that is not read is ended, and costs nothing"
flock_on_loopback 2 "${patient[@]}"
duck=$(another_than "$(flock_goose)")
# So that the kernel keeps less for it, and the node has to.
[ "$IN_SANDBOX" = no ] || echo 4096 16384 65536 >/proc/sys/net/ipv4/tcp_wmem || true
rss_kb() {
    awk '$1 == "Rss:" { print $2 }' "/proc/$(node_pid "$duck")/smaps_rollup"
}
# change TIMES - the duck drains, and does not, at most as often.
change() {
    local pids=() method
    for method in PUT DELETE; do
        curl --silent --output /dev/null --request "$method" "http://$(node_address "$duck")/drain?[1-$1]" &
        pids+=($!)
    done
    wait "${pids[@]}"
}
change 500
index=$(index_of "$duck")
before=$(rss_kb)
watch "$duck"
"$BUILD_DIR/tests/system/watchers" slow "$(node_address "$duck")" >"$FLOCK_DIR/slow" &
slow=$!
is_ended() {
    change 200
    grep -q ended "$FLOCK_DIR/slow"
}
wait_for 60 "the stream that is not read to be ended" is_ended
wait "$slow"
grown=$(($(rss_kb) - before))
say "$(($(index_of "$duck") - index)) changes, $grown kB more"
[ $grown -lt 512 ] || [ -n "${ASAN_OPTIONS-}" ] || fail "the node has grown by $grown kB"
last=$(index_of "$duck")
has_id() {
    grep -q "^id: $1\$" "$FLOCK_DIR/events.$duck"
}
wait_for 5 "the other stream to have them all" has_id "$last"
expect_whole "$duck"
unwatch "$duck"

# ---- --on-change ----

scene "--on-change: in order, one at a time, for each change of my role and of the goose"
out=$FLOCK_DIR/out
mkdir "$out"
# shellcheck disable=SC2016 # for the shell that is run
tells='echo "$GOOSE_ROLE $GOOSE_TERM ${GOOSE_ADDRESS:-none} $GOOSE_FLOCK ${GOOSE_MISSED-}" >>'$out'/$GOOSE_SELF'
gate="while [ ! -e $out/open ]; do sleep 0.1; done"
flock_new 3
args=(--peers "$(addresses_of 1 2 3)" --faults --log-level debug)
node_set_args 1 "${args[@]}" --on-change "$tells"
node_set_args 2 "${args[@]}" --on-change "$tells; sleep 60" --on-change-timeout 200ms
node_set_args 3 "${args[@]}" --priority 0 --on-change "$gate; $tells" --on-change-timeout 10m
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
observe
watch 1
told() {
    cat "$out/$(node_address "$1")" 2>/dev/null
}
tells_last() {
    [ "$(told "$1" | tail -n 1)" = "$2" ]
}
tells_what_is() {
    tells_last 1 "$(status_of 1 'role + " \(.term) " + .goose + " goose "')"
}
for i in 2 1 2 1; do
    hand_over_to $i
    agree 1 2 3
    wait_for 20 "node 1 to tell what is, after goose $i" tells_what_is
done
[ "$(told 1 | head -n 1)" = 'duck 0 none goose ' ] || fail "the state at the start was not told: $(told 1)"
[ "$(told 1)" = "$(told 1 | uniq)" ] || fail "told twice: $(told 1)"
[ "$(told 1 | cut -d ' ' -f 2)" = "$(told 1 | cut -d ' ' -f 2 | sort -n)" ] || fail "not in order: $(told 1)"
[ "$(told 1 | wc -l)" = "$(($(history_of 1 '.history | length') + 1))" ] || fail "not all: $(told 1)"

say "the same on a stream, with what an operator does"
for why in "handed over" "heard it" "it resigned" "heir of a resigned goose"; do
    wait_event 5 1 "$why"
done
expect 200 draining 1 PUT /drain
wait_event 5 1 draining
agree 1 2 3
expect 200 'not draining' 1 DELETE /drain
wait_event 5 1 "no longer draining"
expect_whole 1
unwatch 1

say "one that takes too long is ended, and holds nobody up"
wait_log 10 2 'on-change role=.* term=.*: ended by signal 15 after 2[0-9]{2} ms, its time was up'
expect 200 live 2 GET /livez
[ "$(told 3 | wc -l)" = 0 ] || fail "node 3 went through a closed gate"

say "too many are left out, the oldest first"
# As many handovers as node 3 needs to see 70 changes: where it misses a resignation, two of them are one to it.
changes_of_3() {
    sed -n 's/^data: //p' "$FLOCK_DIR/events.3" | jq -c '[.role, .goose]' | uniq | wc -l
}
watch 3
for ((n = 0; $(changes_of_3) < 70; n++)); do
    [ $n -lt 200 ] || fail "node 3 saw $(changes_of_3) changes in $n handovers"
    ask 1 POST /handover
done
agree 1 2 3
unwatch 3
touch "$out/open"
wait_for 60 "node 3 to have told all" tells_last 3 "duck $(status_of 3 term) $(node_address "$(flock_goose)") goose "
[ "$(told 3 | wc -l)" = 65 ] || fail "$(told 3 | wc -l) runs of the one that ran, and of 64 that waited"
missed=$(told 3 | awk 'NF == 5 { print NR, $5 }')
[[ $missed == "2 "[1-9]* ]] || fail "missed: $missed"
[ "$((${missed#2 } + 65))" -le "$((1 + $(history_of 3 '.history[-1].index')))" ] || fail "too many missed: $missed"

# The mount is gone with the sandbox.
if [ "$IN_SANDBOX" = yes ]; then
    scene "a disk that does not give the shell holds up its run, and nothing else"
    flock_new 3
    for i in 2 3; do
        node_set_args $i "${args[@]}"
    done
    node_set_args 1 "${args[@]}" --on-change "$tells"
    rm -rf "${out:?}"/*
    start 1 2 3
    wait_voters 10 1 2 3
    hand_over_to 2
    agree 1 2 3
    observe
    sh=$(readlink -f /bin/sh)
    cp "$sh" "$FLOCK_DIR/sh"
    mount --bind "$FLOCK_DIR/sh" "$sh"
    if holds slow_exec "$FLOCK_DIR/sh" 1500; then
        hand_over_to 1
        term=$(status_of 1 term)
        agree 1 2 3
        wait_for 5 "an exec that is held" grep -q held "$FLOCK_DIR/held"
        ! told 1 | grep -q "^goose $term " || fail "it was not held"
        wait_for 10 "node 1 to tell of it" tells_last 1 "goose $term $(node_address 1) goose "
        expect_role 1 goose
        [ "$(status_of 1 term)" = "$term" ] || fail "the goose was held up, too"
        scrape 1
        [ "$(longer_than goosed_loop_lag_seconds 0.5)" = 0 ] || fail "the loop was held up"
        kill "$holder"
    fi
fi

scene "a goose that is stopped tells so before it ends, as long as its time lasts"
node_new 1 "$(loopback 1)" --on-change "sleep 0.3; $tells" --faults
node_new 2 "$(loopback 2)" --on-change "[ \$GOOSE_ROLE = duck ] || exit 0; sleep 60" --on-change-timeout 300ms --faults
rm -rf "${out:?}"/*
start_child 1
start_child 2
agree 1
agree 2
watch 1
wait_for 10 "node 1 to tell that it is goose" tells_last 1 "goose 1 $(node_address 1) goose "
node_signal 1 TERM
expect_end 5 1 0
wait "${watching[1]}" || fail "a stream of a node that stops is not ended: $?"
has_event 1 stopping || fail "no event of the stop"
tells_last 1 'duck 1 none goose ' || fail "the last was: $(told 1)"
node_signal 2 TERM
expect_end 5 2 0
log_has 2 'on-change role=duck term=1: ended by signal 15' || fail "it was not ended: $(tail -n 3 "$(node_log 2)")"
log_has 1 'on-change role=duck term=1: exit status 0' || fail "its exit status is not in the log"
finish
