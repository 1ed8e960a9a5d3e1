#!/usr/bin/env python3
"""Asks a Prometheus for what the panels of the dashboard show of the last five minutes, and writes the page for them.

Usage: tests/picture/read.py PROMETHEUS_URL PAGE.html
"""

import json
import pathlib
import re
import sys
import time
import urllib.parse
import urllib.request

DASHBOARD = pathlib.Path(__file__).parents[2] / "deploy/grafana/protogres.json"
SECONDS, STEP = 300, 4
PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="panels.css">
<style>body {{ margin: 0; position: relative }}</style><div id="root"></div>
<script>window.process = {{env: {{}}}}; window.DASHBOARD = {data}</script><script src="panels.js"></script>
"""


def series_of(prometheus, target, title, times):
    # What Grafana puts in place of its variables.
    expression = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*").replace("$job", "protogres")
    query = urllib.parse.urlencode({"query": expression, "start": times[0], "end": times[-1], "step": STEP})
    with urllib.request.urlopen(f"{prometheus}/api/v1/query_range?{query}") as answer:
        for result in json.load(answer)["data"]["result"]:
            name = re.sub(r"\{\{(\w+)\}\}", lambda label: result["metric"].get(label[1], ""), target.get("legendFormat", ""))
            known = {int(at): None if value == "NaN" else float(value) for at, value in result["values"]}
            yield {"name": name or title, "times": [1000 * at for at in times], "values": [known.get(at) for at in times]}


def main(prometheus, page):
    end = int(time.time())
    times = list(range(end - SECONDS, end + 1, STEP))
    panels = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        series = [one for target in panel.get("targets", []) for one in series_of(prometheus, target, panel["title"], times)]
        panels.append({"type": panel["type"], "title": panel["title"], "gridPos": panel["gridPos"], "series": series,
                       "defaults": panel.get("fieldConfig", {}).get("defaults", {})})
    data = json.dumps({"panels": panels, "from": 1000 * times[0], "to": 1000 * times[-1]}).replace("<", "\\u003c")
    pathlib.Path(page).write_text(PAGE.format(data=data))


main(*sys.argv[1:])
