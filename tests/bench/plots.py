"""Draws throughput and latency against calls in flight as SVG, from the CSV. Run by the
venv's Python, which has matplotlib.
"""

import argparse
import csv
import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

# Without a date and with fixed ids, so that the same figures give the same file.
matplotlib.rcParams["svg.hashsalt"] = "bench"
MARKERS = "osD^vPX"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", help="as bench/run --csv writes it")
    parser.add_argument("out", type=pathlib.Path, help="folder for the SVG files")
    options = parser.parse_args()
    with open(options.csv) as file:
        rows = list(csv.DictReader(file))
    options.out.mkdir(parents=True, exist_ok=True)
    for work in dict.fromkeys(row["work"] for row in rows):
        of_work = [row for row in rows if row["work"] == work]
        levels = sorted({int(row["in_flight"]) for row in of_work if row["metric"] == "p50_us"})
        if len(levels) < 2:
            continue
        draw(work, levels, of_work, [("per_second", "", "-")], "calls/s", options.out / f"{work}_throughput.svg")
        draw(work, levels, of_work, [("p50_us", " p50", "-"), ("p99_us", " p99", ":")], "microseconds",
             options.out / f"{work}_latency.svg")


def draw(work, levels, rows, metrics, label, path):
    figure, axes = plt.subplots(figsize=(8, 5))
    names = list(dict.fromkeys(row["contestant"] for row in rows))
    for i, name in enumerate(names):
        for metric, suffix, style in metrics:
            mine = sorted((row for row in rows if row["contestant"] == name and row["metric"] == metric),
                          key=lambda row: int(row["in_flight"]))
            if not mine:
                continue
            x = [int(row["in_flight"]) for row in mine]
            y, low, high = ([float(row[column]) for row in mine] for column in ("median", "low", "high"))
            axes.plot(x, y, style, color=f"C{i}", marker=MARKERS[i % len(MARKERS)], markersize=4, label=name + suffix)
            if len(metrics) == 1:
                axes.fill_between(x, low, high, color=f"C{i}", alpha=0.15, linewidth=0)
    axes.set(xscale="log", yscale="log", xlabel="calls in flight", ylabel=label, title=f"{work}: {label}")
    axes.set_xticks(levels, [str(level) for level in levels])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
