# metrics_text.awk: reads one answer of GET /metrics and ends with 1 and a line that says what is wrong, unless every
# line of it is what Prometheus' text format (0.0.4) and the habits of its exporters want: HELP, then TYPE, then all
# samples of that name; names begin with goosed_, counters end in _total; no sample twice; buckets that add up.
function wrong(why) {
    printf "line %d, %s: %s\n", NR, why, $0
    failed = 1
    exit 1
}
# The last histogram has all that belongs to it, and its numbers agree.
function family_ends() {
    if (name == "") return
    if (!samples) wrong(name " has no sample")
    if (kind == "histogram" && (bound != "+Inf" || !summed || counted != below))
        wrong(name " is no whole histogram")
}
function labels_are_good(text) {
    return text == "" || text ~ /^[{][a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*[}]$/
}
function bucket(text, value) {
    if (text !~ /^[{]le="([0-9]+(\.[0-9]*[1-9])?|[+]Inf)"[}]$/) wrong("no bound")
    sub(/^[{]le="/, "", text)
    sub(/"[}]$/, "", text)
    if (bound == "+Inf" || (bound != "" && text != "+Inf" && text + 0 <= bound + 0)) wrong("bounds out of order")
    if (value + 0 < below) wrong("less than in the bucket before")
    bound = text
    below = value + 0
}
/^# HELP / {
    family_ends()
    name = $3
    if (name !~ /^goosed_[a-z0-9_]+$/) wrong("no name")
    if (("# " name) in seen) wrong("its samples are not together")
    if (NF < 4 || /\\/ || !/\.$/) wrong("no sentence")
    seen["# " name] = 1
    kind = bound = ""
    samples = below = summed = counted = 0
    next
}
/^# TYPE / {
    if ($3 != name || kind != "" || samples || NF != 4) wrong("TYPE is not behind its HELP")
    kind = $4
    if (kind !~ /^(gauge|counter|histogram)$/) wrong("no type")
    if ((kind == "counter") != (name ~ /_total$/)) wrong("only counters end in _total")
    if (kind == "histogram" && name !~ /_seconds$/) wrong("no base unit")
    next
}
{
    at = index($0, " ")
    if ($0 !~ /^[a-z]/ || at == 0) wrong("no sample")
    if (!match($0, / [0-9]+(\.[0-9]*[1-9])?$/)) wrong("no number")
    value = substr($0, RSTART + 1)
    what = substr($0, 1, RSTART - 1)
    if (what in seen) wrong("twice")
    seen[what] = 1
    at = index(what, "{")
    base = at ? substr(what, 1, at - 1) : what
    labels = at ? substr(what, at) : ""
    if (!labels_are_good(labels)) wrong("labels")
    if (kind == "") wrong("no TYPE before it")
    if (kind != "histogram" && base != name) wrong("not of the name above")
    if (kind == "histogram") {
        if (base == name "_bucket") bucket(labels, value)
        else if (base == name "_sum" && labels == "") summed = 1
        else if (base == name "_count" && labels == "") counted = value + 0
        else wrong("no part of a histogram")
    }
    samples++
}
END {
    if (failed) exit 1
    family_ends()
    if (NR < 100) wrong("there is too little")
}
