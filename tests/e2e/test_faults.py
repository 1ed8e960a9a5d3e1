"""Faults: the database goes, a backend is killed, the pool is full, a client leaves, the schema moves."""

import concurrent.futures
import signal
import threading
import time
import unittest

import grpc

from harness import PATIENCE, Client, Contract, Postgres, RpcFailure, Server, ServedTestCase, TestCase, postgres, wait_for

SLOW = """
CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL);
INSERT INTO account SELECT i, 100 FROM generate_series(1, 100) i;
CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE sql VOLATILE AS
  $$ SELECT $1 FROM pg_sleep(120) $$;
CREATE VIEW sleeper AS SELECT slow(1) AS id;
CREATE VIEW dozer AS SELECT slow(1) AS id;
CREATE FUNCTION sleep_then() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(NEW.seconds); RETURN NEW; END $$;
CREATE TABLE slow_row (id integer PRIMARY KEY, seconds float8 NOT NULL);
CREATE TRIGGER slow BEFORE INSERT ON slow_row FOR EACH ROW EXECUTE FUNCTION sleep_then();
"""


def health(channel, service=""):
    body = b"\x0a" + bytes([len(service)]) + service.encode() if service else b""
    answer = channel.unary_unary("/grpc.health.v1.Health/Check")(body, timeout=5 * PATIENCE)
    return {b"\x08\x01": "SERVING", b"\x08\x02": "NOT_SERVING"}.get(answer, answer)


class Faults(ServedTestCase):
    SQL = SLOW
    OPTIONS = ("--pool_size=3", "--max_overflow=1", "--queue_size=20", "--pool_timeout=1s")

    def running(self, what="pg_sleep"):
        return int(self.psql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                             f"AND query NOT LIKE '%pg_stat_activity%' AND datname = '{self.database}'"))

    def sleeping(self):
        return wait_for(lambda: self.running() > 0, "the statement to run")

    def idle(self):
        return wait_for(lambda: self.running() == 0, "the statement to end")

    def future(self, method, request, timeout=60):
        return self.client.stub(method).future(self.client.request(method, request), timeout=timeout * PATIENCE)

    def fill(self):
        """Keeps all four connections of the pool busy; the calls that do."""
        sleepers, dozers = [], []

        def full():
            # On a busy machine a call may be refused, since its connection was not made within --pool_timeout.
            sleepers[:] = [call for call in sleepers if not call.done()]
            # One method has three connections at the most, and then another one has the last.
            if len(sleepers) < 3:
                while dozers:
                    dozers.pop().cancel()
                sleepers.extend(self.future("ListSleepers", {}) for _ in range(3 - len(sleepers)))
            elif self.running() == 3 and not [call for call in dozers if not call.done()]:
                dozers[:] = [self.future("ListDozers", {})]
            return len(dozers) == 1 and self.running() == 4

        wait_for(full, "four statements", 30)
        return sleepers + dozers

    def test_a_client_that_cancels_ends_its_statement(self):
        call = self.future("ListSleepers", {})
        self.sleeping()
        call.cancel()
        self.idle()
        self.assertEqual(self.call("GetAccount", {"id": 1})["balance"], 100)

    def test_a_deadline_ends_its_statement(self):
        begin = time.monotonic()
        call = self.future("ListSleepers", {}, timeout=1 / PATIENCE)
        with self.fails("DEADLINE_EXCEEDED"):
            call.result()
        self.assertLess(time.monotonic() - begin, 5 * PATIENCE)
        self.idle()

    def test_cancels_never_hit_the_next_request(self):
        failures = []

        def attack():
            client = Client(self.server, self.contract)
            for _ in range(40):
                call = client.stub("ListSleepers").future(client.request("ListSleepers", {}), timeout=20)
                time.sleep(0.002)
                call.cancel()

        def work():
            client = Client(self.server, self.contract)
            for i in range(200):
                try:
                    client.call("GetAccount", {"id": 1 + i % 100})
                except grpc.RpcError as error:
                    if error.code() != grpc.StatusCode.RESOURCE_EXHAUSTED:
                        failures.append(RpcFailure(error))

        threads = [threading.Thread(target=f) for f in (attack, attack, work, work)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.idle()

    def test_a_backend_killed_in_mid_statement(self):
        call = self.future("ListSleepers", {})
        self.sleeping()
        self.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND datname = "
                  f"'{self.database}' AND pid <> pg_backend_pid()")
        with self.fails("UNAVAILABLE"):
            call.result()
        for i in range(20):
            self.assertEqual(self.call("GetAccount", {"id": 1})["balance"], 100)

    def test_a_killed_write_is_not_there(self):
        call = self.future("CreateSlowRow", {"slow_row": {"id": 1, "seconds": 20}})
        self.sleeping()
        self.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND datname = "
                  f"'{self.database}' AND pid <> pg_backend_pid()")
        with self.assertRaises(grpc.RpcError) as caught:
            call.result()
        failure = RpcFailure(caught.exception)
        self.assertIn(failure.code, (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN), failure)
        self.assertEqual(self.psql("SELECT count(*) FROM slow_row"), "0")

    def test_idle_connections_killed_are_replaced_unseen(self):
        for _ in range(8):
            self.call("GetAccount", {"id": 1})
        postgres().terminate(self.database)
        for _ in range(8):
            self.assertEqual(self.call("GetAccount", {"id": 1})["balance"], 100)

    def test_the_pool_exhausted(self):
        sleepers = self.fill()
        begin = time.monotonic()
        with self.fails("RESOURCE_EXHAUSTED", "POOL_TIMEOUT"):
            self.call("GetAccount", {"id": 1})
        self.assertLess(time.monotonic() - begin, 4 * PATIENCE)
        calls = [self.future("GetAccount", {"id": 1}) for _ in range(200)]
        codes = {}
        for call in calls:
            failure = RpcFailure(call.exception())
            codes[failure.reason] = codes.get(failure.reason, 0) + 1
        # Whatever they are sent in less than a second, the queue has room for 20, of which one method has 15.
        self.assertLessEqual(codes.keys(), {"QUEUE_FULL", "POOL_TIMEOUT"}, codes)
        self.assertGreater(codes.get("QUEUE_FULL", 0), 0, codes)
        self.assertGreaterEqual(codes.get("POOL_TIMEOUT", 0), 15, codes)
        for sleeper in sleepers:
            sleeper.cancel()
        self.idle()
        self.assertEqual(self.call("GetAccount", {"id": 1})["balance"], 100)

    def test_requests_past_their_deadline_leave_the_queue_unexecuted(self):
        sleepers = self.fill()
        call = self.future("UpdateAccount", {"account": {"id": 50, "balance": 1}}, timeout=0.3 / PATIENCE)
        with self.fails("DEADLINE_EXCEEDED"):
            call.result()
        for sleeper in sleepers:
            sleeper.cancel()
        self.idle()
        # What waited before these, if anything did, has run before the last of them.
        for _ in range(20):
            self.call("GetAccount", {"id": 1})
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 50"), "100")


class Schema(ServedTestCase):
    SQL = "CREATE TABLE item (id integer PRIMARY KEY, a text, b text); INSERT INTO item VALUES (1, 'a', 'b');"

    def setUp(self):
        self.psql("UPDATE item SET a = 'a'")

    def reloads(self):
        return sum("reloaded" in line for line in self.server.lines)

    def reload(self, how):
        self.server.all_lines()
        before = self.reloads()
        how()
        try:
            wait_for(lambda: self.reloads() > before, "a reload")
        except AssertionError as error:
            said = [line for line in self.server.lines if " debug " not in line]
            raise AssertionError("\n".join([str(error), *said[-20:]])) from None

    def test_reload_on_notify_and_hangup(self):
        notify = lambda: self.psql("NOTIFY protogres")
        self.psql("ALTER TABLE item ADD COLUMN c text DEFAULT 'c'")
        self.reload(notify)
        client = Client(self.server, Contract(self.uri))
        self.assertEqual(client.call("GetItem", {"id": 1})["c"], "c")
        self.psql("CREATE TABLE other (id integer PRIMARY KEY)")
        self.reload(lambda: self.server.process.send_signal(signal.SIGHUP))
        client = Client(self.server, Contract(self.uri))
        self.assertEqual(client.call("ListOthers", {}), {})
        # A client of the contract of before is served as ever.
        self.assertEqual(self.call("GetItem", {"id": 1})["a"], "a")
        self.psql("ALTER TABLE item DROP COLUMN c; DROP TABLE other")
        self.reload(notify)

    def test_columns_move_under_load(self):
        stop = threading.Event()
        outcomes, unexpected = {}, []
        allowed = {"OK", "FAILED_PRECONDITION", "INVALID_ARGUMENT"}

        def work(client):
            while not stop.is_set():
                for method, request in (("GetItem", {"id": 1}), ("UpdateItem", {"item": {"id": 1, "a": "x"}}),
                                        ("ListItems", {"filter": 'a = "x"'})):
                    try:
                        client.call(method, request)
                        outcome = "OK"
                    except grpc.RpcError as error:
                        outcome = error.code().name
                        if outcome not in allowed:
                            unexpected.append(RpcFailure(error))
                    outcomes[outcome] = outcomes.get(outcome, 0) + 1

        threads = [threading.Thread(target=work, args=(Client(self.server, self.contract),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for ddl in ("ADD COLUMN d integer", "DROP COLUMN b", "ALTER COLUMN d TYPE text",
                    "ADD COLUMN b text DEFAULT 'again'", "RENAME COLUMN d TO e", "DROP COLUMN e"):
            before = outcomes.get("OK", 0)
            self.psql(f"ALTER TABLE item {ddl}")
            wait_for(lambda: outcomes.get("OK", 0) > before + 30, "calls to be served after it")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(unexpected, [])
        self.assertGreater(outcomes["OK"], 50, outcomes)
        # What the statements' errors did not tell, a NOTIFY does; then all is well again.
        self.reload(lambda: self.psql("NOTIFY protogres"))
        client = Client(self.server, Contract(self.uri))
        self.assertEqual(client.call("GetItem", {"id": 1})["b"], "again")


class Gone(TestCase):
    def test_a_database_that_is_not_there_at_start_goes_and_comes_back(self):
        cluster = Postgres()
        self.addCleanup(cluster.close)
        uri = cluster.create("gone", SLOW)
        contract = Contract(uri)
        cluster.stop()
        server = Server(uri, ready=False)
        self.addCleanup(server.close)
        channel = server.channel()
        client = Client(server, contract)
        wait_for(lambda: server._find("not there yet"), "the server to say so")
        with self.fails("UNAVAILABLE"):
            client.call("GetAccount", {"id": 1})
        self.assertEqual(health(channel), "NOT_SERVING")
        self.assertEqual(health(channel, "liveness"), "SERVING")

        for how in (signal.SIGINT, signal.SIGQUIT):
            cluster.start()
            wait_for(lambda: health(channel) == "SERVING", "readiness", 20)
            self.assertEqual(client.call("GetAccount", {"id": 1})["balance"], 100)
            codes = self.under_load(client, cluster, how)
            self.assertLessEqual(codes.keys(), {"OK", "UNAVAILABLE", "UNKNOWN"}, codes)
            self.assertGreater(codes["OK"], 0)
            self.assertGreater(codes["UNAVAILABLE"], 0)
            wait_for(lambda: health(channel) == "NOT_SERVING", "readiness to go")
            begin = time.monotonic()
            with self.fails("UNAVAILABLE"):
                client.call("GetAccount", {"id": 1})
            self.assertLess(time.monotonic() - begin, 2 * PATIENCE)
            self.assertEqual(health(channel, "liveness"), "SERVING")

    def under_load(self, client, cluster, how):
        codes, stop = {}, threading.Event()

        def work(index):
            while not stop.is_set():
                try:
                    client.call("UpdateAccount", {"account": {"id": index, "balance": 100}})
                    code = "OK"
                except grpc.RpcError as error:
                    code = error.code().name
                codes[code] = codes.get(code, 0) + 1

        threads = [threading.Thread(target=work, args=(i + 1,)) for i in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: codes.get("OK", 0) > 50, "calls to be answered")
        cluster.stop(how)
        wait_for(lambda: codes.get("UNAVAILABLE", 0) > 50, "calls to be refused")
        stop.set()
        for thread in threads:
            thread.join()
        return codes


class Drain(TestCase):
    def test_sigterm_lets_calls_in_flight_finish(self):
        uri = postgres().create("drain", SLOW)
        server = Server(uri, "--drain_timeout=20s")
        self.addCleanup(server.close)
        client = Client(server, Contract(uri))
        watch = server.channel().unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=30 * PATIENCE)
        self.assertEqual(next(watch), b"\x08\x01")
        call = client.stub("CreateSlowRow").future(client.request("CreateSlowRow", {"slow_row": {"id": 1, "seconds": 2}}),
                                                   timeout=30 * PATIENCE)
        wait_for(lambda: postgres().psql("drain", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT%' "
                                         "AND state = 'active'") == "1", "the insert to run")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(next(watch), b"\x08\x02")
        self.assertEqual(call.result().id, 1)
        self.assertEqual(server.process.wait(20 * PATIENCE), 0)
        self.assertEqual(postgres().psql("drain", "SELECT count(*) FROM slow_row"), "1")

    def test_drain_timeout_cancels_what_is_left(self):
        uri = postgres().create("drain_timeout", SLOW)
        server = Server(uri, "--drain_timeout=1s")
        self.addCleanup(server.close)
        client = Client(server, Contract(uri))
        call = client.stub("CreateSlowRow").future(
            client.request("CreateSlowRow", {"slow_row": {"id": 1, "seconds": 25}}), timeout=30 * PATIENCE)
        wait_for(lambda: postgres().psql("drain_timeout", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE "
                                         "'INSERT%' AND state = 'active'") == "1", "the insert to run")
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(20 * PATIENCE), 0)
        self.assertLess(time.monotonic() - begin, 10 * PATIENCE)
        with self.assertRaises(grpc.RpcError):
            call.result()
        self.assertEqual(postgres().psql("drain_timeout", "SELECT count(*) FROM slow_row"), "0")


if __name__ == "__main__":
    unittest.main()
