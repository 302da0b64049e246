# shellcheck shell=bash
# measure.sh: what scripts/bench.sh does to one system, and the lines it keeps of it. Sourced, never run.
# A line of samples.jsonl begins with what it is of; what is there is not measured again.
# shellcheck disable=SC2154 # scripts/bench.sh and the system's own file set what is not set here

# key DEED NTH
key() {
    echo "{\"system\": \"$system\", \"round\": $round, \"nth\": $2, \"deed\": \"$1\""
}

is_kept() {
    grep -qF "$(key "$1" "$2")," "$samples"
}

# keep DEED NTH FIELDS
keep() {
    local load
    read -r load _ </proc/loadavg
    echo "$(key "$1" "$2"), $3, \"load\": $load}" >>"$samples"
}

places() {
    local i
    for i in 1 2 3; do
        echo "$(peer_place "$i")${1:+=$(peer_struck "$i")}"
    done
}

# ask_leaders DEED LOOK-MS OPTIONS... - the poller's fields. "with pids" where it strikes.
ask_leaders() {
    local deed=$1 look=$2 pids=
    shift 2
    case $deed in start | watch) ;; *) pids=yes ;; esac
    # shellcheck disable=SC2046 # no blanks
    "$LEADERS" --every "$every" --steady "$steady" --jitter "$jitter" --patience "$patience" --look "$look" "$@" \
        "${way[@]}" "$deed" $(places $pids)
}

# All three from nothing, until they agree on a leader.
start_system() {
    local since fields
    peers_end
    peer_begin "$variant"
    since=$EPOCHREALTIME
    peer_start 1
    peer_start 2
    peer_start 3
    fields=$(ask_leaders start 0 --since "$since")
    is_kept start "$1" || keep start "$1" "$fields"
    ask_leaders watch 500 >/dev/null
}

# come_back I - and do two lead meanwhile?
come_back() {
    local fields watcher
    wait_gone "$2"
    ask_leaders watch 300 >"$work/back" &
    watcher=$!
    peer_start "$1"
    wait "$watcher" || return 1
    fields=$(<"$work/back")
    keep back "$3" "${fields}, \"after\": \"$4\""
}

# wait_gone PID,... - one that was stopped may take a while.
wait_gone() {
    local pid tries
    for pid in ${1//,/ }; do
        for ((tries = 0; tries < 500 && $(is_there "$pid"); tries++)); do sleep 0.02; done
        [ ! -d "/proc/$pid" ] || kill -9 "$pid"
    done
}

is_there() {
    if [ -d "/proc/$1" ]; then echo 1; else echo 0; fi
}

# strike DEED NTH - once; afterwards all three are there again.
strike() {
    local deed=$1 look=300 fields struck pids=()
    [ "$deed" != cut ] || look=2000
    for struck in 1 2 3; do pids[struck]=$(peer_struck "$struck"); done
    fields=$(ask_leaders "$deed" $look) || return 1
    keep "$deed" "$2" "$fields"
    struck=$(sed -n 's/.*"struck": \([0-9]*\).*/\1/p' <<<"$fields")
    case $deed in
    kill | term) come_back "$struck" "${pids[struck]}" "$round$2" "$deed" ;;
    esac
}

# ---- at rest ----

cpu_ns() {
    local pid
    for pid in $(pids_on "$1"); do
        cat "/proc/$pid/task/"*/schedstat 2>/dev/null || true
    done | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

# memory_kb I Rss|Pss
memory_kb() {
    local pid
    for pid in $(pids_on "$1"); do
        cat "/proc/$pid/smaps_rollup" 2>/dev/null || true
    done | awk -v what="$2:" '$1 == what { kb += $2 } END { print kb + 0 }'
}

# sent packets|bytes - by all three, so far.
sent() {
    awk -v field="$([ "$1" = bytes ] && echo 2 || echo 3)" '
        $1 ~ /^port[123]:$/ { sum += $field } END { printf "%.0f\n", sum }' /proc/net/dev
}

now_us() {
    echo "${EPOCHREALTIME/[.,]/}"
}

rest_figures() {
    local i
    for i in 1 2 3; do
        echo "cpu $(cpu_ns $i) $(now_us)"
    done
    echo "packets $(sent packets) $(now_us)"
    echo "bytes $(sent bytes) $(now_us)"
}

rest() {
    local i fields rss=0 pss=0
    sleep 2
    rest_figures >"$work/before"
    sleep "$rest_s"
    rest_figures >"$work/after"
    for i in 1 2 3; do
        rss=$((rss + $(memory_kb $i Rss)))
        pss=$((pss + $(memory_kb $i Pss)))
    done
    fields=$(paste -d ' ' "$work/before" "$work/after" | awk '
        { a_second = ($5 - $2) * 1e6 / ($6 - $3) }
        $1 == "cpu" { percent = a_second / 1e7; cpu += percent; if (percent > most) most = percent }
        $1 != "cpu" { other[$1] = a_second }
        END {
            printf "\"cpu_percent\": %.3f, \"cpu_most_percent\": %.3f, ", cpu, most
            printf "\"packets_s\": %.1f, \"bytes_s\": %.0f", other["packets"], other["bytes"]
        }')
    keep rest 1 "$fields, \"rss_kb\": $rss, \"pss_kb\": $pss, \"seconds\": $rest_s"
}

# ---- a system ----

# measure_system NAME FILE KILLS,TERMS,PAUSES,CUTS VARIANT - in this round.
measure_system() {
    local deeds=() counts deed nth i
    system=$1 variant=$4
    IFS=, read -ra counts <<<"$3"
    if [ "$3" = 0,0,0,0 ] || is_kept "done" 1; then return 0; fi
    i=0
    for deed in kill term pause cut; do
        for ((nth = 1; nth <= counts[i]; nth++)); do deeds+=("$deed $nth"); done
        i=$((i + 1))
    done
    # shellcheck disable=SC1090 # one of tests/bench/peers
    . "$top/tests/bench/peers/$2.sh"
    grep -qF "\"system\": \"$system\", \"version\"" "$samples" ||
        echo "{\"system\": \"$system\", \"version\": \"$(peer_version)\", \"variant\": \"$variant\"}" >>"$samples"
    progress "$system starts"
    start_system 1
    if [ "$round" -le "$rest_rounds" ] && ! is_kept rest 1; then
        progress "$system at rest"
        rest
    fi
    for deed in "${deeds[@]}"; do
        # shellcheck disable=SC2086 # the deed and its number
        is_kept $deed && continue
        progress "$system, $deed"
        # shellcheck disable=SC2086
        strike $deed || {
            tail -n 20 "$work"/*/*.log >"$out/failed-$system-$round-${deed/ /-}.log"
            # shellcheck disable=SC2086
            keep $deed '"failed": true'
            start_system 1
        }
    done
    keep "done" 1 '"done": true'
    peers_end
}

# GET /status beside nginx: http_bench.sh's own table.
measure_answers() {
    local connections ours theirs pid
    system=goosed
    ! is_kept answers 32 || return 0
    is_wanted goosed goosed && command -v nginx wrk >/dev/null || return 0
    progress "answers a second"
    "$GOOSED" --self 127.0.0.1:7900 --state-dir "$work/alone" 2>"$work/alone.log" &
    pid=$!
    "$top/tests/bench/http_bench.sh" --seconds 2 --pairs "$pairs" 7900 >"$work/answers" ||
        [ $? = 1 ] || die "$(cat "$work/answers")"
    while read -r connections ours theirs _; do
        keep answers "$connections" "\"goosed\": $ours, \"nginx\": $theirs"
    done < <(grep '^ *[0-9]' "$work/answers")
    kill $pid
    wait $pid || true
}
