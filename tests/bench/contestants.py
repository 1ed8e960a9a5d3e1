"""The contestants: how each is started, loaded and measured. A measurement is a dictionary of the CSV's metrics."""

import glob
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

import grpc
import harness
from database import NAME
from programs import Missing

# Protogres keeps so many connections by default (pool_size 8, max_overflow 4); the others get as many.
CONNECTIONS = 12
PROTOGRES = ("protogres", "protogres-coalesce-off", "protogres-group-commit")
NAMES = ("floor", "direct", *PROTOGRES, "origin", "go")
OPTIONS = {"protogres-coalesce-off": "--coalesce=off", "protogres-group-commit": "--group_commit"}
UNIMPLEMENTED = 12
# Seconds. The first change of a page after a checkpoint puts the whole page into the log: every contestant is to
# have paid most of that before it is measured.
WRITERS_WARM_UP = 1


class Failed(Exception):
    """A measurement that went wrong: its figure would be worthless."""


def rss_mb(pid):
    try:
        found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0


class Peak:
    """The largest resident memory of a process while the block runs."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.mb = rss_mb(pid)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self.done.wait(0.05):
            self.mb = max(self.mb, rss_mb(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.mb = max(self.mb, rss_mb(self.pid))


class Server:
    """A server under test, from exec to the line that names its port; close() ends it."""

    def __init__(self, name, command, pattern=r"port (\d+)", **keywords):
        self.name = name
        self.log = tempfile.TemporaryFile("w+")
        self.started = time.monotonic()
        self.process = subprocess.Popen([*harness.DIE_WITH_PARENT, *map(str, command)], stdout=self.log,
                                        stderr=self.log, **keywords)
        try:
            self.port = int(self._await(pattern))
        except BaseException:
            self.close()
            raise

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def _await(self, pattern, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := re.search(pattern, self.said()):
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise Failed(f"{self.name} did not start:\n" + "\n".join(self.said().splitlines()[-15:]))

    def _channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[("grpc.use_local_subchannel_pool", 1)])

    def await_serving(self, seconds=60):
        """Until health says SERVING; the seconds since exec."""
        with self._channel() as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            while time.monotonic() - self.started < seconds:
                try:
                    if check(b"", timeout=5, wait_for_ready=True) == b"\x08\x01":
                        return time.monotonic() - self.started
                except grpc.RpcError:
                    pass
                if self.process.poll() is not None:
                    break
                time.sleep(0.002)
        raise Failed(f"{self.name} is not SERVING:\n" + "\n".join(self.said().splitlines()[-15:]))

    def call(self, method, request):
        with self._channel() as channel:
            return channel.unary_unary(method)(request, timeout=30, wait_for_ready=True)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def protogres(programs, uri, name="protogres", more=()):
    command = [programs.protogres, "serve", f"--database={uri}", "--listen=127.0.0.1:0", *more]
    if name in OPTIONS:
        command.append(OPTIONS[name])
    return Server(name, command, r"listening on .*\bport (\d+)")


def absence(programs, name):
    """Why a contestant does not run at all here, or None."""
    if name in OPTIONS:
        option = OPTIONS[name].split("=")[0]
        return None if re.search(rf"^\s+{option}\b", programs.options, re.M) else f"this build has no {option}"
    return programs.missing.get(name)


def start(programs, name, database, work, answers):
    """The server of a contestant; None for direct, which is PostgreSQL itself."""
    if name == "direct":
        return None
    if name == "floor":
        methods = [f"--method={method}" for method in work.methods]
        return Server(name, [programs.floor, *methods, f"--answers={answers}"])
    if name == "origin":
        environment = {**os.environ, "PYTHONPATH": str(programs.origin), "PYTHONDONTWRITEBYTECODE": "1"}
        return Server(name, [programs.python, pathlib.Path(__file__).parent / "origin/server.py",
                             f"--host={database.folder}", f"--dbname={NAME}", f"--connections={CONNECTIONS}"],
                      env=environment)
    if name == "go":
        return Server(name, [programs.go, f"--database={database.uri}", f"--connections={CONNECTIONS}"])
    server = protogres(programs, database.uri, name)
    try:
        server.await_serving()
    except BaseException:
        server.close()
        raise
    return server


def enter(command, what, seconds, **keywords):
    try:
        done = subprocess.run([*harness.DIE_WITH_PARENT, *map(str, command)], capture_output=True, text=True,
                              timeout=seconds, **keywords)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{what} did not end within {seconds:.0f} s") from error
    if done.returncode != 0:
        raise Failed(f"{what} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def load(programs, server, work, requests, in_flight, timing, authorizations=()):
    """One measurement of a gRPC contestant. Missing where it does not have the method. `authorizations`: what the calls
    have as that header, in turn."""
    warm_up = max(timing.warm_up, WRITERS_WARM_UP) if work.writes else timing.warm_up
    command = [programs.load, f"--target=127.0.0.1:{server.port}", *(f"--method={method}" for method in work.methods),
               f"--requests={requests}", f"--mode={work.mode}", f"--in_flight={in_flight}",
               f"--threads={timing.threads}", f"--channels={timing.channels}", f"--warm_up={warm_up}",
               f"--seconds={timing.seconds}", f"--messages={timing.import_messages}",
               *(f"--authorization={text}" for text in authorizations)]
    with Peak(server.process.pid) as peak:
        result = json.loads(enter(command, f"load of {server.name}", timing.seconds + 120))
    for error in result["errors"]:
        if error["code"] == UNIMPLEMENTED:
            raise Missing(f"{server.name} has no {work.methods[0].rsplit('/', 1)[-1]}")
        raise Failed(f"{work.name}, {server.name}, {in_flight} in flight: {error['count']} calls failed, the first with"
                     f" code {error['code']}: {error['message']}")
    if result["count"] == 0:
        raise Failed(f"{work.name}, {server.name}, {in_flight} in flight: no call ended in the measured interval")
    figures = {"per_second": result["per_second"], "rss_mb": peak.mb}
    if work.mode == "unary":
        figures.update(p50_us=result["p50_us"], p99_us=result["p99_us"])
    else:
        expected = timing.stream_rows if work.mode == "stream" else timing.import_rows
        if result["count"] != expected:
            raise Failed(f"{work.name}, {server.name}: {result['count']} rows, and not {expected}")
        figures["rss_growth_mb"] = peak.mb - peak.before
    return figures


def pgbench(programs, database, work, in_flight, timing):
    """One measurement of the same SQL without gRPC: prepared, with as many connections as Protogres has at most."""
    clients = min(in_flight, CONNECTIONS)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, (weight, script) in enumerate(work.scripts):
            path = pathlib.Path(folder, f"{i}.sql")
            path.write_text(script)
            files += ["-f", f"{path}@{weight}"]
        common = [programs.pgbench, "-n", "-M", "prepared", "-h", database.folder, "-U", "postgres", *files,
                  "-c", clients, "-j", min(clients, 2)]
        # It has no warm-up of its own.
        enter([*common, *(("-T", WRITERS_WARM_UP) if work.writes or work.slow else ("-t", 20)), NAME], "pgbench", 60)
        # Most reads are so many that logging each would slow them.
        rate = 1 if work.writes or work.slow else 0.1
        said = enter([*common, "-T", max(1, round(timing.seconds)), "-l", f"--log-prefix={folder}/log",
                      f"--sampling-rate={rate}", NAME], "pgbench", timing.seconds + 120, cwd=folder)
        micros = sorted(int(line.split()[2]) for path in glob.glob(f"{folder}/log.*")
                        for line in pathlib.Path(path).read_text().splitlines())
    found = re.search(r"tps = ([\d.]+)", said)
    if not found or not micros:
        raise Failed(f"pgbench said nothing that can be read: {said[-500:]}")
    return {"per_second": float(found.group(1)), "p50_us": micros[len(micros) // 2],
            "p99_us": micros[min(len(micros) - 1, len(micros) * 99 // 100)]}


def copy(programs, database, work, rows_file, timing):
    """One measurement of psql's \\copy, psql's own start included."""
    rows = timing.stream_rows if work.mode == "stream" else timing.import_rows
    begin = time.monotonic()
    enter([programs.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.uri, "-c",
           work.copy.format(file=rows_file)], "psql", 600)
    return {"per_second": rows / (time.monotonic() - begin)}
