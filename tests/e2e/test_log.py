"""The log and the access log where nobody reads them, and what of a client's bytes is in the log."""

import fcntl
import os
import signal
import threading
import time
import unittest

import http2
from harness import PATIENCE, Client, ServedTestCase, Server, wait_for

SQL = "CREATE TABLE item (id bigint PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a')"
# As if a newer line of the log had begun.
FORGED = "x\n2026-11-29T05:00:00.000+00:00 error forged"


def shrink(pipe):
    """Until it is full, a pipe has 64 KiB of room."""
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)


class UnreadServer(Server):
    """One whose log is read up to a moment only."""

    def _read(self):
        self.unread = threading.Event()
        shrink(self.process.stderr)
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if self.unread.is_set():
                return


class Unread(ServedTestCase):
    SQL = SQL

    def drain(self, server):
        begin = time.monotonic()
        self.assertEqual(server.terminate(), 0)
        self.assertLess(time.monotonic() - begin, 2 + 3 * PATIENCE)

    def make_calls(self, server):
        """As many as a pipe has no room for."""
        client = Client(server, self.contract)
        for _ in range(200):
            client.call("GetItem", {"id": 1})

    def unread_after_calls(self):
        server = UnreadServer(self.uri, "--drain_timeout=1s")
        self.addCleanup(server.close)
        server.unread.set()
        self.make_calls(server)
        return server

    def test_an_access_log_that_nobody_reads(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        shrink(writer)
        server = Server(self.uri, "--access_log", "--drain_timeout=1s", stdout=writer)
        self.addCleanup(server.close)
        os.close(writer)
        self.make_calls(server)
        server.all_lines()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: sum("serving 1 tables" in line for line in server.lines) == 2, "the reload to be logged")
        self.drain(server)
        self.assertTrue(any("SIGTERM: draining" in line for line in server.lines))

    def test_a_log_that_nobody_reads(self):
        server = self.unread_after_calls()
        self.drain(server)

    def test_a_log_that_is_read_late_is_whole(self):
        server = self.unread_after_calls()
        server.reader.join()
        server.unread.clear()
        server.reader = threading.Thread(target=Server._read, args=(server,), daemon=True)
        server.reader.start()
        self.assertEqual(sum("GetItem code=OK" in line for line in server.all_lines()), 200)


class Bytes(ServedTestCase):
    """What a client sends without any right."""

    SQL = SQL

    def flood(self, level):
        server = Server(self.uri, f"--log_level={level}")
        self.addCleanup(server.close)
        headers = b"\x83\x86" + b"".join(
            http2.literal(*pair) for pair in ((":path", "/x/y"), (":authority", "l"), ("content-type", "application/grpc"),
                                              ("te", FORGED)))
        peer = http2.Peer(server.port)
        self.addCleanup(peer.close)
        for i in range(100):
            peer.send(http2.frame(http2.HEADERS, http2.END_HEADERS | 1, 2 * i + 1, headers))
        client = Client(server, self.contract)
        client.call("GetItem", {"id": 1})
        self.assertEqual(server.terminate(), 0)
        server.reader.join(20)
        self.assertNotIn("forged", server.log())
        return [line for line in server.lines if "grpc: " in line]

    def test_headers_that_cannot_be_parsed_are_no_warning(self):
        self.assertEqual(self.flood("info"), [])

    def test_their_values_are_never_logged(self):
        lines = self.flood("debug")
        self.assertGreater(sum(line.endswith("Error parsing metadata: error=invalid value key=te") for line in lines), 0)


if __name__ == "__main__":
    unittest.main()
