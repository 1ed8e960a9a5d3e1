"""deploy/prometheus and deploy/grafana name only metrics and labels that a live server has, and promtool reads them."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from exposition import Scrape
from harness import ROOT, ServedTestCase
from tools import find

ALERTS = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/protogres.json"
# Prometheus itself makes it, and these labels.
OF_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"instance", "job", "le"}
WORD = r"[a-zA-Z_:][a-zA-Z0-9_:]*"


def promtool(*arguments, text=None):
    done = subprocess.run([find("promtool"), *arguments], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def expressions_of_dashboard():
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            expressions.append(re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"]).group(1))
    # What Grafana puts in place of its variables.
    return [e.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$job", "protogres") for e in expressions]


def expressions_of_alerts():
    """Read without a YAML library: promtool has parsed the file before."""
    text = ALERTS.read_text()
    found = re.findall(r"^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.+)\n)", text, re.MULTILINE)
    assert len(found) == text.count("- alert: ")
    return [block or line for block, line in found]


def parts_of(expression):
    """The names of metrics in a PromQL expression, and its labels: {metric or None: {label}}."""
    named = {}
    for clause in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expression):
        named.setdefault(None, set()).update(re.findall(WORD, clause))
    rest = re.sub(r"\b(?:by|on|without)\s*\([^)]*\)", " ", expression)
    for metric, matchers in re.findall(rf"({WORD})\s*\{{([^}}]*)\}}", rest):
        named.setdefault(metric, set()).update(re.findall(rf"({WORD})\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', matchers)))
    rest = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", rest)
    for word, called in re.findall(rf"({WORD})(\s*\()?", rest):
        if not called and word not in ("and", "or", "unless", "by", "on"):
            named.setdefault(word, set())
    return named


class Alerts(ServedTestCase):
    SQL = "CREATE TABLE item (id bigint PRIMARY KEY)"
    OPTIONS = ("--metrics_listen=127.0.0.1:0",)

    def setUp(self):
        with self.fails("NOT_FOUND"):
            self.call("GetItem", {"id": 1})
        self.scrape = Scrape(self.server)
        self.labels = {}  # by metric
        for name, labels, _ in self.scrape.samples:
            self.labels.setdefault(name, set()).update(labels)

    def check(self, expressions):
        known = set.union(*self.labels.values()) | LABELS_OF_PROMETHEUS
        for expression in expressions:
            with self.subTest(expression):
                for metric, labels in parts_of(expression).items():
                    if metric is not None:
                        self.assertIn(metric, self.scrape.names() | OF_PROMETHEUS)
                    self.assertLessEqual(labels, (known if metric is None else self.labels.get(metric, set()) | LABELS_OF_PROMETHEUS))

    def test_the_check_itself_finds_what_does_not_exist(self):
        self.assertEqual(parts_of('sum by (a, b) (rate(m_total{c=~"x{1}", d="y"}[5m])) > 1 and on (e) n'.replace("x{1}", "x")),
                         {None: {"a", "b", "e"}, "m_total": {"c", "d"}, "n": set()})

    def test_alerts_name_only_what_exists(self):
        self.check(expressions_of_alerts())

    def test_the_dashboard_names_only_what_exists(self):
        expressions = expressions_of_dashboard()
        self.assertGreater(len(expressions), 20)
        self.check(expressions)

    def test_the_dashboard_shows_each_metric_of_protogres_and_its_database(self):
        shown = {re.sub(r"_(bucket|count|sum)$", "", metric) for e in expressions_of_dashboard() for metric in parts_of(e) if metric}
        wanted = {re.sub(r"_(bucket|count|sum)$", "", name) for name in self.scrape.names() if name.startswith(("protogres_", "db_"))}
        self.assertLessEqual(wanted - shown, {"protogres_database_available"})

    def test_the_page_of_failures_says_what_to_do_at_each_alert(self):
        page = (ROOT / "docs/failures.md").read_text()
        self.assertEqual(re.findall(r"^\| (Protogres\w+) \|", page, re.MULTILINE),
                         re.findall(r"- alert: (\w+)", ALERTS.read_text()))

    def test_promtool_reads_the_rules(self):
        code, said = promtool("check", "rules", str(ALERTS))
        self.assertEqual(code, 0, said)

    def test_promtool_reads_the_expressions_of_the_dashboard(self):
        rules = [f"      - record: panel:{i}\n        expr: {json.dumps(e)}" for i, e in enumerate(expressions_of_dashboard())]
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "rules.yml")
            path.write_text("groups:\n  - name: dashboard\n    rules:\n" + "\n".join(rules) + "\n")
            code, said = promtool("check", "rules", str(path))
        self.assertEqual(code, 0, said)

    def test_promtool_has_nothing_against_the_metrics(self):
        _, said = promtool("check", "metrics", text=self.scrape.text)
        # OpenTelemetry calls a gauge so.
        said = [line for line in said.splitlines() if not line.startswith("db_client_connection_count ")]
        self.assertEqual(said, [])

    def test_the_page_of_metrics_names_them_all_and_no_others(self):
        page = (ROOT / "docs/metrics.md").read_text()
        documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
        self.assertEqual(documented, set(self.scrape.types))


if __name__ == "__main__":
    unittest.main()
