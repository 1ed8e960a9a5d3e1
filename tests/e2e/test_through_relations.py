"""Filters, orders and groups through relations: each answer is that of the SQL that it stands for."""

import random
import tempfile
import time
import unittest

import through
from bulk import rows_of, stream_rows
from harness import PATIENCE, ServedTestCase, postgres
from transactions import Session

SQL = through.SQL + r"""
CREATE FUNCTION latest(most int) RETURNS SETOF orders STABLE LANGUAGE sql
  AS 'SELECT * FROM orders ORDER BY id DESC LIMIT most';
CREATE FUNCTION touch() RETURNS SETOF orders LANGUAGE sql AS $$UPDATE orders SET status = 'touched' WHERE id < 3 RETURNING *$$;
CREATE TABLE "Odd ""one"" t1" ("k; y" text, "t1" int, "na""me" text, PRIMARY KEY ("k; y", "t1"));
CREATE TABLE "to odd" (id int PRIMARY KEY, "x y" text, "$1" int, FOREIGN KEY ("x y", "$1") REFERENCES "Odd ""one"" t1");
INSERT INTO "Odd ""one"" t1" VALUES ('{a,"b"}', 1, 'it''s'), ('', 2, NULL), ('NULL', 3, '$1; --');
INSERT INTO "to odd" VALUES (1, '{a,"b"}', 1), (2, '', 2), (3, 'NULL', 3), (4, NULL, 1);
CREATE EXTENSION citext SCHEMA pg_catalog;
CREATE SCHEMA ext;
CREATE EXTENSION ltree SCHEMA ext;
CREATE TABLE tag (name citext PRIMARY KEY, path ext.ltree UNIQUE);
CREATE TABLE tagged (id int PRIMARY KEY, tag citext REFERENCES tag, path ext.ltree REFERENCES tag (path), amount int);
CREATE TABLE exact (value numeric PRIMARY KEY, note text);
ALTER TABLE tagged ADD FOREIGN KEY (amount) REFERENCES exact;
INSERT INTO tag VALUES ('Red', 'top.red'), ('blue', 'top.blue');
INSERT INTO exact VALUES (1.0, 'one'), (2.5, 'more');
INSERT INTO tagged VALUES (1, 'RED', 'top.red', 1), (2, 'blue', NULL, NULL), (3, NULL, 'top.blue', 1);
"""


class Through(ServedTestCase):
    SQL = SQL

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.psql(through.rows_sql(random.Random(7)))

    def lines(self, sql):
        """What psql prints, with times in UTC."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write("SET timezone = 'UTC';\n" + sql)
            file.flush()
            text = postgres().psql(self.database, file=file.name)
        return text.split("\n") if text else []

    def answers(self, queries):
        """For each query of rows with one text the texts, all by one psql."""
        lines = self.lines(";\n".join(f"SELECT coalesce(string_agg(x::text, ' ' ORDER BY n), '-') FROM "
                                      f"(SELECT x, row_number() OVER () AS n FROM ({query}) AS q(x)) AS q"
                                      for query in queries))
        return [[] if line == "-" else line.split(" ") for line in lines]

    def list(self, table, page_size=1000, **fields):
        """The keys of the rows of all pages, as the SQL of `keys` writes them."""
        found, token = [], ""
        key = through.key_of(table)
        while True:
            page = self.client.raw(f"List{through.PLURAL[table]}", dict(
                fields, page_size=page_size, page_token=token, read_mask=",".join(key)))
            found += [":".join(str(row[name]) for name in key) for row in rows_of(self.client, page)]
            token = page.next_page_token
            if not token:
                return found

    def keys(self, table, where="true", order="", show_deleted=False):
        key = through.key_of(table)
        text = " || ':' || ".join(f"t.{name}" for name in key) if len(key) > 1 else f"t.{key[0]}"
        live = through.LIVE[table].format("t") if table in through.LIVE and not show_deleted else "true"
        order = ", ".join(filter(None, [order] + [f"t.{name}" for name in key]))
        return f"SELECT {text} FROM {table} t WHERE ({where}) AND {live} ORDER BY {order}"


class Random(Through):
    TABLES = ("orders", "customer", "order_item", "category", "product", "passport", "remark")

    def test_filters(self):
        for seed in range(3):
            dice = random.Random(seed)
            cases = []
            for _ in range(150):
                table, shown = dice.choice(self.TABLES), dice.random() < 0.2
                shown = shown and table in through.LIVE
                cases.append((table, shown, *through.random_filter(dice, table, show_deleted=shown)))
            wanted = self.answers([self.keys(table, sql, show_deleted=shown) for table, shown, _, sql in cases])
            for (table, shown, text, sql), keys in zip(cases, wanted):
                with self.subTest(text, table=table, sql=sql, seed=seed):
                    fields = {"show_deleted": True} if shown else {}
                    self.assertEqual(self.list(table, filter=text, **fields), keys)

    def test_orders_page_by_page(self):
        dice = random.Random(11)
        cases = []
        for _ in range(60):
            table = dice.choice(self.TABLES[:6])
            text, condition = through.random_filter(dice, table, 1) if dice.random() < 0.5 else ("", "true")
            cases.append((table, text, condition, *through.random_order(dice, table)))
        wanted = self.answers([self.keys(table, condition, order) for table, _, condition, _, order in cases])
        for (table, text, _, order_by, order), keys in zip(cases, wanted):
            with self.subTest(order_by, table=table, sql=order, filter=text):
                for page_size in (1, 2, 3, 7, 1000):
                    self.assertEqual(self.list(table, page_size, filter=text, order_by=order_by), keys)
                key = through.key_of(table)
                rows = stream_rows(self.client, f"Stream{through.PLURAL[table]}", filter=text, order_by=order_by,
                                   read_mask=",".join(key), page_size=3)
                self.assertEqual([":".join(str(row[name]) for name in key) for row in rows], keys)

    def test_groups(self):
        dice = random.Random(5)
        for _ in range(40):
            table = dice.choice(self.TABLES[:5])
            paths = {}
            for _ in range(dice.randint(1, 3)):
                path, end, _ = through.random_path(dice, table, False, 3)
                path += dice.choice([name for name in through.COLUMNS[end] if name not in ("balance", "code", "tags")])
                paths[path] = through.value_sql(table, path)
            text, condition = through.random_filter(dice, table, 1) if dice.random() < 0.5 else ("", "true")
            live = through.LIVE[table].format("t") if table in through.LIVE else "true"
            columns = ", ".join(f"{sql} AS c{n}" for n, sql in enumerate(paths.values()))
            names = ", ".join(f"c{n}" for n in range(len(paths)))
            wanted = self.lines(f"SELECT count(*), {names} FROM (SELECT {columns} FROM {table} t WHERE ({condition}) AND "
                                f"{live}) q GROUP BY {names} ORDER BY {names}")
            with self.subTest(",".join(paths), table=table, filter=text):
                found, token = [], ""
                while True:
                    page = self.call(f"Aggregate{through.PLURAL[table]}", {
                        "group_by": list(paths), "aggregates": ["count()"], "filter": text, "page_size": 2,
                        "page_token": token})
                    found += page.get("aggregates", [])
                    token = page.get("next_page_token", "")
                    if not token:
                        break
                lines = [line.split("|") for line in wanted]
                self.assertEqual([group["count"] for group in found], [line[0] for line in lines])
                for group, line in zip(found, lines):
                    self.assertEqual([self.text(group["group"], path) for path in paths],
                                     [self.plain(cell) for cell in line[1:]])

    @staticmethod
    def text(group, path):
        for name in path.split("."):
            group = group.get(name, {})
        text = "" if group == {} else str(group).removeprefix("STATE_").lower()
        return text.replace("t", " ").removesuffix("z") if text.endswith("z") else text

    @staticmethod
    def plain(cell):
        return {"t": "true", "f": "false"}.get(cell, cell.removesuffix("+00").lower())


class Meaning(Through):
    def test_a_missing_row_is_null(self):
        sql = "SELECT id FROM orders t WHERE hidden IS NOT TRUE AND {} ORDER BY 1"
        none = "NOT EXISTS (SELECT 1 FROM customer c WHERE c.id = t.customer_id AND c.deleted_at IS NULL)"
        null = "NOT EXISTS (SELECT 1 FROM customer c WHERE c.id = t.customer_id AND c.deleted_at IS NULL AND country IS NOT NULL)"
        without, of_null = self.answers([sql.format(none), sql.format(null)])
        self.assertTrue(without)
        for text in ("NOT customer:*", "customer = null", "NOT customer != null"):
            self.assertEqual(self.list("orders", filter=text), without)
        for text in ("customer.country = null", "NOT customer.country:*"):
            self.assertEqual(self.list("orders", filter=text), of_null)
        for text in ('customer.country = "a"', 'customer.country != "a"', 'NOT customer.country = "a"',
                     'NOT (customer.country != "a" OR customer.country = "B")'):
            self.assertFalse(set(self.list("orders", filter=text)) & set(of_null), text)

    def test_what_is_wrong_is_told(self):
        for text, message in [
                ("order_items = null", r"order_items is a relation: expected order_items:\* or NOT order_items:\*"),
                ("order_items.product_id = 12", r'"order_items" is to many: expected ":".*found "="'),
                ("order_items.product_id > 12", r'"order_items" is to many'),
                ("order_items.note:[a, null]", r"expected a value, found null.*order_items\.note:\*"),
                ("customer.orders_by_customer_id.status != a", r'"orders_by_customer_id" is to many'),
                ('customer = "x"', r"customer is a relation: expected customer:\* or NOT customer:\*.*customer\.id"),
                ("customer:x", "customer is a relation"), ("ilike(customer, a)", "takes a field"),
                ("custmer.country = a", r'unknown field "custmer"; did you mean "customer"'),
                ("customer.contry = a", r'unknown field "contry"; did you mean "country"'),
                ("customer.referrer.nope = a", r'at 19: unknown field "nope"'),
                ("customer.balance = x", "customer.balance"), ("customer.country.x = a", "no members"),
                ("customer.referrer.referrer.referrer.referrer.referrer.id = 1", "more than 5 relations.*--max_depth"),
                (" AND ".join(f"customer.referrer.id != {n}" for n in range(17)), "more than 32 relations in all")]:
            with self.subTest(text), self.fails("INVALID_ARGUMENT", "INVALID_FILTER", "filter", message):
                self.call("ListOrders", {"filter": text})
        for text, message in [
                ("order_items.line_no", r'"order_items" is to many.*expand'), ("customer", "\"customer\" is a relation"),
                ("customer.country, customer.country desc", "named twice"), ("customer.attrs.color", "members cannot be ordered"),
                ("customer.nope", 'unknown field "nope"'), ("custmer.id", 'did you mean "customer"')]:
            with self.subTest(text), self.fails("INVALID_ARGUMENT", "INVALID_ORDER_BY", "order_by", message):
                self.call("ListOrders", {"order_by": text})
        for text, message in [("order_items.line_no", "is to many"), ("customer", "is a relation"),
                              ("customer.country.month", "only timestamps"), ("customer.attrs", "cannot be grouped by")]:
            with self.subTest(text), self.fails("INVALID_ARGUMENT", field="group_by[0]", message=message):
                self.call("AggregateOrders", {"group_by": [text], "aggregates": ["count()"]})

    def test_a_token_belongs_to_its_order(self):
        token = self.call("ListOrders", {"order_by": "customer.id", "page_size": 1})["next_page_token"]
        for order in ("payer.id", "id", "customer.referrer.id"):
            with self.fails("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN"):
                self.call("ListOrders", {"order_by": order, "page_size": 1, "page_token": token})

    def test_units_of_time(self):
        groups = self.call("AggregateOrderItems", {"group_by": ["order.placed.month"], "aggregates": ["count()"],
                                                   "order_by": "count desc, order.placed.month"})["aggregates"]
        wanted = self.psql("SELECT count(*), to_char(date_trunc('month', o.placed, 'UTC') AT TIME ZONE 'UTC', 'YYYY-MM-DD') "
                           "FROM order_item i LEFT JOIN orders o ON o.id = i.order_id AND o.hidden IS NOT TRUE "
                           "GROUP BY 2 ORDER BY 1 DESC, 2").split("\n")
        self.assertEqual([f'{group["count"]}|{group["group"].get("order", {}).get("placed", "")[:10]}' for group in groups],
                         wanted)

    def test_expand(self):
        asked = {"read_mask": "id,orders_by_customer_id.id", "order_by": "id", "expand": [
            {"path": "orders_by_customer_id", "filter": "order_items:* AND NOT payer.country = a",
             "order_by": "payer.country desc, payer.id"}]}
        query = """SELECT string_agg(o.id::text, ' ' ORDER BY p.country DESC, p.id, o.id) FROM customer c
            LEFT JOIN (SELECT o.* FROM orders o WHERE hidden IS NOT TRUE AND EXISTS (SELECT 1 FROM order_item i WHERE i.order_id = o.id)
              AND NOT (SELECT country FROM customer p WHERE p.id = o.payer_id AND deleted_at IS NULL) = 'a') o ON o.customer_id = c.id
            LEFT JOIN customer p ON p.id = o.payer_id AND p.deleted_at IS NULL
            WHERE c.deleted_at IS NULL GROUP BY c.id ORDER BY c.id"""
        wanted = [line.split() for line in self.lines(query + ";\nSELECT 0")[:-1]]
        for size in (0, 1, 2, 50):
            asked["expand"][0]["page_size"] = size
            rows = self.call("ListCustomers", asked)["customers"]
            found = [[order["id"] for order in row.get("orders_by_customer_id", [])] for row in rows]
            self.assertEqual(found, [ids[:size or None] for ids in wanted])

    def test_functions(self):
        rows = stream_rows(self.client, "Latest", most=100, filter="customer:* AND NOT order_items:*",
                           order_by="customer.country desc, customer.id, id", read_mask="id")
        wanted = self.answers(["""SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id AND c.deleted_at IS NULL
            WHERE NOT EXISTS (SELECT 1 FROM order_item i WHERE i.order_id = o.id) ORDER BY c.country DESC, c.id, o.id"""])[0]
        self.assertEqual([str(row["id"]) for row in rows], wanted)
        # What writes runs, although no row of it is asked for.
        self.assertEqual(stream_rows(self.client, "Touch", filter="customer.id = -1", order_by="customer.country"), [])
        self.assertEqual(self.psql("SELECT count(*) FROM orders WHERE status = 'touched'"), "2")

    def test_counts_and_locks(self):
        wanted = self.answers([self.keys("orders", "NOT EXISTS (SELECT 1 FROM order_item i WHERE i.order_id = t.id)")])[0]
        page = self.call("ListOrders", {"filter": "NOT order_items:*", "count_total": True, "page_size": 1,
                                        "order_by": "customer.country"})
        self.assertEqual(page["total_size"], str(len(wanted)))
        session = Session(self.client, begin={})
        locked = session.run(f"{self.database}.v1.ListOrders", filter="customer:*", order_by="customer.country desc", lock="FOR UPDATE")
        self.assertTrue(locked["orders"])

    def test_hostile_names(self):
        odd = next(field.name for field in self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.ToOdd").fields
                   if field.number >= 100000)
        names = [field.name for field in self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.ToOdd")
                 .fields_by_name[odd].message_type.fields if field.number < 2000]

        def found(**fields):
            return [row["id"] for row in rows_of(self.client, self.client.raw("ListToOdds", dict(fields, read_mask="id")))]

        self.assertEqual(found(filter=f"{odd}.{names[2]} = \"it's\""), [1])
        self.assertEqual(found(filter=f'{odd}.{names[2]} = "$1; --" OR {odd}.{names[0]} = ""'), [2, 3])
        self.assertEqual(found(filter=f"NOT {odd}:*"), [4])
        self.assertEqual(found(order_by=f"{odd}.{names[1]} desc"), [4, 3, 2, 1])
        groups = self.call("AggregateToOdds", {"group_by": [f"{odd}.{names[2]}"]})["aggregates"]
        self.assertEqual([group["group"].get(odd, {}).get(names[2]) for group in groups], ["$1; --", "it's", None])

    def test_keys_of_types_of_extensions_and_of_other_widths(self):
        def found(text):
            return [row["id"] for row in rows_of(self.client, self.client.raw("ListTaggeds", {"filter": text}))]

        relations = {field.name for field in self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.Tagged").fields
                     if field.number >= 100000}
        by_tag = next(name for name in relations if name.startswith("tag_by_tag") or name.startswith("tag_by_name"))
        by_path = next(name for name in relations if name.startswith("tag_by") and name != by_tag)
        self.assertEqual(found(f"{by_tag}.name = red"), [1])
        self.assertEqual(found(f'{by_path}.path = "top.blue"'), [3])
        self.assertEqual(found("exact.note = one"), [1, 3])
        self.assertEqual(found(f"NOT {by_path}:*"), [2])


class Writes(Through):
    def test_update_and_delete_where(self):
        wanted = self.answers([self.keys("orders", "(SELECT country FROM customer c WHERE c.id = t.customer_id AND "
                                                   "deleted_at IS NULL) = 'a'")])[0]
        answer = self.call("UpdateOrdersWhere", {"order": {"status": "by country"}, "update_mask": "status",
                                                 "filter": 'customer.country = "a"'})
        self.assertEqual(answer, {"affected": str(len(wanted))})
        self.assertEqual(self.answers(["SELECT id FROM orders WHERE status = 'by country' ORDER BY 1"])[0], wanted)
        before = int(self.psql("SELECT count(*) FROM remark"))
        gone = int(self.psql("SELECT count(*) FROM remark r JOIN order_item i USING (order_id, line_no) WHERE i.line_no = 1"))
        self.assertEqual(self.call("DeleteRemarksWhere", {"filter": "order_item.line_no = 1"}), {"affected": str(gone)})
        self.assertEqual(self.psql("SELECT count(*) FROM remark"), str(before - gone))


class Large(ServedTestCase):
    """An index serves, and what is large is bounded."""

    SQL = """
        CREATE TABLE customer (id int PRIMARY KEY, country text, name text);
        CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer);
        INSERT INTO customer SELECT g, 'c' || g % 2000, 'n' || g FROM generate_series(1, 20000) g;
        INSERT INTO orders SELECT g, g % 20000 + 1 FROM generate_series(1, 40000) g;
        CREATE INDEX ON customer (country); CREATE INDEX ON orders (customer_id); ANALYZE"""
    OPTIONS = ("--require_index=1000",)

    def test_an_index_is_asked_for(self):
        self.assertEqual(len(self.call("ListOrders", {"filter": "customer.country = c7"})["orders"]), 20)
        self.assertEqual(len(self.call("ListCustomers", {"filter": "orders.id:[1, 2, 3]"})["customers"]), 3)
        with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED", message="customer"):
            self.call("ListOrders", {"filter": "customer.name = n7"})
        with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED"):
            self.call("ListOrders", {"order_by": "customer.country"})

    def test_a_large_filter_takes_little(self):
        # Warm, so that what is measured is the filters' own.
        self.call("ListOrders", {"filter": "customer.country = c7"})
        before = self.server.rss_mb()
        path = "customer.country"
        large = [f"{path} = [{', '.join(['abcdefgh'] * 5000)}]", " OR ".join([f"{path} = ab"] * 2500)[:60000].rsplit(" OR ", 1)[0],
                 "(" * 90 + " OR ".join(f"({path} != v{n} AND id > {n})" for n in range(30)) + ")" * 90]
        begin = time.monotonic()
        for text in large:
            self.assertLess(len(text), 64 * 1024)
            try:
                self.call("ListOrders", {"filter": text, "page_size": 1})
            except Exception as error:  # an index may be asked for
                self.assertIn("INDEX_REQUIRED", repr(error) + str(getattr(error, "trailing_metadata", lambda: "")()))
        self.assertLess(time.monotonic() - begin, 10 * PATIENCE)
        self.assertLess(self.server.rss_mb() - before, 100)


if __name__ == "__main__":
    unittest.main()
