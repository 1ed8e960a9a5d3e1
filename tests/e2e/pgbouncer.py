"""PgBouncer between a test's server and its PostgreSQL."""

import os
import shutil
import subprocess
import tempfile

from harness import DIE_WITH_PARENT, PATIENCE, postgres, wait_for


class PgBouncer:
    """On a Unix socket of its own, with the port that PostgreSQL has: `dir` is its host."""

    def __init__(self, cluster, mode, pool_size, **settings):
        self.dir = tempfile.mkdtemp(prefix="pgbouncer-")
        as_user = []
        if os.getuid() == 0:  # as whom PgBouncer refuses to run
            shutil.chown(self.dir, "postgres", "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        os.chmod(self.dir, 0o755)
        # As a default PgBouncer of Debian but for these: it has no TCP port, and lets the role in without a password.
        lines = {"listen_port": 5432, "unix_socket_dir": self.dir, "auth_type": "trust",
                 "auth_file": os.path.join(self.dir, "users"), "logfile": os.path.join(self.dir, "log"),
                 "pool_mode": mode, "default_pool_size": pool_size, "max_client_conn": 300, **settings}
        self._write("users", '"postgres" ""\n"authenticator" ""\n')
        self._write("ini", f"[databases]\n* = host={cluster.dir} port=5432\n[pgbouncer]\n"
                    + "".join(f"{name} = {value}\n" for name, value in lines.items()))
        program = shutil.which("pgbouncer", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
        if program is None:
            raise AssertionError("pgbouncer is not installed; tests/run installs it")
        self.process = subprocess.Popen([*as_user, *DIE_WITH_PARENT, program, "--quiet", os.path.join(self.dir, "ini")],
                                        cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._ready, "PgBouncer to accept connections")

    def _write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PgBouncer ended with {self.process.returncode}:\n" + self.log())
        return subprocess.run(["pg_isready", "-q", "-h", self.dir], check=False).returncode == 0

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8") as file:
            return file.read()

    def uri(self, database):
        return f"host={self.dir} user=postgres dbname={database}"

    def close(self):
        self.process.kill()
        self.process.wait(30 * PATIENCE)
        shutil.rmtree(self.dir, ignore_errors=True)


class ThroughPgBouncer:
    """Before a ServedTestCase in the bases of a class: all but psql() goes through PgBouncer."""

    MODE = "transaction"
    POOL_SIZE = 14  # connections to PostgreSQL: more than a server has, so that none of its calls waits for another
    SETTINGS = {}

    @classmethod
    def make_database(cls):
        super().make_database()
        cls.addClassCleanup(postgres().psql, "postgres", f'DROP DATABASE "{cls.database}" WITH (FORCE)')
        cls.pgbouncer = PgBouncer(postgres(), cls.MODE, cls.POOL_SIZE, **cls.SETTINGS)
        cls.addClassCleanup(cls.pgbouncer.close)
        return cls.pgbouncer.uri(cls.database)


def through(mode, base, *options):
    """The tests of `base` through PgBouncer in this mode, with these options of the server beside its own."""
    # With the base's own name, since the database and the API's package are named by it.
    return type(base.__name__, (ThroughPgBouncer, base), {
        "__qualname__": f"{base.__name__}.{mode}{''.join(options)}", "MODE": mode,
        "POOL_SIZE": 14 if mode == "transaction" else 40, "OPTIONS": (*base.OPTIONS, *options)})
