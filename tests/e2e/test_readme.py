"""The README's tables say what the code does."""

import re
import subprocess
import unittest

from harness import BINARY, ROOT, TestCase

README = (ROOT / "README.md").read_text()
CODES = {"kAborted": "ABORTED", "kAlreadyExists": "ALREADY_EXISTS", "kCancelled": "CANCELLED",
         "kDeadlineExceeded": "DEADLINE_EXCEEDED", "kFailedPrecondition": "FAILED_PRECONDITION", "kInternal": "INTERNAL",
         "kInvalidArgument": "INVALID_ARGUMENT", "kNotFound": "NOT_FOUND", "kPermissionDenied": "PERMISSION_DENIED",
         "kResourceExhausted": "RESOURCE_EXHAUSTED", "kUnauthenticated": "UNAUTHENTICATED",
         "kUnavailable": "UNAVAILABLE", "kUnimplemented": "UNIMPLEMENTED", "kUnknown": "UNKNOWN"}


def error_rows():
    """The rows of the table in db/error.cc, as the README prints them."""
    source = (ROOT / "service/db/error.cc").read_text()
    table = source[source.index("kTable[] = {"):]
    table = table[:table.index("\n};")]
    rows = []
    for prefix, code, reason, meaning in re.findall(
            r'\{"(\w*)", StatusCode::(\w+),\s*("?\w+"?),\s*((?:"[^"]*"\s*)+)\}', table):
        reason = "CATALOG_MOVED" if reason == "kCatalogMoved" else reason.strip('"')
        meaning = "".join(re.findall(r'"([^"]*)"', meaning))
        shown = "any other" if not prefix else prefix if len(prefix) == 5 else f"class {prefix}" if len(prefix) == 2 else prefix
        rows.append(f"| {shown}: {meaning} | {CODES[code]} | {reason} |")
    assert len(rows) == table.count("StatusCode::"), (len(rows), table.count("StatusCode::"))
    return rows


class Readme(TestCase):
    def test_every_row_of_the_error_table(self):
        for row in error_rows():
            self.assertIn(row, README)

    def test_the_options_are_those_of_help(self):
        text = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, check=True).stdout
        begin, end = text.index("Database\n"), text.index("\nEach option can stand")
        self.assertIn(text[begin:end].rstrip(), README)


if __name__ == "__main__":
    unittest.main()
