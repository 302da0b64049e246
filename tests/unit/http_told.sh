#!/usr/bin/env bash
# http_told.sh - goosed-http(7) names each request that src/http takes and each metric that src shows, and no other.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
page=src/man/goosed-http.7

requests() {
    cat src/http/*.c | tr -d '\n' | grep -oE '\.path = "[^"]+", *\.method = HTTP_[A-Z]+' |
        sed -E 's/.*"(.*)".*HTTP_(.*)/\2 \1/'
}

requests_told() {
    grep '^\.It Li ' "$page" | grep -oE '(GET|OPTIONS|POST|PUT|DELETE) /[a-z/]*'
}

metrics() {
    cat src/*/*.c | grep -oE '"goosed_[a-z_]+"' | tr -d '"' | sed 's/^goosed_//'
}

metrics_told() {
    sed -n '/^\.Sh METRICS/,$p' "$page" | grep '^\.It Li ' | grep -v / | sed 's/^.It Li //; s/ Bq .*//' | tr ',' '\n' |
        tr -d ' '
}

failed=0
# same WHAT SOURCES PAGE - they are many, and the same.
same() {
    local parted
    [ "$(wc -l <<<"$2")" -gt 20 ] || { echo "the sources are not understood: $1" && failed=1; }
    parted=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3")) && return 0
    printf '%s; < is in src only, > is in %s only:\n%s\n' "$1" "$page" "$parted"
    failed=1
}
same requests "$(requests)" "$(requests_told)"
same metrics "$(metrics)" "$(metrics_told)"
exit $failed
