"""The command-line tools that users have: grpcurl, protoc."""

import os
import shutil
import subprocess

from harness import ROOT


def find(name):
    """The tool's path. It fails rather than skips where there is none: tests/run installs it."""
    path = os.environ.get("PROTOGRES_TOOLS", str(ROOT / "build/tools"))
    found = shutil.which(name, path=path + os.pathsep + os.environ["PATH"])
    if found is None:
        raise AssertionError(f"{name} is not installed; tests/run installs it")
    return found


def grpcurl(port, *arguments, check=True):
    """What grpcurl answers; it knows the API by reflection alone."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2
    command = [find("grpcurl"), "-plaintext", *arguments[:at], f"127.0.0.1:{port}", *arguments[at:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}{done.stdout}")
    return done.stdout if check else done.stdout + done.stderr
