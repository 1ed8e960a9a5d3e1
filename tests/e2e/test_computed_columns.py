"""Computed columns: functions of a row as fields that are read where the read_mask names them, filtered and ordered by."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import grpc

from bulk import list_rows, rows_of, stream, stream_rows
from harness import BINARY, PATIENCE, Client, Contract, RpcFailure, Server, ServedTestCase, export, pg_bin, postgres

# A table has a column t, as the alias in the server's statements is called.
SQL = r"""
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE customer (id int PRIMARY KEY, first text, last text, t text, deleted_at timestamptz);
CREATE TABLE purchase (id int PRIMARY KEY, customer_id int REFERENCES customer, amount numeric(10, 2) NOT NULL);
CREATE TABLE employee (id int PRIMARY KEY, first text);
INSERT INTO customer SELECT g, CASE WHEN g % 5 > 0 THEN 'f' || g % 3 END, 'l' || g % 7, 't' || g FROM generate_series(1, 60) g;
INSERT INTO purchase SELECT g, 1 + g % 60, g / 4.0 FROM generate_series(1, 200) g;
INSERT INTO employee VALUES (1, 'Eve');
CREATE FUNCTION full_name(customer) RETURNS text STABLE LANGUAGE sql AS $$SELECT $1.first || ' ' || $1.last$$;
COMMENT ON FUNCTION full_name(customer) IS 'First and last name.';
CREATE FUNCTION full_name(employee) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN upper($1.first); END$$;
CREATE FUNCTION other.spent(c customer) RETURNS numeric STABLE LANGUAGE sql
  AS 'SELECT sum(amount) FROM public.purchase WHERE customer_id = c.id';
CREATE FUNCTION gross(purchase) RETURNS numeric IMMUTABLE LANGUAGE sql AS 'SELECT $1.amount * 2';
CREATE FUNCTION band(purchase) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT ($1.amount::int) % 4';
CREATE FUNCTION slow(employee) RETURNS text STABLE LANGUAGE sql AS 'SELECT pg_sleep(30)::text';
CREATE FUNCTION fails(employee) RETURNS int STABLE LANGUAGE plpgsql AS $$BEGIN RAISE 'no luck' USING ERRCODE = '23514'; END$$;
CREATE FUNCTION customers_of(n int) RETURNS SETOF customer STABLE LANGUAGE sql AS 'SELECT * FROM customer WHERE id <= n';
CREATE VIEW named AS SELECT id, first FROM customer;
CREATE FUNCTION loud(named) RETURNS text STABLE LANGUAGE sql AS 'SELECT upper($1.first)';
CREATE TABLE memo (id int PRIMARY KEY, text text, customer_id int REFERENCES customer);
INSERT INTO memo VALUES (1, 'a', 5), (2, 'b', NULL), (3, 'c', 1), (4, 'd', NULL), (5, 'e', 10);
CREATE FUNCTION known(c customer) RETURNS text STABLE LANGUAGE plpgsql AS $$BEGIN
  IF c.id IS NULL THEN RAISE 'no customer'; END IF; RETURN coalesce(c.first, 'nobody'); END$$;
CREATE FUNCTION raw(memo) RETURNS macaddr STABLE LANGUAGE sql AS 'SELECT NULL::macaddr';
CREATE TABLE bare (a int, b text);
INSERT INTO bare VALUES (1, 'x'), (1, 'x'), (2, 'y');
CREATE VIEW grouped AS SELECT a, count(*) AS n FROM bare GROUP BY a;
CREATE FUNCTION minus(grouped) RETURNS int STABLE LANGUAGE sql AS 'SELECT -$1.a';

CREATE FUNCTION last(customer) RETURNS text STABLE LANGUAGE sql AS 'SELECT 1::text';
CREATE FUNCTION purchases(customer) RETURNS text STABLE LANGUAGE sql AS 'SELECT 1::text';
CREATE FUNCTION purchase_rows(customer) RETURNS SETOF purchase STABLE LANGUAGE sql AS 'SELECT * FROM purchase';
CREATE FUNCTION boss(employee) RETURNS employee STABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION rolled(employee) RETURNS float8 VOLATILE LANGUAGE sql AS 'SELECT random()';
CREATE FUNCTION hidden(employee) RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION hidden(employee) IS '@protogres omit';
CREATE FUNCTION oddly(employee) RETURNS int STABLE LANGUAGE sql AS 'SELECT 7';
COMMENT ON FUNCTION oddly(employee) IS '@protogres name=seven number=100007';

CREATE TABLE kinds (id int PRIMARY KEY, t text);
INSERT INTO kinds VALUES (1, 'x'), (2, NULL);
CREATE TABLE "we""ird; --" ("t.*" int PRIMARY KEY, "t" text, "$1" text, "select" text);
INSERT INTO "we""ird; --" VALUES (1, 'a', 'b', 'c'), (2, 'd', 'e', 'f');
CREATE FUNCTION "Odd; ""(t.*)"(w "we""ird; --") RETURNS text STABLE LANGUAGE sql AS 'SELECT w."$1" || w.t';
CREATE INDEX ON customer ((first || ' ' || last));
"""

# By the name of the function: its type, its value in SQL, and how it is answered.
KINDS = {
    "c_small": ("smallint", "5", 5), "c_int": ("int", "6", 6), "c_big": ("bigint", "9007199254740993", "9007199254740993"),
    "c_numeric": ("numeric", "12.50", "12.50"), "c_money": ("money", "12.34::numeric::money", "12.34"),
    "c_float": ("float8", "0.25", 0.25), "c_bool": ("bool", "true", True), "c_text": ("text", "$1.t", "x"),
    "c_uuid": ("uuid", "'00000000-0000-0000-0000-00000000000a'::uuid", "00000000-0000-0000-0000-00000000000a"),
    "c_bytes": ("bytea", "'\\x0001'::bytea", "AAE="),
    "c_at": ("timestamptz", "'2024-02-03 04:05:06.7Z'::timestamptz", "2024-02-03T04:05:06.700Z"),
    "c_day": ("date", "'2024-02-03'::date", "2024-02-03"), "c_took": ("interval", "'1 hour'::interval", "PT1H"),
    "c_json": ("jsonb", """'{"a": [1]}'::jsonb""", {"a": [1]}), "c_mood": ("mood", "'ok'::mood", "MOOD_OK"),
    "c_positive": ("positive", "3::positive", 3), "c_pair": ("pair", "(1, 'b')::pair", {"a": 1, "b": "b"}),
    "c_ints": ("int[]", "ARRAY[1, 2]", [1, 2]), "c_moods": ("mood[]", "ARRAY['sad', 'ok']::mood[]", ["MOOD_SAD", "MOOD_OK"]),
    "c_range": ("int4range", "int4range(1, 5)", "[1,5)"), "c_varchar": ("varchar", "'v'::varchar", "v"),
}
for i in range(7):
    SQL += f"CREATE FUNCTION gone{i}(memo) RETURNS text STABLE LANGUAGE sql AS 'SELECT $1.text';\n"
for name, (kind, value, _) in KINDS.items():
    SQL += f"CREATE FUNCTION {name}(kinds) RETURNS {kind} STABLE LANGUAGE sql AS $f$SELECT CASE WHEN $1.id = 1 THEN {value} END$f$;\n"


class ComputedColumns(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--echo",)

    def column(self, sql):
        return self.psql(sql).split("\n")

    def test_it_is_read_where_it_is_named(self):
        self.assertEqual(set(self.call("GetCustomer", {"id": 1})), {"id", "first", "last", "t", "etag"})
        self.assertEqual(self.call("GetCustomer", {"id": 1, "read_mask": "full_name,id"}), {"id": 1, "full_name": "f1 l1"})
        self.assertEqual(self.call("GetCustomer", {"id": 5, "read_mask": "full_name"}), {}, "NULL")
        self.assertEqual(self.call("GetEmployee", {"id": 1, "read_mask": "full_name"}), {"full_name": "EVE"})
        whole = self.call("GetCustomer", {"id": 1, "read_mask": "*,full_name,spent"})
        self.assertEqual(set(whole), {"id", "first", "last", "t", "etag", "full_name", "spent"})
        self.assertEqual(whole["spent"], self.psql("SELECT sum(amount) FROM purchase WHERE customer_id = 1"))
        batch = self.call("BatchGetCustomers", {"requests": [{"id": 2}, {"id": 1}], "read_mask": "full_name"})
        self.assertEqual(batch, {"customers": [{"full_name": "f2 l2"}, {"full_name": "f1 l1"}]})

    def test_the_whole_row_is_given_to_the_function_of_this_name_alone(self):
        self.call("GetCustomer", {"id": 1, "read_mask": "full_name"})
        self.assertTrue(any('SELECT "public"."full_name"(t.*) FROM "public"."customer" AS t' in line
                            for line in self.server.all_lines()))

    def test_each_type(self):
        wanted = {name: value for name, (_, _, value) in KINDS.items()}
        self.assertEqual(self.call("GetKind", {"id": 1, "read_mask": ",".join(KINDS)}), wanted)
        self.assertEqual(self.call("GetKind", {"id": 2, "read_mask": ",".join(KINDS)}), {})
        self.assertEqual(stream_rows(self.client, "StreamKinds", order_by="id", read_mask=",".join(KINDS)), [wanted, {}])
        for condition in ("c_small = 5", "c_big = 9007199254740993", "c_numeric = 12.5", "c_money = 12.34", "c_float < 1",
                          "c_bool = true", 'c_text = "x*"', 'c_uuid = "00000000-0000-0000-0000-00000000000a"',
                          'c_at > "2024-01-01T00:00:00Z"', 'c_day = "2024-02-03"', "c_json.a != null", 'c_mood = "ok"',
                          "c_positive = 3", 'c_pair.b = "b"', "c_ints:2", 'c_moods:"sad"', 'contains(c_range, "[2,3)")',
                          'ilike(c_varchar, "V")', "c_int = 6 AND id: [1, 2]", "c_text != null"):
            found = self.call("ListKinds", {"filter": condition, "read_mask": "id", "count_total": True})
            self.assertEqual(found, {"kinds": [{"id": 1}], "total_size": "1"}, condition)
        orderable = [name for name in KINDS if name not in ("c_json", "c_pair", "c_ints", "c_moods")]
        for name in orderable:
            for order, ids in ((name, [1, 2]), (f"{name} desc", [2, 1])):
                rows = self.pages("ListKinds", order_by=order, read_mask="id", page_size=1)
                self.assertEqual([row["id"] for row in rows], ids, order)

    def test_hostile_names(self):
        method = next(name for name in self.client.methods if name.startswith("ListWe"))
        row = self.client.methods[method][1].output_type.fields_by_number[1].message_type
        field = next(one.name for one in row.fields if one.number >= 100000)
        rows = rows_of(self.client, self.client.raw(method, {
            "order_by": f"{field} desc", "filter": f'{field} != "x"', "read_mask": field}))
        self.assertEqual(rows, [{field: "ed"}, {field: "ba"}])

    def pages(self, method, **fields):
        rows, page_token = [], ""
        while True:
            page = self.client.raw(method, dict(fields, page_token=page_token))
            rows += rows_of(self.client, page)
            page_token = page.next_page_token
            if not page_token:
                return rows

    def test_pages_by_it_are_exact(self):
        for order, sql in (("full_name", "full_name(c), id"), ("full_name desc", "full_name(c) DESC, id"),
                           ("spent desc, full_name", "other.spent(c) DESC, full_name(c), id"),
                           ("last, full_name desc", "last, full_name(c) DESC, id")):
            wanted = self.column(f"SELECT id FROM customer c ORDER BY {sql}")
            for mask in ("id", "id,full_name", "id,spent,full_name"):
                rows = self.pages("ListCustomers", order_by=order, page_size=7, read_mask=mask)
                self.assertEqual([str(row["id"]) for row in rows], wanted, order)
        wanted = self.column("SELECT id FROM customer c WHERE full_name(c) LIKE 'f1%' AND other.spent(c) > 80 ORDER BY id")
        rows = list_rows(self.client, "ListCustomers", filter='full_name = "f1*" AND spent > 80', read_mask="id")
        self.assertEqual([str(row["id"]) for row in rows], wanted)

    def test_rows_without_a_key(self):
        self.assertEqual(self.pages("ListGroupeds", page_size=1), [{"a": 1, "n": "2"}, {"a": 2, "n": "1"}])
        self.assertEqual(self.pages("ListGroupeds", page_size=1, order_by="minus", read_mask="minus"), [{"minus": -2}, {"minus": -1}])

    def test_a_view(self):
        self.assertEqual(self.call("GetNamed", {"id": 1, "read_mask": "loud"}), {"loud": "F1"})
        rows = self.call("ListNameds", {"filter": 'loud = "F2"', "read_mask": "id", "page_size": 2, "order_by": "loud, id"})
        self.assertEqual(rows["nameds"], [{"id": 2}, {"id": 8}])

    def test_a_stream_goes_on_after_its_token(self):
        wanted = self.column("SELECT id FROM customer c ORDER BY full_name(c) DESC, id")
        asked = {"order_by": "full_name desc", "read_mask": "id"}
        first = next(stream(self.client, "StreamCustomers", page_size=13, **asked))
        rest = stream_rows(self.client, "StreamCustomers", page_token=first.next_page_token, **asked)
        self.assertEqual([str(row["id"]) for row in rows_of(self.client, first) + rest], wanted)

    def test_related_rows(self):
        row = self.call("GetPurchase", {"id": 1, "read_mask": "gross,customer.full_name"})
        self.assertEqual(row, {"gross": "0.50", "customer": {"full_name": "f2 l2"}})
        row = self.call("GetPurchase", {"id": 1, "read_mask": "customer.full_name,customer.*"})
        self.assertEqual(set(row["customer"]), {"id", "first", "last", "t", "full_name"})
        for each in ({}, {"page_size": 2}):
            row = self.call("GetCustomer", {"id": 1, "read_mask": "full_name,purchases.band,purchases.id", "expand": [
                {"path": "purchases", "filter": "gross > 30", "order_by": "band desc, id desc", **each}]})
            wanted = self.column("SELECT band(p), id FROM purchase p WHERE customer_id = 1 AND gross(p) > 30 ORDER BY 1 DESC, 2 DESC")
            self.assertEqual([f"{one['band']}|{one['id']}" for one in row["purchases"]], wanted[:each.get("page_size", 9)])
        rows = stream_rows(self.client, "StreamPurchases", filter="id <= 2", read_mask="gross,customer.full_name")
        self.assertEqual([one["customer"]["full_name"] for one in rows], ["f2 l2", "f0 l3"])

    def test_a_missing_related_row_has_no_value(self):
        wanted = self.column("SELECT m.id FROM memo m LEFT JOIN customer c ON c.id = customer_id ORDER BY (CASE WHEN c.id > 0 THEN known(c) END), m.id")
        for mask in ("id", "*"):
            rows = self.pages("ListMemos", order_by="customer.known", page_size=2, read_mask=mask)
            self.assertEqual([str(row["id"]) for row in rows], wanted)
        rows = list_rows(self.client, "ListMemos", filter="customer.known = null", order_by="id", read_mask="id,customer.known")
        self.assertEqual(rows, [{"id": 2}, {"id": 4}])
        groups = self.call("AggregateMemos", {"group_by": ["customer.known"], "aggregates": ["count()"]})["aggregates"]
        self.assertEqual(groups, [{"group": {"customer": {"known": "f1"}}, "count": "1"}, {"group": {"customer": {"known": "nobody"}}, "count": "2"},
                                  {"group": {}, "count": "2"}])

    def test_a_function_that_was_dropped(self):
        asked = [("ListMemos", {"read_mask": "id,gone{}"}), ("ListMemos", {"filter": 'text = "b" AND gone{} = "b"'}),
                 ("ListMemos", {"order_by": "text, gone{}"}), ("GetMemo", {"id": 1, "read_mask": "gone{}"}),
                 ("AggregateMemos", {"group_by": ["text", "gone{}"]}), ("ListCustomers", {"read_mask": "id,memos.id,memos.gone{}"}),
                 ("DeleteMemosWhere", {"filter": 'text = "nobody" AND gone{} = "b"'})]
        for i, (method, request) in enumerate(asked):
            request = {name: [one.format(i) for one in value] if isinstance(value, list) else value if name == "id" else value.format(i)
                       for name, value in request.items()}
            self.call(method, request)
            self.psql(f"DROP FUNCTION gone{i}(memo)")
            with self.subTest(request), self.assertRaises(grpc.RpcError) as caught:
                self.call(method, request)
            failure = RpcFailure(caught.exception)
            # A reload may come before the call, after an error or by itself.
            unknown = re.search("no field|unknown field", failure.message)
            self.assertTrue(failure.reason == "CATALOG_MOVED" or unknown, failure)

    def test_what_has_no_greatest_is_named(self):
        with self.fails("INVALID_ARGUMENT", field="aggregates", message="^aggregates: raw is of the type .*macaddr.*no min.* and max"):
            self.call("AggregateMemos", {"group_by": ["text"], "aggregates": ["max(text)", "max(raw)"]})

    def test_aggregates(self):
        groups = self.call("AggregatePurchases", {"group_by": ["band"], "aggregates": ["count()", "sum(gross)", "max(gross)"],
                                                  "order_by": "sum.gross desc", "page_size": 3})
        wanted = self.column("SELECT band(p), count(*), sum(gross(p)), max(gross(p)) FROM purchase p GROUP BY 1 ORDER BY 3 DESC LIMIT 3")
        self.assertEqual(["|".join((str(one["group"]["band"]), one["count"], one["sum"]["gross"], one["max"]["gross"]))
                          for one in groups["aggregates"]], wanted)

    def test_rows_that_a_function_returns(self):
        rows = stream_rows(self.client, "CustomersOf", n=3, filter='full_name != "f2 l2"', order_by="full_name", read_mask="full_name")
        self.assertEqual(rows, [{"full_name": "f0 l3"}, {"full_name": "f1 l1"}])
        self.assertNotIn("full_name", stream_rows(self.client, "CustomersOf", n=1)[0])

    def test_it_is_not_written(self):
        with self.fails("INVALID_ARGUMENT", "READ_ONLY_FIELD", field="customer.full_name", message="computed by"):
            self.call("CreateCustomer", {"customer": {"id": 100, "full_name": "x"}})
        with self.fails("INVALID_ARGUMENT", "READ_ONLY_FIELD", field="update_mask"):
            self.call("UpdateCustomer", {"customer": {"id": 1}, "update_mask": "full_name"})
        read = self.call("GetEmployee", {"id": 1, "read_mask": "*,full_name"})
        written = self.call("UpdateEmployee", {"employee": dict(read, first="Eve")})
        self.assertEqual(set(written), {"id", "first", "etag"}, "what was read can be sent back")
        self.assertNotIn("full_name", self.call("CreateEmployee", {"employee": {"id": 9, "first": "z"}}))
        changed = self.call("UpdateEmployeesWhere", {"employee": {"first": "y"}, "filter": 'full_name = "Z"'})
        self.assertEqual(changed, {"affected": "1"})
        self.assertEqual(self.call("DeleteEmployeesWhere", {"filter": 'full_name = "Y"'}), {"affected": "1"})

    def test_errors_of_the_function(self):
        self.call("GetEmployee", {"id": 1})
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION", message="no luck"):
            self.call("GetEmployee", {"id": 1, "read_mask": "fails"})
        with self.fails("DEADLINE_EXCEEDED"):
            self.client.raw("GetEmployee", {"id": 1, "read_mask": "slow"}, timeout=0.5)
        with self.fails("INVALID_ARGUMENT", "INVALID_FILTER", message="full_name"):
            self.call("ListCustomers", {"filter": "full_nam = 1"})

    def test_coalesced_gets_have_each_what_it_asked_for(self):
        masks = ["full_name", "spent", "id", "id,full_name", "*"]

        def get(i):
            asked = {"id": 1 + i % 4, "read_mask": masks[i % 5]} if i % 6 else {"id": 1 + i % 4}
            return asked, self.call("GetCustomer", asked)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for asked, row in pool.map(get, range(400)):
                mask = asked.get("read_mask", "*")
                wanted = {"id", "first", "last", "t", "etag"} if mask == "*" else set(mask.split(","))
                self.assertEqual(set(row), wanted)
                self.assertEqual(row.get("full_name", None), f"f{asked['id'] % 3} l{asked['id']}" if "full_name" in mask else None)

    def test_what_is_left_out_is_told(self):
        lines = self.server.all_lines()
        for name, why in (("last", "Customer has a field last"), ("purchases", "Customer has a field purchases"),
                          ("boss", "it computes rows of a table")):
            self.assertTrue(any(f"function public.{name}(" in line and why in line for line in lines), name)
        fields = self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.Employee").fields_by_name
        self.assertEqual(set(fields), {"id", "first", "etag", "full_name", "slow", "fails", "seven"})
        self.assertEqual(fields["seven"].number, 100007)
        self.assertEqual(self.call("GetEmployee", {"id": 1, "read_mask": "seven"}), {"seven": 7})

    def test_an_index_on_the_functions_expression_serves(self):
        plan = self.psql("SET enable_seqscan = off; EXPLAIN SELECT id FROM customer AS t WHERE full_name(t.*) = 'x'")
        self.assertIn("Index", plan)

    @unittest.skipIf("PROTOGRES_POSTGRES_BIN" in os.environ, "the versions of tests/run --postgres have no pg_dump")
    def test_numbers_hold_through_a_dump_and_its_restore(self):
        with tempfile.TemporaryDirectory() as folder:
            dump = pathlib.Path(folder, "dump.sql")
            subprocess.run([pathlib.Path(pg_bin(), "pg_dump"), "--no-owner", f"--dbname={self.uri}", f"--file={dump}"], check=True)
            restored = postgres().create("restored", file=dump)
        contract = Contract(restored, f"--package={self.database}.v1", "--schemas=public")
        for row in ("Customer", "Kind", "Employee", "Purchase"):
            one, other = (c.pool.FindMessageTypeByName(f"{self.database}.v1.{row}").fields_by_name for c in (self.contract, contract))
            computed = {name: field.number for name, field in one.items() if field.number >= 100000 and name != "spent"}
            self.assertTrue(computed)
            self.assertEqual(computed, {name: other[name].number for name in computed})


class Pinned(ServedTestCase):
    SQL = """CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t VALUES (7, 'x');
      CREATE FUNCTION twice(t) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.id * 2'"""

    def test_a_pinned_contract_has_its_fields_and_no_others(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(export(self.uri, folder).returncode, 0)
            self.psql("CREATE FUNCTION thrice(t) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.id * 3'")
            server = Server(self.uri, f"--contract={folder}")
            self.addCleanup(server.close)
            client = Client(server, self.contract)
            self.assertEqual(client.call("GetT", {"id": 7, "read_mask": "twice"}), {"twice": 14})
            with self.fails("INVALID_ARGUMENT", field="read_mask"):
                client.call("GetT", {"id": 7, "read_mask": "thrice"})
            self.psql("DROP FUNCTION twice(t)")
            checked = subprocess.run([BINARY, "serve", f"--database={self.uri}", f"--contract={folder}", "--listen=127.0.0.1:0"],
                                     capture_output=True, text=True, check=False, timeout=60 * PATIENCE)
            self.assertIn("T.twice: the database has no such column", checked.stdout + checked.stderr)


class SwitchedOff(ServedTestCase):
    SQL = Pinned.SQL
    OPTIONS = CONTRACT_OPTIONS = ("--functions=off",)

    def test_no_functions_no_computed_columns(self):
        self.assertEqual(set(self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.T").fields_by_name), {"id", "t", "etag"})


if __name__ == "__main__":
    unittest.main()
