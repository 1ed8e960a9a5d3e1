"""Imports: any number of rows in one transaction, all or none, through COPY."""

import itertools
import queue
import threading
import time
import unittest

import tools
from bulk import import_rows, importing, list_rows, stream
from harness import GROWTH_MB, PATIENCE, wait_for
from imports import Importing
from transactions import Session


class Imports(Importing):
    def test_rows_of_several_messages(self):
        loaded = self.load("ImportCustomers",
                           [{"email": "a@x", "age": 3, "labels": ["l"], "born": "2024-01-02T03:04:05.678901Z"}],
                           [], [{"email": "b@x", "tags": ["q\"uo\\te", "tab\t", "\n"], "score": "12.345", "raw": "AP8K"},
                                {"email": "\\N \\. \t\r\n\\ end\\", "note": "set"}])
        self.assertEqual(loaded, 3)
        rows = list_rows(self.client, "ListCustomers", order_by="id")
        self.assertEqual([row["email"] for row in rows], ["a@x", "b@x", "\\N \\. \t\r\n\\ end\\"])
        self.assertEqual((rows[0]["doubled"], rows[0]["born"], rows[0]["note"]), (6, "2024-01-02T03:04:05.678901Z", "none"))
        self.assertEqual((rows[1]["tags"], rows[1]["score"], rows[1]["raw"]), (["q\"uo\\te", "tab\t", "\n"], "12.35", "AP8K"))
        self.assertEqual(rows[2]["note"], "set")
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE labels = '{}' AND tags = '{}' AND age IS NULL"), "1")

    def test_nothing_is_nothing(self):
        self.assertEqual(self.load("ImportCustomers"), 0)
        self.assertEqual(self.load("ImportCustomers", [], []), 0)

    def test_an_unset_column_is_as_on_create(self):
        rows = [{}, {"a": 1}, {"id": 50}, {"c": "c"}, {"b": "given", "c": "d"}, {"b": ""}, {"a": 2}, {}]
        self.assertEqual(self.load("ImportWithDefaults", rows), len(rows))
        imported = self.psql("SELECT coalesce(nullif(id, 50), 0) > 0, a, b, c, d IS NULL FROM with_defaults ORDER BY ctid")
        self.psql("TRUNCATE with_defaults")
        for row in rows:
            self.call("CreateWithDefault", {"with_default": row})
        self.assertEqual(imported, self.psql("SELECT coalesce(nullif(id, 50), 0) > 0, a, b, c, d IS NULL FROM with_defaults "
                                             "ORDER BY ctid"))
        self.assertEqual(self.load("ImportAllDefaults", [{}, {}, {"note": "y"}, {}]), 4)
        self.assertEqual(self.psql("SELECT string_agg(note, '' ORDER BY id) FROM all_default"), "xxyx")

    def test_create_mask_writes_null(self):
        rows = self.client.contract.message(self.client.methods["ImportWithDefaults"][1].input_type.full_name)

        def message(mask, *values):
            request = rows(with_defaults=[{"a": value} for value in values])
            request.create_mask.paths.extend(mask)
            return request

        self.assertEqual(import_rows(self.client, "ImportWithDefaults", message(["b", "a"], 1), [{"id": 5, "b": "x"}]), 2)
        self.assertEqual(self.psql("SELECT a, b FROM with_defaults ORDER BY b NULLS FIRST"), "1|\n|x")
        with self.fails("INVALID_ARGUMENT", field="messages[1].create_mask"):
            import_rows(self.client, "ImportWithDefaults", message([], 1), message(["b"], 2))
        with self.fails("INVALID_ARGUMENT", field="messages[0].create_mask"):
            import_rows(self.client, "ImportWithDefaults", message(["z"], 1))
        self.assertEqual(self.psql("SELECT count(*) FROM with_defaults"), "2")

    def test_partitions_and_money(self):
        self.assertEqual(self.load("ImportParts", [{"id": i * 7} for i in range(3000)]), 3000)
        self.assertEqual(self.psql("SELECT count(*), sum(id) FROM part_low"), "143|71071")
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION", message=r"messages\[0\]\.parts\[2\]"):
            self.load("ImportParts", [{"id": 999}, {"id": 1}, {"id": 5_000_000}])
        rows = [{"id": 1, "price": "-1234567.89", "prices": ["0.01", "-5"]}, {"id": 2, "price": "12"}]
        self.assertEqual(self.load("ImportPriceds", rows), 2)
        self.assertEqual(self.call("GetPriced", {"id": 1})["prices"], ["0.01", "-5.00"])

    def test_triggers_and_their_warnings(self):
        rows = [{"id": i} for i in range(1, 700)]
        self.assertEqual(self.load("ImportNoisies", rows[:300], rows[300:]), 630)
        self.assertEqual(self.psql("SELECT count(*) FROM noisy WHERE seen = 'yes'"), "630")
        with self.fails("FAILED_PRECONDITION", "RAISED_EXCEPTION", message=r"messages\[1\]\.noisies\[26\]: not this one"):
            self.load("ImportNoisies", [{"id": i} for i in range(701, 751)], [{"id": i} for i in range(751, 800)])
        self.assertEqual(self.count("noisy"), 630)

    def test_only_where_copy_can_write(self):
        self.assertIn("ImportCustomers", self.client.methods)
        self.assertNotIn("ImportCustomerViews", self.client.methods)
        with self.fails("INVALID_ARGUMENT", "UNKNOWN_TYPE"):
            self.call("Transact", {"operations": [
                {"request": {"@type": f"type.googleapis.com/{self.database}.v1.ImportCustomersRequest"}}]})

    def bad(self, code, reason, where, *messages, method="ImportCustomers", table="customer", field=None):
        with self.fails(code, reason, field=field, message=where) as failure:
            self.load(method, *messages)
        self.assertRegex(failure[0].message, "nothing was imported$")
        self.assertEqual(self.count(table), 0)
        return failure[0]

    def test_bad_rows_are_located(self):
        good = [{"email": f"{i}@x"} for i in range(500)]
        more = [{"email": f"m{i}@x"} for i in range(40)]
        self.bad("INVALID_ARGUMENT", "READ_ONLY_FIELD", r"messages\[1\]\.customers\[40\]\.doubled", good,
                 more + [{"email": "e", "doubled": 3}], field="messages[1].customers[40].doubled")
        self.bad("INVALID_ARGUMENT", "INVALID_ARGUMENT", r"messages\[0\]\.customers\[1\]\.born", [good[0],
                 {"email": "e", "born": "2024-01-02T03:04:05.678901234Z"}], field="messages[0].customers[1].born.nanos")
        self.bad("INVALID_ARGUMENT", "CHECK_VIOLATION", r"messages\[1\]\.customers\[40\]", good,
                 more + [{"email": "e", "age": -3}])
        failure = self.bad("ALREADY_EXISTS", "UNIQUE_VIOLATION", r"messages\[2\]\.customers\[7\]", good, more,
                           [{"email": f"n{i}"} for i in range(7)] + [{"email": "3@x"}])
        self.assertEqual((failure.metadata["row"], failure.metadata["constraint"]), ("548", "customer_email_key"))
        self.bad("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", r"messages\[1\]\.customers\[0\]\.email", good, [{"age": 1}],
                 field="messages[1].customers[0].email")
        self.bad("INVALID_ARGUMENT", "VALUE_OUT_OF_RANGE", r"messages\[0\]\.customers\[2\]\.score",
                 good[:2] + [{"email": "e", "score": "99999.5"}], field="messages[0].customers[2].score")

    def test_rows_are_located_after_the_columns_have_changed(self):
        rows = [{"email": f"{i}@x", **({"note": "n"} if i % 3 else {}), **({"tags": ["t"]} if i % 4 else {})}
                for i in range(100)]
        self.bad("ALREADY_EXISTS", "UNIQUE_VIOLATION", r"messages\[1\]\.customers\[49\]", rows[:50],
                 rows[50:99] + [{"email": "1@x"}])
        self.assertEqual(self.load("ImportCustomers", rows), 100)
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE note = 'n'"), "66")

    def test_foreign_keys_and_what_the_commit_says(self):
        self.bad("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION", "customer_id", [{"id": 1, "customer_id": 99999}],
                 method="ImportChildren", table="child")
        self.bad("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION", "parent", [{"id": 1, "parent": 2}],
                 method="ImportLaters", table="later")
        self.assertEqual(self.load("ImportLaters", [{"id": 1, "parent": 2}], [{"id": 2}]), 2)

    def test_an_error_is_told_before_the_client_has_sent_all(self):
        def endless():
            for i in itertools.count():
                yield [{"id": i % 5000}]
                time.sleep(0.0005)

        with self.fails("ALREADY_EXISTS", message=r"messages\[5000\]\.helds\[0\]"):
            importing(self.client, "ImportHelds", endless()).result()

    def test_malformed_messages(self):
        service, _ = self.client.methods["ImportCustomers"]
        call = self.client.channel.stream_unary(f"/{service}/ImportCustomers")
        for message, what in ((b"\xff", r"messages\[0\]"), (b"\x0a\x02\x12\xff", r"messages\[0\]\.customers\[0\]"),
                              (b"\x08\x01", r"messages\[0\]\.customers"), (b"\x20\x01", r"messages\[0\].*unknown field 4")):
            with self.fails("INVALID_ARGUMENT", message=what):
                call(iter([message]), timeout=20 * PATIENCE)

    def test_half_closing_is_all_or_nothing(self):
        first, going = queue.SimpleQueue(), threading.Event()

        def messages():
            yield [{"id": i} for i in range(100)]
            first.put(None)
            going.wait(20)
            yield [{"id": i} for i in range(100, 200)]

        call = importing(self.client, "ImportHelds", messages())
        first.get()
        wait_for(lambda: self.connections_in("active") == 1, "the COPY")
        self.assertEqual(self.count("held"), 0)
        going.set()
        self.assertEqual(call.result().affected, 200)
        self.assertEqual(self.count("held"), 200)

    def test_they_have_places_of_their_own_with_streams(self):
        going = threading.Event()
        self.addCleanup(going.set)

        def messages(i):
            yield [{"id": i}]
            going.wait(30)

        held = [importing(self.client, "ImportHelds", messages(i)) for i in range(6)]
        wait_for(lambda: self.connections_in("active") == 6, "the imports")
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS"):
            self.load("ImportHelds", [{"id": 7}])
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS"):
            list(stream(self.client, "StreamHelds"))
        session = Session(self.client, {})
        self.addCleanup(session.cancel)
        session.commit()
        self.assertEqual(self.call("ListHelds"), {})
        going.set()
        self.assertEqual([call.result().affected for call in held], [1] * 6)
        self.assertEqual(self.count("held"), 6)

    def test_goes_only_as_fast_as_the_database_and_in_little_memory(self):
        rows = [{"id": i, "name": f"row {i}", "body": "y" * 200} for i in range(1000)]
        request = self.client.request("ImportBigs", {"bigs": rows})
        self.load("ImportHelds", [{"id": 1}])
        before = self.server.rss_mb()

        def messages():
            for i in range(300):
                for j, row in enumerate(request.bigs):
                    row.id = i * 1000 + j
                yield request

        self.assertEqual(importing(self.client, "ImportBigs", messages(), timeout=120).result().affected, 300_000)
        self.assertLess(self.server.rss_mb() - before, GROWTH_MB)

    def test_a_database_that_waits_holds_the_client_back(self):
        release = tools.hold_open(self.uri, "INSERT INTO big VALUES (5, '', '')")
        self.addCleanup(release)
        before = self.server.rss_mb()
        sent = []

        def messages():
            for i in range(400):
                yield [{"id": i * 1000 + j, "name": "n", "body": "z" * 200} for j in range(500)]
                sent.append(i)

        call = importing(self.client, "ImportBigs", messages())
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_for(lambda: self.psql(waits) == "1", "the import to wait")
        settled = wait_for(lambda: len(sent) if self.settled(sent) else None, "the client to be held back", 20)
        self.assertLess(settled, 100)
        self.assertLess(self.server.rss_mb() - before, GROWTH_MB)
        release()
        self.assertEqual(call.result().affected, 200_000)

    @staticmethod
    def settled(sent):
        before = len(sent)
        time.sleep(0.4)
        return before > 0 and len(sent) == before


del Importing

if __name__ == "__main__":
    unittest.main()
