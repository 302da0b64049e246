# changelog.awk: of CHANGELOG.md the section of `version`, as an entry of a Debian changelog: by whom, and when. A paragraph
# becomes a point, a point one below it; lines have 78 characters at most.
function put(   i, line, words, count) {
    count = split(text, words, " ")
    line = text ~ /^- / ? "   " : "  *"
    for (i = 1; i <= count; i++) {
        if (length(line) + length(words[i]) > 77) { print line; line = text ~ /^- / ? "     " : "   " }
        line = line " " words[i]
    }
    if (count > 0) print line
    text = ""
}
/^## / { put(); wanted = $2 == version; if (wanted) print "goosed (" version ") unstable; urgency=medium\n"; next }
!wanted { next }
NF == 0 || /^- / { put() }
{ text = text " " $0; sub(/^ */, "", text); found = 1 }
END {
    put()
    if (!found) { print "CHANGELOG.md says nothing of " version > "/dev/stderr"; exit 1 }
    print "\n -- " by "  " now
}
