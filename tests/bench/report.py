"""From the measurements to medians, the table, the CSV and the verdicts."""

import csv
import statistics

METRICS = ("per_second", "p50_us", "p99_us", "rss_mb", "rss_growth_mb", "ready_ms")


class Results:
    """Figures of each round by (work, contestant, in_flight, metric), and why something was not run."""

    def __init__(self):
        self.figures = {}
        self.absent = {}  # (work, contestant): "not run: ..." or "failed: ..."

    def add(self, work, contestant, in_flight, figures):
        for metric, value in figures.items():
            self.figures.setdefault((work, contestant, in_flight, metric), []).append(value)

    def median(self, work, contestant, in_flight, metric="per_second"):
        values = self.figures.get((work, contestant, in_flight, metric))
        return statistics.median(values) if values else None

    def spread(self, work, contestant, in_flight, metric):
        values = self.figures.get((work, contestant, in_flight, metric))
        return (statistics.median(values), min(values), max(values)) if values else None

    def rows(self):
        for key, values in self.figures.items():
            yield (*key, statistics.median(values), min(values), max(values))


def write_csv(results, path):
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["work", "contestant", "in_flight", "metric", "median", "low", "high"])
        for *key, median, low, high in results.rows():
            out.writerow([*key, *(f"{value:.1f}" for value in (median, low, high))])


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _cell(spread):
    if spread is None:
        return ""
    median, low, high = spread
    return _number(median) if low == high else f"{_number(median)} ({_number(low)}..{_number(high)})"


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def table(results, works, names):
    """Markdown: a table for each work."""
    lines = []
    for work in works:
        levels = sorted({key[2] for key in results.figures if key[0] == work.name})
        copies = work.mode != "unary"
        lines += ["", f"### {work.name}: {work.what}", ""]
        heads = ["contestant", "in flight", "rows/s" if copies else "calls/s",
                 *([] if copies else ["p50 us", "p99 us"]), "rss MB", *(["rss growth MB"] if copies else [])]
        metrics = ["per_second", *([] if copies else ["p50_us", "p99_us"]), "rss_mb",
                   *(["rss_growth_mb"] if copies else [])]
        lines += [_line(heads), _line(["---"] * 2 + ["---:"] * len(metrics))]
        for level in levels:
            for name in names:
                spreads = [results.spread(work.name, name, level, metric) for metric in metrics]
                if spreads[0]:
                    lines.append(_line([name, str(level), *(_cell(spread) for spread in spreads)]))
        for name in names:
            if (work.name, name) in results.absent:
                # The first line: the rest is a tool's own words, which were printed when they came.
                reason = results.absent[work.name, name].splitlines()[0]
                lines.append(_line([name, "", reason, *[""] * (len(metrics) - 1)]))
    starts = [key for key in results.figures if key[3] == "ready_ms"]
    if starts:
        lines += ["", "### start: from exec to health SERVING", "", _line(["tables", "ready ms", "rss MB"]),
                  _line(["---:"] * 3)]
        for work, name, level, _ in starts:
            lines.append(_line([work.removeprefix("start_"), _cell(results.spread(work, name, level, "ready_ms")),
                                _cell(results.spread(work, name, level, "rss_mb"))]))
    return "\n".join(lines) + "\n"


class Verdicts:
    """The figures that the project wants, each as a ratio or a limit of one run's medians."""

    def __init__(self, results):
        self.results = results
        self.lines = []
        self.short = 0

    def _say(self, what, measured, wanted, passed):
        self.short += not passed
        self.lines.append(_line([what, measured, wanted, "pass" if passed else "**falls short**"]))

    def _absent(self, what, wanted):
        self.lines.append(_line([what, "", wanted, "not run"]))

    def at_least(self, what, factor, ours, theirs):
        """`ours` and `theirs`: (work, contestant, in_flight)."""
        mine, other = self.results.median(*ours), self.results.median(*theirs)
        wanted = f">= {factor:g} x {theirs[1]}"
        if mine is None or other is None:
            return self._absent(what, wanted)
        ratio = mine / other
        self._say(what, f"{ratio:.2f} x ({_number(mine)} / {_number(other)})", wanted, ratio >= factor)

    def no_slower(self, what, factor, ours, theirs):
        """By the medians of p50, where a measurement has few calls."""
        mine, other = (self.results.median(*key, "p50_us") for key in (ours, theirs))
        wanted = f"<= {factor:g} x {theirs[1]}"
        if mine is None or other is None:
            return self._absent(what, wanted)
        self._say(what, f"{mine / other:.2f} x ({_number(mine)} / {_number(other)} us)", wanted, mine <= factor * other)

    def at_most(self, what, value, limit, unit):
        wanted = f"{limit:g} {unit} or less"
        if value is None:
            return self._absent(what, wanted)
        self._say(what, f"{value:.1f} {unit}", wanted, value <= limit)

    def latency(self):
        what, wanted = "Get, 1 in flight: p50", "<= 1.3 x (floor + direct)"
        ours, floor, direct = (self.results.median("get", name, 1, "p50_us")
                               for name in ("protogres", "floor", "direct"))
        if None in (ours, floor, direct):
            return self._absent(what, wanted)
        ratio = ours / (floor + direct)
        measured = f"{ratio:.2f} x ({_number(ours)} / ({_number(floor)} + {_number(direct)}) us)"
        self._say(what, measured, wanted, ratio <= 1.3)

    def markdown(self):
        head = [_line(["figure", "measured", "wanted", "verdict"]), _line(["---"] * 4)]
        return "\n".join(head + self.lines) + "\n"


def judge(results):
    verdicts = Verdicts(results)
    get = ("get", "protogres", 64)
    for factor, other in ((0.75, "floor"), (2, "protogres-coalesce-off"), (25, "origin"), (2, "go")):
        verdicts.at_least("Get, 64 in flight", factor, get, ("get", other, 64))
    verdicts.latency()
    at_64, at_1024 = results.median(*get), results.median("get", "protogres", 1024)
    fall = None if at_64 is None or at_1024 is None else (1 - at_1024 / at_64) * 100
    verdicts.at_most("Get, 64 to 1024 in flight: throughput falls by", fall, 10, "%")
    verdicts.at_least("List, 64 in flight", 1.5, ("list", "protogres", 64), ("list", "go", 64))
    verdicts.at_least("Create, 64 in flight, durable", 0.6, ("create", "protogres", 64), ("create", "direct", 64))
    verdicts.at_least("Update, 64 in flight, durable", 0.6, ("update", "protogres", 64), ("update", "direct", 64))
    verdicts.at_least("Create, 64 in flight, group commit", 1.5, ("create", "protogres-group-commit", 64),
                      ("create", "direct", 64))
    related = ("related_get", "protogres", 64)
    for factor, other in ((1.5, "go"), (15, "origin")):
        verdicts.at_least("related Get, 64 in flight", factor, related, ("related_get", other, 64))
    for what, work in (("List of 50 such orders", "related_list"), ("nested Create", "nested_create")):
        verdicts.at_least(f"{what}, 64 in flight", 1.2, (work, "protogres", 64), (work, "go", 64))
    verdicts.at_least("function, 64 in flight, beside get", 1, ("function", "protogres", 64),
                      ("get", "protogres-coalesce-off", 64))
    verdicts.no_slower("aggregate: p50", 1.05, ("aggregate", "protogres", 1), ("aggregate", "direct", 1))
    for work, factor in (("stream", 0.5), ("import", 0.6)):
        verdicts.at_least(work.capitalize(), factor, (work, "protogres", 1), (work, "direct", 1))
        verdicts.at_most(f"{work.capitalize()}: memory grows by", results.median(work, "protogres", 1, "rss_growth_mb"),
                         32, "MB")
    verdicts.at_most("Memory, idle", results.median("idle", "protogres", 0, "rss_mb"), 40, "MB")
    verdicts.at_most("Memory, Get, 1024 in flight", results.median("get", "protogres", 1024, "rss_mb"), 150, "MB")
    return verdicts
