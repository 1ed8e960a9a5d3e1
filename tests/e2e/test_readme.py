"""The README's tables say what the code does, and its transcripts of transactions, streams and imports are what
one sees."""

import os
import re
import subprocess
import tempfile
import unittest

from harness import BINARY, ROOT, Server, TestCase, postgres

import tools

README = (ROOT / "README.md").read_text()
CODES = {"kAborted": "ABORTED", "kAlreadyExists": "ALREADY_EXISTS", "kCancelled": "CANCELLED",
         "kDeadlineExceeded": "DEADLINE_EXCEEDED", "kFailedPrecondition": "FAILED_PRECONDITION", "kInternal": "INTERNAL",
         "kInvalidArgument": "INVALID_ARGUMENT", "kNotFound": "NOT_FOUND", "kPermissionDenied": "PERMISSION_DENIED",
         "kResourceExhausted": "RESOURCE_EXHAUSTED", "kUnauthenticated": "UNAUTHENTICATED",
         "kUnavailable": "UNAVAILABLE", "kUnimplemented": "UNIMPLEMENTED", "kUnknown": "UNKNOWN"}


def error_rows():
    """The rows of the table in status/sqlstate.cc, as the README prints them."""
    source = (ROOT / "service/status/sqlstate.cc").read_text()
    constants = dict(re.findall(r'char (k\w+)\[\] = "(\w+)"', (ROOT / "service/status/reason.h").read_text()))
    table = source[source.index("kTable[] = {"):]
    table = table[:table.index("\n};")]
    rows = []
    for prefix, code, reason, meaning in re.findall(
            r'\{"(\w*)", StatusCode::(\w+),\s*(\w+),\s*((?:"[^"]*"\s*)+)\}', table):
        reason = constants[reason]
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


class Clients(TestCase):
    def test_a_client_is_generated_as_it_says(self):
        uri = postgres().create("clients", file=ROOT / "deploy/demo.sql")
        chapter = README[README.index("\n## Generating clients\n"):]
        commands = re.search(r"```sh\n(.*?)```", chapter, re.DOTALL).group(1)
        commands = commands.replace("build/release/service/protogres", f"'{BINARY}'")
        commands = commands.replace("postgresql://user@host/database", f"'{uri}'")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["bash", "-e", "-c", commands], cwd=folder, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(os.path.exists(os.path.join(folder, "generated/shop/v1/order_pb2_grpc.py")))


def transcripts(text):
    """The commands of the console blocks, each with the output that stands under it."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        lines = block.splitlines()
        while lines:
            command = [lines.pop(0).removeprefix("$ ")]
            # A command goes on until the shell takes it for whole.
            while command[-1].endswith("\\") or subprocess.run(
                    ["bash", "-n", "-c", "\n".join(command)], capture_output=True).stderr:
                command.append(lines.pop(0))
            output = []
            while lines and not lines[0].startswith("$ "):
                output.append(lines.pop(0))
            yield "\n".join(command), "\n".join(output)


def comparable(text):
    """Without what differs from run to run: times, etags."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    return re.sub(r"\d+-\(\d+,\d+\)", "ETAG", text).strip()


class Transcripts(TestCase):
    """Those of the chapters from transactions to bulk import, in their order and on a fresh demo."""

    def test_they_are_what_one_sees(self):
        uri = postgres().create("transcripts", file=ROOT / "deploy/demo.sql")
        subprocess.run([BINARY, "install", f"--database={uri}"], check=True, capture_output=True)
        server = Server(uri)
        self.addCleanup(server.close)
        path = os.path.dirname(tools.find("grpcurl")) + os.pathsep + os.environ["PATH"]
        chapter = README[README.index("\n## Transactions\n"):README.index("\n## In the schema\n")]
        count = 0
        for command, output in transcripts(chapter):
            run = subprocess.run(["bash", "-c", command.replace("127.0.0.1:50051", f"127.0.0.1:{server.port}")],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                                 env={**os.environ, "PATH": path})
            self.assertEqual(comparable(run.stdout), comparable(output), command)
            count += 1
        self.assertGreater(count, 13)


if __name__ == "__main__":
    unittest.main()
