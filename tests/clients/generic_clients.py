"""grpcurl, grpcui, ghz, buf and evans: each section of docs/clients/tools.md is run as it stands there, by the newest
versions, on the demo."""

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import tempfile

import chromium
from harness import BINARY, ROOT, export
from processes import BUILD, CACHE, Clock, Failure, Outcome, missing, outcome, run
from transcripts import BLOCK, Shell, comparable, lab_commands, transcripts

PAGE = ROOT / "docs/clients/tools.md"
TOOLS = BUILD / "tools"
LOG = BUILD / "tools.log"
# The modules, and the program in each. The newest that there were when this was last looked at.
MODULES = {
    "grpcurl": ("github.com/fullstorydev/grpcurl", "v1.9.4", "cmd/grpcurl"),
    "buf": ("github.com/bufbuild/buf", "v1.75.0", "cmd/buf"),
    "ghz": ("github.com/bojand/ghz", "v0.93.0", "cmd/ghz"),
    "grpcui": ("github.com/fullstorydev/grpcui", "v1.4.3", "cmd/grpcui"),
    "evans": ("github.com/ktr0731/evans", "v0.10.11", ""),
}
# What buf lint tells of names that are the database's own.
NAMES = {"FIELD_LOWER_SNAKE_CASE", "PACKAGE_LOWER_SNAKE_CASE", "ENUM_VALUE_UPPER_SNAKE_CASE"}
UPDATE = bool(os.environ.get("PROTOGRES_UPDATE_DOCS"))


def build(name):
    """The program, with the versions of all modules that its own go.mod names: so it gets a module of its own, in which it is
    the only requirement."""
    module, version, package = MODULES[name]
    program, place, stamp = TOOLS / "bin" / name, TOOLS / name, TOOLS / name / "version"
    if program.exists() and stamp.exists() and stamp.read_text() == version:
        return
    place.mkdir(parents=True, exist_ok=True)
    (place / "go.mod").write_text(f"module tools/{name}\n\ngo 1.24\n\nrequire {module} {version}\n")
    (place / "go.sum").unlink(missing_ok=True)
    run(["go", "build", "-C", place, "-mod=mod", "-o", program, f"{module}/{package}".rstrip("/")], LOG)
    stamp.write_text(version)


def sections():
    """The name of each section that has transcripts, and its text."""
    for part in PAGE.read_text().split("\n## ")[1:]:
        title, text = part.split("\n", 1)
        if BLOCK.search(text):
            yield title.strip(), text


def without_figures(text):
    """What a load test measures is never the same."""
    return re.sub(r"(\[OK\]|Count:|Total:|Slowest:|Fastest:|Average:|Requests/sec:)\s+[\d.]+( ms| s| responses)?", r"\1 N",
                  comparable(text))


def check_section(shell, text):
    """Runs what stands there. Gives how many commands there were."""
    count = 0
    for block in BLOCK.finditer(text):
        for command, output in transcripts(block.group()):
            seen = shell.run(command)
            if UPDATE:
                update(command, output, seen)
            elif without_figures(seen) != without_figures(output):
                raise Failure(f"$ {command}\n{seen}\n--- but {PAGE.relative_to(ROOT)} has\n{output}")
            count += 1
    return count


def update(command, output, seen):
    if without_figures(seen) != without_figures(output):
        page = PAGE.read_text()
        before, after = (f"$ {command}\n" + (text.strip("\n") + "\n" if text.strip() else "") for text in (output, seen))
        PAGE.write_text(page.replace(before, after, 1))


def check_grpcui(shell):
    """A user fills in its form."""
    picture = BUILD / "grpcui.png"
    picture.unlink(missing_ok=True)
    chromium.build(LOG)
    said = chromium.drive("grpcui.mjs", LOG, PAGE=f"http://127.0.0.1:{shell.ports['8081']}/", PICTURE=str(picture))
    return f"its form in Chromium gives {said}"


def check_hostile(postgres):
    """Of a schema that is made to be hard to name buf tells names that the database has, and nothing else."""
    uri = postgres.create("hostile", file=ROOT / "tests/support/hostile.sql")
    with tempfile.TemporaryDirectory() as folder:
        done = export(uri, folder)
        if done.returncode != 0:
            raise Failure(f"protogres contract: {done.stderr}")
        lint = subprocess.run([TOOLS / "bin/buf", "lint", folder, "--error-format=json"], capture_output=True, text=True)
    told = [json.loads(line) for line in lint.stdout.splitlines()]
    if lint.stderr or not told or {one["type"] for one in told} - NAMES:
        raise Failure(f"buf lint: {lint.stderr}{lint.stdout}")
    return f"{len(told)} names of tests/support/hostile.sql"


def check_tool(name, shell, text, service):
    clock = Clock()
    seen = [f"{check_section(shell, text)} commands of the page"]
    if name == "grpcui":
        seen.append(check_grpcui(shell))
    if name == "buf":
        seen.append(check_hostile(service.postgres))
    return f"{', '.join(seen)} ({clock})"


def open_shell():
    """A shell in which the programs are those that are built here, and with a place to try things."""
    os.environ["PROTOGRES_TOOLS"] = str(TOOLS / "bin")
    # Where evans and buf leave files.
    os.environ.update(XDG_CONFIG_HOME=str(BUILD / "config"), XDG_CACHE_HOME=str(CACHE / "tools"))
    os.environ["PATH"] = f"{TOOLS / 'bin'}{os.pathsep}{pathlib.Path(BINARY).parent}{os.pathsep}{os.environ['PATH']}"
    shell = Shell()
    for command in lab_commands():
        if seen := shell.run(command).strip():
            raise Failure(f"$ {command}\n{seen}")
    return shell


def build_all():
    """What became of each."""
    for name in MODULES:
        clock = Clock()
        built = outcome(f"tools/{name}", lambda name=name: build(name) or f"{MODULES[name][1]}")
        yield name, dataclasses.replace(built, text=f"{built.text} built in {clock}" if built.verdict == "passed" else built.text)


def check_sections(shell, built, service):
    for title, text in sections():
        lacking = missing(*chromium.NEEDS) if title == "grpcui" else []
        if title not in MODULES:
            yield outcome(f"tools/{title}", lambda text=text: f"{check_section(shell, text)} commands of the page")
        elif lacking:
            yield Outcome(f"tools/{title}", "skipped", f"{' and '.join(lacking)} not installed")
        elif built[title].verdict != "passed":
            yield built[title]
        else:
            seen = outcome(f"tools/{title}", lambda title=title, text=text: check_tool(title, shell, text, service))
            yield dataclasses.replace(seen, text=f"{built[title].text}; {seen.text}")


def check_all(service):
    if lacking := missing("go"):
        yield Outcome("tools", "skipped", f"{' and '.join(lacking)} not installed")
        return
    LOG.write_text("")
    built = dict(build_all())
    if built["grpcurl"].verdict != "passed":
        yield from built.values()  # the shell waits for servers by grpcurl
        return
    shell = open_shell()
    try:
        yield from check_sections(shell, built, service)
    finally:
        shell.close()
