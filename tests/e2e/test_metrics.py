"""/metrics, /healthz and /readyz of a real server."""

import contextlib
import signal
import socket
import threading
import unittest

import grpc

from exposition import Scrape, get, metrics_port
from harness import PATIENCE, Contract, Client, Postgres, Server, ServedTestCase, TestCase, postgres, wait_for

SQL = """
CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 100) AS n;
"""
LISTEN = "--metrics_listen=127.0.0.1:0"


class Metrics(ServedTestCase):
    SQL = SQL
    OPTIONS = (LISTEN,)

    def scrape(self):
        return Scrape(self.server)

    def test_calls_are_counted_by_method_and_code(self):
        def of(scrape, name, **labels):
            found = scrape.all(name, grpc_service="metrics.v1.ItemService", grpc_method="GetItem", **labels)
            return sum(value for _, value in found)

        before = self.scrape()
        for _ in range(5):
            self.call("GetItem", {"id": 1})
        with self.fails("NOT_FOUND"):
            self.call("GetItem", {"id": 1000})
        after = self.scrape()

        def grown(name, **labels):
            return of(after, name, **labels) - of(before, name, **labels)

        self.assertEqual(grown("grpc_server_started_total", grpc_type="unary"), 6)
        self.assertEqual(grown("grpc_server_handled_total", grpc_code="OK"), 5)
        self.assertEqual(grown("grpc_server_handled_total", grpc_code="NotFound"), 1)
        self.assertEqual(grown("grpc_server_handling_seconds_count"), 6)
        self.assertEqual(grown("grpc_server_handling_seconds_bucket", le="+Inf"), 6)
        self.assertGreater(grown("grpc_server_handling_seconds_sum"), 0)
        self.assertEqual(grown("grpc_server_msg_received_total"), 6)
        self.assertEqual(grown("grpc_server_msg_sent_total"), 5)
        self.assertGreaterEqual(grown("grpc_server_msg_received_bytes_total"), 12)
        self.assertGreater(grown("grpc_server_msg_sent_bytes_total"), 5 * len("item 1"))
        self.assertEqual(of(after, "grpc_server_in_flight"), 0)

    def test_names_that_clients_make_up_make_no_series(self):
        channel = self.server.channel()
        for i in range(20):
            with self.assertRaises(grpc.RpcError):
                channel.unary_unary(f"/made.Up{i}/Method{i}")(b"", timeout=20 * PATIENCE)
        scrape = self.scrape()
        self.assertNotIn("made.Up", scrape.text)
        self.assertGreaterEqual(scrape.value("grpc_server_handled_total", grpc_service="unknown", grpc_code="Unimplemented"), 20)

    def test_buckets_of_a_histogram_grow_and_end_with_its_count(self):
        self.call("ListItems", {"page_size": 5})
        scrape = self.scrape()
        histograms = [family for family, kind in scrape.types.items() if kind == "histogram"]
        self.assertIn("grpc_server_handling_seconds", histograms)
        for family in histograms:
            series = {}
            for labels, value in scrape.all(f"{family}_bucket"):
                bound = float(labels.pop("le"))
                series.setdefault(tuple(sorted(labels.items())), []).append((bound, value))
            for labels, buckets in series.items():
                self.assertEqual(buckets, sorted(buckets), family)
                self.assertEqual([value for _, value in buckets], sorted(value for _, value in buckets), family)
                self.assertEqual(buckets[-1], (float("inf"), scrape.value(f"{family}_count", **dict(labels))), family)

    def test_statements_and_the_pool(self):
        before = self.scrape()
        self.call("ListItems", {"page_size": 5})
        after = self.scrape()
        grown = after.value("db_client_operation_duration_seconds_count") - before.value("db_client_operation_duration_seconds_count")
        self.assertGreaterEqual(grown, 1)
        self.assertGreaterEqual(after.value("protogres_pool_connections_created_total"), 1)
        self.assertGreaterEqual(after.value("db_client_connection_wait_time_seconds_count"), 1)
        self.assertEqual(after.value("db_client_connection_count", db_client_connection_state="used"), 0)
        self.assertGreaterEqual(after.value("db_client_connection_count", db_client_connection_state="idle"), 1)
        self.assertEqual(after.value("db_client_connection_max"), 12)
        self.assertEqual(after.value("db_client_connection_pending_requests"), 0)
        self.assertEqual(after.value("protogres_database_available"), 1)

    def test_calls_that_get_no_connection_in_time(self):
        uri = postgres().create("metrics_slow", "CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS slept;")
        server = Server(uri, LISTEN, "--pool_size=1", "--max_overflow=0", "--max_sessions=0", "--max_streams=0",
                        "--pool_timeout=500ms")
        self.addCleanup(server.close)
        client = Client(server, Contract(uri))
        running = client.stub("ListSlows").future(client.request("ListSlows", {}), timeout=60)
        wait_for(lambda: Scrape(server).value("db_client_connection_count", db_client_connection_state="used") == 1, "the call")
        with self.fails("RESOURCE_EXHAUSTED", "POOL_TIMEOUT"):
            client.call("ListSlows")
        self.assertEqual(Scrape(server).value("db_client_connection_timeouts_total"), 1)
        running.cancel()

    def test_groups_and_their_sizes(self):
        threads = [threading.Thread(target=lambda: [self.call("GetItem", {"id": 3}) for _ in range(20)]) for _ in range(8)]
        before = self.scrape()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = self.scrape()
        self.assertEqual(after.value("protogres_group_size_sum") - before.value("protogres_group_size_sum"), 160)
        self.assertLessEqual(after.value("protogres_group_size_count") - before.value("protogres_group_size_count"), 160)

    def test_sessions_while_they_are_open(self):
        self.assertEqual(self.scrape().value("protogres_sessions"), 0)
        release = threading.Event()

        def requests():
            release.wait(30)
            yield from ()

        session = self.server.channel().stream_stream("/protogres.v1.TransactionService/Session")
        call = session(requests(), timeout=30 * PATIENCE)
        wait_for(lambda: self.scrape().value("protogres_sessions") == 1, "the session to be counted")
        self.assertEqual(self.scrape().value("grpc_server_in_flight", grpc_method="Session", grpc_type="bidi_stream"), 1)
        release.set()
        with contextlib.suppress(grpc.RpcError):
            list(call)
        wait_for(lambda: self.scrape().value("protogres_sessions") == 0, "the session to be gone")
        self.assertEqual(self.scrape().value("protogres_sessions_max"), 6)

    def test_reloads_by_outcome(self):
        before = self.scrape().value("protogres_reloads_total", outcome="ok")
        self.psql("CREATE TABLE another (id bigint PRIMARY KEY)")
        self.server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.scrape().value("protogres_reloads_total", outcome="ok") == before + 1, "the reload to be counted")
        self.assertEqual(self.scrape().value("protogres_tables"), 2)
        self.assertEqual(self.scrape().value("protogres_reloads_total", outcome="failed"), 0)

    def test_the_process_and_its_memory(self):
        scrape = self.scrape()
        self.assertAlmostEqual(scrape.value("process_resident_memory_bytes") / 2**20, self.server.rss_mb(), delta=32)
        self.assertGreater(scrape.value("process_cpu_seconds_total"), 0)
        self.assertGreater(scrape.value("process_open_fds"), 5)
        self.assertGreater(scrape.value("process_max_fds"), scrape.value("process_open_fds"))
        self.assertEqual(scrape.value("protogres_memory_limit_bytes"), 2**30)
        self.assertEqual(scrape.value("protogres_build_info", version="0.1.0"), 1)

    def test_only_the_three_paths_are_answered(self):
        self.assertEqual(get(self.server, "/healthz"), (200, "ok\n"))
        self.assertEqual(get(self.server, "/readyz"), (200, "ok\n"))
        self.assertEqual(get(self.server, "/")[0], 404)
        self.assertEqual(get(self.server, "/etc/passwd")[0], 404)
        self.assertEqual(get(self.server, "/metrics/..")[0], 404)
        self.assertEqual(get(self.server, "/metrics", method="POST")[0], 405)
        self.assertEqual(get(self.server, "/metrics", method="HEAD"), (200, ""))

    def test_a_client_that_sends_nothing_is_disconnected(self):
        with socket.create_connection(("127.0.0.1", metrics_port(self.server))) as silent:
            silent.sendall(b"GET /metrics HTTP/1.1\r\n")
            self.assertEqual(get(self.server, "/healthz")[0], 200)
            silent.settimeout(30 * PATIENCE)
            while silent.recv(1000):
                pass


    def test_clients_that_send_nothing_hold_up_no_probe(self):
        with contextlib.ExitStack() as stack:
            for _ in range(40):
                stack.enter_context(socket.create_connection(("127.0.0.1", metrics_port(self.server))))
            # Within ten seconds; each of them has two, and they have no thread less for that.
            self.assertEqual(get(self.server, "/healthz")[0], 200)
            self.assertEqual(get(self.server, "/metrics")[0], 200)


class Readiness(TestCase):
    def test_it_follows_the_database_and_health_does_not(self):
        database = Postgres()
        self.addCleanup(database.close)
        server = Server(database.create("ready", SQL), LISTEN)
        self.addCleanup(server.close)
        self.assertEqual(get(server, "/readyz")[0], 200)
        database.stop()
        wait_for(lambda: get(server, "/readyz")[0] == 503, "the server to be not ready", 20)
        self.assertEqual(get(server, "/healthz")[0], 200)
        scrape = Scrape(server)
        self.assertEqual((scrape.value("protogres_ready"), scrape.value("protogres_database_available")), (0, 0))
        self.assertGreaterEqual(scrape.value("protogres_pool_connections_lost_total"), 1)
        database.start()
        wait_for(lambda: get(server, "/readyz")[0] == 200, "the server to be ready again", 20)

    def test_a_server_that_drains_is_not_ready(self):
        uri = postgres().create("draining", SQL)
        server = Server(uri, LISTEN, "--drain_timeout=20")
        self.addCleanup(server.close)
        release = threading.Event()

        def requests():
            release.wait(30 * PATIENCE)
            yield from ()

        call = server.channel().stream_stream("/protogres.v1.TransactionService/Session")(requests())
        wait_for(lambda: Scrape(server).value("protogres_sessions") == 1, "the session to be open")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: get(server, "/readyz")[0] == 503, "the server to be not ready")
        self.assertEqual(get(server, "/healthz")[0], 200)
        release.set()
        with contextlib.suppress(grpc.RpcError):
            list(call)
        self.assertEqual(server.process.wait(30 * PATIENCE), 0)

    def test_an_address_that_is_taken_is_a_clear_error(self):
        uri = postgres().create("taken", SQL)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            server = Server.__new__(Server)
            with self.assertRaisesRegex(AssertionError, r"--metrics_listen=127\.0\.0\.1:\d+: "):
                server.__init__(uri, f"--metrics_listen=127.0.0.1:{taken.getsockname()[1]}")
            server.process.wait(20)
            server.process.stderr.close()


if __name__ == "__main__":
    unittest.main()
