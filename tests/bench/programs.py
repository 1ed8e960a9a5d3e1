"""What the bench runs: built, or with the reason why it is not there."""

import os
import pathlib
import shutil
import subprocess

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
BUILD = ROOT / "build/bench"
# What the origin and Go serve some of, of the exported contract.
PROTOS = ("rows", "item", "event", "parcel", "order", "functions")
PYTHON = "/usr/bin/python3"


class Missing(Exception):
    """A contestant that cannot run here, in words for its row."""


def execute(what, command, **keywords):
    """Raises Missing with the last lines of what the command said."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **keywords)
    except OSError as error:
        raise Missing(f"{what}: {error}") from error
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Missing(f"{what} failed:\n{said}")
    return done.stdout


def is_newer(target, sources):
    return target.exists() and all(source.stat().st_mtime <= target.stat().st_mtime for source in sources)


class Programs:
    """Paths: load, floor, protogres, pgbench, psql; python, origin and go or None, with `missing[name]` saying why."""

    def __init__(self, say, build=True, protogres=None, contestants=True):
        BUILD.mkdir(parents=True, exist_ok=True)
        self.say = say
        self.missing = {}
        self.cmake = BUILD / "cmake"
        self.load = self.cmake / "tests/bench/bench_load"
        self.floor = self.cmake / "tests/bench/bench_floor"
        self.protogres = pathlib.Path(protogres or ROOT / "build/release/service/protogres").resolve()
        if build:
            self._build(protogres is None)
        for path in (self.load, self.floor, self.protogres):
            if not path.exists():
                raise Missing(f"{path} is not there" + ("" if build else ": without --no_build it is built"))
        # harness exports the contract with it.
        harness.BINARY = str(self.protogres)
        self.pgbench = os.path.join(harness.pg_bin(), "pgbench")
        if not os.path.exists(self.pgbench):
            self.missing["direct"] = "pgbench is not installed"
        self.psql = shutil.which("psql") or os.path.join(harness.pg_bin(), "psql")
        self.options = execute("protogres serve --help", [self.protogres, "serve", "--help"])
        self.python = self._attempt("origin", self._python) if contestants else None

    def _build(self, with_protogres):
        execute("deploy/setup", [ROOT / "deploy/setup", "test"])
        if with_protogres:
            self.say("building protogres")
            execute("cmake", ["cmake", "--preset", "release"], cwd=ROOT)
            execute("building protogres", ["cmake", "--build", "build/release", "--target", "protogres"], cwd=ROOT)
        self.say("building the load generator and the floor")
        execute("cmake", ["cmake", "--preset", "release", "-B", self.cmake, "-DPROTOGRES_BENCH=ON"], cwd=ROOT)
        execute("building the bench", ["cmake", "--build", self.cmake, "--target", "bench_load", "bench_floor"])

    def _attempt(self, name, make):
        try:
            return make()
        except Missing as missing:
            self.missing[name] = str(missing)
            self.say(f"{name} will not run: {missing}")
            return None

    def _python(self):
        venv = BUILD / "venv"
        python = venv / "bin/python"
        wanted = HERE / "origin/requirements.txt"
        stamp = venv / "installed.txt"
        if not stamp.exists() or stamp.read_text() != wanted.read_text():
            self.say("installing the origin's Python packages into build/bench/venv")
            execute("python -m venv", [PYTHON, "-m", "venv", venv])
            execute("pip install", [python, "-m", "pip", "install", "--quiet", "-r", wanted])
            stamp.write_text(wanted.read_text())
        return python

    def generate(self, contract):
        """The origin's and Go's code from the exported contract, and the Go service built."""
        self.origin = self._attempt("origin", lambda: self._origin(contract)) if self.python else None
        self.go = self._attempt("go", lambda: self._go(contract))

    def _origin(self, contract):
        folder = BUILD / "origin"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        execute("grpc_tools.protoc", [self.python, "-m", "grpc_tools.protoc", "-I", contract, f"--python_out={folder}",
                                      f"--grpc_python_out={folder}", *(f"bench/v1/{name}.proto" for name in PROTOS)])
        return folder

    def _go(self, contract):
        go = shutil.which("go") or "/usr/local/go/bin/go"
        if not os.path.exists(go):
            raise Missing("no Go toolchain")
        sources = sorted((HERE / "go").iterdir())
        folder = BUILD / "go"
        server = folder / "server"
        protos = {name: (contract / "bench/v1" / f"{name}.proto") for name in PROTOS}
        # Go's linker takes half a minute of the two cores, so it is not asked without need.
        contract_text = "\n".join(path.read_text() for path in protos.values())
        stamp = folder / "contract.txt"
        if is_newer(server, sources) and stamp.exists() and stamp.read_text() == contract_text:
            return server
        for plugin in ("protoc-gen-go", "protoc-gen-go-grpc"):
            if not (ROOT / "build/tools" / plugin).exists():
                raise Missing(f"no {plugin} in build/tools: run deploy/setup test")
        self.say("building the Go service")
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "contract").mkdir(parents=True)
        for source in sources:
            shutil.copy(source, folder)
        package = "protogres/bench"
        options = [f"--go{kind}_opt={option}" for kind in ("", "-grpc")
                   for option in (f"module={package}",
                                  *(f"Mbench/v1/{name}.proto={package}/contract" for name in PROTOS))]
        path = f"{ROOT / 'build/tools'}:{os.environ.get('PATH', '')}"
        execute("protoc", ["protoc", "-I", contract, f"--go_out={folder}", f"--go-grpc_out={folder}", *options,
                           *(f"bench/v1/{name}.proto" for name in PROTOS)], env={**os.environ, "PATH": path})
        execute("go build", [go, "build", "-o", server, "."], cwd=folder)
        stamp.write_text(contract_text)
        return server
