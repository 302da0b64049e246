# shellcheck shell=bash
# claim_logs.sh: the nodes' own words about when they were goose, laid beside each other. Sourced, never run.
# A node on level debug logs each claim with its beginning and end in microseconds of the machine's clock, which all its
# processes share: "term=5 claim from_us=100 until_us=400", again as the lease grows, and with " ended" behind when it
# is given up. A node that was killed leaves the end that its lease would have had, and even that must be before the
# next goose's beginning. So this sees what no poller can: two geese for a microsecond, and two that nobody asked.

# claim_logs_check OBSERVED LOG... - prints how many claims there are; fails where two nodes' claims overlap, where two
# nodes were goose in one term or a later goose has a lower term, and where the observer saw more claims than the logs
# show. OBSERVED may be /dev/null.
claim_logs_check() {
    local observed=$1 claims
    shift
    claims=$(awk '
        / claim from_us=/ {
            split("", of)
            for (i = 1; i <= NF; i++) if (split($i, part, "=") == 2) of[part[1]] = part[2]
            key = FILENAME " " of["term"] " " of["from_us"]
            until[key] = of["until_us"]
        }
        END {
            for (key in until) { split(key, of, " "); print of[3], until[key], of[2], of[1] }
        }' "$@" | sort -n)
    awk -v seen="$(grep -cE '^[0-9.]+ goose .* term ' "$observed" || true)" '
        function bad(what) { print what ": " $0 " after " last; failed = 1; exit }
        NF {
            if ($2 < $1) bad("a claim that ends before it begins")
            if (($3 in by) && by[$3] != $4) bad("two geese in one term")
            if ($3 < term) bad("a goose of an older term")
            by[$3] = $4
            # The latest end so far, and the latest of any other node than that.
            if ($4 != holder && $1 < end) bad("two geese at once")
            if ($4 == holder && $1 < other_end) bad("two geese at once")
            if ($2 >= end) {
                if (holder != "" && holder != $4) other_end = end
                end = $2; holder = $4
            } else if ($4 != holder && $2 > other_end) other_end = $2
            term = $3; last = $0; count++
        }
        END {
            if (failed) exit 1
            if (count < seen) { print "the observer saw " seen " claims, the logs show " count + 0; exit 1 }
            print "the nodes'\'' own logs: " count + 0 " claims, none of them overlap"
        }' <<<"$claims"
}
