#!/usr/bin/env bash
# teeth.sh: a mutant is found however its text is wrapped and wherever it stands; one whose text stands twice, nowhere or
# only as a part of other words is refused, and so is an entry that says too little.
set -euo pipefail
export LC_ALL=C
tool=$(cd "$(dirname "$0")/../.." && pwd)/scripts/lib/mutants.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{tables,tree/src/deep,tree/include,kept}
failed=0

cat >"$work/tree/src/one.c" <<'C'
int one(int a)
{
    if (a > 0) return 1;
    twice();
    return never(a,
                 2);
}
C
cat >"$work/tree/include/other.h" <<'C'
void twice();
int never_more(int b);
C
cp "$work/tree/src/one.c" "$work/before"

# table LINE... - one mutant that lacks nothing but what the lines say.
table() {
    printf '%s\n' 'kind: core' '' '== it' 'rule: r' 'section: -' 'expect: e' "$@" >"$work/tables/t.txt"
}

# says WHAT - the check fails, and says just this.
says() {
    local said
    if said=$(python3 "$tool" check "$work/tables" "$work/tree" 2>&1); then said="nothing is wrong: $said"; fi
    [ "$said" = "$1" ] || { echo "expected: $1" && echo "said:     $said" && failed=1; } >&2
}

table '- twice();'
says 'it: its text stands 2 times (include/other.h:1, src/one.c:4), not once: twice();'
table '- if (a > 0)' '- return 2;'
says 'it: its text stands nowhere, not once: if (a > 0) return 2;'
table '- never_mor' '+ x'
says 'it: its text stands nowhere, not once: never_mor'
table '- if (a > 0) return 1;' '+ if (a > 0)' '+     return 1;'
says 'it: changes nothing'
table '- if (a > 0) return 1;' '' '- return 1;'
says 'it: two of its texts overlap'
table
says 'it: takes nothing away'
table '- if (a > 0)' 'system: no_such_test'
says 'it: no system test no_such_test'
table '- if (a > 0)' 'rules: r'
says 't.txt:8: no line of a table: rules: r'
table '- if (a > 0)' '== it'
says 'it: stands in the tables twice'
table '- if (a > 0)'
sed -i '/^expect/d' "$work/tables/t.txt"
says 'it: no line "expect:"'
table '- if (a > 0)'
sed -i 's/core/daemon/' "$work/tables/t.txt"
says 'it: no line "system:"'
table '-' '+ twice();'
says 'it: a text without a word'

# Wrapped in another way, moved, and two of them: found, replaced, and put back by what was kept.
mv "$work/tree/src/one.c" "$work/tree/src/deep/moved.c"
table '- if (a > 0)' '-     return 1;' '+ if (a < 0)' '+     return 1;' '- return never(a, 2);'
python3 "$tool" check "$work/tables" "$work/tree" || failed=1
python3 "$tool" apply "$work/tables" "$work/tree" it "$work/kept"
diff - <(grep . "$work/tree/src/deep/moved.c" | grep -v '^ *$') <<'C' >&2 || failed=1
int one(int a)
{
    if (a < 0)
        return 1;
    twice();
}
C
diff "$work/before" "$work/kept/src/deep/moved.c" >&2 || failed=1
[ ! -e "$work/kept/include" ] || { echo "kept what has not changed" >&2 && failed=1; }
exit $failed
