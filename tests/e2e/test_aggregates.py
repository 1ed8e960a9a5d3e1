"""AggregateXs: what it answers is what the same SQL gives, for each type, with NULLs, by pages, under policies."""

import decimal
import time
import unittest

from harness import PATIENCE, Client, Contract, Server, ServedTestCase, postgres
from transactions import operation

SQL = r"""
CREATE EXTENSION citext;
CREATE TYPE state AS ENUM ('open', 'paid', 'late');
CREATE TYPE place AS (city text, zip int);
CREATE DOMAIN cents AS bigint;
CREATE TABLE sale (id bigint PRIMARY KEY, country text, state state, at timestamptz, local timestamp, day date, n2 int2,
  n4 int4, n8 int8, n cents, amount numeric(12,2), price money, f4 real, f8 float8, took interval, vip bool, ref uuid,
  tags text[], attrs jsonb, nick citext, code char(4), blob bytea, home place, host inet, deleted_at timestamptz);
INSERT INTO sale SELECT g, CASE WHEN g % 7 > 0 THEN 'c' || g % 7 END, (ARRAY['open', 'paid', 'late'])[1 + g % 3]::state,
  timestamptz '2023-11-30 22:30Z' + g * interval '7 hours', timestamp '2024-01-01' + g * interval '1 day',
  date '2024-01-01' + g, g % 100, g * 1000, g * 1000000000000, g, g / 3.0, (g / 8.0)::numeric::money, g / 4.0, g / 10.0,
  g * interval '1 minute', g % 2 = 0, md5(g::text)::uuid, ARRAY['t' || g], '{}', CASE WHEN g % 2 = 0 THEN 'A' ELSE 'b' END,
  'k' || g % 5, decode(md5(g::text), 'hex'), ROW('x'::text, g)::place, '10.0.0.1', CASE WHEN g % 50 = 0 THEN now() END
  FROM generate_series(1, 500) g;
INSERT INTO sale (id) VALUES (1000), (1001);
CREATE TABLE nothing (id int PRIMARY KEY, n int, name text);
CREATE TABLE large (id int PRIMARY KEY, g int, x numeric);
INSERT INTO large SELECT i, i % 100, i / 100.0 FROM generate_series(1, 1000000) i;
CREATE TABLE "we""ird; --" (id int PRIMARY KEY, "count" int, "sum(x)" int, "a.b" int, "$1" text, "select" text);
INSERT INTO "we""ird; --" SELECT g, g % 3, g, g % 2, '$' || g % 2, E'it''s \\ "x"' FROM generate_series(1, 12) g;
CREATE TABLE edge (id int PRIMARY KEY, kind text, n8 int8, f8 float8, x numeric, at timestamptz);
INSERT INTO edge VALUES (1, 'big', 9223372036854775807, 1.7e308, 'NaN', 'infinity'),
  (2, 'big', 9223372036854775807, 1.7e308, 1, '2024-01-01Z'), (3, 'huge', 1, 1, ('1' || repeat('0', 131071))::numeric, NULL);
INSERT INTO edge SELECT g, 'huge', 1, 1, ('9' || repeat('9', 131071))::numeric FROM generate_series(4, 6) g;
CREATE DOMAIN late AS timestamptz CHECK (VALUE > '2024-01-15Z');
CREATE TABLE odd (id int PRIMARY KEY, at late, net cidr, kind regclass, note text);
INSERT INTO odd SELECT g, timestamptz '2024-01-16Z' + g * interval '20 days', ('10.0.0.0/' || 32 - g)::cidr,
  'pg_class'::regclass, repeat('x', 5000) FROM generate_series(0, 4) g;
CREATE VIEW sales_by_state AS SELECT state, amount FROM sale;
CREATE TABLE secret (id int PRIMARY KEY, owner text, n int, hidden int);
INSERT INTO secret SELECT g, CASE g % 2 WHEN 0 THEN 'reader' ELSE 'other' END, g, g FROM generate_series(1, 10) g;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (owner = current_user);
"""


class Aggregates(ServedTestCase):
    SQL = SQL

    def aggregate(self, method="AggregateSales", **fields):
        """The groups of all pages."""
        groups, token = [], ""
        while True:
            page = self.call(method, dict(fields, page_token=token))
            groups += page.get("aggregates", [])
            token = page.get("next_page_token", "")
            if not token:
                return groups

    def rows(self, sql):
        return [line.split("|") for line in self.psql(sql).split("\n")]

    def test_count(self):
        self.assertEqual(self.call("AggregateSales", {"aggregates": ["count()"]}), {"aggregates": [{"count": "492"}]})
        self.assertEqual(self.aggregate(aggregates=["count()"], show_deleted=True), [{"count": "502"}])
        self.assertEqual(self.aggregate(aggregates=["count()"], filter='country = "c1" AND n4 < 100000'),
                         [{"count": self.psql("SELECT count(*) FROM sale WHERE country = 'c1' AND n4 < 100000 "
                                              "AND deleted_at IS NULL")}])

    def test_sums_and_averages_of_each_type(self):
        columns = {"n2": "n2", "n4": "n4", "n8": "n8", "n": "n", "amount": "amount", "price": "price::numeric",
                   "f4": "f4::float8", "f8": "f8", "took": "took"}
        [group] = self.aggregate(aggregates=[f"{kind}({name})" for name in columns for kind in ("sum", "average")])
        for name, sql in columns.items():
            for kind, function in (("sum", "sum"), ("average", "avg")):
                with self.subTest(name, kind=kind):
                    value = self.psql(f"SET intervalstyle = iso_8601; SELECT {function}({sql}) FROM sale "
                                      "WHERE deleted_at IS NULL").split("\n")[-1]
                    answered = group[kind][name]
                    if isinstance(answered, float):
                        self.assertEqual(answered, float(value))
                    else:
                        self.assertEqual(answered, value)

    def test_min_and_max_of_each_type(self):
        names = ["id", "country", "state", "at", "local", "day", "n2", "n4", "n8", "n", "amount", "price", "f4", "f8",
                 "took", "vip", "ref", "tags", "nick", "code", "host"]
        [group] = self.aggregate(aggregates=[f"{kind}({name})" for name in names for kind in ("min", "max")])
        for kind, direction in (("min", "ASC"), ("max", "DESC")):
            for name in names:
                with self.subTest(name, kind=kind):
                    order = f"{name} desc" if kind == "max" else name
                    [row] = self.call("ListSales", {"filter": f"{name} != null", "order_by": order, "page_size": 1,
                                                    "read_mask": name})["sales"]
                    self.assertEqual(group[kind][name], row[name])

    def test_what_a_type_does_not_have(self):
        for text, words in (("sum(country)", "no sum"), ("average(vip)", "no average"), ("min(attrs)", "no min"),
                            ("sum(tags)", "no sum")):
            with self.fails("INVALID_ARGUMENT", field="aggregates[0]") as outcome:
                self.call("AggregateSales", {"aggregates": [text]})
            self.assertIn(words, outcome[0].message)
        # PostgreSQL 18 has a max() of both.
        if self.psql("SELECT current_setting('server_version_num')::int >= 180000") == "f":
            for name in ("blob", "home"):
                with self.fails("INVALID_ARGUMENT", field="aggregates") as outcome:
                    self.call("AggregateSales", {"aggregates": ["count()", f"max({name})"]})
                self.assertIn(f"{name} is of the type", outcome[0].message)
        for path in ("attrs", "home.city", "nope", "at.decade", "day.hour", "country.month"):
            with self.fails("INVALID_ARGUMENT", field="group_by[0]"):
                self.call("AggregateSales", {"group_by": [path]})
        with self.fails("INVALID_ARGUMENT", "INVALID_ORDER_BY"):
            self.call("AggregateSales", {"aggregates": ["count()"], "order_by": "sum.amount"})
        with self.fails("INVALID_ARGUMENT", field="aggregates"):
            self.call("AggregateSales", {})

    def test_groups_with_null(self):
        groups = self.aggregate(group_by=["country", "state"], aggregates=["count()", "sum(amount)"], page_size=4)
        found = [[group["group"].get("country", ""), group["group"].get("state", "STATE_").split("_")[-1].lower(),
                  group["count"], group["sum"].get("amount", "")] for group in groups]
        self.assertEqual(found, self.rows("SELECT country, state, count(*), sum(amount) FROM sale WHERE deleted_at IS NULL "
                                          "GROUP BY 1, 2 ORDER BY 1, 2"))
        self.assertEqual(groups[-1]["group"], {})

    def test_each_type_as_a_group(self):
        names = ["id", "country", "state", "at", "local", "day", "n2", "n4", "n8", "n", "amount", "price", "f4", "f8",
                 "took", "vip", "ref", "tags", "nick", "code", "blob", "home", "host"]
        for name in names:
            with self.subTest(name):
                groups = self.aggregate(group_by=[name], aggregates=["count()"], page_size=100)
                counts = [line[0] for line in self.rows(f"SELECT count(*) FROM sale WHERE deleted_at IS NULL "
                                                        f"GROUP BY {name} ORDER BY {name}")]
                self.assertEqual([group["count"] for group in groups], counts)

    def test_orders_and_pages_are_exact(self):
        for order, sql in (("sum.amount desc", "sum(amount) DESC, country, n2"), ("count, n2 desc", "count(*), n2 DESC, country"),
                           ("max.f8 desc, country", "max(f8) DESC, country, n2"), ("", "country, n2")):
            with self.subTest(order):
                pages = self.aggregate(group_by=["country", "n2"], aggregates=["count()", "sum(amount)", "max(f8)"],
                                       order_by=order, page_size=37)
                found = [[group["group"].get("country", ""), str(group["group"].get("n2", "")), group["count"]]
                         for group in pages]
                self.assertEqual(found, self.rows("SELECT country, n2, count(*) FROM sale WHERE deleted_at IS NULL "
                                                  f"GROUP BY country, n2 ORDER BY {sql}"))

    def test_a_token_belongs_to_its_arguments(self):
        fields = {"group_by": ["country"], "aggregates": ["count()"], "page_size": 2, "filter": "id > 0"}
        token = self.call("AggregateSales", fields)["next_page_token"]
        for change in ({"group_by": ["state"]}, {"aggregates": ["sum(n4)"]}, {"filter": "id > 1"}, {"show_deleted": True},
                       {"order_by": "count"}):
            with self.fails("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN"):
                self.call("AggregateSales", dict(fields | change, page_token=token))
        self.assertEqual(len(self.call("AggregateSales", dict(fields, page_token=token, page_size=100))["aggregates"]), 5)

    def test_units_of_time_are_of_utc(self):
        for zone in ("UTC", "Pacific/Kiritimati"):
            postgres().psql("postgres", f"ALTER DATABASE {self.database} SET TimeZone = '{zone}'")
            server = Server(self.uri)
            self.addCleanup(server.close)
            client = Client(server, self.contract)
            for unit in ("year", "quarter", "month", "week", "day", "hour", "minute"):
                for name in ("at", "local", "day"):
                    if name == "day" and unit in ("hour", "minute"):
                        continue
                    with self.subTest(f"{name}.{unit}", zone=zone):
                        page = client.call("AggregateSales", {"group_by": [f"{name}.{unit}"], "aggregates": ["count()"],
                                                              "page_size": 1000})
                        found = [[group["group"].get(name, ""), group["count"]] for group in page["aggregates"]]
                        shown = "YYYY-MM-DD" if name == "day" else 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                        column = "at AT TIME ZONE 'UTC'" if name == "at" else f"{name}::timestamp"
                        self.assertEqual(found, self.rows(
                            f"SELECT to_char(date_trunc('{unit}', {column}), '{shown}'), count(*) FROM sale "
                            "WHERE deleted_at IS NULL GROUP BY date_trunc(" f"'{unit}', {column}) "
                            f"ORDER BY date_trunc('{unit}', {column})"))
        postgres().psql("postgres", f"ALTER DATABASE {self.database} RESET TimeZone")

    def test_an_empty_table(self):
        self.assertEqual(self.aggregate("AggregateNothings", aggregates=["count()", "sum(n)", "max(name)"]),
                         [{"count": "0", "sum": {}, "max": {}}])
        self.assertEqual(self.aggregate("AggregateNothings", group_by=["name"], aggregates=["count()"]), [])

    def test_groups_alone_are_the_distinct_values(self):
        self.assertEqual([group["group"].get("state") for group in self.aggregate(group_by=["state"])],
                         ["STATE_OPEN", "STATE_PAID", "STATE_LATE", None])

    def test_exact_and_out_of_range(self):
        [group] = self.aggregate("AggregateEdges", filter="kind = big AND id = [1, 2]", aggregates=["sum(n8)", "average(n8)"])
        average = self.psql("SELECT avg(n8) FROM edge WHERE id < 3")
        self.assertEqual(group, {"sum": {"n8": "18446744073709551614"}, "average": {"n8": average}})
        self.assertEqual(self.aggregate("AggregateEdges", filter="kind = big", aggregates=["sum(x)"])[0]["sum"], {"x": "NaN"})
        with self.fails("INVALID_ARGUMENT", "VALUE_OUT_OF_RANGE", field="aggregates"):
            self.call("AggregateEdges", {"filter": "kind = big", "aggregates": ["sum(f8)"]})
        with self.fails("INVALID_ARGUMENT", "VALUE_OUT_OF_RANGE", field="aggregates"):
            self.call("AggregateEdges", {"filter": "kind = huge", "aggregates": ["count()", "sum(x)"]})
        with self.fails("FAILED_PRECONDITION", "VALUE_NOT_REPRESENTABLE"):
            self.call("AggregateEdges", {"aggregates": ["max(at)"]})

    def test_a_unit_begins_before_what_a_domain_allows(self):
        groups = self.aggregate("AggregateOdds", group_by=["at.month"], aggregates=["count()"], page_size=1)
        self.assertEqual([(group["group"]["at"][:7], group["count"]) for group in groups],
                         [("2024-01", "1"), ("2024-02", "2"), ("2024-03", "1"), ("2024-04", "1")])

    def test_extremes_look_as_the_column_does(self):
        [group] = self.aggregate("AggregateOdds", aggregates=["max(net)", "min(kind)"])
        self.assertEqual(group, {"max": {"net": "10.0.0.0/32"}, "min": {"kind": "pg_class"}})

    def test_one_row_is_all_however_large(self):
        server = Server(self.uri, "--max_page_bytes=1024")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        page = client.call("AggregateOdds", {"aggregates": ["max(note)"]})
        self.assertEqual(page, {"aggregates": [{"max": {"note": "x" * 5000}}]})

    def test_hostile_names(self):
        method = next(name for name in self.client.methods if name.startswith("Aggregate") and "ird" in name.lower())
        row = self.client.methods[method][1].output_type.fields_by_name["aggregates"].message_type.fields_by_name["group"]
        names = [field.name for field in row.message_type.fields if field.name not in ("id", "etag")]
        columns = ['"count"', '"sum(x)"', '"a.b"', '"$1"', '"select"']
        for name, column in zip(names, columns):
            with self.subTest(name):
                groups = self.aggregate(method, group_by=[name], aggregates=["count()"], page_size=2)
                self.assertEqual([[str(group["group"][name]), group["count"]] for group in groups],
                                 self.rows(f'SELECT {column}, count(*) FROM "we""ird; --" GROUP BY 1 ORDER BY 1'))
        groups = self.aggregate(method, group_by=[names[0]], aggregates=["count()", f"sum({names[1]})"],
                                order_by=f"sum.{names[1]} desc, group.count")
        self.assertEqual([group["sum"][names[1]] for group in groups], ["30", "26", "22"])

    def test_views_and_transactions(self):
        self.assertEqual(len(self.aggregate("AggregateSalesByStates", group_by=["state"], aggregates=["sum(amount)"])), 4)
        answer = self.call("Transact", {"operations": [
            operation(f"{self.database}.v1.AggregateSales", aggregates=["count()"])]})
        self.assertEqual(answer["responses"][0]["aggregates"], [{"count": "492"}])

    def test_a_million_rows(self):
        fields = {"group_by": ["g"], "aggregates": ["count()", "sum(x)", "average(x)"], "page_size": 1000}
        begin = time.monotonic()
        groups = self.aggregate("AggregateLarges", **fields)
        self.assertLess(time.monotonic() - begin, 20 * PATIENCE)
        self.assertEqual(len(groups), 100)
        self.assertEqual(sum(int(group["count"]) for group in groups), 1_000_000)
        self.assertEqual(sum(decimal.Decimal(group["sum"]["x"]) for group in groups), decimal.Decimal("5000005000"))


class Rights(ServedTestCase):
    SQL = SQL.replace("generate_series(1, 1000000)", "generate_series(1, 10)")

    def test_policies_and_columns(self):
        name = f"{self.database}_reader"
        self.psql(f"CREATE ROLE {name} LOGIN; GRANT SELECT (id, owner, n) ON secret TO {name}; "
                  f"UPDATE secret SET owner = '{name}' WHERE owner = 'reader'")
        self.addCleanup(self.psql, f"DROP OWNED BY {name}; DROP ROLE {name}")
        uri = self.uri.replace("user=postgres", f"user={name}")
        server = Server(uri)
        self.addCleanup(server.close)
        client = Client(server, Contract(uri))
        page = client.call("AggregateSecrets", {"group_by": ["owner"], "aggregates": ["count()", "sum(n)"]})
        self.assertEqual(page, {"aggregates": [{"group": {"owner": name}, "count": "5", "sum": {"n": "30"}}]})
        with self.fails("INVALID_ARGUMENT", field="aggregates[0]"):
            client.call("AggregateSecrets", {"aggregates": ["sum(hidden)"]})

    def test_an_index_can_be_required(self):
        self.psql("INSERT INTO large SELECT g, g % 100, 1 FROM generate_series(11, 5000) g; ANALYZE large")
        server = Server(self.uri, "--require_index=1000")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED"):
            client.call("AggregateLarges", {"group_by": ["g"], "aggregates": ["count()"]})
        self.assertEqual(client.call("AggregateLarges", {"filter": "id < 5", "aggregates": ["count()"]}),
                         {"aggregates": [{"count": "4"}]})


if __name__ == "__main__":
    unittest.main()
