"""Streams: all rows of a table or a filter, in chunks that resume, as fast as the client reads and no faster."""

import signal
import statistics
import time
import unittest

import tools
from bulk import list_rows, rows_of, stream, stream_rows
from harness import GROWTH_MB, PATIENCE, Client, Contract, Server, ServedTestCase, wait_for

ITEMS = 3000
SQL = f"""
CREATE TYPE kind AS ENUM ('small', 'large');
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE TABLE item (id bigint PRIMARY KEY, name text, kind kind, code code, price numeric(12, 2), at timestamptz,
  tags text[], attrs jsonb, ok boolean, raw bytea, uid uuid, f float8, deleted_at timestamptz);
INSERT INTO item SELECT g, 'item ' || g, (ARRAY['small', 'large'])[1 + g % 2]::kind, 'c' || g % 7, g / 4.0,
  '2024-01-01Z'::timestamptz + g * interval '1 hour', ARRAY['t' || g % 5, 'x'], jsonb_build_object('n', g % 10, 's', 'v' || g),
  g % 3 = 0, decode(lpad(to_hex(g), 8, '0'), 'hex'), md5(g::text)::uuid, g / 8.0,
  CASE WHEN g % 10 = 0 THEN now() END FROM generate_series(1, {ITEMS}) g;
CREATE TABLE keyless (a int, b text);
INSERT INTO keyless SELECT g % 4, CASE WHEN g % 3 > 0 THEN 'b' || g % 3 END FROM generate_series(1, 600) g;
CREATE VIEW expensive AS SELECT id, name FROM item WHERE price > 300;
CREATE TABLE empty (id int PRIMARY KEY);
CREATE TABLE wide (id int PRIMARY KEY, body text);
INSERT INTO wide SELECT g, repeat(md5(g::text), 32 * CASE WHEN g % 100 = 0 THEN 1000 ELSE 1 END) FROM generate_series(1, 500) g;
CREATE TABLE big (id bigint PRIMARY KEY, name text NOT NULL, body text NOT NULL);
INSERT INTO big SELECT g, 'row ' || g, repeat('x', 200) FROM generate_series(1, 300000) g;
CREATE TABLE refused (id int PRIMARY KEY, n int[]);
INSERT INTO refused SELECT g, CASE WHEN g = 4000 THEN '{{1,NULL}}'::int[] END FROM generate_series(1, 5000) g;
ANALYZE;
"""


class Streams(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--max_sessions=5", "--max_streams=6", "--pool_size=8")

    def stream(self, method, **fields):
        call = stream(self.client, method, **fields)
        self.addCleanup(call.cancel)
        return call

    def setUp(self):
        wait_for(lambda: self.backends() == 0, "the streams of the test before to end")

    def backends(self, state="active"):
        return int(self.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                             f"pid <> pg_backend_pid() AND state = '{state}'"))

    def test_all_rows_in_order_each_chunk_with_a_token(self):
        chunks = list(self.stream("StreamItems", page_size=700))
        # On a busy machine a chunk may go before it is full.
        self.assertEqual(max(len(chunk.items) for chunk in chunks), 700)
        self.assertEqual([row.id for chunk in chunks for row in chunk.items], [i for i in range(1, ITEMS + 1) if i % 10])
        self.assertTrue(all(chunk.next_page_token for chunk in chunks))
        self.assertEqual(list(self.stream("StreamItems", page_token=chunks[-1].next_page_token)), [])
        self.assertEqual(list(self.stream("StreamEmpties")), [])

    def test_the_same_rows_as_list(self):
        for fields in ({}, {"show_deleted": True}, {"read_mask": "name,tags"}, {"order_by": "kind desc, price"},
                       {"read_mask": "etag,id"}):
            self.assertEqual(stream_rows(self.client, "StreamItems", **fields),
                             list_rows(self.client, "ListItems", **fields), fields)
        self.assertEqual(stream_rows(self.client, "StreamExpensives", order_by="name"),
                         list_rows(self.client, "ListExpensives", order_by="name"))

    def test_filters_of_every_kind(self):
        for text in ("id > 2990", 'name = "item 77*"', 'name = "item 7"', "kind = large AND id < 20", 'code = "c3"',
                     'code != "c3" AND id < 30', "price >= 700.25", 'at < "2024-01-02T04:05:06Z"', 'tags:"t3" AND id < 50',
                     "attrs.n = 3 AND id < 99", 'attrs.s = "v12"', "ok = true AND id < 20", 'raw = "\\\\x0000000b"',
                     'uid = "c4ca4238-a0b9-2382-0dcc-509a6f75849b"', "f = 0.125", "name = null", 'name = "it\'s $1 \\\\ %"',
                     " OR ".join(f"id = {i}" for i in range(1, 1500))):
            fields = {"filter": text, "show_deleted": True}
            rows = stream_rows(self.client, "StreamItems", **fields)
            self.assertEqual(rows, list_rows(self.client, "ListItems", **fields), text[:60])
            self.assertEqual(bool(rows), text not in ("name = null", 'name = "it\'s $1 \\\\ %"'), text[:60])

    def test_bad_requests(self):
        for fields, field in (({"filter": "nope = 1"}, "filter"), ({"order_by": "tags!"}, "order_by"),
                              ({"page_token": "x"}, "page_token"), ({"page_size": -1}, "page_size"),
                              ({"read_mask": "nope"}, "read_mask")):
            with self.fails("INVALID_ARGUMENT", field=field):
                list(self.stream("StreamItems", **fields))
        token = next(self.stream("StreamItems", page_size=1)).next_page_token
        with self.fails("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN"):
            list(self.stream("StreamItems", page_token=token, order_by="name"))
        with self.fails("INVALID_ARGUMENT", "UNKNOWN_TYPE", message="unary method"):
            self.call("Transact", {"operations": [
                {"request": {"@type": f"type.googleapis.com/{self.database}.v1.StreamItemsRequest"}}]})

    def test_resumes_after_each_chunk(self):
        for method, listed, fields in (("StreamItems", "ListItems", {"order_by": "kind desc, code"}),
                                       ("StreamKeylesses", "ListKeylesses", {}),
                                       ("StreamKeylesses", "ListKeylesses", {"order_by": "b desc"})):
            whole = list_rows(self.client, listed, **fields)
            seen = 0
            for chunk in self.stream(method, page_size=97, **fields):
                seen += len(rows_of(self.client, chunk))
                rest = stream_rows(self.client, method, page_token=chunk.next_page_token, page_size=113, **fields)
                self.assertEqual(rest, whole[seen:], (method, fields, seen))
            self.assertEqual(seen, len(whole))

    def test_a_token_of_a_stream_and_of_a_list_are_the_same(self):
        page = self.client.raw("ListKeylesses", {"page_size": 100})
        whole = list_rows(self.client, "ListKeylesses")
        self.assertEqual(stream_rows(self.client, "StreamKeylesses", page_token=page.next_page_token), whole[100:])

    def test_resumes_after_rows_came_before_and_behind(self):
        self.psql("CREATE TABLE IF NOT EXISTS moving (id int PRIMARY KEY); TRUNCATE moving; "
                  "INSERT INTO moving SELECT g * 10 FROM generate_series(1, 100) g")
        server = Server(self.uri)
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri))
        chunk = next(stream(client, "StreamMovings", page_size=50))
        self.psql("INSERT INTO moving VALUES (5), (505)")
        rest = [row["id"] for row in stream_rows(client, "StreamMovings", page_token=chunk.next_page_token)]
        self.assertEqual(rest, [505, *range(510, 1010, 10)])

    def test_chunks_are_of_a_good_size_whatever_the_rows(self):
        chunks = list(self.stream("StreamBigs", read_mask="id,name,body"))
        sizes = [chunk.ByteSize() for chunk in chunks[:-1]]
        # On a busy machine some chunks may go before they are full.
        self.assertGreater(statistics.median(sizes), 64 * 1024)
        self.assertLess(max(sizes), 256 * 1024)
        chunks = list(self.stream("StreamWides"))
        self.assertEqual([row.id for chunk in chunks for row in chunk.wides], list(range(1, 501)))
        # A row of a megabyte is in a chunk with those before it, or alone.
        self.assertLess(max(chunk.ByteSize() for chunk in chunks), 2 * 1024 * 1024)

    def test_a_value_that_cannot_be_told_ends_it(self):
        seen = 0
        with self.fails("FAILED_PRECONDITION", "VALUE_NOT_REPRESENTABLE"):
            for chunk in self.stream("StreamRefuseds", page_size=100):
                seen += len(chunk.refuseds)
        self.assertEqual(seen, 3900)
        wait_for(lambda: self.backends() == 0, "the statement to end")

    def test_a_statement_that_fails_midway(self):
        self.psql("CREATE OR REPLACE VIEW failing AS SELECT id, 1 / (1000 - id) AS q FROM item")
        server = Server(self.uri)
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri))
        with self.fails("INVALID_ARGUMENT", "INVALID_VALUE"):
            list(stream(client, "StreamFailings", read_mask="q"))

    def test_slow_rows_come_as_they_are_there(self):
        self.psql("CREATE OR REPLACE VIEW slow AS SELECT id, pg_sleep(0.5)::text || repeat('z', 9000) AS z FROM big ORDER BY id; "
                  "COMMENT ON VIEW slow IS '@protogres key=id'")
        server = Server(self.uri)
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri))
        # Of PostgreSQL's own buffer, 8 KiB, a row fills more than the whole. PostgreSQL needs half a second for each: one
        # message of all would mean that the first has waited for the last.
        chunks = list(stream(client, "StreamSlows", filter="id < 5"))
        self.assertEqual([row.id for chunk in chunks for row in chunk.slows], [1, 2, 3, 4])
        self.assertGreater(len(chunks), 1)

    def test_goes_only_as_fast_as_the_client_reads(self):
        self.assertGreater(len(stream_rows(self.client, "StreamBigs", read_mask="id")), 1000)
        before = self.server.rss_mb()
        call = self.stream("StreamBigs")
        first = len(next(call).bigs)
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite' "
                                   "AND datname = current_database()") == "1", "the backend to wait for the client")
        time.sleep(0.5)
        self.assertLess(self.server.rss_mb() - before, GROWTH_MB)
        self.assertEqual(first + sum(len(chunk.bigs) for chunk in call), 300000)
        self.assertLess(self.server.rss_mb() - before, GROWTH_MB)

    def test_a_cancel_in_the_middle_frees_the_connection_at_once(self):
        for _ in range(12):
            call = self.stream("StreamBigs")
            next(call)
            call.cancel()
            wait_for(lambda: self.backends() == 0, "the statement to end", 3)
        self.assertEqual(len(stream_rows(self.client, "StreamItems", filter="id < 5")), 4)

    def test_a_cancel_while_the_statement_has_no_row_yet(self):
        self.addCleanup(tools.hold_open(self.uri, "LOCK TABLE big IN ACCESS EXCLUSIVE MODE"))
        call = self.stream("StreamBigs")
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1", "the stream to wait")
        call.cancel()
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0", "the stream to end", 3)

    def test_a_deadline(self):
        begin = time.monotonic()
        with self.fails("DEADLINE_EXCEEDED"):
            for _ in self.stream("StreamBigs", timeout=0.7):
                time.sleep(0.3)
        self.assertLess(time.monotonic() - begin, 3 * PATIENCE)
        wait_for(lambda: self.backends() == 0, "the statement to end", 3)

    def test_a_backend_killed_in_the_middle(self):
        call = self.stream("StreamBigs")
        next(call)
        wait_for(lambda: self.backends() == 1, "the backend")
        self.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                  "AND pid <> pg_backend_pid() AND state = 'active'")
        with self.fails("UNAVAILABLE"):
            list(call)
        self.assertEqual(len(stream_rows(self.client, "StreamItems", filter="id < 5")), 4)

    def test_they_have_places_of_their_own_with_imports(self):
        calls = [self.stream("StreamBigs") for _ in range(6)]
        for call in calls:
            next(call)
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS") as failure:
            list(self.stream("StreamItems"))
        self.assertTrue(failure[0].retry)
        self.assertEqual(self.call("GetItem", {"id": 1})["name"], "item 1")
        for call in calls:
            call.cancel()
        wait_for(lambda: self.backends() == 0, "the statements to end", 3)
        self.assertEqual(len(stream_rows(self.client, "StreamItems", filter="id < 5")), 4)

    def test_many_at_once_see_each_their_own(self):
        calls = [self.stream("StreamItems", filter=f"id > {i * 500}", show_deleted=True) for i in range(4)]
        for i, call in enumerate(calls):
            self.assertEqual(sum(len(chunk.items) for chunk in call), ITEMS - i * 500)


class StreamLimits(ServedTestCase):
    SQL = SQL
    OPTIONS = (f"--session_idle_timeout={int(800 * PATIENCE)}ms", "--max_page_bytes=200000", "--max_page_size=1000",
               "--max_streams=6")

    def test_a_client_that_reads_nothing_is_told_to_resume(self):
        whole = 300000
        call = stream(self.client, "StreamBigs")
        seen, token = 0, ""
        with self.fails("ABORTED", "SESSION_IDLE_TIMEOUT", message="page_token"):
            for chunk in call:
                seen += len(chunk.bigs)
                if not token:
                    active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT%' AND state = 'active'"
                    wait_for(lambda: self.psql(active) == "0", "the statement to end")
                token = chunk.next_page_token
        self.assertLess(seen, whole)
        rest = sum(len(chunk.bigs) for chunk in stream(self.client, "StreamBigs", page_token=token))
        self.assertEqual(seen + rest, whole)

    def test_the_longest(self):
        server = Server(self.uri, "--stream_max_duration=700ms", "--max_page_bytes=200000")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        seen, token, begin = 0, "", time.monotonic()
        with self.fails("ABORTED", "STREAM_MAX_DURATION", message="page_token"):
            for chunk in stream(client, "StreamBigs"):
                seen += len(chunk.bigs)
                token = chunk.next_page_token
                time.sleep(0.05)
        self.assertGreater(time.monotonic() - begin, 0.6)
        self.assertEqual(next(stream(client, "StreamBigs", page_token=token)).bigs[0].id, seen + 1)

    def test_chunks_keep_to_the_limits_of_pages(self):
        chunks = list(stream(self.client, "StreamWides"))
        self.assertTrue(all(chunk.ByteSize() < 201_000 or len(chunk.wides) == 1 for chunk in chunks))
        self.assertTrue(any(len(chunk.wides) == 1 and chunk.ByteSize() > 1_000_000 for chunk in chunks))
        self.assertEqual([row.id for chunk in chunks for row in chunk.wides], list(range(1, 501)))
        seen = 0
        for chunk in list(stream(self.client, "StreamWides", page_size=1_000_000)):
            seen += len(chunk.wides)
            rest = stream(self.client, "StreamWides", page_token=chunk.next_page_token)
            self.assertEqual(next((row.id for part in rest for row in part.wides), 501), seen + 1)

    def test_a_drain_lets_it_finish(self):
        server = Server(self.uri, "--drain_timeout=20s")
        try:
            call = stream(Client(server, self.contract), "StreamBigs")
            seen = len(next(call).bigs)
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "draining" in server.log(), "the drain")
            self.assertEqual(seen + sum(len(chunk.bigs) for chunk in call), 300000)
            self.assertEqual(server.process.wait(20 * PATIENCE), 0)
        finally:
            server.close()

    def test_and_ends_it_after_its_time(self):
        server = Server(self.uri, "--drain_timeout=300ms")
        try:
            call = stream(Client(server, self.contract), "StreamBigs")
            next(call)
            self.assertEqual(server.terminate(), 0)
            call.cancel()
        finally:
            server.close()


if __name__ == "__main__":
    unittest.main()
