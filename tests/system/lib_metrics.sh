# shellcheck shell=bash
# lib_metrics.sh: words for scenarios that read GET /metrics. Sourced behind lib2.sh, never run.

# scrape I - reads the metrics of node I; the questions below are about what was read last.
scrape() {
    ask "$1" GET /metrics
    [ "${code-}" = 200 ]
}

# metric SAMPLE - its value; nothing where there is none. A sample is a name with its labels.
metric() {
    awk -v sample="$1" '{ line = $0; sub(/ [^ ]*$/, "", line) } line == sample { print $NF }' "$FLOCK_DIR/body"
}

# metric_is SAMPLE TEST - TEST is awk's, behind the value: for example '> 0.5'. What is not there does not hold.
metric_is() {
    local value
    value=$(metric "$1")
    [ -n "$value" ] && awk -v v="$value" "BEGIN { exit !(v + 0 $2) }"
}

expect_metric() {
    metric_is "$@" || fail "$1 is '$(metric "$1")', not $2"
}

scraped_is() {
    scrape "$1" && metric_is "$2" "$3"
}

# wait_metric SECONDS I SAMPLE TEST
wait_metric() {
    wait_for "$1" "$3 $4 at node $2" scraped_is "$2" "$3" "$4" || fail "it is '$(metric "$3")'"
}

# longer_than HISTOGRAM BOUND - how many took longer than that bound, as Prometheus writes it.
longer_than() {
    echo $(($(metric "$1_count") - $(metric "$1_bucket{le=\"$2\"}")))
}
