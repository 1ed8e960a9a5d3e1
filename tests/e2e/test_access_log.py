"""--access_log and --slow_call: what is logged of calls, and that no value is."""

import json
import pathlib
import tempfile
import threading
import unittest

from harness import PATIENCE, Client, Contract, Server, TestCase, postgres, wait_for

SQL = """
CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 10) AS n;
CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION be_slow();
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
METADATA = (("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),)


class Logged(TestCase):
    def serve(self, name, *options):
        uri = postgres().create(name, SQL)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name, "out")
        # A descriptor of its own: else what is read here would move the place where the server writes.
        with open(self.out, "ab") as out:
            self.server = Server(uri, *options, stdout=out)
        self.addCleanup(self.server.close)
        self.client = Client(self.server, Contract(uri))
        return self.client

    def calls(self, method):
        """The objects of the access log for a method."""
        lines = [json.loads(line) for line in self.out.read_text().splitlines()]
        return [line for line in lines if line["method"].endswith("/" + method)]

    def slow(self):
        return [line for line in self.server.all_lines() if "slow call" in line]


class AccessLog(Logged):
    def test_each_call_is_one_object(self):
        client = self.serve("visits", "--access_log")
        client.call("GetItem", {"id": 7}, metadata=METADATA)
        with self.fails("NOT_FOUND"):
            client.call("GetItem", {"id": 4711})
        found, missing = wait_for(lambda: len(self.calls("GetItem")) == 2 and self.calls("GetItem"), "two lines")
        self.assertEqual(found["code"], "OK")
        self.assertEqual(found["method"], "/visits.v1.ItemService/GetItem")
        self.assertRegex(found["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertGreater(found["duration_ms"], 0)
        self.assertEqual(found["received_bytes"], 2)
        self.assertGreater(found["sent_bytes"], len("item 7"))
        self.assertRegex(found["peer"], r"^ipv4:127\.0\.0\.1:\d+$")
        self.assertEqual(found["trace_id"], TRACE)
        self.assertNotIn("reason", found)
        self.assertEqual((missing["code"], missing["sent_bytes"]), ("NOT_FOUND", 0))
        self.assertRegex(missing["reason"], "^[A-Z_]+$")
        self.assertNotIn("trace_id", missing)
        self.assertNotIn("4711", json.dumps({**missing, "peer": ""}))

    def test_a_traceparent_that_is_wrong_is_ignored(self):
        client = self.serve("traces", "--access_log")
        client.call("GetItem", {"id": 1}, metadata=(("traceparent", f"00-{TRACE.upper()}-00f067aa0ba902b7-01"),))
        line, = wait_for(lambda: self.calls("GetItem"), "the line")
        self.assertNotIn("trace_id", line)

    def test_calls_of_many_clients_are_whole_lines(self):
        client = self.serve("lines", "--access_log")
        threads = [threading.Thread(target=lambda: [client.call("GetItem", {"id": 1}) for _ in range(50)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(lambda: len(self.calls("GetItem")) == 400, "all lines")

    def test_without_it_stdout_is_empty(self):
        client = self.serve("quiet")
        client.call("GetItem", {"id": 1})
        self.server.all_lines()
        self.assertEqual(self.out.read_text(), "")


class SlowCalls(Logged):
    def test_a_slow_call_is_logged_with_its_sql_and_no_values(self):
        client = self.serve("slow", "--slow_call=200ms", "--log_level=info")
        client.call("GetItem", {"id": 1})
        client.call("UpdateItem", {"item": {"id": 7, "name": "a secret"}}, metadata=METADATA)
        line = wait_for(lambda: self.server._find(r".*slow call.*"), "the warning")
        self.assertRegex(line, r"warning slow call method=/slow\.v1\.ItemService/UpdateItem code=OK ms=\d+\.\d\d .*"
                               rf"trace={TRACE} statements=\d+\.\d+ ms UPDATE .*SET")
        self.assertNotIn("secret", self.server.log())

    def test_of_a_transaction_all_statements(self):
        client = self.serve("slowtx", "--slow_call=200ms")
        update = client.request("UpdateItem", {"item": {"id": 3, "name": "a secret"}})
        request = client.contract.message("protogres.v1.TransactRequest")()
        request.operations.add().request.Pack(update)
        client.raw("Transact", request)
        line, = wait_for(self.slow, "the warning")
        self.assertRegex(line, r"statements=.* ms BEGIN.*; .* ms UPDATE .*; .* ms COMMIT$")
        self.assertNotIn("secret", line)

    def test_long_calls_are_not_slow(self):
        client = self.serve("slowlong", "--slow_call=100ms")
        service, stream = client.methods["StreamItems"]
        rows = client.channel.unary_stream(f"/{service}/StreamItems")(b"", timeout=20 * PATIENCE)
        release = threading.Event()

        def requests():
            release.wait(0.3)
            yield from ()

        session = client.channel.stream_stream("/protogres.v1.TransactionService/Session")(requests(), timeout=20 * PATIENCE)
        list(session)
        list(rows)
        self.assertEqual(self.slow(), [])

    def test_without_it_nothing_is_slow(self):
        client = self.serve("notslow")
        client.call("UpdateItem", {"item": {"id": 7, "name": "x"}})
        self.assertEqual(self.slow(), [])


if __name__ == "__main__":
    unittest.main()
