#!/usr/bin/env bash
# http.sh: what every row of the table of HTTP requests answers, on a goose, on a duck, and where there is no goose; and
# what becomes of requests that are none. Changes to the flock are in carried.sh.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

# raw I BYTES - what node I answers to these bytes (escapes as printf has them), until it closes or 5 s are over.
raw() {
    local address
    address=$(node_address "$1")
    exec {tcp}<>"/dev/tcp/${address%:*}/${address##*:}"
    printf '%b' "$2" >&"$tcp"
    answer=$(timeout 5 cat <&"$tcp" | tr -d '\r') || true
    exec {tcp}>&-
}

# expect_raw CODE I BYTES - the last request of these asks to close, or has to be refused.
expect_raw() {
    raw "$2" "$3"
    [[ $answer == "HTTP/1.1 $1 "* ]] || fail "not $1, to $3: $answer"
}

# json_is FILTER VALUE - of the last body.
json_is() {
    local value
    value=$(jq -c "$1" <<<"$body") || fail "no JSON: $body"
    [ "$value" = "$2" ] || fail "$1 is $value, not $2: $body"
}

scene "a flock of three, to be asked"
flock_new 3 "${patient[@]}"
node_set_args 3 --peers "$(addresses_of 1 2 3)" "${patient[@]}"
start 1 2 3
agree 1 2 3
wait_voters 10 1 2 3
goose=$(flock_goose)
if [ "$goose" = 3 ]; then
    hand_over_to 1
    agree 1 2 3
    goose=1
fi
duck=$((3 - goose))
address=$(node_address "$goose")

# about_role CODE-PATTERN... - what every answer about the role has in its header.
about_role() {
    expect_header 'Goose-Term: [1-9][0-9]*'
    expect_header 'Goose-Lease-Ms: [0-9]+'
    expect_header "Goose-Address: $address"
    expect_header 'Cache-Control: no-store'
}

say "GET /status, and / for everything but a browser"
for path in /status /; do
    expect 200 goose "$goose" GET $path
    about_role
    expect_header 'Content-Type: text/plain.*'
    ! has_header 'Goose-Hold-Ms: .*' || fail "a hold that nobody asked for"
    expect_header 'Content-Length: 6'
    expect_header 'Goose-Lease-Ms: (1?[0-9]{1,3}|2000)'
    expect 200 duck "$duck" GET $path
    about_role
    expect 200 '\{.*\}' "$duck" GET $path "${json[@]}"
    about_role
    expect_header 'Content-Type: application/json'
    json_is .self "\"$(node_address "$duck")\""
    json_is .role '"duck"'
    json_is .state '"duck"'
    json_is .seat '"voter"'
    json_is .goose "\"$address\""
    json_is .flock '"goose"'
    json_is .settled true
    json_is .draining false
    json_is .authenticated false
    json_is '[.term, .lease_ms, .hold_ms, .uptime_ms, .roster.term, .roster.version] | map(type) | unique' '["number"]'
    json_is '.flock_id | type' '"string"'
done
expect 200 '\{.*\}' "$goose" GET /status "${json[@]}"
json_is .role '"goose"'
json_is '.lease_ms > 0 and .lease_ms <= 2000' true
expect 200 '\{.*' "$goose" GET /status --header 'Accept: text/html, application/json;q=0.9'
expect 200 goose "$goose" GET /status --header 'Accept: application/jsonlines'
expect 200 '<!doctype html>.*' "$duck" GET / --header 'Accept: text/html,*/*;q=0.8'
expect_header 'Content-Type: text/html; charset=utf-8'
expect_header "Content-Security-Policy: default-src 'none'; .*"
expect_header 'Cache-Control: no-store'

say "GET, HEAD, OPTIONS of /goose and /duck"
for method in GET HEAD OPTIONS; do
    for row in "$goose /goose 200" "$duck /goose 503" "$goose /duck 503" "$duck /duck 200"; do
        read -r i path wanted <<<"$row"
        pattern=$address
        [ $method != HEAD ] || pattern='.*'
        expect "$wanted" "$pattern" "$i" $method "$path"
        about_role
        expect_header "Content-Length: $((${#address} + 1))"
    done
done
expect 200 "\{\"goose\":\"$address\"\}" "$goose" GET /goose "${json[@]}"

say "?hold=, on /status and /goose"
expect 200 goose "$goose" GET '/status?hold=100ms'
expect_header 'Goose-Hold-Ms: (100|[1-9][0-9]?)'
expect 200 "$address" "$goose" GET '/goose?hold=100ms'
expect_header 'Goose-Hold-Ms: (100|[1-9][0-9]?)'
expect 200 goose "$goose" GET '/status?hold=60s'
expect_header 'Goose-Hold-Ms: (2000|1?[0-9]{1,3})'
expect 200 duck "$duck" GET '/status?hold=100ms'
expect_header 'Goose-Hold-Ms: 0'
expect 400 'hold is not a duration; give a whole number .* as in \?hold=200ms' "$goose" GET '/status?hold=soon'
expect 400 '.*' "$goose" GET '/goose?hold='

say "/livez, /readyz, /members"
for i in $goose $duck; do
    expect 200 live "$i" GET /livez
    expect 200 ready "$i" GET /readyz
    about_role
    expect 200 '\{.*\}' "$i" GET /members
    expect_header 'Content-Type: application/json'
    json_is .goose "\"$address\""
    json_is '[.members[].address] | sort' "$(for n in 1 2 3; do node_address $n; done | jq -Rnc '[inputs]')"
    json_is '[.members[] | select(.role == "goose").address]' "[\"$address\"]"
    json_is '[.members[].seat] | unique' '["voter"]'
    json_is '[.members[].uid | test("^[0-9a-f]{16}$")] | unique' '[true]'
done
expect 200 '.*' "$goose" GET /members
json_is '[.members[] | select(.role == "duck") | .last_heard_ms, .rtt_ms, .rank] | map(type) | unique' '["number"]'
json_is '[.members[] | select(.role == "duck").rank] | sort' '[0,1]'

say "what is not there, and what is not meant so"
expect 404 'there is no such path here; there are /status .*' "$goose" GET /quack
expect 404 '\{"error": "there is no such path here", "hint": "there are .*"\}' "$goose" GET /status/ "${json[@]}"
expect 405 'this path does not take that method; use GET, HEAD, OPTIONS' "$goose" POST /status --data ''
expect_header 'Allow: GET, HEAD, OPTIONS'
expect 405 '.*' "$goose" GET /handover
expect_header 'Allow: POST, OPTIONS'
expect 405 '.*' "$goose" POST /drain --data ''
expect_header 'Allow: PUT, DELETE, OPTIONS'
expect 405 '.*' "$goose" GET "/members/$address"
expect_header 'Allow: DELETE, OPTIONS'
expect 200 '' "$goose" OPTIONS /members
expect_header 'Allow: GET, HEAD, OPTIONS'
expect 404 '.*' 3 GET /faults
expect 404 '.*' 3 POST /faults --data '{}'
expect 200 '\{.*\}' "$goose" GET /faults
head -c 20000 /dev/zero >"$FLOCK_DIR/large"
expect 413 'the body is larger than 16384 bytes; .*' "$goose" POST /handover --data-binary @"$FLOCK_DIR/large"
expect 431 'the header is larger than 8192 bytes; .*' "$goose" GET /status --header "Large: $(printf 'x%.0s' {1..9000})"
expect 501 'Transfer-Encoding is not supported; .*' "$goose" POST /handover \
    --header 'Transfer-Encoding: chunked' --data '{}'
expect 400 'this is no \{"to": HOST:PORT\}; .*' "$goose" POST /handover --data '["to"]'
expect 400 '.*' "$goose" POST /handover --data '{"too":"n1:7000"}'
expect 400 'this is no \{"to": HOST:PORT\}; .*' "$goose" POST /handover --data "{\"to\":\"$(node_address "$duck")\\u00009\"}"
expect 400 'this is no HOST:PORT; .*' "$goose" POST /handover --data '{"to":"somewhere"}'
expect 400 'force is 1 or left out; .*' "$goose" DELETE "/members/$(node_address "$duck")?force=yes"
expect 400 '.*' "$goose" POST /faults --data 'disk'
expect 400 '"disc" is no fault: there are .*' "$goose" POST /faults --data '{"disc":"fail"}'
expect 400 '"disk" has to be .*' "$goose" POST /faults --data '{"disk":"bad"}'
expect_raw 400 "$goose" 'QUACK\r\n\r\n'
expect_raw 400 "$goose" 'GET /status HTTP/1.1\r\n\r\n'
expect_raw 400 "$goose" 'GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'
expect_raw 400 "$goose" 'GET /status HTTP/1.1\nHost: a\r\n\r\n'
expect_raw 400 "$goose" 'GET /status HTTP/1.1\r\nHost: a\r\n\n'
expect_raw 505 "$goose" 'GET /status HTTP/2.0\r\nHost: a\r\n\r\n'

say "kept connections, pipelining, HTTP/1.0"
host='Host: a\r\n'
last="${host}Connection: close\r\n"
raw "$goose" "GET /status HTTP/1.1\r\n$host\r\nHEAD /goose HTTP/1.1\r\n$host\r\nGET /livez HTTP/1.1\r\n$last\r\n"
[ "$(grep -c '^HTTP/1.1 200 OK$' <<<"$answer")" = 3 ] || fail "not three answers: $answer"
three=$'*\n\ngoose\nHTTP/1.1 200 OK\n*\n\nHTTP/1.1 200 OK\n*\n\nlive'
# shellcheck disable=SC2053 # a pattern
[[ $answer == $three ]] || fail "not these three: $answer"
expect_raw 200 "$goose" 'GET /status HTTP/1.0\r\n\r\n'
[[ $answer == *$'\ngoose' ]] || fail "HTTP/1.0: $answer"
connections=$(curl --silent --output /dev/null --write-out '%{num_connects}\n' "http://$address/status" \
    --next --silent --output /dev/null --write-out '%{num_connects}\n' "http://$address/quack" \
    --next --silent --output /dev/null --write-out '%{num_connects}\n' "http://$address/goose" | paste -sd ' ')
[ "$connections" = "1 0 0" ] || fail "a connection is not kept: $connections"

say "who may ask for what: no foreign page, no foreign name, and without a token only this machine"
expect 200 'not draining' "$duck" DELETE /drain
expect 200 '.*' "$duck" DELETE /drain --header 'Host: localhost:1'
expect 200 '.*' "$duck" DELETE /drain --header "Origin: http://$(node_address "$duck")"
expect 403 'a page of another origin asks for this; .*' "$duck" DELETE /drain --header 'Origin: http://evil.test'
expect 403 '.*' "$duck" DELETE /drain --header 'Origin: null'
expect 403 'the Host field names neither .*' "$duck" DELETE /drain --header 'Host: evil.test'
expect 403 'a page of another site asks, by Sec-Fetch-Site; .*' "$duck" DELETE /drain --header 'Sec-Fetch-Site: same-site'
expect 200 duck "$duck" GET /status --header 'Host: evil.test' --header 'Origin: http://evil.test'
for path in /goose /livez /readyz; do
    expect 200 '.*' "$goose" GET $path --header 'Host: evil.test'
done
for path in / /members /why /history /metrics /events; do
    expect 403 'the Host field names neither .*' "$duck" GET $path --header 'Host: evil.test'
done
for path in '/status?hold=60s' '/goose?hold=60s' '/status?wait=60s' '/why?probe=1' /events; do
    expect 403 'a page of another site asks, .*' "$goose" GET "$path" --header 'Sec-Fetch-Site: cross-site'
done
expect 200 goose "$goose" GET '/status?hold=1ms' --header 'Sec-Fetch-Site: none'
expect 405 'this path does not take that method; use POST, OPTIONS' "$goose" GET '/job?grace=60s'
expect_header 'Allow: POST, OPTIONS'

say "where there is no goose"
for i in $goose $duck; do
    [ "$i" = 1 ] || node_kill "$i"
    [ "$i" = 1 ] || lost=$i
done
node_kill 3
wait_for 5 "node 1 to know no goose" answers_code 1 /readyz 503
expect 503 'none' 1 GET /goose
! has_header 'Goose-Address: .*' || fail "an address, but there is no goose"
expect_header 'Goose-Lease-Ms: 0'
expect 503 'none' 1 GET /duck
expect 503 'no goose is known; .*' 1 GET /readyz
expect 200 live 1 GET /livez
expect 200 duck 1 GET /status
expect 503 'there is no goose to do it; .*' 1 POST /handover
expect 503 '.*' 1 DELETE "/members/$(node_address "$lost")"

if [ "$IN_SANDBOX" = yes ]; then
    scene "asked from another machine, and from its own by its own address"
    flock_on_bridge 1
    expect 200 goose 1 GET /status
    expect 403 'without a token a change must come from this machine; ask on .*, or set --http-token-file .*' \
        1 DELETE /drain
    [ "$(node_in 1 curl --silent --request DELETE "http://$(node_address 1)/drain")" = 'not draining' ] ||
        fail "refused from its own machine"
fi
finish
