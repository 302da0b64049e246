#!/usr/bin/env bash
# prometheus.sh: Debian's own Prometheus reads the metrics. promtool takes what a goose and a duck write, and the example
# alerts; a real server watches three nodes while the goose is killed and restarted: it sees one goose again each time,
# and never two whose leases lived at once. When a majority is away, the alert for it fires.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
# shellcheck source=tests/system/lib_metrics.sh
. "$(dirname "$0")/lib_metrics.sh"
needs_sandbox # so that the server ends with it, and its port is free
command -v prometheus >/dev/null ||
    skip "needs Debian's package prometheus, which scripts/test.sh --all installs"
alerts=$(cd "$here/../../scripts/examples" && pwd)/alerts.yml
dir=$FLOCK_DIR/prometheus
server=127.0.0.1:9090

# queried QUERY - the values that it has now, one a line.
queried() {
    curl --silent --fail --max-time 5 --data-urlencode "query=$1" "http://$server/api/v1/query" |
        jq -r '.data.result[].value[1]'
}

query_is() {
    [ "$(queried "$1" 2>/dev/null)" = "$2" ]
}

# wait_query SECONDS QUERY VALUE
wait_query() {
    wait_for "$1" "Prometheus to have $3 for $2" query_is "$2" "$3" || fail "it has '$(queried "$2")'"
}

# range_of QUERY - its values since the server was started, every 50 ms.
range_of() {
    curl --silent --fail --max-time 20 --data-urlencode "query=$1" --data "start=$began" \
        --data "end=$(date +%s.%N)" --data step=0.05 "http://$server/api/v1/query_range" |
        jq -r '.data.result[].values[][1]'
}

start_prometheus() {
    mkdir "$dir"
    cat >"$dir/config.yml" <<CONFIG
global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 1s}
rule_files: ['$alerts']
scrape_configs:
  - job_name: goosed
    static_configs: [{targets: ['${1//,/\', \'}']}]
CONFIG
    promtool check config "$dir/config.yml" >"$dir/checked" || fail "$(<"$dir/checked")"
    began=$(date +%s.%N)
    prometheus --config.file="$dir/config.yml" --storage.tsdb.path="$dir/data" --web.listen-address=$server \
        --no-scrape.adjust-timestamps --log.level=warn >"$dir/log" 2>&1 &
}

say "promtool takes the example alerts, and sees each of them fire when it should"
promtool check rules "$alerts"
promtool test rules "$here/alerts_test.yml"

say "and what a goose and a duck write"
flock_on_loopback 3 "${patient[@]}"
wait_voters 10 1 2 3
observe
goose=$(flock_goose)
for i in 1 2 3; do
    scrape $i
    said=$(promtool check metrics <"$FLOCK_DIR/body" 2>&1) || fail "of node $i: $said"
    [ -z "$said" ] || fail "of node $i: $said"
done

say "a server watches: three nodes, one goose"
start_prometheus "$(addresses_of 1 2 3)"
wait_query 30 'sum(up)' 3
wait_query 10 'sum(goosed_is_goose)' 1
wait_query 10 "goosed_is_goose{instance=\"$(node_address "$goose")\"}" 1
wait_query 10 'min(goosed_has_goose)' 1

for round in 1 2 3; do
    say "the goose is killed, the $round. time: one goose again, and it is another"
    goose=$(flock_goose)
    node_kill "$goose"
    wait_query 10 'sum(up)' 2
    wait_query 15 "sum(goosed_is_goose{instance!=\"$(node_address "$goose")\"})" 1
    wait_query 5 'sum(goosed_is_goose)' 1
    node_start "$goose"
    wait_query 10 'sum(up)' 3
    wait_query 15 'min(goosed_has_goose)' 1
done

# What an answer says of a lease holds from when it was asked for. (A handover would end one sooner; there was none.)
say "no two of the leases that it was told of lived at one time"
claims='count(goosed_is_goose == 1 and time() - timestamp(goosed_is_goose) < goosed_lease_remaining_seconds)'
range_of "$claims" | sort | uniq -c >"$dir/claims"
cat "$dir/claims"
[ "$(awk '$2 == 1 { print ($1 >= 50) }' "$dir/claims")" = 1 ] || fail "it hardly saw a goose"
[ "$(wc -l <"$dir/claims")" = 1 ] || fail "two leases lived at one time"
[ "$(range_of 'max(goosed_two_geese_total)' | sort -u)" = 0 ] || fail "two uids sent heartbeats in one term"
[ "$(range_of 'max(goosed_term)' | sort -nu | wc -l)" -ge 4 ] || fail "it did not see the terms"
[ -z "$(range_of 'ALERTS{alertname="GoosedNoGoose",alertstate="firing"}')" ] || fail "an alert at each change"

say "a majority is away: the alert fires; when it is back, it ends"
goose=$(flock_goose)
read -r duck third < <(others_than "$goose" | xargs)
node_kill "$goose"
node_kill "$duck"
wait_query 30 'ALERTS{alertname="GoosedNoGoose",alertstate="firing"}' 1
[ -z "$(queried 'ALERTS{alertname="GoosedTwoGeese",alertstate="firing"}')" ] || fail "two geese, by the alerts"
expect_role "$third" duck
start "$goose" "$duck"
wait_query 30 'sum(goosed_is_goose)' 1
wait_query 10 'count(ALERTS{alertname="GoosedNoGoose"}) or vector(0)' 0
finish
