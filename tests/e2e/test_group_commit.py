"""Writes that wait together share a transaction with --group_commit, and each caller sees just its own result."""

import os
import random
import unittest

import grpc

import tools
from grouping import OPTIONS, SQL, Group
from harness import Client, Server, ServedTestCase, wait_for
from test_request_id import install


class GroupCommit(Group, ServedTestCase):
    SQL = SQL
    OPTIONS = OPTIONS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = install(cls.uri)
        assert done.returncode == 0, done.stderr

    def setUp(self):
        self.psql("TRUNCATE held, item, line, note, serial, part, protogres.request RESTART IDENTITY")

    def assert_grouped(self, table, rows):
        """Some have shared a transaction. How many did depends on how fast the machine is at the moment; see
        test_groups_grow_where_it_pays."""
        self.assertEqual(self.number(f"SELECT count(*) FROM {table}"), rows)
        self.assertLess(self.written_by(table), rows)

    def written_by(self, table):
        """By how many transactions the table's rows were written."""
        return self.number(f"SELECT count(DISTINCT xmin::text) FROM {table}")

    def test_groups_grow_where_it_pays(self):
        def grow():
            self.setUp()
            with self.waiting():
                calls = [self.future("CreateItem", item={"id": i}) for i in range(300)]
            for call in calls:
                call.result()
            return self.written_by("item") < 300 / 4

        # On a busy machine groups seem to be slow for a moment, and stay small then.
        self.assertTrue(any(grow() for _ in range(10)))

    def test_creates_share_a_transaction_and_each_is_answered_its_own_row(self):
        with self.waiting():
            calls = [self.future("CreateItem", item={"id": i, "name": f"item {i}", "tags": [f"t{i}", "{,\"}"]})
                     for i in range(300)]
        answers = [call.result() for call in calls]
        for i, answer in enumerate(answers):
            self.assertEqual((answer.id, answer.name, list(answer.tags)), (i, f"item {i}", [f"t{i}", "{,\"}"]))
            self.assertEqual(answer, self.client.raw("GetItem", {"id": i}))
        self.assert_grouped("item", 300)

    def test_rows_that_set_other_columns(self):
        rows = [{}, {"a": "x"}, {"b": 7}, {"a": "y", "b": 8}]
        with self.waiting():
            calls = [self.future("CreateSerial", serial=rows[i % 4]) for i in range(200)]
        answers = [call.result() for call in calls]
        for i, answer in enumerate(answers):
            want = {"a": "a", "b": 5, **rows[i % 4]}
            self.assertEqual((answer.a, answer.b), (want["a"], want["b"]))
        self.assertEqual(sorted(answer.id for answer in answers), list(range(1, 201)))
        self.assert_grouped("serial", 200)

    def test_failures_are_of_those_who_sent_them(self):
        random.seed(4)
        self.psql("INSERT INTO item (id, name) VALUES (0, 'taken')")
        kinds = {
            "good": ({"n": 1}, "OK"),
            "unique": ({"name": "taken"}, (grpc.StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION")),
            "check": ({"n": -1}, (grpc.StatusCode.INVALID_ARGUMENT, "CHECK_VIOLATION")),
            "key": ({"id": 0}, (grpc.StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION")),
            "null": ({"id": None}, (grpc.StatusCode.INVALID_ARGUMENT, "NOT_NULL_VIOLATION")),
            "empty": (None, (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")),
            "unwanted": ({"name": "unwanted"}, "NOTHING"),
            "endless": ({}, (grpc.StatusCode.FAILED_PRECONDITION, "VALUE_NOT_REPRESENTABLE")),
        }
        requests = []
        for i in range(1, 401):
            kind = random.choice(["good"] * 8 + list(kinds))
            changes, want = kinds[kind]
            row = {"id": i, "name": f"{kind} {i}", **(changes or {})}
            fields = {} if changes is None else {"item": {k: v for k, v in row.items() if v is not None}}
            requests.append((i, kind, want, fields))
        with self.waiting():
            sent = [(i, kind, want, self.future("CreateItem", **fields)) for i, kind, want, fields in requests]
        for i, kind, want, call in sent:
            got = self.outcome(call)
            if want == "OK":
                self.assertEqual((got.id, got.name), (i, f"good {i}"))
            elif want == "NOTHING":
                self.assertEqual(got.ByteSize(), 0)
            else:
                self.assertEqual(got, want, (i, kind))
        stored = [i for i, kind, _, _ in sent if kind == "good"]
        self.assertEqual(self.psql("SELECT id FROM item WHERE id > 0 ORDER BY id").split(), [str(i) for i in stored])

    def test_groups_that_meet_each_other(self):
        random.seed(5)
        server = Server(self.uri, "--group_commit")
        self.addCleanup(server.close)
        self.client = Client(server, self.contract)
        self.addCleanup(delattr, self, "client")
        creates = [(random.randrange(250), i) for i in range(600)]
        calls = [self.future("CreateItem", item={"id": key, "n": i}) for key, i in creates]
        stored = {}
        for (key, i), call in zip(creates, calls):
            got = self.outcome(call)
            if not isinstance(got, tuple):
                self.assertNotIn(key, stored)
                stored[key] = got.n
            else:
                self.assertEqual(got, (grpc.StatusCode.ALREADY_EXISTS, "UNIQUE_VIOLATION"))
        self.assertEqual(set(stored), {key for key, _ in creates})
        # Each row is updated and deleted at once: either is found, or comes too late.
        updates = [self.future("UpdateItem", item={"id": key, "n": 1000 + i}) for key, i in creates]
        deletes = [self.future("DeleteItem", id=key) for key in stored if key % 2]
        for (key, i), call in zip(creates, updates):
            got = self.outcome(call)
            if isinstance(got, tuple):
                self.assertEqual((key % 2, got), (1, (grpc.StatusCode.NOT_FOUND, "ROW_NOT_FOUND")))
            else:
                self.assertEqual((got.id, got.n), (key, 1000 + i))
        for call in deletes:
            call.result()
        left = {int(key): int(n) for key, n in (line.split("|") for line in self.psql("SELECT id, n FROM item").split())}
        self.assertEqual(set(left), {key for key in stored if key % 2 == 0})
        for key, n in left.items():
            self.assertIn((key, n - 1000), creates)

    def test_what_fails_at_commit(self):
        self.psql("INSERT INTO item (id) SELECT generate_series(1, 50)")
        with self.waiting():
            calls = [self.future("CreateLine", line={"id": i, "item": i}) for i in range(1, 101)]
        for i, call in enumerate(calls, 1):
            got = self.outcome(call)
            if i <= 50:
                self.assertEqual(got.id, i)
            else:
                self.assertEqual(got, (grpc.StatusCode.FAILED_PRECONDITION, "FOREIGN_KEY_VIOLATION"))
        self.assertEqual(self.number("SELECT count(*) FROM line"), 50)

    def test_answers_that_are_too_large(self):
        server = Server(self.uri, *OPTIONS, "--max_send_message_bytes=1000")
        self.addCleanup(server.close)
        self.client = Client(server, self.contract)
        self.addCleanup(delattr, self, "client")
        with self.waiting():
            calls = [self.future("CreateSerial", serial={"a": "x" * 2000}) for _ in range(20)]
        for call in calls:
            self.assertEqual(self.outcome(call), (grpc.StatusCode.RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE"))
        self.assertEqual(self.number("SELECT count(*) FROM serial"), 0)

    def test_updates_and_deletes(self):
        self.psql("INSERT INTO item (id, name, n) SELECT i, 'old ' || i, i FROM generate_series(1, 400) i")
        stale = self.client.raw("GetItem", {"id": 1}).etag
        updates = []
        with self.waiting():
            for i in range(1, 401):
                if i % 40 == 7:
                    updates.append((i, None, self.future("UpdateItem", item={"id": i + 1000, "n": 1})))
                elif i % 40 == 8:
                    updates.append((i, None, self.future("UpdateItem", item={"id": i, "n": 1, "etag": stale})))
                else:
                    updates.append((i, i + 1, self.future("UpdateItem", item={"id": i, "n": i + 1})))
        for i, want, call in updates:
            got = self.outcome(call)
            if i % 40 == 7:
                self.assertEqual(got, (grpc.StatusCode.NOT_FOUND, "ROW_NOT_FOUND"))
            elif i % 40 == 8:
                self.assertEqual(got, (grpc.StatusCode.ABORTED, "ETAG_MISMATCH"))
            else:
                self.assertEqual((got.id, got.n, got.name), (i, want, f"old {i}"))
                self.assertEqual(got, self.client.raw("GetItem", {"id": i}))
        # Those who met no row share the commit with their neighbours.
        self.assertLess(self.number("SELECT count(DISTINCT xmin::text) FROM item WHERE n > id"), 380)
        self.assertEqual(self.number("SELECT count(*) FROM item WHERE n = id + 1"), 380)
        with self.waiting():
            calls = [(i, self.future("DeleteItem", id=i, allow_missing=i > 450)) for i in range(1, 501)]
        for i, call in calls:
            got = self.outcome(call)
            if 400 < i <= 450:
                self.assertEqual(got, (grpc.StatusCode.NOT_FOUND, "ROW_NOT_FOUND"))
            else:
                self.assertEqual(got.ByteSize(), 0)
        self.assertEqual(self.number("SELECT count(*) FROM item"), 0)

    def test_deletes_share_a_transaction(self):
        # Where the machine has so much else to do that a single Delete takes as long as a group, no group is worth it.
        for _ in range(1 if os.environ.get("PROTOGRES_SANITIZED") else 10):
            self.psql("INSERT INTO item (id) SELECT generate_series(1, 200)")
            before = self.transactions()
            with self.waiting():
                calls = [self.future("DeleteItem", id=i) for i in range(1, 201)]
            for call in calls:
                call.result()
            if self.transactions() - before < 180:
                return
        self.assertTrue(os.environ.get("PROTOGRES_SANITIZED"), "not one of ten times did 200 Deletes share transactions")

    def transactions(self):
        """Those that have written, so far."""
        return self.number("SELECT pg_current_xact_id()::text::bigint")

    def test_soft_deletes_and_undeletes(self):
        self.psql("INSERT INTO note (id, body) SELECT i, 'note' FROM generate_series(1, 200) i")
        for method, deleted in (("DeleteNote", True), ("UndeleteNote", False)):
            with self.waiting():
                calls = [self.future(method, id=i) for i in range(1, 201)]
            for i, call in enumerate(calls, 1):
                got = call.result()
                self.assertEqual((got.id, got.HasField("deleted_at")), (i, deleted))
            self.assert_grouped("note", 200)

    def test_undeletes_of_rows_that_are_not_deleted(self):
        self.psql("INSERT INTO note (id, deleted_at) SELECT i, CASE WHEN i % 2 = 0 THEN now() END "
                  "FROM generate_series(1, 200) i")
        with self.waiting():
            calls = [self.future("UndeleteNote", id=i) for i in range(1, 201)]
        for i, call in enumerate(calls, 1):
            got = self.outcome(call)
            if i % 2 == 0:
                self.assertEqual(got.id, i)
            else:
                self.assertEqual(got, (grpc.StatusCode.ALREADY_EXISTS, "ROW_NOT_DELETED"))
        # Those who met no deleted row share the commit with their neighbours.
        self.assertLess(self.number("SELECT count(DISTINCT xmin::text) FROM note WHERE id % 2 = 0"), 90)

    def test_a_row_is_written_once_in_a_transaction(self):
        self.psql("INSERT INTO item (id, n) SELECT i, 0 FROM generate_series(1, 3) i")
        with self.waiting():
            calls = [self.future("UpdateItem", item={"id": 1 + i % 3, "n": i}) for i in range(150)]
        answers = [call.result() for call in calls]
        for i, answer in enumerate(answers):
            self.assertEqual((answer.id, answer.n), (1 + i % 3, i))
        versions = {(answer.id, answer.etag.split("-")[0]) for answer in answers}
        self.assertEqual(len(versions), 150)
        # Of those that all have the etag of the row as it is, one wins.
        etag = self.client.raw("GetItem", {"id": 1}).etag
        with self.waiting():
            calls = [self.future("UpdateItem", item={"id": 1, "n": 1000 + i, "etag": etag}) for i in range(60)]
        outcomes = [self.outcome(call) for call in calls]
        self.assertEqual(sum(not isinstance(got, tuple) for got in outcomes), 1)
        self.assertEqual(outcomes.count((grpc.StatusCode.ABORTED, "ETAG_MISMATCH")), 59)

    def test_partitioned_tables(self):
        with self.waiting():
            calls = [self.future("CreatePart", part={"id": i, "body": f"b{i}"}) for i in range(50, 150)]
        rows = [call.result() for call in calls]
        self.assert_grouped("part", 100)
        # Upserts, with the etags that the creates have answered proven before.
        for row in rows:
            self.assertEqual(row, self.client.raw("GetPart", {"id": row.id}))
        calls = [self.future("UpdatePart", part={"id": i, "body": "up"}, allow_missing=True) for i in range(100, 200)]
        for i, call in enumerate(calls, 100):
            self.assertEqual((call.result().id, call.result().body), (i, "up"))
        self.assertEqual(self.number("SELECT count(*) FROM part"), 150)

    def test_requests_that_run_alone(self):
        calls, others = [], []
        with self.waiting():
            for i in range(60):
                request_id = f"00000000-0000-4000-8000-{i // 2:012d}"
                calls.append(self.future("CreateSerial", serial={"a": f"once {i // 2}"}, request_id=request_id))
                others.append(self.future("CreateSerial", serial={"a": "tried"}, validate_only=True))
                others.append(self.future("CreateItemName", item_name={"id": i, "name": f"by view {i}"}))
        answers = [call.result() for call in calls]
        for one, other in zip(answers[::2], answers[1::2]):
            self.assertEqual(one, other)
        for call in others:
            call.result()
        self.assertEqual(self.psql("SELECT count(*), count(DISTINCT xmin::text) FROM item"), "60|60")
        self.assertEqual(self.psql("SELECT count(*), count(DISTINCT a) FROM serial"), "30|30")

    def test_a_lock_is_waited_for_by_those_who_want_it(self):
        self.psql("INSERT INTO item (id, n) SELECT i, 0 FROM generate_series(1, 100) i")
        server = Server(self.uri, "--group_commit", "--workers=4")
        self.addCleanup(server.close)
        self.client = Client(server, self.contract)
        self.addCleanup(delattr, self, "client")
        release = tools.hold_open(self.uri, "SELECT FROM item WHERE id = 1 FOR UPDATE")
        self.addCleanup(release)
        patient = self.future("UpdateItem", item={"id": 1, "n": 1})
        impatient = self.future("UpdateItem", item={"id": 1, "n": 2}, timeout=0.5)
        others = [self.future("UpdateItem", item={"id": i, "n": i}) for i in range(2, 101)]
        for i, call in enumerate(others, 2):
            self.assertEqual(call.result().n, i)
        self.assertEqual(self.outcome(impatient)[0], grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertFalse(patient.done())
        release()
        self.assertEqual(patient.result().n, 1)

    def test_those_who_leave_do_not_take_the_others_with_them(self):
        self.hold("item")
        with self.waiting():
            calls = [self.future("CreateItem", item={"id": i}) for i in range(40)]
            impatient = [self.future("CreateItem", item={"id": i}, timeout=1) for i in range(40, 50)]
        wait_for(lambda: self.running("item"), "the group to run")
        for call in calls[:10]:
            call.cancel()
        for call in calls[:10]:
            self.assertEqual(self.outcome(call)[0], grpc.StatusCode.CANCELLED)
        for call in impatient:
            self.assertEqual(self.outcome(call)[0], grpc.StatusCode.DEADLINE_EXCEEDED)
        self.release("item")
        for i, call in enumerate(calls[10:], 10):
            self.assertEqual(call.result().id, i)
        self.assertEqual(self.number("SELECT count(*) FROM item WHERE id BETWEEN 10 AND 39"), 30)

    def test_when_all_have_left_the_group_ends(self):
        self.hold("item")
        with self.waiting():
            calls = [self.future("CreateItem", item={"id": i}) for i in range(40)]
        wait_for(lambda: self.running("item"), "the group to run")
        for call in calls:
            call.cancel()
        wait_for(lambda: not self.running("item"), "it to end", 5)
        self.release("item")
        self.assertEqual(self.client.raw("CreateItem", {"item": {"id": 99}}).id, 99)
        self.assertEqual(self.number("SELECT count(*) FROM item"), 1)

    def test_one_alone_takes_one_statement(self):
        server = Server(self.uri, "--group_commit", "--echo")
        self.addCleanup(server.close)
        Client(server, self.contract).raw("CreateSerial", {"serial": {"b": 1}})
        wait_for(lambda: "CreateSerial" in server.log(), "the call's line")
        log = server.log().split("serving")[1]
        self.assertIn('INSERT INTO "public"."serial"', log)
        self.assertNotIn("BEGIN", log)
        self.assertNotIn("COMMIT", log)

    def test_it_is_off_by_default(self):
        server = Server(self.uri, "--workers=1")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        calls = [client.stub("CreateItem").future(client.request("CreateItem", {"item": {"id": i}})) for i in range(100)]
        for call in calls:
            call.result()
        self.assertEqual(self.number("SELECT count(DISTINCT xmin::text) FROM item"), 100)


if __name__ == "__main__":
    unittest.main()
