"""Prometheus' text format, as far as the tests need it, and a scrape of a server."""

import re
import urllib.error
import urllib.request

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


def metrics_port(server):
    """Of a server with --metrics_listen."""
    return int(server._find(r"metrics on .* port (\d+)"))


def get(server, path, method="GET"):
    """The status and the body that /metrics, /healthz or /readyz give."""
    request = urllib.request.Request(f"http://127.0.0.1:{metrics_port(server)}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Scrape:
    """What /metrics says at one moment."""

    def __init__(self, server):
        status, self.text = get(server, "/metrics")
        assert status == 200, status
        self.types = {}  # by family
        self.samples = []  # (name, labels, value)
        for line in self.text.splitlines():
            if line.startswith("# TYPE "):
                _, _, family, kind = line.split(" ")
                assert family not in self.types, f"{family} comes twice"
                self.types[family] = kind
            elif not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def names(self):
        return {name for name, _, _ in self.samples}

    def all(self, name, **labels):
        """(labels, value) of each sample of this name that has these labels, and maybe others."""
        return [(has, value) for known, has, value in self.samples
                if known == name and all(has.get(label) == want for label, want in labels.items())]

    def value(self, name, **labels):
        """The sum of these samples; an error where there is none."""
        found = self.all(name, **labels)
        assert found, f"there is no {name} with {labels}"
        return sum(value for _, value in found)
