#!/usr/bin/env bash
# fire.sh: flocks with and without a key, with and without a token, and all that anybody can send to their sockets: random
# datagrams, their own again and altered, well-formed ones of strangers and of liars; HTTP of all kinds. No sanitizer and
# no assertion has anything to say, memory is bounded, every node answers at the end, and who does not know the key or
# the token moves nothing. Each count is the nodes' own: what the kernel dropped is in none.
#   FIRE_SECONDS  of fire, all scenes together (10)
#   FIRE_SEED     of what is sent; what the flock itself says goes into it too, so a run is alike, and not the same (1)
#   FIRE_SCENE    only the scene of this number
# The lease is long, so that a machine that is busy with much else costs nobody the role: what is judged is not its speed.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
needs_sandbox # it listens on loopback, and sends from addresses of others
seconds=${FIRE_SECONDS:-10}
seed=${FIRE_SEED:-1}
clients=64
growth_kb=65536
observe_options=(--every 20ms)
# What a sanitizer keeps of what was freed is bounded, so that the rest can be judged.
[ -z "${ASAN_OPTIONS-}" ] || export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=8
token=0123456789abcdef0123456789abcdef
total_datagrams=0
total_requests=0

# count - leaves in $datagrams and $requests what all nodes together took of others: as many as they sent came from themselves
# at most. The observer's questions are taken off at the end.
count() {
    local i
    read -r datagrams requests < <(for i in 1 2 3; do node_http "$i" GET /metrics || echo silent "$i"; done | awk '
        $1 == "goosed_datagrams_received_total" { datagrams += $2 }
        $1 == "goosed_datagrams_sent_total" { datagrams -= $2 }
        $1 ~ /^goosed_http_requests_total/ { requests += $2 }
        $1 == "silent" { silent = " node " $2 }
        END { printf "%.0f %.0f%s\n", datagrams, requests, silent }')
    [[ $requests != *" node "* ]] || fail "${requests#* } does not answer"
}

rss_kb() {
    sed -nE 's/^VmRSS:\s+([0-9]+) kB/\1/p' "/proc/$(node_pid "$1")/status"
}

# expect_same - goose and term are what they were, at each node.
expect_same() {
    local i
    for i in 1 2 3; do
        status_is "$i" term "$term" || fail "node $i is in term $(status_of "$i" term), not in $term"
    done
    status_is "$goose" role goose || fail "node $goose is no longer the goose"
}

# open_doors - each node has a socket too, that anybody may connect to.
open_doors() {
    local i
    for i in 1 2 3; do
        printf '%s\n' --http "$(node_address "$i"),unix:/run/fire-$i" >>"$FLOCK_DIR/$i/args"
    done
}

# shoot CHANGES - requests, over TCP and over the sockets; there as somebody who owns nothing, or, where this sandbox has no
# such user, nothing that changes.
shoot() {
    local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups) changes=$1
    chmod 666 /run/fire-[123]
    "$BUILD_DIR/tests/system/fire_requests" "$seed" "$each" $clients "$changes" $((port_base + 1)) $((port_base + 2)) \
        $((port_base + 3)) >"$FLOCK_DIR/by-tcp" &
    shooters+=($!)
    "${nobody[@]}" test -x "$BUILD_DIR/tests/system/fire_requests" 2>/dev/null || { nobody=() && changes=reads; }
    "${nobody[@]}" "$BUILD_DIR/tests/system/fire_requests" $((seed + 1)) "$each" $((clients / 4)) "$changes" \
        /run/fire-{1,2,3} >"$FLOCK_DIR/by-socket" &
    shooters+=($!)
}

any_shooter() {
    kill -0 "${shooters[@]}" 2>/dev/null
}

# flock_under_fire KINDS ARGS... - with a goose that has taken over from another, so that a handover is among what was heard.
# Where nothing but a key may move it, datagrams come before it does.
flock_under_fire() {
    local token_field=()
    flock_new 3 --lease 5s "${@:2}"
    open_doors
    "$BUILD_DIR/tests/system/fire_datagrams" "$seed" "$1" $((port_base + 1)) $((port_base + 2)) \
        $((port_base + 3)) >"$FLOCK_DIR/by-udp" &
    gunner=$!
    wait_for 10 "the one who fires to listen" grep -q listening "$FLOCK_DIR/by-udp"
    [ "$judge" != same ] || kill -USR1 $gunner
    start 1 2 3
    wait_for 60 "a goose that all follow" flock_agrees 1 2 3
    wait_for 60 "every seat to be taken" flock_is_settled
    [[ " $* " != *" --http-token-file "* ]] || token_field=(--header "Authorization: Bearer $token")
    node_http "$goose" POST /handover "${token_field[@]}" >/dev/null
    wait_for 60 "the next goose" flock_agrees 1 2 3
    wait_goose
    term=$(status_of "$goose" term)
    [ "$judge" = none ] || observe
    kill -USR1 $gunner
}

# tell_on - until the requests are over.
tell_on() {
    local began
    began=$(now_ms)
    while sleep 0.5 && any_shooter; do
        [ $(($(now_ms) - began)) -ge 10000 ] || continue
        began=$((began + 10000))
        count
        say "$datagrams datagrams taken, $requests requests answered"
        [ "$judge" != same ] || expect_same
    done
}

# fire_at KINDS CHANGES JUDGE ARGS... - a flock, and for $each seconds everything at once. JUDGE: "same" goose and term; "one"
# goose at a time; or "none".
fire_at() {
    local changes=$2 i before=() after=() asked=0
    judge=$3
    flock_under_fire "$1" "${@:4}"
    for i in 1 2 3; do
        before+=("$(rss_kb "$i")")
    done
    shooters=()
    shoot "$changes"
    tell_on
    kill $gunner
    wait $gunner "${shooters[@]}" || fail "who fires did not end well"
    say "$(tail -qn 1 "$FLOCK_DIR"/by-* | xargs)"
    count
    [ "$judge" != same ] || expect_same
    for i in 1 2 3; do
        after+=("$(rss_kb "$i")")
        ((after[i - 1] - before[i - 1] <= growth_kb)) ||
            fail "node $i had ${before[i - 1]} kB, and has ${after[i - 1]} kB"
    done
    [ "$judge" = none ] || { observer_end && asked=$(sed -nE 's/.* ([0-9]+) answers in .*/\1/p' "$seen" | tail -n 1); }
    say "$datagrams datagrams taken, $((requests -= asked)) requests answered; ${before[*]} kB before, ${after[*]} kB after"
    total_datagrams=$((total_datagrams + datagrams))
    total_requests=$((total_requests + requests))
    # By an end of their own a sanitizer looks for what nobody holds any more.
    for i in 1 2 3; do
        node_stop "$i"
    done
}

(umask 077 && "$GOOSED" --new-key >"$FLOCK_DIR/keys" && echo $token >"$FLOCK_DIR/token")
key=(--key-file "$FLOCK_DIR/keys")
asks=(--http-token-file "$FLOCK_DIR/token")
names=("key and token" "a key, no token" "a token, no key: strangers" "neither: liars")
# What strangers and liars have done to a flock without a key lasts: so there they fire at one after the other.
round=20
for number in 1 2 3 4; do
    [ "${FIRE_SCENE:-$number}" = $number ] || continue
    left=$(((seconds + 3) / 4))
    while [ $left -gt 0 ]; do
        each=$left
        [ $number -le 2 ] || [ $each -le $round ] || each=$round
        left=$((left - each))
        seed=$((seed + 1))
        scene "${names[number - 1]}, $each s, seed $seed"
        case $number in
        1) fire_at noise,recorded changes same "${key[@]}" "${asks[@]}" ;;
        2) fire_at noise,recorded reads same "${key[@]}" ;;
        3) fire_at noise,recorded,strangers changes one "${asks[@]}" ;;
        4) fire_at recorded,strangers,liars reads none ;;
        esac
    done
done
say "$total_datagrams datagrams and $total_requests requests, taken by the nodes' own count"
finish
