#!/usr/bin/env python3
"""figures.py SAMPLES OUT: the table and the plots of scripts/bench.sh, from its samples alone."""
import json
import math
import sys

SYSTEMS = [  # row, what stands in table and plots, is it ours
    ("goosed", "goosed", True),
    ("goosed-will", "goosed --last-will", True),
    ("goosed-10-50", "goosed, 10/50 ms", True),
    ("goosed-10-50-will", "goosed --last-will, 10/50 ms", True),
    ("etcd", "etcd", False),
    ("etcd-10-50", "etcd, 10/50 ms", False),
    ("zookeeper", "ZooKeeper", False),
    ("sentinel", "Redis Sentinel", False),
    ("sentinel-300", "Redis Sentinel, 300 ms", False),
    ("keepalived", "keepalived", False),
    ("keepalived-100", "keepalived, 100 ms", False),
]
DEEDS = [("kill", "kill -9"), ("pause", "SIGSTOP"), ("cut", "cut off"), ("term", "SIGTERM"), ("start", "cold start")]
OURS, THEIRS, INK, PALE = "#d9480f", "#495057", "#212529", "#ced4da"
FONT = 'font-family="sans-serif" font-size="13"'


def read(path):
    """The samples by system and deed, and all versions."""
    found, versions = {}, {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            if "version" in sample:
                versions[sample["system"]] = sample["version"]
            elif "system" in sample:
                found.setdefault((sample["system"], sample["deed"]), []).append(sample)
            else:
                versions[""] = sample["machine"]
    return found, versions


def numbers(samples, key):
    return sorted(sample[key] for sample in samples if sample.get(key) is not None)


def median(values):
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def short(value):
    """Three digits, no more."""
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def time_text(ms):
    return f"{short(ms / 1000)} s" if ms >= 1000 else f"{short(ms)} ms"


# ---- the table ----


def failover_cell(samples):
    values = numbers(samples, "after_ms")
    lost = sum(1 for sample in samples if sample.get("failed") or sample.get("after_ms", 0) is None)
    if not values:
        return "-" if not lost else f"none of {lost}"
    text = f"{time_text(median(values))} ({time_text(values[-1])}; {len(values)})"
    return text + (f", {lost} failed" if lost else "")


def doubles_cell(samples):
    """How often two led at once, and for how long at the most."""
    good = [sample for sample in samples if "double_ms" in sample]
    if not good:
        return "-"
    twice = [sample for sample in good if sample["doubles"]]
    if not twice:
        return f"0 of {len(good)}"
    on = ", and on" if any(sample.get("lasts") for sample in twice) else ""
    return f"{len(twice)} of {len(good)}, {time_text(max(numbers(twice, 'double_ms')))}{on}"


def stale_cell(samples):
    good = [sample for sample in samples if "stale" in sample]
    if not good:
        return "-"
    told = [sample for sample in good if sample["stale"]]
    return f"{len(told)} of {len(good)}" + (f", {time_text(max(numbers(told, 'stale_ms')))}" if told else "")


def middle(samples, key):
    values = numbers(samples, key)
    return median(values) if values else None


def rest_cells(samples):
    if not samples:
        return ["-"] * 4
    return [
        f"{short(middle(samples, 'rss_kb') / 1000)} ({short(middle(samples, 'pss_kb') / 1000)})",
        f"{short(middle(samples, 'cpu_percent'))} ({short(middle(samples, 'cpu_most_percent'))})",
        short(middle(samples, "packets_s")),
        short(middle(samples, "bytes_s") / 1000),
    ]


def rows_of(title, heads, rows):
    lines = [title, "", "| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def lock_cell(samples):
    if not samples:
        return "-"
    cells = []
    for sample in samples:
        if sample.get("failed") or sample["overlap_ms"] is None:
            cells.append("no next job")
        elif sample["overlap_ms"] > 0:
            cells.append(time_text(sample["overlap_ms"]) + (" and on" if sample["runs_on"] else ""))
        else:
            cells.append("0")
        if sample.get("after_ms") is not None:
            cells[-1] += f" (next after {time_text(sample['after_ms'])})"
    return ", ".join(cells)


def table(found, versions, here):
    def of(name, deed):
        return found.get((name, deed), [])

    lines = [versions.get("", ""), "", "Versions: " + ", ".join(sorted({versions[name] for name, _ in here})) + ".", ""]
    lines += rows_of(
        "Until another leads: median (worst; how often); failed: not within 20 s, ZooKeeper 60 s, Sentinel 90 s. "
        "Cold start: from the first of three processes; who leads first under Sentinel stands in its configuration.",
        [title for _, title in DEEDS],
        [[label] + [failover_cell(of(name, deed)) for deed, _ in DEEDS] for name, label in here],
    )
    lines += rows_of(
        "Two leaders at once: in how many, and for how long at the most. And on: until the dead one "
        "was started again, the cable mended after 2 s, or the stopped one let go on after 0.3 s. Back: the dead one "
        "is started again. Stale: the stopped one goes on, and says that it leads while another does.",
        ["kill -9", "back", "SIGSTOP", "stale", "cut off and heal"],
        [
            [label, doubles_cell(of(name, "kill")), doubles_cell(of(name, "back")), doubles_cell(of(name, "pause")),
             stale_cell(of(name, "pause")), doubles_cell(of(name, "cut"))]
            for name, label in here
        ],
    )
    lines += rows_of(
        "Three nodes at rest, together.",
        ["MB resident (PSS)", "% of a core (the busiest node)", "packets a second", "kB a second"],
        [[label] + rest_cells(of(name, "rest")) for name, label in here],
    )
    locks = [(name, text) for name, text in (("goosed", "goosectl run"), ("etcd", "etcdctl lock"),
             ("keepalived", "keepalived, notify")) if of(name, "lock-cut") or of(name, "lock-term")]
    if locks:
        lines += rows_of(
            "Two jobs at once, where the job ignores SIGTERM, run by run. And on: the first ran on when we left.",
            ["its machine is cut off", "its daemon is stopped"],
            [[text, lock_cell(of(name, "lock-cut")), lock_cell(of(name, "lock-term"))] for name, text in locks],
        )
    answers = of("goosed", "answers")
    if answers:
        lines += rows_of(
            "Answers a second, beside nginx returning a constant.",
            ["goosed, GET /status", "nginx"],
            [[f"{sample['nth']} connections", f"{sample['goosed']:,}", f"{sample['nginx']:,}"] for sample in answers],
        )
    return "\n".join(lines)


# ---- plots ----


class Plot:
    """Rows with names at the left, and a logarithmic axis for each panel."""

    def __init__(self, rows, panels, width):
        self.left, self.width, self.gap = 200, width, 44
        self.top, self.step = 48, 24
        self.high = self.top + self.step * len(rows)
        self.parts = []
        total = self.left + panels * (width + self.gap)
        self.size = (total, self.high + 44)
        for i, (label, ours) in enumerate(rows):
            self.text(self.left - 12, self.y(i) + 4, label, "end", OURS if ours else INK)

    def y(self, row):
        return self.top + self.step * (row + 0.5)

    def text(self, x, y, text, anchor="start", fill=INK, size=13):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}">{text}</text>'
        )

    def panel(self, number, title, low, high, name):
        """Returns value -> x. Draws the axis by powers of ten."""
        left = self.left + number * (self.width + self.gap)

        def place(value):
            part = (math.log10(max(value, low)) - math.log10(low)) / (math.log10(high) - math.log10(low))
            return left + self.width * min(part, 1)

        self.text(left, 24, title, size=14)
        tick = low
        while tick <= high * 1.001:
            x = place(tick)
            self.parts.append(f'<line x1="{x:.1f}" y1="{self.top - 6}" x2="{x:.1f}" y2="{self.high}" stroke="{PALE}"/>')
            self.text(x, self.high + 18, name(tick), "middle", size=11)
            tick *= 10
        return place

    def dot(self, x, row, nth, ours):
        """Those with about the same x lie at different heights."""
        y = self.y(row) + nth * 5 % 9 - 4
        fill = OURS if ours else THEIRS
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{fill}" fill-opacity="0.45"/>')

    def bar(self, x0, x1, row, ours, high=9):
        y, width = self.y(row) - high / 2, max(x1 - x0, 1)
        fill = OURS if ours else THEIRS
        self.parts.append(f'<rect x="{x0:.1f}" y="{y:.1f}" width="{width:.1f}" height="{high}" fill="{fill}"/>')

    def write(self, path):
        width, height = self.size
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" {FONT}>'
        paper = f'<rect width="{width}" height="{height}" fill="white"/>'
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join([head, paper] + self.parts + ["</svg>", ""]))


def axis_ms(value):
    return f"{value:g} ms" if value < 1000 else f"{value / 1000:g} s"


def plot_failover(found, rows, path):
    plot = Plot([(label, ours) for _, label, ours in rows], 3, 300)
    for number, (deed, title) in enumerate(DEEDS[:3]):
        place = plot.panel(number, f"{title}, until another leads", 1, 100000, axis_ms)
        for row, (name, _, ours) in enumerate(rows):
            values = numbers(found.get((name, deed), []), "after_ms")
            for i, value in enumerate(values):
                plot.dot(place(value), row, i, ours)
            if values:
                plot.bar(place(median(values)) - 1, place(median(values)) + 1, row, ours, 18)
                plot.text(place(values[-1]) + 8, plot.y(row) + 4, time_text(median(values)), size=11)
    plot.write(path)


def plot_doubles(found, rows, path):
    plot = Plot([(label, ours) for _, label, ours in rows], 3, 300)
    for number, (deed, title) in enumerate([("kill", "kill -9"), ("cut", "cut off"), ("back", "started again")]):
        place = plot.panel(number, f"{title}: two leaders for", 1, 100000, axis_ms)
        for row, (name, _, ours) in enumerate(rows):
            samples = [sample for sample in found.get((name, deed), []) if "double_ms" in sample]
            twice = [sample for sample in samples if sample["doubles"]]
            for i, sample in enumerate(twice):
                plot.dot(place(sample["double_ms"]), row, i, ours)
            if samples:
                x = place(max(sample["double_ms"] for sample in twice)) + 8 if twice else place(1) + 4
                end = ", and on" if any(sample.get("lasts") for sample in twice) else ""
                plot.text(x, plot.y(row) + 4, f"{len(twice)} of {len(samples)}{end}", size=11)
    plot.write(path)


def plot_rest(found, rows, path):
    plot = Plot([(label, ours) for _, label, ours in rows], 3, 240)
    panels = [
        ("pss_kb", "memory of all three, MB", 1, 1000, 1000),
        ("cpu_percent", "all three, % of a core", 0.01, 100, 1),
        ("packets_s", "packets a second", 0.1, 10000, 1),
    ]
    for number, (key, title, low, high, unit) in enumerate(panels):
        place = plot.panel(number, title, low, high, lambda value: f"{value:g}")
        for row, (name, _, ours) in enumerate(rows):
            value = middle(found.get((name, "rest"), []), key)
            if value is not None:
                plot.bar(place(low), place(value / unit), row, ours)
                plot.text(place(value / unit) + 4, plot.y(row) + 4, short(value / unit), size=11)
    plot.write(path)


def main():
    samples, out = sys.argv[1], sys.argv[2]
    found, versions = read(samples)
    rows = [row for row in SYSTEMS if row[0] in versions]
    with open(f"{out}/table.md", "w", encoding="utf-8") as text:
        text.write(table(found, versions, [(name, label) for name, label, _ in rows]))
    plot_failover(found, rows, f"{out}/failover.svg")
    plot_doubles(found, rows, f"{out}/two-leaders.svg")
    plot_rest(found, rows, f"{out}/rest.svg")


main()
