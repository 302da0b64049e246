#!/usr/bin/env bash
# tls.sh: scripts/examples/tls.cfg with a real HAProxy before a node: what is read, changed and streamed through it, and what
# is refused there.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

needs_sandbox # the example's ports
command -v haproxy >/dev/null || skip "haproxy is not installed (scripts/test.sh --all does it)"
command -v openssl >/dev/null || skip "openssl is not installed (scripts/test.sh --all does it)"

(umask 077 && echo "a-token-of-the-flock" >"$FLOCK_DIR/token")
node_new 1 127.0.0.1:7000 --http-token-file "$FLOCK_DIR/token" "${patient[@]}"
start 1
agree 1

openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=n1 -addext subjectAltName=DNS:n1,IP:127.0.0.1 \
    -keyout "$FLOCK_DIR/key.pem" -out "$FLOCK_DIR/certificate.pem" 2>"$FLOCK_DIR/said" || fail "$(<"$FLOCK_DIR/said")"
cat "$FLOCK_DIR/certificate.pem" "$FLOCK_DIR/key.pem" >"$FLOCK_DIR/http.pem"
sed "s,/etc/goosed/http.pem,$FLOCK_DIR/http.pem," "$here/../../scripts/examples/tls.cfg" >"$FLOCK_DIR/tls.cfg"
haproxy -db -q -f "$FLOCK_DIR/tls.cfg" &
proxy=$!
trusted=(--cacert "$FLOCK_DIR/certificate.pem")

# asks CURL-OPTIONS... HOST/PATH - the answer's status is its last line.
asks() {
    local at=${*: -1}
    curl --silent --max-time 5 --resolve n1:7443:127.0.0.1 --write-out '\n%{http_code}\n' "${@:1:$#-1}" \
        "https://${at/\//:7443/}"
}

# gives STATUS CURL-OPTIONS... HOST/PATH
gives() {
    local said
    said=$(asks "${trusted[@]}" "${@:2}") || fail "asked ${*:2}: curl ended with $?"
    [ "$(tail -n 1 <<<"$said")" = "$1" ] || fail "asked ${*:2}: not $1, but $said"
}

proxy_is_up() {
    asks "${trusted[@]}" n1/livez >/dev/null
}

wait_for 10 "the proxy" proxy_is_up
say "what is read, and by whom"
gives 200 n1/status
gives 403 n1/members # the node knows itself by another name
gives 200 --header 'Authorization: Bearer a-token-of-the-flock' n1/members
! asks n1/status >/dev/null || fail "a certificate that nobody vouches for is taken"
! curl --silent --max-time 5 http://127.0.0.1:7443/status >/dev/null || fail "it speaks without TLS"

say "what is changed: by the token, although it comes from the node's own machine"
gives 401 --request PUT 127.0.0.1/drain
gives 401 --request PUT --header 'Authorization: Bearer a-token-of-a-duck' 127.0.0.1/drain
gives 200 --request PUT --header 'Authorization: Bearer a-token-of-the-flock' n1/drain
gives 200 --request DELETE --header 'Authorization: Bearer a-token-of-the-flock' n1/drain

say "a stream: the status at once"
asks "${trusted[@]}" --no-buffer --header 'Authorization: Bearer a-token-of-the-flock' n1/events >"$FLOCK_DIR/events" || true
grep -q '^event: status' "$FLOCK_DIR/events" || fail "no event: $(<"$FLOCK_DIR/events")"

kill "$proxy"
finish
