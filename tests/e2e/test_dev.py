"""`protogres dev` ends: what was temporary is gone, whatever its clients do."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

import http2
from harness import BINARY, DIE_WITH_PARENT, PATIENCE, Server, TestCase, pg_bin, wait_for

SQL = "CREATE TABLE large (id integer PRIMARY KEY, body text); INSERT INTO large SELECT 1, repeat('x', 2000000);"


class DevServer(Server):
    def __init__(self, *arguments):
        self.lines, self.channels = [], []
        self.process = subprocess.Popen(
            [*DIE_WITH_PARENT, BINARY, "dev", *arguments, "--listen=127.0.0.1:0", f"--postgres_bin={pg_bin()}"],
            stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.port = int(wait_for(lambda: self._find(r"listening on .*\bport (\d+)"), "the server to listen", 60))
        wait_for(lambda: self._find(r"serving (\d+) tables"), "the server to serve", 20)
        self.directory = pathlib.Path(self._find(r"private PostgreSQL: psql \"host='?([^' ]+)"))


class End(TestCase):
    def start(self):
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(SQL)
            file.flush()
            server = DevServer(file.name, "--drain_timeout=1s")
        self.addCleanup(server.close)
        self.assertTrue(server.directory.is_dir())
        return server, int((server.directory / "data/postmaster.pid").read_text().split()[0])

    def psql(self, server, sql):
        uri = f"host={server.directory} user=postgres dbname=dev"
        return subprocess.run(["psql", "-X", "-A", "-t", "-d", uri, "-c", sql], capture_output=True, text=True).stdout.strip()

    def ends(self, server, pid):
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(40 * PATIENCE), 0)
        self.assertFalse(server.directory.exists(), server.log())
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "PostgreSQL to end")

    def test_by_a_signal(self):
        self.ends(*self.start())

    def test_while_a_client_reads_nothing(self):
        server, pid = self.start()
        peer = http2.Peer(server.port, reads=False, window=1024)
        self.addCleanup(peer.close)
        request = http2.Requests("/dev.v1.LargeService/GetLarge")
        peer.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, request.block()) + http2.data(1, http2.message(b"\x08\x01")))
        wait_for(lambda: self.psql(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%\"body\"%FROM%' "
                                           "AND pid <> pg_backend_pid()") != "0", "the statement")
        self.ends(server, pid)


if __name__ == "__main__":
    unittest.main()
