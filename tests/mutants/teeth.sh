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

# says WHAT - the check of the table on standard input fails, and says just this.
says() {
    local said
    cat >"$work/tables/t.txt"
    if said=$(python3 "$tool" check "$work/tables" "$work/tree" 2>&1); then said="nothing is wrong: $said"; fi
    diff <(echo "$1") <(echo "$said") >&2 || failed=1
}

says 'twice: its text stands 2 times (include/other.h:1, src/one.c:4), not once: twice();
nowhere: its text stands nowhere, not once: if (a > 0) return 2;
part: its text stands nowhere, not once: never_mor
tail: its text stands nowhere, not once: ever(a,
same: changes nothing
overlap: two of its texts overlap
nothing: takes nothing away
empty: a text without a word
scenario: no system test no_such_test
short: no line "expect:"' <<'TABLE'
kind: core
== twice
rule: r
section: -
expect: e
- twice();
== nowhere
rule: r
section: -
expect: e
- if (a > 0)
- return 2;
== part
rule: r
section: -
expect: e
- never_mor
+ x
== tail
rule: r
section: -
expect: e
- ever(a,
== same
rule: r
section: -
expect: e
- if (a > 0) return 1;
+ if (a > 0)
+     return 1;
== overlap
rule: r
section: -
expect: e
- if (a > 0) return 1;

- return 1;
== nothing
rule: r
section: -
expect: e
== empty
rule: r
section: -
expect: e
-
+ twice();
== scenario
rule: r
section: -
expect: e
system: no_such_test
- if (a > 0)
== short
rule: r
section: -
- if (a > 0)
TABLE
says 'kind: no line "system:"' < <(printf '%s\n' 'kind: daemon' '== kind' 'rule: r' 'section: -' 'expect: e' '- a')
says 't.txt:3: no line of a table: rules: r' < <(printf '%s\n' 'kind: core' '== it' 'rules: r')
says 'it: stands in the tables twice' < <(printf '%s\n' 'kind: core' '== it' '== it')

# Wrapped in another way, moved, and two of them: found, replaced, and put back by what was kept.
mv "$work/tree/src/one.c" "$work/tree/src/deep/moved.c"
cat >"$work/tables/t.txt" <<'TABLE'
kind: core
== it
rule: r
section: -
expect: e
- if (a > 0)
-     return 1;
+ if (a < 0)
+     return 1;
- return never(a, 2);
TABLE
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
