#!/usr/bin/env bash
# metrics.sh: what GET /metrics says, as text that a strict reader takes, and whether it is true: on a goose, on ducks,
# through a handover and a crash, under drills, and of members that differ. (A real Prometheus reads it in prometheus.sh.)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"

# scrape_text I - reads the metrics of node I, which are in the format.
scrape_text() {
    scrape "$1" || fail "node $1: $code"
    expect_header 'Content-Type: text/plain; version=0\.0\.4; charset=utf-8'
    awk -f "$here/metrics_text.awk" "$FLOCK_DIR/body" || fail "node $1 does not write the format"
}

lags_more() {
    scrape "$1" && [ "$(longer_than goosed_loop_lag_seconds 0.5)" -gt "$2" ]
}

say "the reader of the format takes no other"
good='# HELP goosed_x_total X.\n# TYPE goosed_x_total counter\ngoosed_x_total 1\n'
for bad in 'goosed_y 1\n' "$good" 'goosed_x_total 1\n' 'goosed_x_total{a="\\x"} 1\n' 'goosed_x_total{a="1"} 1.50\n' \
    '# HELP goosed_y Y.\n# TYPE goosed_y counter\ngoosed_y 1\n' '# HELP goosed_y Y.\n' \
    '# HELP goosed_y_seconds Y.\n# TYPE goosed_y_seconds histogram\ngoosed_y_seconds_bucket{le="1"} 1\n'; do
    # shellcheck disable=SC2059 # the escapes are meant
    ! printf "$good$bad" | awk -f "$here/metrics_text.awk" >"$FLOCK_DIR/said" || fail "it takes $bad"
    grep -q 'too little' "$FLOCK_DIR/said" && fail "it sees nothing wrong in $bad"
done

scene "a flock of three at rest"
flock_new 3 "${patient[@]}" --voters 3
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
observe
goose=$(flock_goose)
read -r duck third < <(others_than "$goose" | xargs)
for i in 1 2 3; do
    wait_metric 5 "$i" goosed_loop_lag_seconds_count '>= 1'
    term=$(status_of "$i" term)
    id=$(status_of "$i" flock_id)
    scrape_text "$i"
    expect_metric goosed_has_goose '== 1'
    expect_metric goosed_term "== $term"
    expect_metric 'goosed_members{seat="voter"}' '== 3'
    expect_metric goosed_voters_wanted '== 3'
    expect_metric goosed_settled '== 1'
    expect_metric "goosed_flock_info{flock=\"goose\",flock_id=\"$id\"}" '== 1'
    expect_metric 'goosed_setting_seconds{setting="lease"}' '== 2'
    expect_metric goosed_start_time_seconds "> $(date +%s) - 60"
    expect_metric goosed_disk_write_seconds_count '>= 2'
    [ "$i" != "$goose" ] || continue
    expect_metric goosed_is_goose '== 0'
    expect_metric 'goosed_role{role="duck"}' '== 1'
    expect_metric goosed_lease_remaining_seconds '== 0'
    expect_metric 'goosed_messages_accepted_total{kind="heartbeat"}' '> 5'
    [ -z "$(metric 'goosed_members{seat="observer"}')" ] || fail "a duck counts observers, which it does not know"
done
scrape "$goose"
expect_metric goosed_is_goose '== 1'
expect_metric 'goosed_role{role="goose"}' '== 1'
expect_metric 'goosed_role{role="duck"}' '== 0'
expect_metric goosed_lease_remaining_seconds '> 0'
expect_metric goosed_lease_remaining_seconds '<= 2'
expect_metric "goosed_voter_silent_seconds{voter=\"$(node_address "$duck")\"}" '< 1'
expect_metric 'goosed_members{seat="observer"}' '== 0'
expect_metric goosed_elections_won_total '== 1'
expect_metric goosed_heartbeat_round_trip_seconds_count '> 10'
expect 200 'HTTP/1.1 200 OK.*' "$goose" HEAD /metrics

say "answers are counted by their code"
expect 404 '.*' "$duck" GET /quack
scrape "$duck"
expect_metric 'goosed_http_requests_total{code="404"}' '== 1'
expect_metric 'goosed_http_requests_total{code="200"}' '> 5'
expect_metric goosed_http_connections '>= 1'

say "a handover: who ended, who won, who saw it"
scrape "$third"
before=$(metric goosed_goose_changes_total)
expect 200 '.*' "$third" POST /handover --data "{\"to\":\"$(node_address "$duck")\"}"
agree 1 2 3
scrape "$third"
expect_metric goosed_goose_changes_total "== $before + 1"
scrape "$goose"
expect_metric 'goosed_reigns_ended_total{reason="handover"}' '== 1'
scrape "$duck"
expect_metric 'goosed_elections_total{reason="heir"}' '== 1'
expect_metric goosed_elections_won_total '== 1'

say "a heartbeat of another uid in the goose's own term: goose and ducks count it, and nobody believes it"
scrape "$duck"
expect_metric goosed_two_geese_total '== 0'
for i in "$duck" "$third"; do
    "$BUILD_DIR/tests/system/mischief" rival "$id" "$(status_of "$i" term)" "$(node_address "$i")"
    wait_metric 5 "$i" goosed_two_geese_total '== 1'
done
expect_role "$duck" goose

say "members of another version: counted, each said once, and not heard"
for _ in 1 2; do
    "$BUILD_DIR/tests/system/mischief" version 3 "$(node_address "$third")"
done
wait_metric 5 "$third" 'goosed_datagrams_dropped_total{reason="other-major"}' '== 2'
expect_metric 'goosed_members_differing{setting="version"}' '== 2'
[ "$(log_count "$third" 'speaks version 3 of the protocol')" = 2 ] || fail "not said once of each"

say "a disk that hangs shows while it does, and in the times; a process that stood still in the lag"
node_faults "$duck" '{"disk":"hang"}'
node_http "$duck" POST /handover >/dev/null # its new term is to be saved
wait_metric 5 "$duck" goosed_disk_write_waiting_seconds '> 0.3'
node_faults "$duck" '{}'
wait_metric 5 "$duck" goosed_disk_write_waiting_seconds '== 0'
[ "$(longer_than goosed_disk_write_seconds 0.25)" -ge 1 ] || fail "a write of over 300 ms was not counted"
agree 1 2 3
scrape "$third"
before=$(longer_than goosed_loop_lag_seconds 0.5)
node_pause "$third"
sleep 1.6 # a timer a second: one is over half a second late
node_resume "$third"
wait_for 5 "the lag of node $third" lags_more "$third" "$before"

scene "one that differs in its lease, one in its key: others see that, and how many"
(umask 077 && "$GOOSED" --new-key >"$FLOCK_DIR/first.key" && "$GOOSED" --new-key >"$FLOCK_DIR/second.key")
flock_new 2 "${patient[@]}" --key-file "$FLOCK_DIR/first.key"
node_new 3 "$(loopback 3)" --join "$(addresses_of 1 2)" --lease 3s --key-file "$FLOCK_DIR/first.key"
node_new 4 "$(loopback 4)" --join "$(addresses_of 1 2)" "${patient[@]}" --key-file "$FLOCK_DIR/second.key"
start 1 2 3 4
agree 1 2 3
observe
wait_metric 5 3 'goosed_members_differing{setting="lease"}' '== 1' # the goose, to node 3
wait_metric 5 1 'goosed_members_differing{setting="keys"}' '== 1'
expect_metric 'goosed_members_differing{setting="lease"}' '== 0'
expect_metric 'goosed_members_differing{setting="version"}' '== 0'
expect_metric 'goosed_datagrams_dropped_total{reason="wrong-key"}' '> 0'
scrape 4
expect_metric goosed_has_goose '== 0'
said='the goose has a lease of 2000000 us, this node one of 3000000 us: .* give all members the same --lease'
wait_log 5 3 "$said"
sleep 0.2 # some heartbeats more
[ "$(log_count 3 "$said")" = 1 ] || fail "said more than once"
goose=$(flock_goose)
wait_metric 5 "$goose" 'goosed_members{seat="observer"}' '== 1'
scrape_text "$goose"

say "a crash: the other knows no goose any more, and counts it"
node_kill "$goose"
wait_metric 10 $((3 - goose)) goosed_goose_losses_total '>= 1'
expect_metric goosed_has_goose '== 0'
expect_metric goosed_two_geese_total '== 0'
finish
