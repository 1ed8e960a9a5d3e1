"""Imports that are cut short: by a cancel, a deadline, a client or a connection that breaks, a limit: none writes a part."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import grpc

import tools
from bulk import importing
from harness import PATIENCE, Client, Server, ServedTestCase, postgres, wait_for
from imports import SQL, Importing
from listening import Listening


class Cut:
    """Forwards connections to a server on this machine, until it breaks them off: to the server a client that died."""

    def __init__(self, port):
        self.port = port
        self.pairs = []
        self.listening = Listening(socket.create_server(("127.0.0.1", 0)), self.serve)

    def serve(self, client):
        pair = (client, socket.create_connection(("127.0.0.1", self.port)))
        self.pairs.append(pair)
        for source, target in (pair, pair[::-1]):
            threading.Thread(target=self.forward, args=(source, target), daemon=True).start()

    @staticmethod
    def forward(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.listening.listener.getsockname()[1]}",
                                     options=[("grpc.use_local_subchannel_pool", 1)])

    def cut(self, reset):
        for client, server in self.pairs:
            if reset:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for side in (server, client):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RD if reset and side is server else socket.SHUT_RDWR)
                side.close()
        self.pairs.clear()

    def close(self):
        self.cut(reset=False)
        self.listening.close()


class Through:
    """For a Client: the server as one channel reaches it."""

    def __init__(self, channel):
        self.made = channel

    def channel(self):
        return self.made


class BrokenImports(Importing):
    def hold(self, rows=10):
        """An import that has begun, and what ends it."""
        going = threading.Event()
        self.addCleanup(going.set)

        def messages():
            yield [{"id": i} for i in range(rows)]
            going.wait(30)

        call = importing(self.client, "ImportHelds", messages())
        self.addCleanup(call.cancel)
        wait_for(lambda: self.connections_in("active") >= 1, "the COPY")
        return call, going

    def test_a_cancel_writes_nothing(self):
        for _ in range(10):
            call, _ = self.hold()
            call.cancel()
            wait_for(lambda: self.connections_in("active") == 0, "the COPY to end", 3)
        self.assertEqual(self.count("held"), 0)
        self.assertEqual(self.load("ImportHelds", [{"id": 1}]), 1)

    def test_cancels_at_any_moment_write_nothing_or_all(self):
        for i in range(60):
            call = importing(self.client, "ImportHelds", [[{"id": i * 1000 + j} for j in range(50)]])
            time.sleep(i * 0.0003)
            call.cancel()
        wait_for(lambda: self.connections_in("active") == 0, "the imports to end")
        self.assertEqual(self.psql("SELECT count(*) FROM (SELECT FROM held GROUP BY id / 1000 HAVING count(*) <> 50) x"), "0")

    def test_a_deadline_writes_nothing(self):
        def messages():
            yield [{"id": 1}]
            time.sleep(3 * PATIENCE)

        with self.fails("DEADLINE_EXCEEDED"):
            importing(self.client, "ImportHelds", messages(), timeout=0.7).result()
        wait_for(lambda: self.connections_in("active") == 0, "the COPY to end", 3)
        self.assertEqual(self.count("held"), 0)

    def test_a_cancel_reaches_a_row_that_waits_for_a_lock(self):
        self.addCleanup(tools.hold_open(self.uri, "INSERT INTO held VALUES (3)"))
        call = importing(self.client, "ImportHelds", [[{"id": 3}]])
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_for(lambda: self.psql(waits) == "1", "the import to wait")
        call.cancel()
        wait_for(lambda: self.psql(waits) == "0", "the import to end", 3)

    def test_a_client_killed_in_the_middle(self):
        code = ("import time, harness, bulk\n"
                "class At:\n"
                "    def channel(self, **options):\n"
                "        import grpc\n"
                f"        return grpc.insecure_channel('127.0.0.1:{self.server.port}')\n"
                f"client = harness.Client(At(), harness.Contract({self.uri!r}))\n"
                "def messages():\n"
                "    i = 0\n"
                "    while True:\n"
                "        i += 1\n"
                "        yield [{'id': i}]\n"
                "        if i == 100: print('begun', flush=True)\n"
                "bulk.importing(client, 'ImportHelds', messages()).result()\n")
        for _ in range(3):
            client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                                      cwd=os.path.dirname(os.path.abspath(__file__)))
            try:
                self.assertEqual(client.stdout.readline().strip(), "begun")
                client.send_signal(signal.SIGKILL)
            finally:
                client.kill()
                client.wait()
                client.stdout.close()
            wait_for(lambda: self.connections_in("active") == 0, "the COPY to end", 5)
            self.assertEqual(self.count("held"), 0)

    def test_a_connection_that_breaks_at_any_moment_writes_nothing(self):
        cut = Cut(self.server.port)
        self.addCleanup(cut.close)
        going = threading.Event()
        self.addCleanup(going.set)
        for i in range(60):
            channel = cut.channel()

            def messages():
                for j in range(200):
                    yield [{"id": i * 1000 + j}]
                going.wait(20)

            call = importing(Client(Through(channel), self.contract), "ImportHelds", messages())
            wait_for(lambda: self.connections_in("active") >= 1, "the COPY")
            time.sleep(0.001 * (i % 7))
            cut.cut(reset=i % 2 == 0)
            with self.fails("UNAVAILABLE"):
                call.result()
            channel.close()
            wait_for(lambda: self.connections_in("active") == 0, "the COPY to end", 5)
        self.assertEqual(self.count("held"), 0)

    def test_a_backend_killed_in_the_middle(self):
        call, going = self.hold()
        postgres().terminate(self.database, "state = 'active'")
        going.set()
        with self.fails("UNAVAILABLE", message="nothing was imported"):
            call.result()
        self.assertEqual(self.count("held"), 0)
        self.assertEqual(self.load("ImportHelds", [{"id": 1}]), 1)


class ImportLimits(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--session_idle_timeout=500ms",)

    def test_the_longest(self):
        server = Server(self.uri, "--stream_max_duration=700ms")
        self.addCleanup(server.close)

        def messages():
            for i in range(1000, 1200):
                yield [{"id": i}]
                time.sleep(0.05)

        begin = time.monotonic()
        with self.fails("ABORTED", "STREAM_MAX_DURATION", message="nothing was imported"):
            importing(Client(server, self.contract), "ImportHelds", messages()).result()
        self.assertGreater(time.monotonic() - begin, 0.6)
        self.assertEqual(self.psql("SELECT count(*) FROM held WHERE id >= 1000"), "0")

    def test_a_client_that_sends_nothing(self):
        def messages():
            yield [{"id": 1}]
            time.sleep(3 * PATIENCE)

        begin = time.monotonic()
        with self.fails("ABORTED", "SESSION_IDLE_TIMEOUT", message="nothing was imported"):
            importing(self.client, "ImportHelds", messages()).result()
        self.assertLess(time.monotonic() - begin, 3 * PATIENCE)
        self.assertEqual(self.psql("SELECT count(*) FROM held"), "0")

    def test_a_drain_lets_it_finish(self):
        server = Server(self.uri, "--drain_timeout=20s")
        going = threading.Event()
        try:
            def messages():
                yield [{"id": 100}]
                going.wait(20)
                yield [{"id": 101}]

            call = importing(Client(server, self.contract), "ImportHelds", messages())
            wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' "
                                       "AND state = 'active'") == "1", "the COPY")
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "draining" in server.log(), "the drain")
            going.set()
            self.assertEqual(call.result().affected, 2)
            self.assertEqual(server.process.wait(20 * PATIENCE), 0)
        finally:
            going.set()
            server.close()


del Importing

if __name__ == "__main__":
    unittest.main()
