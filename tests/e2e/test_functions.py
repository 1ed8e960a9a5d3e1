"""Functions and procedures as methods of a FunctionService: each kind of argument and result, and how they fail."""

import concurrent.futures
import subprocess
import tempfile
import time
import unittest

from bulk import stream, stream_rows
from functions import SQL
from harness import BINARY, GROWTH_MB, PATIENCE, Client, Contract, Server, ServedTestCase, export, wait_for
from test_request_id import install
from transactions import Session


class Functions(ServedTestCase):
    SQL = SQL

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        assert install(cls.uri).returncode == 0

    def lines(self):
        return self.psql("SELECT count(*) FROM log")

    def methods(self):
        service = self.contract.pool.FindServiceByName(f"{self.database}.v1.FunctionService")
        return {method.name: method for method in service.methods}

    def value(self, method, **fields):
        return self.call(method, fields).get("value")

    def test_a_scalar_and_its_default(self):
        self.assertEqual(self.value("Add", a=1, b=2), 3)
        self.assertEqual(self.value("Add", a=1), 11)
        self.assertEqual(self.value("Add", a=0, b=0), 0)
        self.assertEqual(self.value("NullValue"), None)
        self.assertEqual(self.value("Arrays"), ["a", "b,c"])

    def test_any_argument_can_take_its_default(self):
        for fields, expected in (({}, "1,x,t"), ({"b": "y"}, "1,y,t"), ({"c": False}, "1,x,f"), ({"a": 2, "c": False}, "2,x,f")):
            self.assertEqual(self.value("Many", **fields), expected)
        for fields, expected in (({"arg1": 1}, "1,d,3"), ({"arg1": 1, "arg3": 9}, "1,d,9"), ({"arg1": 1, "arg2": "z"}, "1,z,3")):
            self.assertEqual(self.value("Unnamed", **fields), expected)

    def test_a_missing_argument_is_told_and_null_is_passed_by_the_mask(self):
        with self.fails("INVALID_ARGUMENT", "INVALID_ARGUMENT", field="v", message="argument_mask"):
            self.call("IsNull")
        self.assertEqual(self.value("IsNull", v=""), False)
        self.assertEqual(self.value("IsNull", argument_mask="v"), True)
        self.assertEqual(self.value("IsNull", argument_mask="*"), True)
        self.assertEqual(self.value("Strictly", v=4), 8)
        self.assertEqual(self.value("Strictly", argument_mask="v"), None)
        # NULL in place of a DEFAULT.
        self.assertEqual(self.value("Many", argument_mask="a,b"), "t")
        with self.fails("INVALID_ARGUMENT", field="argument_mask"):
            self.call("Many", {"argument_mask": "nope"})

    def test_variadic(self):
        self.assertEqual(self.value("Total", amounts=["1.5", "2.25"]), "3.75")
        self.assertEqual(self.value("Total"), "0")
        self.assertEqual(self.value("Labelled", label="l"), "l:none")
        self.assertEqual(self.value("Labelled", label="l", parts=["a", "b"]), "l:a+b")

    def test_every_type_comes_back_as_it_was(self):
        given = {"i": 5, "l": "9007199254740993", "n": "12.50", "f": 0.5, "t": "it's", "b": "AAE=", "u":
                 "00000000-0000-0000-0000-00000000000a", "at": "2024-02-03T04:05:06.000007Z", "d": "2024-01-01",
                 "j": {"a": [1, None]}, "m": "MOOD_HAPPY", "p": 3, "c": {"a": 1, "b": "x,y"}, "ar": [1, 2],
                 "ma": ["MOOD_SAD", "MOOD_OK"], "y": "3.20"}
        answer = self.call("EchoTypes", given)
        names = dict(zip(given, ("oi", "ol", "o_n", "ofl", "ot", "ob", "ou", "oat", "od", "oj", "om", "op", "oc", "oar", "oma", "oy")))
        self.assertEqual(answer, {names[name]: value for name, value in given.items()})
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            self.call("EchoTypes", dict(given, p=-1))
        with self.fails("INVALID_ARGUMENT", "INVALID_VALUE", field="d"):
            self.call("EchoTypes", dict(given, d="no date"))
        with self.fails("INVALID_ARGUMENT", field="i"):
            self.call("EchoTypes", dict(given, i=70000))

    def test_out_arguments_composites_and_rows(self):
        self.assertEqual(self.call("OneOut", {"x": 4}), {"doubled": 8})
        self.assertEqual(self.call("Swap", {"a": 1, "b": 2}), {"a": 2, "b": 1})
        self.assertEqual(self.call("APair"), {"a": 1, "b": "one"})
        row = self.call("FindAccount", {"id": 3})
        self.assertEqual(row, {"id": "3", "owner": "owner 3", "balance": "300.00", "mood": "MOOD_OK", "tags": ["t3"]})
        self.assertEqual(self.call("FindAccount", {"id": 3, "read_mask": "owner"}), {"owner": "owner 3"})
        self.assertEqual(self.call("FindAccount", {"id": 99}), {})  # as SELECT * FROM find_account(99) has it
        with self.fails("INVALID_ARGUMENT", field="read_mask"):
            self.call("FindAccount", {"id": 3, "read_mask": "etag"})
        self.assertEqual(self.methods()["FindAccount"].output_type.full_name, f"{self.database}.v1.Account")

    def test_void_is_empty_and_writes(self):
        before = int(self.lines())
        self.assertEqual(self.call("Nothing"), {})
        self.assertEqual(int(self.lines()), before + 1)

    def test_sets(self):
        rows = stream_rows(self.client, "Rich", lowest="1900")
        self.assertEqual([row["id"] for row in rows], ["19", "20"])
        rows = stream_rows(self.client, "Rich", filter='id < 5 AND owner != "owner 2"', order_by="id desc", read_mask="id,tags")
        self.assertEqual(rows, [{"id": str(i), "tags": [f"t{i}"]} for i in (4, 3, 1)])
        self.assertEqual(stream_rows(self.client, "Pairs", n=2), [{"a": 1, "b": "p1"}, {"a": 2, "b": "p2"}])
        self.assertEqual(stream_rows(self.client, "Numbers", n=3), [{"value": 1}, {}, {"value": 3}])
        self.assertEqual(stream_rows(self.client, "Numbers", n=9, filter="value > 7"), [{"value": 8}, {"value": 9}])
        self.assertEqual(stream_rows(self.client, "Listed", n=2, order_by="id desc"),
                         [{"id": 2, "the_name": "n2"}, {"id": 1, "the_name": "n1"}])
        self.assertEqual(stream_rows(self.client, "SingleColumn"), [{"sole": "a"}, {"sole": "b"}])
        self.assertEqual(stream_rows(self.client, "Pairs", n=0), [])
        for fields, field in (({"filter": "nope = 1"}, "filter"), ({"order_by": "nope"}, "order_by"), ({"read_mask": "x"}, "read_mask")):
            with self.fails("INVALID_ARGUMENT", field=field):
                stream_rows(self.client, "Rich", **fields)

    def test_a_million_rows_in_bounded_memory_and_only_as_fast_as_they_are_read(self):
        before = self.server.rss_mb()
        total = sum(len(rows.rows) for rows in stream(self.client, "Wide", n=1000000, timeout=240))
        self.assertEqual(total, 1000000)
        slow = stream(self.client, "Wide", n=1000000, timeout=240)
        next(slow)
        time.sleep(1)
        self.assertLess(self.server.rss_mb() - before, GROWTH_MB + 64)
        slow.cancel()

    def test_a_set_that_writes_commits_at_its_end(self):
        before = int(self.lines())
        self.assertEqual(len(stream_rows(self.client, "Logged", n=3)), 3)
        self.assertEqual(int(self.lines()), before + 3)
        self.assertEqual(len(stream_rows(self.client, "Logged", n=3, validate_only=True)), 3)
        self.assertEqual(int(self.lines()), before + 3)

    def test_a_set_that_writes_runs_whatever_its_filter_is(self):
        before = int(self.lines())
        self.assertEqual(stream_rows(self.client, "Logged", n=1, filter='id < 0'), [])
        self.assertEqual(len(stream_rows(self.client, "Logged", n=2, filter='line = "row 1"')), 1)
        self.assertEqual(int(self.lines()), before + 3)

    def test_what_a_function_sets_ends_with_its_call(self):
        def settled():
            return {self.value("Settled") for _ in range(8)}  # on each connection of the pool

        before = settled()
        self.assertEqual(self.value("Unsettles"), 1)
        self.assertEqual(settled(), before)
        self.assertEqual(len(stream_rows(self.client, "Unsettling")), 1)
        self.assertEqual(settled(), before)

    def test_what_is_left_out(self):
        names = set(self.methods())
        for absent in ("Paid", "Spoken", "Undeclared", "OnChange", "OnDdl", "MySum", "Hidden", "OddlyNamed"):
            self.assertNotIn(absent, names)
        self.assertEqual(self.value("Seven"), 7)
        log = "\n".join(self.server.all_lines())
        self.assertRegex(log, r"function public.spoken\(anyelement\): left out, as its type anyelement")
        self.assertRegex(log, r"function public.undeclared\(\): left out, as its columns are not declared")

    def test_overloads_each_mean_themselves(self):
        self.assertEqual(self.value("Area", side=1), "int,int 2")
        self.assertEqual(self.value("Area", side=1, other=5), "int,int 5")
        self.assertEqual(self.value("AreaIntegerIntegerInteger", side=1, other=2, third=3), "three")
        self.assertEqual(self.value("AreaText", side="x"), "text")
        self.assertEqual(self.value("Volume", side=1), "int")
        # The DEFAULT, which PostgreSQL says to be 0, is as numeric as the argument.
        self.assertEqual(self.value("VolumeNumeric"), "numeric 0")

    def test_names_that_are_taken_or_hostile(self):
        self.assertEqual(self.value("GetAccountFunction"), 42)
        method = next(name for name in self.methods() if name.startswith("Weird"))
        request = self.methods()[method].input_type
        names = [field.name for field in request.fields if field.number < 2000]
        self.assertEqual([field.number for field in request.fields][:5], [1, 2, 3, 4, 5])
        answer = self.call(method, dict(zip(names, (1, "u", "f", 4))))
        self.assertEqual(answer, {"value": "1,u,f,4,5"})
        self.assertNotIn("filter", names)

    def test_a_write_and_the_errors_that_it_raises(self):
        left = self.value("Transfer", a=1, b=2, amount="10.50")
        self.assertEqual(left, "89.50")
        with self.fails("INVALID_ARGUMENT", "RAISED_EXCEPTION", message="amount must be positive") as failed:
            self.call("Transfer", {"a": 1, "b": 2, "amount": "-1"})
        self.assertEqual({key: failed[0].metadata[key] for key in ("sqlstate", "hint", "detail")},
                         {"sqlstate": "PG003", "hint": "give more", "detail": "it was -1"})
        with self.fails("NOT_FOUND", "RAISED_EXCEPTION", message="no account 77"):
            self.call("Transfer", {"a": 77, "b": 2, "amount": "1"})
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            self.call("Transfer", {"a": 1, "b": 2, "amount": "100000"})
        for state, code in (("P0001", "FAILED_PRECONDITION"), ("PG006", "ALREADY_EXISTS"), ("PG007", "PERMISSION_DENIED"),
                            ("PT404", "NOT_FOUND"), ("PT429", "RESOURCE_EXHAUSTED"), ("23505", "ALREADY_EXISTS"),
                            ("45001", "FAILED_PRECONDITION"), ("42501", "PERMISSION_DENIED"), ("P0002", "NOT_FOUND")):
            with self.fails(code) as failed:
                self.call("Fail", {"code": state, "words": "so"})
            self.assertEqual(failed[0].metadata["sqlstate"], state)
        with self.fails("NOT_FOUND", "RAISED_EXCEPTION"):
            self.call("StrictRow", {"i": 12345})

    def test_no_code_that_it_raises_makes_a_function_run_again(self):
        for runs, state in enumerate(("26000", "42P05", "3F000", "42804", "42P01", "40001"), 1):
            with self.fails("ABORTED" if state == "40001" else "FAILED_PRECONDITION", message=f"run {runs}$"):
                self.call("FailOnce", {"code": state})

    def test_validate_only_request_id_and_transactions(self):
        before = int(self.lines())
        self.assertEqual(self.value("Transfer", a=5, b=6, amount="1", validate_only=True), "499.00")
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 5"), "500.00")
        for _ in range(2):
            self.assertEqual(self.value("Transfer", a=5, b=6, amount="1", request_id="once"), "499.00")
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 5"), "499.00")
        with self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED"):
            self.call("Transfer", {"a": 5, "b": 6, "amount": "2", "request_id": "once"})
        url = f"type.googleapis.com/{self.database}.v1."
        answers = self.call("Transact", {"operations": [
            {"request": {"@type": url + "TransferRequest", "a": "7", "b": "8", "amount": "1"}},
            {"request": {"@type": url + "NoteRequest", "line": "transacted"}},
            {"request": {"@type": url + "AddRequest", "a": 1}},
            {"request": {"@type": url + "GetAccountRequest", "id": "7"}}]})["responses"]
        self.assertEqual([answers[0]["value"], answers[2]["value"], answers[3]["balance"]], ["699.00", 11, "699.00"])
        self.assertEqual(int(self.lines()), before + 1)
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION", message=r"operations\[1\]"):
            self.call("Transact", {"operations": [
                {"request": {"@type": url + "NoteRequest"}},
                {"request": {"@type": url + "TransferRequest", "a": "7", "b": "8", "amount": "9999"}}]})
        self.assertEqual(int(self.lines()), before + 1)

    def test_in_a_session(self):
        session = Session(self.client, begin={})
        self.addCleanup(session.cancel)
        answer = session.run(f"{self.database}.v1.Transfer", a=9, b=10, amount="1")
        self.assertEqual(answer, {"value": "899.00"})
        session.rollback()
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 9"), "900.00")

    def test_a_procedure_that_fails_after_it_has_written_ends_its_session(self):
        before = self.lines()
        session = Session(self.client, begin={})
        self.addCleanup(session.cancel)
        error = session.error(f"{self.database}.v1.Endless", at="2026-01-01T00:00:00Z")
        self.assertEqual(error.get("aborted"), True)
        session.rollback()
        self.assertEqual(self.lines(), before)

    def test_what_does_not_write_runs_read_only(self):
        self.assertEqual(self.value("Mode"), "on")
        with self.fails("FAILED_PRECONDITION", "READ_ONLY_TRANSACTION"):
            self.call("Lying")
        field_names = {field.name for field in self.methods()["Add"].input_type.fields}
        self.assertNotIn("request_id", field_names)

    def test_what_cannot_be_answered_is_not_committed(self):
        before = self.lines()
        with self.fails("FAILED_PRECONDITION", "VALUE_NOT_REPRESENTABLE"):
            self.call("Infinite")
        self.assertEqual(self.lines(), before)

    def test_procedures(self):
        before = int(self.lines())
        self.assertEqual(self.call("Note", {"line": "called"}), {})
        self.assertEqual(self.call("Note", {"validate_only": True}), {})
        self.assertEqual(int(self.lines()), before + 1)
        self.assertEqual(self.call("Counted", {"n": 3}), {"n": 4})
        self.assertEqual(self.call("Counted", {"n": 3, "step": 5}), {"n": 8})
        with self.fails("FAILED_PRECONDITION", "TRANSACTION_IN_PROCEDURE") as failed:
            self.call("Commits")
        self.assertEqual(failed[0].metadata["sqlstate"], "2D000")
        self.assertEqual(int(self.lines()), before + 1)

    def test_a_deadline_and_a_cancel_reach_the_function(self):
        def napping():
            return self.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%naps%' AND state = 'active' AND "
                             "pid <> pg_backend_pid()") == "1"
        before = self.lines()
        with self.fails("DEADLINE_EXCEEDED"):
            self.call("Naps", {"seconds": 60}, timeout=1.0 / PATIENCE)
        wait_for(lambda: not napping(), "the function to be stopped")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = self.client.stub("Naps").future(self.client.request("Naps", {"seconds": 60}), timeout=120)
            wait_for(napping, "the function to run")
            future.cancel()
            wait_for(lambda: not napping(), "the function to be stopped")
        self.assertEqual(self.lines(), before)
        self.assertEqual(self.value("Naps", seconds=0), "woke")

    def test_unknown_methods_and_fields(self):
        stub = self.client.channel.unary_unary(f"/{self.database}.v1.FunctionService/Nope")
        with self.fails("UNIMPLEMENTED", "UNKNOWN_METHOD", message="it has APair, Add"):
            stub(b"", timeout=20)
        with self.fails("INVALID_ARGUMENT", message="unknown field 99"):
            self.client.raw("Add", b"\x98\x06\x01")

    def test_a_dropped_function_makes_a_reload(self):
        self.psql("CREATE FUNCTION short_lived() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        server = Server(self.uri)
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri))
        self.assertEqual(client.call("ShortLived"), {"value": 1})
        self.psql("DROP FUNCTION short_lived()")
        with self.fails("UNIMPLEMENTED", "UNKNOWN_METHOD"):
            client.call("ShortLived")


class Pinned(ServedTestCase):
    SQL = """CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7);
      CREATE FUNCTION rows_of_t() RETURNS SETOF t STABLE LANGUAGE sql AS 'SELECT * FROM t';
      CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a + b'"""

    def test_a_pinned_contract_serves_its_functions_and_no_others(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(export(self.uri, folder).returncode, 0)
            self.psql("CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
            server = Server(self.uri, f"--contract={folder}")
            self.addCleanup(server.close)
            client = Client(server, self.contract)
            self.assertEqual(client.call("Add", {"a": 2}), {"value": 3})
            self.assertEqual(stream_rows(client, "RowsOfT"), [{"id": 7}])
            later = client.channel.unary_unary(f"/{self.database}.v1.FunctionService/Later")
            with self.fails("UNIMPLEMENTED", "UNKNOWN_METHOD"):
                later(b"", timeout=20)
            checked = subprocess.run([BINARY, "contract", f"--database={self.uri}", f"--check={folder}"],
                                     capture_output=True, text=True, check=False)
            self.assertIn("FunctionService.Later: only in the database", checked.stdout + checked.stderr)
            self.psql("DROP FUNCTION add(int, int)")
            checked = subprocess.run([BINARY, "serve", f"--database={self.uri}", f"--contract={folder}", "--listen=127.0.0.1:0"],
                                     capture_output=True, text=True, check=False, timeout=60 * PATIENCE)
            self.assertIn("FunctionService/Add: the database has nothing that this method stands for",
                          checked.stdout + checked.stderr)


class SwitchedOff(ServedTestCase):
    SQL = "CREATE TABLE t (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    OPTIONS = CONTRACT_OPTIONS = ("--functions=off",)

    def test_no_functions(self):
        self.assertEqual(self.contract.services(), [f"{self.database}.v1.TService"])


class ManyFunctions(ServedTestCase):
    SQL = """DO $$ BEGIN FOR i IN 1..600 LOOP
      EXECUTE format('CREATE FUNCTION f_%s(a int DEFAULT %s) RETURNS int IMMUTABLE LANGUAGE sql AS ''SELECT a''', i, i);
    END LOOP; END $$"""

    def test_hundreds(self):
        for i in (1, 300, 600):
            self.assertEqual(self.call(f"F{i}"), {"value": i})


if __name__ == "__main__":
    unittest.main()
