"""The limits that an operator gives: how long a statement takes, how many calls are in flight, how many rows change."""

import socket
import time
import unittest

import grpc

import http2
from bulk import import_rows, importing, stream_rows
from harness import PATIENCE, Client, RpcFailure, Server, ServedTestCase, wait_for
from identity import Identity
from tools import hold_open
from transactions import Session

SQL = """
CREATE TABLE item (id integer PRIMARY KEY, name text);
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 20) i;
CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT $1 FROM pg_sleep(0.15) $$;
CREATE VIEW slow_item AS SELECT slow(id) AS id FROM item;
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.15); RETURN NEW; END $$;
CREATE TABLE slow_row (id integer PRIMARY KEY);
CREATE TRIGGER slow BEFORE INSERT ON slow_row FOR EACH ROW EXECUTE FUNCTION hold();
"""


class StatementTimeout(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--statement_timeout=1s", "--pool_size=2", "--max_overflow=0")

    def test_a_statement_that_takes_longer_ends(self):
        for _ in range(3):
            with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT", message="--statement_timeout"):
                self.call("ListSlowItems")
            self.assertEqual(self.call("GetItem", {"id": 1})["name"], "item 1")

    def test_so_does_one_that_waits_for_a_lock_and_changes_nothing(self):
        release = hold_open(self.uri, "SELECT FROM item WHERE id = 3 FOR UPDATE")
        try:
            with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
                self.call("UpdateItem", {"item": {"id": 3, "name": "new"}})
        finally:
            release()
        self.assertEqual(self.call("GetItem", {"id": 3})["name"], "item 3")

    def test_an_import_waits_for_its_client(self):
        slowly = ([{"id": 100 + i}] for i in range(3) if not time.sleep(i))
        self.assertEqual(importing(self.client, "ImportItems", slowly).result().affected, 3)
        self.psql("DELETE FROM item WHERE id >= 100")

    def test_streams_and_imports_take_their_time(self):
        self.assertEqual(len(stream_rows(self.client, "StreamSlowItems")), 20)
        self.assertEqual(import_rows(self.client, "ImportSlowRows", [{"id": i} for i in range(20)]), 20)
        with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
            self.call("ListSlowItems")


class StatementTimeoutOfPolicies(Identity):
    """Rows of an Import that policies hold for are inserted, not copied."""

    MORE = ("--statement_timeout=1s",)

    @classmethod
    def make_database(cls):
        uri = super().make_database()
        cls.psql("CREATE FUNCTION app.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); "
                 "RETURN NEW; END $$; CREATE TRIGGER hold BEFORE INSERT ON app.document FOR EACH ROW "
                 "WHEN (NEW.body LIKE 'slow%') EXECUTE FUNCTION app.hold()")
        return uri

    def test_an_import_takes_its_time(self):
        slowly = ([{"body": f"{kind} {i}"}] for i, kind in enumerate(("slow", "fast", "slow")) if not time.sleep(i))
        self.assertEqual(importing(self.a, "ImportDocuments", slowly).result().affected, 3)
        together = [{"body": f"slow together {i}"} for i in range(2)]
        self.assertEqual(import_rows(self.a, "ImportDocuments", together), 2)
        with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
            self.a.call("CreateDocument", {"document": {"body": "slow alone"}})


class InFlight(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--max_in_flight=5",)

    def test_a_call_too_many_is_refused_at_once(self):
        stub, request = self.client.stub("ListSlowItems"), self.client.request("ListSlowItems", {})
        calls = [stub.future(request, timeout=60 * PATIENCE) for _ in range(30)]
        refused = wait_for(lambda: (done := [call for call in calls if call.done()])[24:] and done, "the refusals")
        for call in refused:
            failure = RpcFailure(call.exception())
            self.assertEqual((failure.code, failure.reason, failure.retry),
                             (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", True))
            self.assertIn("--max_in_flight", failure.message)
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS"):
            self.call("GetItem", {"id": 1})
        health = Client(self.server, self.contract).channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(health(b"", timeout=20 * PATIENCE), b"\x08\x01")
        self.assertEqual(sum(call.exception() is None for call in calls), 5)
        self.assertEqual(self.call("GetItem", {"id": 1})["name"], "item 1")


    def test_those_that_watch_its_health_are_none(self):
        watch = self.server.channel().unary_stream("/grpc.health.v1.Health/Watch")
        watches = [watch(b"", timeout=60 * PATIENCE) for _ in range(6)]
        for call in watches:
            self.assertEqual(next(call), b"\x08\x01")
        self.assertEqual(self.call("GetItem", {"id": 1})["name"], "item 1")
        for call in watches:
            call.cancel()


class Silent(ServedTestCase):
    """Calls that have begun, and whose first message does not come."""

    SQL = SQL
    # Long enough for a call beside them to be refused meanwhile.
    IDLE_MS = int(2000 * PATIENCE)
    OPTIONS = ("--max_in_flight=5", f"--session_idle_timeout={IDLE_MS}ms")

    def test_they_end_when_others_are_refused(self):
        peer = http2.Peer(self.server.port)
        self.addCleanup(peer.close)
        requests = http2.Requests("/silent.v1.ItemService/GetItem")
        begin = time.monotonic()
        peer.send(b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, 2 * i + 1, requests.block()) for i in range(5)))
        wait_for(lambda: not self.serves(), "the calls to have begun")
        wait_for(self.serves, "a call to be let in", 20)
        self.assertGreater(time.monotonic() - begin, 0.9 * self.IDLE_MS / 1000)
        said = f"the first message has not come for {self.IDLE_MS} ms"
        ended = [line for line in self.server.all_lines() if said in line]
        self.assertEqual(len(ended), 5)

    def serves(self):
        try:
            return self.call("GetItem", {"id": 1})["name"] == "item 1"
        except grpc.RpcError as error:
            self.assertEqual(RpcFailure(error).reason, "TOO_MANY_CALLS")
            return False


class Watches(ServedTestCase):
    SQL = SQL

    def watch(self, channel):
        return channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=60 * PATIENCE)

    def test_a_connection_has_sixteen(self):
        channel = self.server.channel()
        watches = [self.watch(channel) for _ in range(16)]
        self.assertEqual([next(watch) for watch in watches], [b"\x08\x01"] * 16)
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS", message="^16 health Watches"):
            next(self.watch(channel))
        reflection = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS"):
            next(reflection(iter([b"\x3a\x01*"]), timeout=20 * PATIENCE))
        self.assertEqual(next(self.watch(self.server.channel())), b"\x08\x01")
        watches.pop().cancel()
        wait_for(lambda: self.may_watch(channel), "a place")

    def may_watch(self, channel):
        try:
            return next(self.watch(channel))
        except grpc.RpcError:
            return None


class Deadlines(ServedTestCase):
    SQL = SQL

    def test_one_that_never_comes_is_none(self):
        # Go's longest time.Duration, and what gRPC makes of Java's.
        for timeout in ("1M", "2562047H", "99999999H", "99999999M"):
            with socket.create_connection(("127.0.0.1", self.server.port), 20 * PATIENCE) as client:
                request = http2.Requests("/deadlines.v1.ItemService/GetItem", grpc_timeout=timeout)
                client.sendall(http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0)
                               + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, request.block())
                               + http2.data(1, http2.message(b"\x08\x01")))
                answer = b""
                while b"grpc-status" not in answer:
                    part = client.recv(1 << 16)
                    self.assertTrue(part, answer)
                    answer += part
                self.assertIn(b"item 1", answer, timeout)


class Connections(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--pool_size=2", "--max_overflow=0")

    def test_a_session_that_finds_none_names_the_options(self):
        call = importing(self.client, "ImportItems", self.held())
        refused = lambda: Session(self.client, {})
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND datname = "
                                   "current_database()") == "1", "the import to hold its connection")
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_SESSIONS", message="hold 1 connections.*--pool_size.*--max_overflow"):
            refused()
        call.cancel()
        small = Server(self.uri, "--pool_size=1", "--max_overflow=0")
        self.addCleanup(small.close)
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_SESSIONS", message="--pool_size, --max_overflow"):
            Session(Client(small, self.contract), {})

    def held(self):
        yield [{"id": 1000}]
        time.sleep(10 * PATIENCE)


class InFlightOfIdentities(Identity):
    MORE = ("--max_in_flight_per_identity=3",)

    def test_each_has_its_own(self):
        self.fill()
        stub, request = self.a.stub("ListSlows"), self.a.request("ListSlows", {})
        calls = [stub.future(request, timeout=60 * PATIENCE) for _ in range(3)]
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%slow%' AND state = 'active' "
                                   "AND pid <> pg_backend_pid()") == "3", "three statements")
        for client in (self.a, self.member("a", jti="another token of the same user")):
            with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS", message="--max_in_flight_per_identity"):
                client.call("GetNotice", {"id": 1})
        self.assertEqual(self.b.call("GetNotice", {"id": 1})["body"], "hello")
        for call in calls:
            call.cancel()
        wait_for(lambda: self.may(self.a), "the calls to end")

    def may(self, client):
        try:
            return client.call("GetNotice", {"id": 1})
        except grpc.RpcError:
            return None


class MaxAffected(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--max_affected=10",)

    def test_a_request_without_a_limit_has_that_of_the_server(self):
        for method, request in (("UpdateItemsWhere", {"item": {"name": "x"}}), ("DeleteItemsWhere", {})):
            with self.fails("FAILED_PRECONDITION", "MAX_AFFECTED_EXCEEDED", message="--max_affected"):
                self.call(method, {"filter": "id > 5", **request})
        self.assertEqual(self.psql("SELECT count(*) FROM item WHERE name LIKE 'item%'"), "20")
        self.assertEqual(self.call("UpdateItemsWhere", {"filter": "id > 10", "item": {"name": "y"}}), {"affected": "10"})
        self.assertEqual(self.call("UpdateItemsWhere", {"filter": "id > 5", "item": {"name": "y"}, "max_affected": 15}),
                         {"affected": "15"})


if __name__ == "__main__":
    unittest.main()
