"""Programs that are run with caches below build/clients, and the time that they take."""

import dataclasses
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

from harness import DIE_WITH_PARENT, PATIENCE, ROOT, wait_for

BUILD = ROOT / "build/clients"
CACHE = BUILD / "cache"
# What a build or a run may take at most. On a machine that does nothing else none takes a third of it.
LIMIT_SECONDS = 900


def environment():
    """Caches of each language's package manager below build/, unless the environment names others."""
    caches = {
        "PIP_CACHE_DIR": CACHE / "pip",
        "GOPATH": CACHE / "go",
        "GOCACHE": CACHE / "go-build",
        "npm_config_cache": CACHE / "npm",
        "CARGO_HOME": CACHE / "cargo",
        "MAVEN_REPOSITORY": CACHE / "maven",
    }
    flags = os.environ.get("GOFLAGS", "") + " -modcacherw -buildvcs=false"
    return {**{name: str(path) for name, path in caches.items()}, **os.environ, "GOFLAGS": flags, "PYTHONDONTWRITEBYTECODE": "1"}


class Failure(Exception):
    pass


def run(command, log, **more_environment):
    """Its output. All of it stands in `log`, too. What it has started ends with it."""
    with open(log, "ab") as errors:
        process = subprocess.Popen([*DIE_WITH_PARENT, *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=errors, env={**environment(), **more_environment}, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=LIMIT_SECONDS * PATIENCE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        errors.write(output)
    if process.returncode != 0:
        raise Failure(f"{command[0]} ended with {process.returncode}:\n{tail(log)}")
    return output.decode()


def tail(log, lines=40):
    return "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-lines:])


class Clock:
    """Seconds since it was made: by the wall, and of the processor by all that ran and ended meanwhile."""

    def __init__(self):
        self.begin, self.processor = time.monotonic(), self.used()

    @staticmethod
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    def __str__(self):
        return f"{time.monotonic() - self.begin:.0f} s, {self.used() - self.processor:.0f} s of a core"


SHOWN = {"passed": "", "failed": "FAILED: ", "skipped": "NOT RUN: "}


@dataclasses.dataclass
class Outcome:
    """Of one client or tool: `verdict` is passed, failed or skipped, and `text` says what was seen or what is missing."""

    name: str
    verdict: str
    text: str

    def __str__(self):
        return f"{self.name}: {SHOWN[self.verdict]}{self.text}"


def outcome(name, check):
    """What comes of `check()`, which gives a text or raises."""
    try:
        return Outcome(name, "passed", check())
    except (Failure, AssertionError, OSError, subprocess.TimeoutExpired) as failure:
        return Outcome(name, "failed", str(failure))


def missing(*programs):
    return [program for program in programs if not shutil.which(program)]


def lay(target, *sources):
    """Copies folders into one where it may be built. What has not changed keeps its time, by which build tools know what to
    build again."""
    for source in sources:
        for file in source.rglob("*"):
            copy = target / file.relative_to(source)
            if file.is_file() and not (copy.exists() and copy.read_bytes() == file.read_bytes()):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
    return target


class Background:
    """A program that runs until it is closed. `lines`: what it has written."""

    def __init__(self, command, log):
        self.log = pathlib.Path(log)
        with open(log, "wb") as out:
            self.process = subprocess.Popen([*DIE_WITH_PARENT, *map(str, command)], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, env=environment())

    def wait_for(self, pattern):
        """The group of `pattern` in what it writes."""
        def found():
            if self.process.poll() is not None:
                raise Failure(f"{self.process.args[2]} ended with {self.process.returncode}:\n{tail(self.log)}")
            return re.search(pattern, self.log.read_text(errors="replace"))
        return wait_for(found, f"'{pattern}' of {self.log.name}", 30).group(1)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
