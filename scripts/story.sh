#!/usr/bin/env bash
# story.sh: what a flock went through, from its nodes' logs, in the words of tests/trace.
set -euo pipefail
export LC_ALL=C TZ=UTC0

usage() {
    cat <<'USAGE'
usage: scripts/story.sh LOG...

Merges the logs of nodes, written with --log-level debug, into one story in the words of tests/trace. The nodes are
called n1, n2 and so on. A log may be text, JSON, or what "journalctl -u goosed@NAME" prints, and come in pieces.

Lines stand in the order of the machines' wall clocks, which may differ; and as a node logs after it has sent, an answer
may stand just before what it answers. A claim ends where it ended: a node that was stopped logs it late.
USAGE
}

case ${1-} in
--help | -h) usage && exit 0 ;;
'' | -*) usage >&2 && exit 2 ;;
esac

# A log's node, by its first line, or where it says that it is goose; else its name has to do.
self_of() {
    local self
    self=$(sed -nE 's/.*goosed [^ ]+ self=([^ ]+) flock=.*/\1/; T other; p; q
        :other; s/.* goose=([^ ]+) \(this node\).*/\1/; T; p; q' "$1")
    echo "${self:-$1}"
}

# One log as lines of microsecond, kind and text, tabs between: ">" what is done to a node, "<" what it does, "#" what
# else it warns of, "u" its uid. Addresses and uids are between \001.
# shellcheck disable=SC2016
parse='
    function name(address) { return "\001" address "\001" }
    function tell(at, kind, text) { printf "%.0f\t%s\t%s\n", at, kind, text }
    function does(text) { tell(now, "<", name(self) " " text) }
    function field(key) {
        if (!match(" " said, " " key "=[^ ]+")) return ""
        return substr(said, RSTART + length(key) + 1, RLENGTH - length(key) - 2)
    }
    function why(text) { text = field("why"); gsub(/[-_]/, " ", text); sub(/:$/, "", text); return ": " text }
    # offset: from the clock of claims to the wall clock, known where a reign is seen to begin.
    function claim(from_us, end) {
        if (from_us != claimed) { does("CLAIMS term " term); offset = term == won ? now - from_us : 0 }
        claimed = from_us
        end = offset ? field("until_us") + offset : now
        if (said ~ / ended$/) tell(end < now ? end : now, "<", name(self) " claims no more")
    }
    function election(who) {
        if (field("role") == "goose") won = term
        if (said ~ / role=/) does("is " field("role") " in term " term why())
        else if (said ~ / goose=none$/) does("knows no goose")
        else if (said ~ / goose=[^ ]+$/) does("follows " name(field("goose")))
        else if (said ~ / committed /) does("has committed roster " field("roster"))
        else if (said ~ / denied to=/) does("denies " name(field("to")) why())
        else if (said ~ / denied by=/) does("is denied by " name(field("by")) why())
        else if (said ~ / claim /) claim(field("from_us"))
        else if (said ~ / roster=/) {
            who = field("who") == "" ? "" : ", " name(field("who"))
            does("uses roster " field("roster") ": " field("seats") " seats" why() who)
        } else if (match(said, / within [0-9]+/))
            does("asks its work to leave" substr(said, RSTART, RLENGTH) "ms" why())
    }
    !match($0, /[0-9]+-[0-9]+-[0-9]+T[0-9:]+\.[0-9]+Z/) { next }
    {
        split(substr($0, RSTART, RLENGTH), t, /[-T:.Z]/)
        now = mktime(t[1] " " t[2] " " t[3] " " t[4] " " t[5] " " t[6]) * 1000000 + t[7]
        said = substr($0, RSTART + RLENGTH)
        if (said ~ /^"/) { gsub(/^","level":"|"}$/, "", said); gsub(/\\"/, "\"", said) }
        loud = said ~ /^ *(warn|error)/
        sub(/^ *[a-z]+("[^:].*"message":"| +(\([0-9]+ times more\) )?)/, "", said)
        term = field("term")
    }
    /no state yet: newborn/ { printf "0\tu\tuid-%s\t%s\n", field("uid"), self; does("is born: newborn") }
    /know of no flock: may vote/ { does("is born: cleared") }
    /there is a flock already/ { does("is born: flock exists") }
    /no flock knows me: a flock of one/ { does("is born: founded") }
    /state is an old copy/ { does("is born: old copy") }
    said ~ /^goosed .* self=/ { self = field("self"); claimed = won = ""; tell(now, ">", "start " name(self)) }
    said ~ /^observer uid-/ { does("has " (said ~ / silent/ ? "lost " : "") "observer " name(substr(said, 10, 20))) }
    said == "stopping" { tell(now, ">", "ask " name(self) " to stop") }
    loud { tell(now, "#", name(self) ": " said) }
    !loud && term != "" { election() }'

# shellcheck disable=SC2016
tell='
    function time(us, s) {
        s = us < 10000000 ? sprintf("%d.%03d", us / 1000, us % 1000) : sprintf("%.6f", us / 1000000)
        sub(/\.?0+$/, "", s)
        return "@" (s == "" ? 0 : s) (us < 10000000 ? "ms" : "s")
    }
    function stamp(us) { return strftime("%Y-%m-%dT%H:%M:%S", us / 1000000) sprintf(".%06dZ", us % 1000000) }
    $2 == "u" { is[$3] = $4; next }
    first == "" { first = $1; print "# @0ms is " stamp($1) " by the nodes\047 clocks" }
    {
        count = split($3, part, "\001")
        text = part[1]
        for (i = 2; i <= count; i++) {
            who = part[i]
            if (i % 2 == 0) while (who in is) who = is[who]
            text = text who
        }
        at = time($1 - first)
        if ($2 == "<") printf "        %-11s %s\n", at == last ? "" : at, text
        else print ($2 == ">" ? "" : "# ") at " " text
        last = at
    }'

events=$(for log in "$@"; do awk -v self="$(self_of "$log")" "$parse" "$log"; done | sort -t $'\t' -s -n -k 1,1)
[ -n "$events" ] || { echo "no goosed has written here: $*" >&2 && exit 1; }
# One line for each node: its address, its name in the story.
nodes=$(grep -o $'\001[^\001]*\001' <<<"$events" | tr -d '\001' | grep -v '^uid-' | sort -Vu |
    awk '{ print "0\tu\t" $0 "\tn" NR }')
for log in "$@"; do echo "$(self_of "$log")"$'\t'"$log"; done |
    awk -F '\t' 'NR == FNR { log_of[$1] = log_of[$1] " " $2; next }
        { print "# " $4 " is " $3 ($3 in log_of ? ":" log_of[$3] : ", whose log is not here") }' - <(echo "$nodes")
awk -F '\t' "$tell" <(echo "$nodes") <(echo "$events")
