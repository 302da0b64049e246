"""mutants.py: reads the tables of tests/mutants, and takes a rule away in a copy of the sources. For scripts/mutants.sh.

    mutants.py list TABLES [NAME...]          a line each: name|kind|section|model|system|argued|checksum
    mutants.py check TABLES TREE [NAME...]    says what is wrong with these; nothing where all is well
    mutants.py apply TABLES TREE NAME KEPT    changes TREE; what stood in the files that it changes goes to KEPT

A table begins with "kind: core" (or daemon, http, ctl), which says what its mutants are tried by. Then, for each:

    == its name
    rule: what is taken away, a sentence
    section: of PROTOCOL, or -
    expect: what breaks then
    model: the worlds of the model that should notice        (where there are any)
    system: the system tests that should notice              (all but core have some)
    argued: why nothing notices, and why that is no hole in the tests; of the election, after 20,000 seeds
    - the text that stands exactly once in src and include
    + what takes its place; nothing, where the rule just goes

More than one text may go: "-" behind "+", or behind an empty line, begins the next. A line that begins with a blank goes
on with the one before it, and one that begins with "#" is a comment. Text is compared word by word and sign by sign, so
that it may stand in any file and be wrapped in any way. NAME may be a shell pattern; without one, all are meant."""
import fnmatch
import hashlib
import pathlib
import re
import sys

KINDS = ("core", "daemon", "http", "ctl")
KEYS = ("rule", "section", "expect", "model", "system", "argued")


class Wrong(Exception):
    pass


class Mutant:
    def __init__(self, name, kind):
        self.name, self.kind, self.pairs, self.lines = name, kind, [], []
        self.said = dict.fromkeys(KEYS, "")


def read_table(path):
    kind, mutant, key, pair = None, None, None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        head, _, value = line.partition(": ")
        if mutant and not line.startswith(("#", "== ")):
            mutant.lines.append(line)
        if not line:
            pair = None
        elif line.startswith("#"):
            pass
        elif line.startswith("== ") and kind:
            mutant, key, pair = Mutant(line[3:], kind), None, None
            yield mutant
        elif mutant is None and head == "kind" and value in KINDS:
            kind = value
        elif mutant and head in KEYS and value and not mutant.said[head]:
            key, mutant.said[head] = head, value
        elif mutant and key and line.startswith(" "):
            mutant.said[key] += line
        elif mutant and re.match(r"-( |$)", line):
            if pair is None or pair[1]:
                pair = ([], [])
                mutant.pairs.append(pair)
            pair[0].append(line[2:])
        elif pair and re.match(r"\+( |$)", line):
            pair[1].append(line[2:])
        else:
            raise Wrong(f"{path.name}:{number}: no line of a table: {line}")


def read_tables(folder):
    mutants = {}
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        if path.name == "CMakeLists.txt":
            continue
        for mutant in read_table(path):
            if mutants.setdefault(mutant.name, mutant) is not mutant:
                raise Wrong(f"{mutant.name}: stands in the tables twice")
    return mutants


class Words:
    """A text as words and signs, each between blanks: how it is wrapped does not count."""

    def __init__(self, text):
        self.spans = [m.span() for m in re.finditer(r"\w+|[^\w\s]", text)]
        self.line = " " + "".join(text[a:b] + " " for a, b in self.spans)

    def find(self, other):
        """Where in this text the other stands: (begin, end) for each place."""
        at = self.line.find(other.line)
        while at >= 0:
            first = self.line.count(" ", 0, at)
            yield self.spans[first][0], self.spans[first + len(other.spans) - 1][1]
            at = self.line.find(other.line, at + 1)


class Tree:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        paths = sorted(p for d in ("include", "src") for p in (self.folder / d).rglob("*.[ch]"))
        self.texts = {path: path.read_text() for path in paths}
        self.words = {path: Words(text) for path, text in self.texts.items()}

    def find_once(self, mutant, text):
        words = Words(text)
        places = [(path, *span) for path in self.texts for span in self.words[path].find(words)]
        if len(places) == 1:
            return places[0]
        where = [f"{p.relative_to(self.folder)}:{self.texts[p].count(chr(10), 0, at) + 1}" for p, at, _ in places]
        count = f"{len(places)} times ({', '.join(where)})" if places else "nowhere"
        raise Wrong(f"{mutant.name}: its text stands {count}, not once: {' '.join(text.split())}")

    def edits(self, mutant):
        """What changes, from the last place to the first: (path, begin, end, new text)."""
        found = []
        for old, new in mutant.pairs:
            path, begin, end = self.find_once(mutant, "\n".join(old))
            line = self.texts[path].rfind("\n", 0, begin) + 1
            indent = re.match(r"\s*", self.texts[path][line:begin])[0]
            found.append((path, begin, end, ("\n" + indent).join(new)))
        found.sort(reverse=True)
        if any(a[0] == b[0] and a[1] < b[2] for a, b in zip(found, found[1:])):
            raise Wrong(f"{mutant.name}: two of its texts overlap")
        return found

    def apply(self, mutant, kept):
        edits = self.edits(mutant)
        for path, begin, end, new in edits:
            self.texts[path] = self.texts[path][:begin] + new + self.texts[path][end:]
        for path in {edit[0] for edit in edits}:
            copy = pathlib.Path(kept) / path.relative_to(self.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            path.rename(copy)
            path.write_text(self.texts[path])


def check(mutant, tree):
    for key in ("rule", "section", "expect") + (("system",) if mutant.kind != "core" else ()):
        if not mutant.said[key]:
            raise Wrong(f'{mutant.name}: no line "{key}:"')
    for scenario in mutant.said["system"].split():
        if not (tree.folder / "tests/system" / f"{scenario}.sh").exists():
            raise Wrong(f"{mutant.name}: no system test {scenario}")
    if not mutant.pairs:
        raise Wrong(f"{mutant.name}: takes nothing away")
    for old, new in mutant.pairs:
        if not "".join(old).strip():
            raise Wrong(f"{mutant.name}: a text without a word")
        if Words("\n".join(old)).line == Words("\n".join(new)).line:
            raise Wrong(f"{mutant.name}: changes nothing")
    tree.edits(mutant)


def wanted(mutants, patterns):
    return [m for m in mutants.values() if not patterns or any(fnmatch.fnmatchcase(m.name, p) for p in patterns)]


def show(mutant):
    said = [mutant.said[key] for key in ("section", "model", "system")]
    lines = "\n".join(mutant.lines)
    checksum = hashlib.sha256(lines.encode()).hexdigest()[:16]
    print("|".join([mutant.name, mutant.kind, *said, "yes" if mutant.said["argued"] else "", checksum]))


def main(what, tables, *rest):
    mutants, bad = read_tables(tables), 0
    if what == "list":
        for mutant in wanted(mutants, rest):
            show(mutant)
    elif what == "check":
        tree = Tree(rest[0])
        for mutant in wanted(mutants, rest[1:]):
            try:
                check(mutant, tree)
            except Wrong as wrong:
                print(wrong, file=sys.stderr)
                bad = 1
    else:
        Tree(rest[0]).apply(mutants[rest[1]], rest[2])
    return bad


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Wrong as wrong:
        sys.exit(str(wrong))
