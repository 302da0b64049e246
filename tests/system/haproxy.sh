#!/usr/bin/env bash
# haproxy.sh: scripts/examples/haproxy.cfg with a real HAProxy and a program beside each of three nodes. Whatever happens
# to the goose, requests come to the program beside the next one; none comes to a former goose's later than inter x fall +
# timeout check after its reign, and none at all is served there: the program looks at the lease page.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

needs_sandbox # the example's ports
command -v haproxy >/dev/null || skip "haproxy is not installed (scripts/test.sh --all does it)"
BACKEND=$BUILD_DIR/tests/system/backend
late_us=200000

flock_new 3
for i in 1 2 3; do
    printf "%s\n" --lease-page "/run/page-$i" >>"$FLOCK_DIR/$i/args"
done
start 1 2 3
agree 1 2 3
observe
helpers=()
for i in 1 2 3; do
    "$BACKEND" "800$i" "n$i" "/run/page-$i" >"$FLOCK_DIR/served-$i" &
    helpers+=($!)
done
haproxy -db -q -f "$here/../../scripts/examples/haproxy.cfg" &
helpers+=($!)

"$BUILD_DIR/tests/system/asker" 8000 >"$FLOCK_DIR/answers" &
helpers+=($!)

# answered_by N SINCE_US - the first answer of this program's since then; fails where there is none.
answered_by() {
    awk -v name="n$1" -v since="$2" '$1 > since && $2 == name { print $1; found = 1; exit } END { exit !found }' \
        "$FLOCK_DIR/answers"
}

# expect_to_reach N SINCE_US WHAT
expect_to_reach() {
    wait_for 10 "an answer of n$1" answered_by "$1" "$2" >/dev/null
    say "$3: first answer of n$1 after $((($(answered_by "$1" "$2") - $2) / 1000)) ms"
}

# When the asker had its last answer, on its own clock.
now_us() {
    tail -n 1 "$FLOCK_DIR/answers" | cut -d ' ' -f 1
}

wait_goose
wait_for 10 "an answer of n$goose" answered_by "$goose" 0 >/dev/null

say "killed"
mark=$(mark) since=$(now_us) old=$goose
node_kill "$goose"
goose=$(wait_new_goose 5 "$mark")
expect_to_reach "$goose" "$since" "kill -9"
node_start "$old"
agree 1 2 3

say "paused"
mark=$(mark) since=$(now_us) old=$goose
node_pause "$goose"
goose=$(wait_new_goose 5 "$mark")
expect_to_reach "$goose" "$since" "SIGSTOP"
node_resume "$old"
agree 1 2 3

say "handed over"
mark=$(mark) since=$(now_us) old=$goose
node_http "$goose" POST /handover >/dev/null
goose=$(wait_new_goose 5 "$mark")
expect_to_reach "$goose" "$since" "handover"

kill "${helpers[@]}"
# By each node's own log: a request comes within a claim, or shortly behind its end; and is served within a claim.
for i in 1 2 3; do
    awk -v late="$late_us" -v name="n$i" '
        FILENAME ~ /log$/ && / claim from_us=/ {
            split("", of)
            for (i = 1; i <= NF; i++) if (split($i, part, "=") == 2) of[part[1]] = part[2]
            until[of["from_us"]] = of["until_us"]
        }
        FILENAME !~ /log$/ {
            best = ""
            for (from in until) {
                if ($1 < from + 0) continue
                after = $1 - until[from]
                if (best == "" || after < best) best = after
            }
            count[$2]++
            if (best == "" || best > ($2 == "served" ? 0 : late)) {
                print name ": " $2 " at " $1 ", late by " (best == "" ? "all" : best " us")
                bad = 1
            }
            if (best > worst) worst = best
        }
        END {
            printf "%s: %d served, %d refused, the latest came %.1f ms after a reign\n", name, count["served"],
                count["refused"], worst / 1000
            exit bad
        }' "$(node_log "$i")" "$FLOCK_DIR/served-$i" || fail "a request came to a former goose too late"
done
finish
