"""A flood of one caller or method, or a lock, keeps nobody else from being served."""

import unittest

from flood import Flood, clients, idle, p99, took
from harness import PATIENCE, Client, RpcFailure, Server, ServedTestCase, wait_for
from identity import Identity
from tokens import TokenClient, token
from tools import hold_open

SQL = """
CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL);
INSERT INTO account SELECT i, 100 FROM generate_series(1, 100) i;
CREATE TABLE item (id integer PRIMARY KEY, name text);
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 100) i;
CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT $1 FROM pg_sleep(0.3) $$;
CREATE VIEW sleeper AS SELECT slow(1) AS id;
CREATE VIEW dozer AS SELECT slow(1) AS id;
"""
# The aim is 100 ms for 99 of 100 calls; a busy machine is slower by itself.
SOON = 0.1 * max(1, PATIENCE)
UPDATE = {"account": {"id": 1, "balance": 7}}


class Fairness(ServedTestCase):
    SQL = SQL

    def assertServed(self, call, count=100):
        times = took(call, count)
        self.assertLess(p99(times), SOON, [round(time, 4) for time in times[-10:]])

    def get(self):
        self.assertEqual(self.call("GetItem", {"id": 5})["name"], "item 5")

    def test_while_5000_updates_wait_for_a_locked_row(self):
        self.addCleanup(idle, self)
        release = hold_open(self.uri, "SELECT FROM account WHERE id = 1 FOR UPDATE")
        try:
            with Flood(clients(self.server, self.contract), "UpdateAccount", UPDATE) as flood:
                self.assertServed(self.get)
                self.assertServed(lambda: self.call("GetAccount", {"id": 1}))
                self.assertServed(lambda: self.call("ListItems", {"page_size": 5}), 20)
                self.assertEqual(flood.reasons(), {"QUEUE_FULL"})
        finally:
            release()

    def test_while_5000_slow_lists_run(self):
        self.addCleanup(idle, self)
        with Flood(clients(self.server, self.contract), "ListSleepers", {}) as flood:
            self.assertServed(self.get)
            self.assertEqual(flood.reasons() - {"QUEUE_FULL"}, set())
            with Flood(clients(self.server, self.contract), "ListDozers", {}, 1000):
                self.assertServed(self.get)

    def test_a_flood_that_is_alone_has_most_connections(self):
        self.addCleanup(idle, self)
        running = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                   f"AND datname = '{self.database}'")
        seen = []
        with Flood(clients(self.server, self.contract), "ListSleepers", {}, 1000):
            # Nine of the twelve that the pool has by default. One or two may just be between two calls.
            wait_for(lambda: seen.append(int(self.psql(running))) or seen[-1] >= 7, "nine statements")
        self.assertLessEqual(max(seen), 9)

    def test_a_small_pool_leaves_the_bystander_a_connection(self):
        self.addCleanup(idle, self)
        server = Server(self.uri, "--pool_size=4", "--max_overflow=0")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        with Flood([client], "ListSleepers", {}, 100):
            self.assertServed(lambda: client.call("GetItem", {"id": 5}), 20)

    def test_the_refusal_says_when_to_come_again(self):
        self.addCleanup(idle, self)
        server = Server(self.uri, "--pool_size=1", "--max_overflow=0", "--queue_size=4")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        with Flood([client], "ListSleepers", {}, 50) as flood:
            refused = [call for call in flood.done() if call.exception()]
            self.assertGreaterEqual(len(refused), 40)
            failure = RpcFailure(refused[0].exception())
            self.assertEqual(failure.reason, "QUEUE_FULL")
            self.assertEqual(dict(refused[0].trailing_metadata())["grpc-retry-pushback-ms"], "100")


class FairnessOfIdentities(Identity):
    def assertServed(self, call, count=50):
        times = took(call, count)
        self.assertLess(p99(times), SOON, [round(time, 4) for time in times[-10:]])

    def flood_of_a(self, method, request, tokens=1):
        """Also with several tokens of one user."""
        headers = ["Bearer " + token({"role": "member", "tenant": "a", "jti": str(i)}) for i in range(tokens)]
        return Flood([TokenClient(self.server, self.contract, headers[i % tokens]) for i in range(8)], method, request, 3000)

    def test_a_lock_of_one_tenant_holds_up_no_other(self):
        self.fill()
        self.addCleanup(idle, self)
        release = hold_open(self.owner(), "SELECT FROM app.document WHERE id = 1 FOR UPDATE")
        try:
            with self.flood_of_a("UpdateDocument", {"document": {"id": 1, "n": 1}}, tokens=8):
                self.assertServed(lambda: self.b.call("UpdateDocument", {"document": {"id": 2, "n": 1}}))
                self.assertServed(lambda: self.b.call("GetDocument", {"id": 2}))
        finally:
            release()

    def test_the_slow_calls_of_one_tenant_hold_up_no_other(self):
        self.fill()
        self.addCleanup(idle, self)
        with self.flood_of_a("ListSlows", {}):
            self.assertServed(lambda: self.b.call("GetDocument", {"id": 2}))
            self.assertServed(lambda: self.b.call("ListDocuments"))
            self.assertServed(lambda: self.a.call("GetNotice", {"id": 1}))

    def owner(self):
        return self.uri.replace("user=authenticator", "user=postgres")


if __name__ == "__main__":
    unittest.main()
