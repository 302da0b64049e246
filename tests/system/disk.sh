#!/usr/bin/env bash
# disk.sh: the disk under a running node fails, hangs or is slow. Who cannot save resigns and ends; who waits for its
# disk says nothing that is not saved, and holds nobody up.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

start_flock() {
    flock_new 3 "${patient[@]}"
    for i in 1 2 3; do
        start_child "$i"
    done
    agree 1 2 3
    wait_voters 10 1 2 3
    observe
}

# make_it_write GOOSE DUCK - a change of the roster, which the goose has to save before anything else. It may never be
# answered.
make_it_write() {
    curl --silent --max-time 10 --request DELETE "http://$(node_address "$1")/members/$(node_address "$2")" \
        >/dev/null &
}

rss_kb() {
    awk '$1 == "Rss:" { print $2 }' "/proc/$(node_pid "$1")/smaps_rollup"
}

scene "the goose's disk fails: it resigns, says so, and ends with 1; another takes over"
start_flock
goose=$(flock_goose)
read -r duck third < <(others_than "$goose" | xargs)
mark=$(mark)
node_faults "$goose" '{"disk":"fail"}'
make_it_write "$goose" "$duck"
next=$(wait_new_goose 5 "$mark")
[ "$next" != "$goose" ] || fail "it goes on without a disk"
expect_end 5 "$goose" 1
log_has "$goose" 'the state cannot be saved .*: resigning and stopping' || fail "it does not say why it ends"
agree "$duck" "$third"

say "a duck's disk fails: it votes for nobody, says so, and ends with 1"
start_child "$goose"
agree 1 2 3
wait_voters 10 1 2 3
read -r duck third < <(others_than "$next" | xargs)
node_faults "$duck" '{"disk":"fail"}'
hand_over_to "$third"
expect_end 5 "$duck" 1
log_has "$duck" 'the state cannot be saved' || fail "it does not say why it ends"
agree "$next" "$third"

scene "the goose's disk hangs: it goes on as it is, and gives the role away without its disk"
start_flock
goose=$(flock_goose)
read -r duck third < <(others_than "$goose" | xargs)
node_faults "$goose" '{"disk":"hang"}'
mark=$(mark)
make_it_write "$goose" "$duck"
expect_quiet 1 "$mark" '(goose|duck)'
[[ " $(voters_at "$goose") " == *" $(node_address "$duck") "* ]] || fail "a roster that is not saved is used"
node_signal "$goose" TERM
next=$(wait_new_goose 5 "$mark")
[ "$next" != "$goose" ] || fail "it is goose again, without a disk"
expect_end 5 "$goose" 0
agree "$duck" "$third"

say "a duck's disk hangs: the others elect without it, no queue grows, and it follows when the disk is back"
start_child "$goose"
agree 1 2 3
wait_voters 10 1 2 3
read -r duck third < <(others_than "$next" | xargs)
node_faults "$duck" '{"disk":"hang"}'
hand_over_to "$third"
before=$(rss_kb "$duck")
for i in {1..10}; do
    hand_over_to "$next"
    hand_over_to "$third"
done
grown=$(($(rss_kb "$duck") - before))
[ $grown -lt 256 ] || fail "it grew by $grown kB"
node_faults "$duck" '{}'
agree 1 2 3
wait_voters 10 1 2 3

say "slow disks: slower elections, nothing else"
for i in 1 2 3; do
    node_faults "$i" '{"disk":"slow","disk_ms":40}'
done
mark=$(mark)
goose=$(flock_goose)
node_kill "$goose"
wait_new_goose 5 "$mark" >/dev/null
start_child "$goose"
agree 1 2 3
scene "a disk that really hangs, under the state or under the log: what is written waits, and nobody else"
flock_new 3
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
observe
goose=$(flock_goose)
term=$(status_of "$goose" term)
for file in "$FLOCK_DIR/$goose/state/state" "$(node_log "$goose")"; do
    mark=$(mark)
    holds slow_file "$file" 1500 || break
    node_signal "$goose" USR1
    expect_quiet 1 "$mark" '(goose|duck)'
    wait "$holder" || fail "slow_file: $(<"$FLOCK_DIR/held")"
    wait_log 5 "$goose" ' status role=goose'
done
expect_role "$goose" goose
[ "$(status_of "$goose" term)" = "$term" ] || fail "the goose was held up, too"
finish
