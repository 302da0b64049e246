#!/usr/bin/env bash
# ctl.sh: goosectl on real nodes: what each command prints, does to the flock and ends with; and a flock of five that has
# lost three of its disks for good, and is recovered.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

GOOSECTL=$BUILD_DIR/src/ctl/goosectl
unset GOOSED_SELF GOOSED_HTTP_TOKEN_FILE

# ctl STATUS OUT-PATTERN ERR-PATTERN ARGS... - goosectl ends with this status; each pattern has to fit all that it says
# there, lines joined by '/'.
ctl() {
    local wanted=$1 out=$2 err=$3 status=0
    shift 3
    timeout 30 "$GOOSECTL" "$@" >"$FLOCK_DIR/out" 2>"$FLOCK_DIR/err" </dev/null || status=$?
    [ $status = "$wanted" ] || fail "goosectl $*: $status, not $wanted: $(cat "$FLOCK_DIR/out" "$FLOCK_DIR/err")"
    [[ $(paste -sd / "$FLOCK_DIR/out") =~ ^($out)$ ]] || fail "goosectl $*: /$out/ is not: $(cat "$FLOCK_DIR/out")"
    [[ $(paste -sd / "$FLOCK_DIR/err") =~ ^($err)$ ]] || fail "goosectl $*: /$err/ is not: $(cat "$FLOCK_DIR/err")"
}

# on I STATUS OUT-PATTERN ERR-PATTERN ARGS... - likewise, at node I.
on() {
    local i=$1 wanted=$2 out=$3 err=$4
    shift 4
    ctl "$wanted" "$out" "$err" --at "$(node_address "$i")" "$@"
}

# The watcher's last line is one of a node that it hears.
watched_again() {
    [[ $(tail -n 1 "$watched") == *" is duck"* ]]
}

term_of() {
    status_of "$1" term
}

scene "a flock of three, with a token"
(umask 077 && echo honk-honk-honk-1 >"$FLOCK_DIR/token" && echo quack-quack-quack >"$FLOCK_DIR/wrong")
flock_on_loopback 3 "${patient[@]}" --http-token-file "$FLOCK_DIR/token"
wait_voters 10 1 2 3
observe
find_goose
duck=$(another_than "$goose")
at=$(node_address "$goose")

say "wrong usage: one line, and 2"
ctl 2 '' 'goosectl: which node\? Give --at HOST:PORT, or set GOOSED_SELF, .*' status
ctl 2 '' 'goosectl: --at n1: give HOST:PORT, .*' --at n1 status
GOOSED_SELF='' ctl 2 '' "goosectl: GOOSED_SELF='': give HOST:PORT, .*" status
ctl 2 '' "goosectl: there is no command 'statsu'; did you mean 'status'\?" statsu
ctl 2 '' "goosectl: there is no command 'swim'; goosectl --help lists them all" swim
ctl 2 '' "goosectl: there is no option '--jason'; did you mean '--json'\?" --jason status
ctl 2 '' 'goosectl: there is no option .--what.; .*' --what status
on "$duck" 2 '' 'goosectl: status: --what is no option here; .*' status --what
ctl 2 '' 'goosectl: what is to be done\? .*'
on "$duck" 2 '' 'goosectl: --token-file /nowhere cannot be read: .*' --token-file /nowhere drain
ctl 2 '' 'goosectl: 127.0.0.1:9 cannot be reached; tried 127.0.0.1:9: Connection refused' --at 127.0.0.1:9 status
ctl 2 '' 'goosectl: the name no-such-host.invalid cannot be looked up: .*' --at no-such-host.invalid:7000 status

say "what cannot be printed is no success: not for watch either, at the next line"
for command in status watch; do
    status=0
    timeout 20 "$GOOSECTL" --at "$at" "$command" >/dev/full 2>"$FLOCK_DIR/err" || status=$?
    [ $status = 2 ] || fail "goosectl $command ended with $status on a full disk"
    [ "$(cat "$FLOCK_DIR/err")" = "goosectl: standard output cannot be written to" ] ||
        fail "goosectl $command said: $(cat "$FLOCK_DIR/err")"
done

say "what a node is, and who is a member"
on "$goose" 0 "node +$at/role +goose/goose +$at/term +[0-9]+/lease +[0-9.]+ (ms|s)/.*" '' status
on "$duck" 0 "node +$(node_address "$duck")/role +duck/goose +$at/.*/sealed +no" '' status
on "$duck" 0 '\{"self":.*"role":"duck".*\}' '' --json status
GOOSED_SELF=$at ctl 0 "node +$at/.*" '' status
ctl 0 "node +$at/.*" '' status --at="$at"
on "$goose" 0 "address .*/$at +voter  goose .*" '' members
[ "$(wc -l <"$FLOCK_DIR/out")" = 4 ] || fail "not a line for each of three: $(cat "$FLOCK_DIR/out")"
on "$goose" 0 '.*' '' members --json
[ "$(jq -r '.members | length' "$FLOCK_DIR/out")" = 3 ] || fail "no JSON: $(cat "$FLOCK_DIR/out")"
on "$goose" 0 '' '' is-goose
on "$duck" 1 '' '' is-goose
ctl 2 '' '.* cannot be reached; .*' --at 127.0.0.1:9 is-goose
on "$goose" 2 '' 'goosectl: run: the lease page cannot be read: /nowhere/page: No such file or directory' \
    --lease-page /nowhere/page run -n -- true

say "why: asked as often as one likes, it has no part in any election"
term=$(term_of "$goose")
mark=$(mark)
for _ in 1 2 3; do
    on "$duck" 0 "$(node_address "$duck") is a duck: $at is the goose, in term $term\..*/All voters that were asked .*" '' why
done
on "$goose" 0 "$at is the goose, in term $term\./All voters that were asked .*" '' why
on "$goose" 0 '\{"nodes":\[.*\]\}' '' why --json
[ "$(jq '[.nodes[].why.links[] | .answered == 5 and .heard > 0] | all' "$FLOCK_DIR/out")" = true ] ||
    fail "somebody was not heard: $(cat "$FLOCK_DIR/out")"
! sees "$mark" '.*' || fail "why has changed the flock"
[ "$(term_of "$goose")" = "$term" ] || fail "why has changed the term"

say "watch and wait, while the role goes from one to the other"
watched=$FLOCK_DIR/watched
: >"$watched"
"$GOOSECTL" --at "$(node_address "$duck")" watch >"$watched" 2>&1 </dev/null &
watcher=$!
wait_for 5 "a first line" grep -q . "$watched"
timeout 20 "$GOOSECTL" --at "$(node_address "$duck")" wait goose --timeout 15s &
waiter=$!
on "$goose" 1 '' "goosectl: time is up: $at is not duck" wait duck --timeout 300ms
on "$goose" 0 '' '' wait ready --timeout 10s
ctl 1 '' 'goosectl: time is up: .* cannot be reached; .*' --at 127.0.0.1:9 wait goose --timeout 300ms

say "changes, with the token and without"
token=(--token-file "$FLOCK_DIR/token")
on "$duck" 1 '' 'goosectl: a change here needs the right token; give --token-file FILE, .*' drain
on "$duck" 1 '' 'goosectl: a change here needs the right token; .*' drain --token-file "$FLOCK_DIR/wrong"
chmod 640 "$FLOCK_DIR/wrong"
on "$duck" 2 '' 'goosectl: --token-file .*/wrong cannot be read: its mode 0640 lets others in .*' drain --token-file "$FLOCK_DIR/wrong"
GOOSED_HTTP_TOKEN_FILE=/nowhere on "$duck" 0 '.*' '' status
GOOSED_HTTP_TOKEN_FILE=$FLOCK_DIR/token on "$duck" 0 "goose is now $(node_address "$duck")" '' \
    handover --to "$(node_address "$duck")"
wait "$waiter" || fail "it did not wait for the goose: $?"
on "$goose" 0 '' '' wait duck --timeout 10s
agree 1 2 3
on "$duck" 0 '' '' is-goose
wait_for 5 "the watcher to see it" grep -qE "^[0-9TZ:.-]+  term $((term + 1))  goose $(node_address "$duck")  $(node_address "$duck") is goose " "$watched"
on "$duck" 0 "when .*/[0-9TZ:.-]+ +$((term + 1))  (none|$at) +$(node_address "$duck")  .*" '' history
on "$duck" 0 '.*' '' history --json
[ "$(jq -r '.history[-1].to' "$FLOCK_DIR/out")" = "$(node_address "$duck")" ] || fail "no JSON: $(cat "$FLOCK_DIR/out")"
on "$goose" 0 "\{\"goose\":\"$at\"\}" '' "${token[@]}" --json handover --to "$at"
agree 1 2 3
on "$goose" 1 '' "goosectl: there is no member 127.0.0.1:9; there are $(node_address 1), $(node_address 2), $(node_address 3)" "${token[@]}" handover --to 127.0.0.1:9
on "$goose" 0 "draining: $at" '' "${token[@]}" drain
on "$goose" 1 '' '' is-goose
on "$goose" 0 "not draining: $at" '' "${token[@]}" undrain
third=$((6 - goose - duck))
on "$duck" 0 "removed $(node_address "$third")" 'goosectl: nobody waits for the seat: .* when 1 more voter is lost.*' \
    "${token[@]}" remove "$(node_address "$third")"
on "$third" 0 '.*/seat +none/.*' '' status
on "$duck" 0 'voters wanted: 2' '' "${token[@]}" voters 2
on "$goose" 0 '\{"wanted":2\}' '' "${token[@]}" --json voters 2
on "$duck" 2 '' "goosectl: voters: '32' is no number from 1 to 31" "${token[@]}" voters 32
on "$duck" 1 '' 'goosectl: .*; give --token-file FILE, with the token of this node' voters 3
on "$duck" 1 '' 'goosectl: there is no member 127.0.0.1:9; .*' "${token[@]}" remove 127.0.0.1:9

node_kill "$duck"
wait_for 5 "the watcher to say so" grep -qE "^[0-9TZ:.-]+  $(node_address "$duck")[: ]" "$watched"
start "$duck"
wait_for 10 "the watcher to find it again" watched_again
kill "$watcher"

scene "five voters, three lost for good: the two that are left have no goose, and recover"
shorter=(--lease 500ms)
flock_on_loopback 5 "${shorter[@]}"
wait_voters 10 1 2 3 4 5
observe_too=("$(loopback 6)")
observe
find_goose
hand_over_to 4
agree 1 2 3 4 5
for i in 3 4 5; do
    node_kill "$i"
    rm -rf "$(node_state_dir "$i")"
done
wait_for 10 "node 1 to know no goose" answers_code 1 /readyz 503
on 1 1 '' 'goosectl: there is no goose to do it; .*' handover
before=$(term_of 1)
recover=(recover --state-dir "$(node_state_dir 1)" --self "$(node_address 1)")
ctl 1 '' "goosectl: recover: $(node_state_dir 1)/state: a goosed runs on it; stop that first" "${recover[@]}" --yes
node_stop 1
ctl 1 ".*$(node_address 5).*/This is for a flock that has lost 3 or more of these 5 for good: .*" \
    'goosectl: recover: nothing was done; to do it, give --yes' "${recover[@]}"
ctl 1 '' "goosectl: recover: .* is of $(node_address 1), not of $(node_address 2): give --self $(node_address 1), .*" \
    recover --state-dir "$(node_state_dir 1)" --self "$(node_address 2)" --yes
ctl 0 "$(node_address 1) is a flock of its own now: id [0-9a-f]{16}, term $((before + 100000000)).*" '' "${recover[@]}" --yes
ctl 1 '' 'goosectl: recover: .*: it is a flock of one already; .*' "${recover[@]}" --yes

say "with its old state the other one stays a duck of the old flock, whatever it is told to join"
node_stop 2
node_set_args 1 "${shorter[@]}" --log-level debug
node_set_args 2 "${shorter[@]}" --log-level debug --join "$(node_address 1)"
mark=$(mark)
start 1 2
[ "$(wait_new_goose 10 "$mark")" = 1 ] || fail "another one than node 1 became goose"
after=$(term_of 1)
[ "$after" -gt $((before + 100000000)) ] || fail "the terms do not go on above $before: $after"
[ "$(status_of 2 flock_id)" != "$(status_of 1 flock_id)" ] || fail "node 2 has left its flock"
[ "$(status_of 2 goose)" = null ] || fail "node 2 follows a goose of another flock"

say "with an empty one it joins; with one more machine it becomes a voter, and both can be goose"
node_stop 2
rm -rf "$(node_state_dir 2)"
node_new 6 "$(loopback 6)" "${shorter[@]}" --log-level debug --join "$(node_address 1)"
start 2 6
wait_voters 10 1 2 6
agree 1 2 6
[ "$(status_of 2 flock_id)" = "$(status_of 1 flock_id)" ] || fail "node 2 is in another flock"
on 1 0 "goose is now $(node_address 2)" '' handover --to "$(node_address 2)"
agree 1 2 6
[ "$(term_of 2)" -gt "$after" ] || fail "the terms fall"

scene "why, where a node's HTTP server is elsewhere, and where there is none"
flock_new 3 "${patient[@]}"
elsewhere=127.0.0.1:$((port_base + 8))
echo --http >>"$FLOCK_DIR/2/args" && echo "$elsewhere" >>"$FLOCK_DIR/2/args"
echo --http >>"$FLOCK_DIR/3/args" && echo off >>"$FLOCK_DIR/3/args"
for i in 2 3; do
    printf '%s\n' --priority 0 >>"$FLOCK_DIR/$i/args"
done
start 1 2 3
wait_voters 10 1 2 3
none="$(node_address 3) has no HTTP server for others \(--http\); but other nodes hear it\."
on 1 0 "$(node_address 1) is the goose, .*/$none/All voters that were asked .*" '' why
ctl 0 "$(node_address 2) is a duck: $(node_address 1) is .*/$none/All voters that were asked .*" '' --at "$elsewhere" why

if [ "$IN_SANDBOX" = yes ]; then
    scene "why, where cables are cut"
    flock_on_bridge 3 "${shorter[@]}"
    wait_voters 10 1 2 3
    observe
    find_goose
    duck=$(another_than "$goose")
    third=$((6 - goose - duck))
    cut_one_way "$goose" "$duck"
    wait_for 10 "node $duck to hear no goose" answers_code "$duck" /readyz 503
    on "$duck" 0 ".* is a duck and hears no goose; but $(node_address "$goose") is one.*" '' why
    grep -qxF "One way only: $(node_address "$goose") hears $(node_address "$duck"), but is not heard there." \
        "$FLOCK_DIR/out" || fail "no word of the cut: $(cat "$FLOCK_DIR/out")"
    grep -qE "^$(node_address "$third") refused $(node_address "$duck"), .* ago: its promise to another has not ended\.\$" \
        "$FLOCK_DIR/out" || fail "no word of the refusal: $(cat "$FLOCK_DIR/out")"
    heal
    partition "$goose" "$duck" "$third"
    wait_for 10 "node $goose to give up" answers_code "$goose" /goose 503
    on "$duck" 0 'There is no goose\..* do not hear each other\..*Of 3 voters 3 answer; a goose needs 2\. .*mend the network\.' '' why
    heal
    node_kill "$goose"
    node_kill "$third"
    wait_for 10 "node $duck to know no goose" answers_code "$duck" /readyz 503
    on "$duck" 0 'There is no goose\..*Of 3 voters 1 answer; a goose needs 2\. Start 1 more .*' '' why
fi
finish
