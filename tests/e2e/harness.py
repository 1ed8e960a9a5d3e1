"""What the end-to-end tests stand on: a private PostgreSQL, a real protogres
process, and a client whose messages come from the exported contract.

Nothing here uses a fixed port, and everything that is started ends with the
test, even when it fails.
"""

import atexit
import contextlib
import functools
import glob
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf import any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2

from failure import RpcFailure

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PROTOGRES_BINARY", str(ROOT / "build/release/service/protogres"))
# Sanitized builds are several times slower.
PATIENCE = float(os.environ.get("PROTOGRES_TEST_PATIENCE", "1"))
# What a server may grow by that holds nothing; a sanitizer keeps for a while what was freed.
GROWTH_MB = 512 if os.environ.get("PROTOGRES_SANITIZED") else 32


def pg_bin():
    if chosen := os.environ.get("PROTOGRES_POSTGRES_BIN"):  # tests/run --postgres
        return chosen
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if found:
        return found[-1]
    return os.path.dirname(shutil.which("postgres") or "/usr/bin/postgres")


# Before a command: the kernel ends it when the test is gone, however that came. Not by a preexec_fn, since Python then
# forks with its lock held, and gRPC's threads, for which its fork handlers wait, may want that lock.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig=TERM"]


class Postgres:
    """A PostgreSQL of the test's own, on a Unix socket, that can be stopped and started."""

    def __init__(self, *settings):
        self.dir = tempfile.mkdtemp(prefix="pg-e2e-")
        self.data = os.path.join(self.dir, "data")
        self.settings = settings
        self.process = None
        self.as_user = []
        if os.getuid() == 0:  # as whom PostgreSQL refuses to run
            shutil.chown(self.dir, "postgres", "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        os.chmod(self.dir, 0o711)
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()
        atexit.register(self.close)

    def _run(self, program, *args):
        command = [*self.as_user, os.path.join(pg_bin(), program), *args]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}{done.stdout}")

    def start(self):
        log = open(os.path.join(self.dir, "log"), "ab")
        command = [*self.as_user, *DIE_WITH_PARENT, os.path.join(pg_bin(), "postgres"), "-D", self.data, "-k", self.dir,
                   "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60",
                   "-c", "autovacuum=off"]  # its workers would be taken for the server's backends
        for setting in self.settings:
            command += ["-c", setting]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True)
        log.close()
        wait_for(lambda: self._ready(), "PostgreSQL to accept connections", 30)

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("PostgreSQL ended: " + open(os.path.join(self.dir, "log")).read()[-2000:])
        return subprocess.run(["pg_isready", "-q", "-h", self.dir]).returncode == 0

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast shutdown; SIGQUIT: as after a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def uri(self, database):
        return f"host={self.dir} user=postgres dbname={database}"

    def psql(self, database, sql=None, file=None):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.uri(database)]
        command += ["-f", str(file)] if file else ["-c", sql]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout.rstrip("\n")

    def terminate(self, database, condition="true"):
        """Ends the other backends of a database that meet the condition on pg_stat_activity; returns when they are gone."""
        # PostgreSQL 13 has no pg_terminate_backend that waits.
        self.psql(database, f"""DO $$
            DECLARE pids int[] := ARRAY(SELECT pid FROM pg_stat_activity
                                        WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition});
            BEGIN
              PERFORM pg_terminate_backend(pid) FROM unnest(pids) AS pid;
              FOR i IN 1..1000 LOOP
                PERFORM pg_stat_clear_snapshot();
                EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY (pids));
                PERFORM pg_sleep(0.005);
              END LOOP;
            END $$""")

    def create(self, database, sql=None, file=None):
        self.psql("postgres", f'CREATE DATABASE "{database}"')
        if sql:
            self.psql(database, sql)
        if file:
            self.psql(database, file=file)
        return self.uri(database)


def wait_for(condition, what, seconds=10.0):
    end = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds * PATIENCE:.0f} s for {what}")


class Server:
    """A protogres process."""

    def __init__(self, uri, *options, ready=True, command="serve", stdout=None):
        self.lines = []
        self.process = subprocess.Popen(
            [*DIE_WITH_PARENT, BINARY, command, f"--database={uri}", "--listen=127.0.0.1:0", "--log_level=debug",
             *options], stdout=stdout, stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.channels = []
        self.port = int(wait_for(lambda: self._find(r"listening on .*\bport (\d+)"), "the server to listen", 20))
        if ready:
            wait_for(lambda: self._find(r"serving (\d+) tables"), "the server to serve", 20)

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def _find(self, pattern):
        if self.process.poll() is not None and not any(re.search(pattern, line) for line in self.lines):
            raise AssertionError(f"protogres ended with {self.process.returncode}:\n" + "\n".join(self.lines[-30:]))
        for line in reversed(self.lines):
            found = re.search(pattern, line)
            if found:
                return found.group(1) if found.groups() else found.group(0)
        return None

    def log(self):
        """What of the log has been read so far; all_lines() has all."""
        return "\n".join(self.lines)

    def all_lines(self):
        """The lines of all that the server has logged before this was called. Another thread reads the log, so that what
        a call logs may not be in `lines` yet when the call is answered. The server must log at the level debug."""
        if not hasattr(self, "marker"):
            self.marker = self.channel()
            self.markers = itertools.count(1)
        method = f"/harness.Marker/Marker{next(self.markers)}"
        try:
            self.marker.unary_unary(method)(b"", timeout=20 * PATIENCE)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise
        wait_for(lambda: self._find(f"method={method} "), "the log to be read")
        return list(self.lines)

    def channel(self, **options):
        channel = grpc.insecure_channel(
            f"127.0.0.1:{self.port}",
            options=[("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1), *options.items()])
        self.channels.append(channel)
        return channel

    def rss_mb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def cpu_seconds(self):
        user, system = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def terminate(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40 * PATIENCE)

    def close(self):
        for channel in self.channels:
            channel.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)
        self.process.stderr.close()
        if self.process.returncode not in (0, -signal.SIGTERM, -signal.SIGKILL):
            raise AssertionError(f"protogres ended with {self.process.returncode}:\n" + "\n".join(self.lines[-60:]))


def export(uri, directory, *options):
    return subprocess.run([BINARY, "contract", f"--database={uri}", f"--out={directory}", *options],
                          capture_output=True, text=True)


TRANSACTIONS = "protogres.v1.TransactionService"


@functools.cache
def fixed_files():
    """The fixed contracts, from their sources."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "set")
        subprocess.run(["protoc", f"-I{ROOT}/proto", f"--descriptor_set_out={out}", "protogres/v1/transaction.proto",
                        "google/rpc/error_details.proto"], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out).read_bytes()).file


class Contract:
    """The messages of an exported contract, and of transactions."""

    def __init__(self, uri, *options):
        with tempfile.TemporaryDirectory() as directory:
            done = export(uri, directory, *options)
            if done.returncode != 0:
                raise RuntimeError(done.stderr)
            files = descriptor_pb2.FileDescriptorSet()
            files.ParseFromString(pathlib.Path(directory, "contract.binpb").read_bytes())
        self.files = files
        self.pool = descriptor_pool.DescriptorPool()
        for module in (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2):
            self.pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        for file in [*fixed_files(), *files.file]:
            self.pool.AddSerializedFile(file.SerializeToString())
        self.factory = message_factory.MessageFactory(self.pool)

    def message(self, name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    def services(self):
        return [f"{file.package}.{service.name}" for file in self.files.file for service in file.service]


class Client:
    """Calls methods by name with dictionaries: client.call("GetCustomer", {"id": 1})."""

    def __init__(self, server, contract):
        self.channel = server.channel()
        self.contract = contract
        self.methods = {}
        for service in [*contract.services(), TRANSACTIONS]:
            descriptor = contract.pool.FindServiceByName(service)
            for method in descriptor.methods:
                self.methods.setdefault(method.name, (service, method))
                self.methods[f"{service}.{method.name}"] = (service, method)

    def stub(self, method):
        service, descriptor = self.methods[method]
        response = self.contract.message(descriptor.output_type.full_name)
        return self.channel.unary_unary(f"/{service}/{descriptor.name}",
                                        request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
                                        response_deserializer=response.FromString)

    def request(self, method, fields):
        _, descriptor = self.methods[method]
        message = self.contract.message(descriptor.input_type.full_name)()
        # A mask is given as text with the fields' own names, which protobuf's JSON form would want in camelCase.
        masks = {name: value for name, value in fields.items() if name.endswith("_mask")}
        json_format.ParseDict({k: v for k, v in fields.items() if k not in masks}, message,
                              descriptor_pool=self.contract.pool)
        for name, value in masks.items():
            getattr(message, name).paths.extend(value.split(","))
        return message

    def raw(self, method, request=None, timeout=20, **keywords):
        """The response message. `request`: a dictionary in protobuf's JSON form, a message, or bytes."""
        if isinstance(request, (dict, type(None))):
            request = self.request(method, request or {})
        return self.stub(method)(request, timeout=timeout * PATIENCE, wait_for_ready=False, **keywords)

    def call(self, method, request=None, **keywords):
        """The response as a dictionary in protobuf's JSON form, with the proto's own field names."""
        return json_format.MessageToDict(self.raw(method, request, **keywords), preserving_proto_field_name=True,
                                         descriptor_pool=self.contract.pool)


class TestCase(unittest.TestCase):
    maxDiff = None

    @contextlib.contextmanager
    def fails(self, code, reason=None, field=None, message=None):
        """Expects an error; what it was is in the object that `with` gives."""
        outcome = []
        try:
            yield outcome
        except grpc.RpcError as error:
            failure = RpcFailure(error)
            outcome.append(failure)
            self.assertEqual(failure.code, getattr(grpc.StatusCode, code), repr(failure))
            if reason:
                self.assertEqual(failure.reason, reason, repr(failure))
            if field:
                self.assertIn(field, failure.fields, repr(failure))
            if message:
                self.assertRegex(failure.message, message)
            return
        self.fail(f"no error came; {code} was expected")


_postgres = None


def postgres():
    """The PostgreSQL that the tests of one file share."""
    global _postgres
    if _postgres is None:
        _postgres = Postgres()
    return _postgres


class ServedTestCase(TestCase):
    """Tests against one server on one database, made from SQL or FILE."""

    SQL = None
    FILE = None
    OPTIONS = ()
    CONTRACT_OPTIONS = ()

    @classmethod
    def make_database(cls):
        """The connection string by which the server reaches it; psql() always goes straight there."""
        return postgres().create(cls.database, cls.SQL, cls.FILE)

    @classmethod
    def setUpClass(cls):
        cls.database = cls.__name__.lower()
        cls.uri = cls.make_database()
        cls.server = Server(cls.uri, *cls.OPTIONS)
        cls.addClassCleanup(cls.server.close)
        cls.contract = Contract(cls.uri, *cls.CONTRACT_OPTIONS)
        cls.client = Client(cls.server, cls.contract)
        cls.call = cls.client.call

    @classmethod
    def psql(cls, sql):
        return postgres().psql(cls.database, sql)
