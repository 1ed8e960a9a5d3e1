"""The limits that an operator gives: how long a statement takes, how many calls are in flight, how many rows change."""

import unittest

import grpc

from bulk import import_rows, stream_rows
from harness import PATIENCE, Client, RpcFailure, Server, ServedTestCase, wait_for
from identity import Identity
from tools import hold_open

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

    def test_streams_and_imports_take_their_time(self):
        self.assertEqual(len(stream_rows(self.client, "StreamSlowItems")), 20)
        self.assertEqual(import_rows(self.client, "ImportSlowRows", [{"id": i} for i in range(20)]), 20)
        with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
            self.call("ListSlowItems")


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
