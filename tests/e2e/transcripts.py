"""The transcripts of a page: the commands of its blocks ```console, each with the output that stands under it.

They are run as somebody would who pastes them one after the other into a shell. A page whose commands start servers of
their own needs a PostgreSQL that may be broken: its shell has pasted LAB before, the place for this that a page sets up.
"""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import tools
from harness import BINARY, DIE_WITH_PARENT, PATIENCE, ROOT, pg_bin

LAB = ROOT / "docs/operating.md", "## A place to try things"
BLOCK = re.compile(r"(?<=```console\n)(.*?)(?=```)", re.DOTALL)
# What the pages call these; in a test other ports are free.
PORTS = ("50051", "50052", "9464", "8081")
TOKEN = re.compile(r'(?<="next_page_token": ")[^"]+')


def starts_servers(text):
    return "$ protogres serve" in text


def transcripts(block):
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
    """Without what differs from run to run or says nothing to a reader: times, etags, tokens, numbers of processes."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[\d.:]+(Z|\+00(:00)?)?", "TIME", text)
    text = TOKEN.sub("TOKEN", text)
    # The server's word, or grpcurl's own where that is sooner.
    text = re.sub(r"(?i)\b(context )?deadline exceeded$", "deadline exceeded", text, flags=re.MULTILINE)
    text = re.sub(r"\b(took|after|waited|for|within) [\d.]+ (ms|s)\b", r"\1 SOME TIME", text)
    text = re.sub(r"(?<=server process \(PID )\d+|(?<=Process )\d+", "PID", text)
    return re.sub(r"\d+-\(\d+,\d+\)", "ETAG", text).strip()


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return str(place.getsockname()[1])


class Shell:
    """A bash into which the commands of one page are pasted. `port`: of a server that is there already."""

    def __init__(self, port=None):
        self.folder = tempfile.mkdtemp(prefix="transcripts-")
        os.chmod(self.folder, 0o755)
        self.ports = {name: free_port() for name in PORTS}
        if port:
            self.ports["50051"] = str(port)
        self.process = subprocess.Popen(
            [*DIE_WITH_PARENT, "bash", "--noprofile", "--norc"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", env=self._environment(), start_new_session=True)
        # Where the test is ended from outside, so is what was started here.
        self.process.stdin.write(f"""trap 'kill $(jobs -p); [ ! -e {self.lab}/data/postmaster.pid ] ||
            pg_ctl stop --silent --mode=immediate --pgdata={self.lab}/data' EXIT\n""")
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _environment(self):
        programs = os.path.join(self.folder, "bin")
        os.mkdir(programs)
        os.symlink(BINARY, os.path.join(programs, "protogres"))
        os.symlink(tools.find("grpcurl"), os.path.join(programs, "grpcurl"))
        # As root, as whom PostgreSQL refuses to run, these two run as its own user.
        for name in ("initdb", "pg_ctl"):
            with open(os.path.join(programs, name), "w", encoding="utf-8") as file:
                drop = "setpriv --reuid=postgres --regid=postgres --clear-groups" if os.getuid() == 0 else ""
                file.write(f'#!/bin/sh\nexec {drop} {pg_bin()}/{name} "$@"\n')
            os.chmod(os.path.join(programs, name), 0o755)
        self.lab = os.path.join(self.folder, "lab")
        os.mkdir(self.lab)
        if os.getuid() == 0:
            shutil.chown(self.lab, "postgres", "postgres")
        return {**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"], "PGTZ": "UTC", "TZ": "UTC",
                "PROTOGRES_LISTEN": f"127.0.0.1:{self.ports['50051']}"}

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def run(self, command):
        """What one sees."""
        here = command.replace("$PWD/build/release/service:$PWD/build/tools:$(pg_config --bindir):", "")
        here = here.replace('"$(mktemp --directory)"', f"'{self.lab}'")
        for name, port in self.ports.items():
            here = re.sub(rf"(:|port[ =]){name}\b", rf"\g<1>{port}", here)
        self.process.stdin.write(f"{{\n{here}\n}} </dev/null\nprintf '\\nend of %s\\n' transcript\n")
        self.process.stdin.flush()
        seen, end = [], time.monotonic() + 60 * PATIENCE
        while not seen or seen[-1] != "end of transcript\n":
            try:
                seen.append(self.lines.get(timeout=max(0.1, end - time.monotonic())))
            except queue.Empty:
                seen.append(None)
            if seen[-1] is None:
                raise AssertionError(f"{command}\ndoes not end, or ends the shell, after\n" + "".join(seen[:-1]))
        if starts_servers("$ " + command) and command.endswith("&"):
            self._wait_for_server(re.search(r"--listen=\S*:(\d+)", here))
        text = "".join(seen[:-1]).removesuffix("\n")
        for name, port in self.ports.items():
            text = re.sub(rf"\b{port}\b", name, text)
        return "\n".join(line.rstrip() for line in text.replace(self.lab, "/tmp/lab").split("\n"))

    def _wait_for_server(self, listen):
        """A person sees in the log that it is ready, before the next command is pasted."""
        port = listen.group(1) if listen else self.ports["50051"]
        end = time.monotonic() + 20 * PATIENCE
        while '"status": "SERVING"' not in subprocess.run(
                [tools.find("grpcurl"), "-plaintext", f"127.0.0.1:{port}", "grpc.health.v1.Health/Check"],
                capture_output=True, text=True, check=False).stdout:
            if time.monotonic() > end:
                raise AssertionError("the server does not serve")
            time.sleep(0.1)

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # all that was started here, but for PostgreSQL
        self.process.wait()
        self.reader.join(10)
        self.process.stdin.close()
        self.process.stdout.close()
        if os.path.exists(os.path.join(self.lab, "data/postmaster.pid")):
            subprocess.run([os.path.join(self.folder, "bin/pg_ctl"), "stop", "--silent", "--mode=immediate",
                            f"--pgdata={self.lab}/data"], cwd="/", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def lab_commands():
    page, heading = LAB
    text = page.read_text()
    section = text[text.index(f"\n{heading}\n"):].split("\n## ", 2)[1]
    return [command for block in BLOCK.findall(section) for command, _ in transcripts(block)]
