"""Gets that wait together are answered by one statement, and none of them notices."""

import random
import unittest

import grpc

import tools
from harness import PATIENCE, Client, Contract, Server, RpcFailure, ServedTestCase, wait_for

SQL = """
CREATE TABLE item (id integer PRIMARY KEY, name text, at timestamptz, deleted_at timestamptz);
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 500) i;
UPDATE item SET at = 'infinity' WHERE id % 50 = 7;
UPDATE item SET deleted_at = now() WHERE id % 50 = 8;
CREATE TABLE pair (a text, b date, c text, PRIMARY KEY (a, b));
INSERT INTO pair SELECT 'a' || i, date '2024-01-01' + i, 'pair ' || i FROM generate_series(0, 99) i;
CREATE TABLE told (code text, n integer);
INSERT INTO told SELECT 'c' || i, i FROM generate_series(1, 40) i;
INSERT INTO told VALUES ('c1', 1), ('c20', 20);
CREATE VIEW told_once AS SELECT code, n FROM told;
COMMENT ON VIEW told_once IS '@protogres key=code';
"""


class Coalescing(ServedTestCase):
    SQL = SQL
    # One worker: while it is busy all others wait, and then run together.
    OPTIONS = ("--workers=1", "--echo")

    def futures(self, requests):
        return [self.client.stub(method).future(self.client.request(method, fields), timeout=20 * PATIENCE)
                for method, fields in requests]

    def outcome(self, call):
        try:
            return call.result().SerializeToString()
        except grpc.RpcError as error:
            failure = RpcFailure(error)
            return (failure.code, failure.reason, failure.message, tuple(failure.fields))

    def together(self):
        return sum("FROM unnest(" in line for line in self.server.all_lines())

    def test_each_answer_and_error_is_its_own(self):
        random.seed(1)
        requests = []
        for _ in range(600):
            key = random.randrange(0, 520)
            requests.append(random.choice([
                ("GetItem", {"id": key}), ("GetItem", {"id": key}), ("GetItem", {"id": key, "show_deleted": True}),
                ("GetItem", {"id": key, "read_mask": "name"}), ("GetItem", {"id": key, "read_mask": "id,at"}),
                ("GetItem", {"id": key, "read_mask": "nothing"}), ("GetItem", {}), ("GetItem", {"id": key, "lock": "FOR UPDATE"}),
                ("BatchGetItems", {"requests": [{"id": key}, {"id": key}, {"id": 1}]}),
                ("BatchGetItems", {"requests": [{"id": 1}, {"id": key}, {"id": 2}], "read_mask": "id,name,etag"}),
                ("BatchGetItems", {"requests": []}),
                ("GetPair", {"a": f"a{key % 100}", "b": f"2024-01-{1 + key % 31:02}"}),
                ("GetPair", {"a": "a1", "b": "2024-99-99"}),
            ]))
        alone = [self.outcome(call) for request in requests for call in self.futures([request])]
        before = self.together()
        together = [self.outcome(call) for call in self.futures(requests)]
        for request, one, other in zip(requests, alone, together):
            self.assertEqual(one, other, request)
        self.assertGreater(self.together() - before, 0)

    def test_a_key_with_two_rows_hides_no_other(self):
        # What the view's key says is not so: PostgreSQL keeps none in a view.
        codes = [f"c{i}" for i in range(1, 41)]
        answer = self.client.raw("BatchGetToldOnces", {"requests": [{"code": code} for code in codes]})
        self.assertEqual([row.code for row in answer.told_onces], codes)
        # The worker is busy with the first, and the others wait.
        calls = self.futures([("GetToldOnce", {"code": code}) for code in codes * 20])
        self.assertEqual([call.result().code for call in calls], codes * 20)

    def test_it_can_be_turned_off(self):
        server = Server(self.uri, "--workers=1", "--echo", "--coalesce=off")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        calls = [client.stub("GetItem").future(client.request("GetItem", {"id": 1})) for _ in range(100)]
        for call in calls:
            call.result()
        self.assertFalse(any("FROM unnest(" in line for line in server.all_lines()))

    def test_one_that_leaves_does_not_take_the_others_with_it(self):
        self.psql("CREATE TABLE IF NOT EXISTS locked (id integer PRIMARY KEY); INSERT INTO locked VALUES (1)")
        server = Server(self.uri, "--workers=2")
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri))
        release = tools.hold_open(self.uri, "LOCK TABLE locked")
        self.addCleanup(release)
        request = client.request("GetLocked", {"id": 1})
        calls = [client.stub("GetLocked").future(request, timeout=20 * PATIENCE) for _ in range(20)]
        impatient = [client.stub("GetLocked").future(request, timeout=0.3) for _ in range(20)]
        for call in impatient:
            with self.fails("DEADLINE_EXCEEDED"):
                call.result()
        release()
        for call in calls:
            self.assertEqual(call.result().id, 1)

    def test_when_all_have_left_the_statement_ends(self):
        self.psql("CREATE TABLE IF NOT EXISTS left_alone (id integer PRIMARY KEY)")
        server = Server(self.uri, "--workers=2")
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri))
        self.addCleanup(tools.hold_open(self.uri, "LOCK TABLE left_alone"))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%left_alone%'"
        request = client.request("GetLeftAlone", {"id": 1})
        calls = [client.stub("GetLeftAlone").future(request, timeout=20 * PATIENCE) for _ in range(30)]
        wait_for(lambda: int(self.psql(waiting)) > 0, "the statements to wait")
        for call in calls:
            call.cancel()
        wait_for(lambda: self.psql(waiting) == "0", "the statements to end", 5)


class SlowRows(ServedTestCase):
    """A group is done when its last row is: of rows that take long each, coalescing must not make all of them late."""

    SQL = """
CREATE TABLE item (id integer PRIMARY KEY, name text);
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 1000) i;
CREATE VIEW slow_item AS SELECT id, name, pg_sleep(0.05)::text AS slept FROM item;
COMMENT ON VIEW slow_item IS '@protogres key=id';
"""

    def answered(self, pool, *options):
        """How many of more Gets than can be answered are answered before their deadline."""
        server = Server(self.uri, f"--pool_size={pool}", "--max_overflow=0", *options)
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        client.raw("GetItem", {"id": 1})
        stub = client.stub("GetSlowItem")
        calls = [stub.future(client.request("GetSlowItem", {"id": i}), timeout=3 * PATIENCE) for i in range(1, 1001)]
        done = 0
        for i, call in enumerate(calls, 1):
            try:
                self.assertEqual(call.result().id, i)
                done += 1
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        return done

    def test_it_is_never_worse_than_without(self):
        for pool in (2, 6):
            with self.subTest(pool=pool):
                # What else the machine does at the moment may make either slow.
                self.assertTrue(any(self.is_as_good(pool) for _ in range(3)))

    def is_as_good(self, pool):
        off = self.answered(pool, "--coalesce=off")
        on = self.answered(pool)
        self.assertGreater(off, 30)
        print(f"a pool of {pool}: {on} answered, {off} without coalescing", flush=True)
        return on > 0.7 * off


if __name__ == "__main__":
    unittest.main()
