"""The command-line tools that users have: grpcurl, protoc, psql."""

import os
import shutil
import subprocess

from harness import DIE_WITH_PARENT, ROOT


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


def hold_open(uri, sql):
    """Runs `sql` in a transaction that stays open, with what it has locked, until what is returned is called."""
    holder = subprocess.Popen([*DIE_WITH_PARENT, "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", uri],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    holder.stdin.write(f"BEGIN;\n{sql};\n\\echo is held\n")
    holder.stdin.flush()
    said = []

    def release():
        holder.stdin.close()  # psql ends, and PostgreSQL rolls back
        holder.wait()
        holder.stdout.close()

    while not said or said[-1] != "is held\n":
        said.append(holder.stdout.readline())
        if not said[-1]:
            release()
            raise AssertionError("psql: " + "".join(said))
    return release
