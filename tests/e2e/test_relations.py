"""What is served of relations beside tables with a primary key, and of those that the role may read in part."""

import unittest

import grpc

from bulk import stream_rows
from harness import Client, Contract, RpcFailure, Server, ServedTestCase, TestCase, postgres

SQL = """
CREATE TABLE coupon (code text NOT NULL UNIQUE, percent int, note text);
INSERT INTO coupon VALUES ('A', 10, 'first'), ('B', 20, NULL);
CREATE TABLE person (id int PRIMARY KEY, name text, gone boolean NOT NULL DEFAULT false);
INSERT INTO person VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid');
INSERT INTO person VALUES (4, 'Dee', true);
CREATE VIEW present AS SELECT name AS called, id AS number FROM person WHERE NOT gone;
CREATE VIEW pairs AS SELECT a.id, b.name FROM person a CROSS JOIN person b;
CREATE VIEW ruled AS SELECT * FROM person;
CREATE RULE ruled_insert AS ON INSERT TO ruled DO INSTEAD INSERT INTO person VALUES (NEW.id, NEW.name);
CREATE RULE ruled_update AS ON UPDATE TO ruled DO INSTEAD UPDATE person SET name = NEW.name WHERE id = OLD.id;
CREATE SCHEMA ext;
CREATE EXTENSION ltree SCHEMA ext;
CREATE TABLE node (id int PRIMARY KEY, path ext.ltree, name text);
INSERT INTO node VALUES (1, 'a.b', 'x');
"""


class Relations(ServedTestCase):
    SQL = SQL
    OPTIONS = CONTRACT_OPTIONS = ("--schemas=public",)

    def methods_of(self, row):
        return {m.name for m in self.contract.pool.FindServiceByName(f"{self.database}.v1.{row}Service").methods}

    def test_a_unique_constraint_of_columns_that_are_not_null_is_a_key(self):
        self.assertEqual(self.call("GetCoupon", {"code": "B"})["percent"], 20)
        changed = self.call("UpdateCoupon", {"coupon": {"code": "A", "percent": 15}})
        self.assertEqual((changed["percent"], changed["note"]), (15, "first"))
        self.call("UpdateCoupon", {"coupon": {"code": "C", "percent": 5}, "allow_missing": True})
        self.call("DeleteCoupon", {"code": "C"})
        with self.fails("NOT_FOUND", "ROW_NOT_FOUND"):
            self.call("GetCoupon", {"code": "C"})

    def test_a_view_has_its_tables_key(self):
        self.assertEqual(self.call("GetPresent", {"number": 2}), {"called": "Bob", "number": 2})
        created = self.call("CreatePresent", {"present": {"number": 9, "called": "Ivo"}})
        self.assertEqual(created, {"called": "Ivo", "number": 9})
        changed = self.call("UpdatePresent", {"present": {"number": 9, "called": "Ida"}})
        self.assertEqual(changed["called"], "Ida")
        changed = self.call("UpdatePresent", {"present": {"number": 10, "called": "Jo"}, "allow_missing": True})
        self.assertEqual(changed["called"], "Jo")
        for number in (9, 10):
            self.call("DeletePresent", {"number": number})
        self.assertEqual(self.psql("SELECT count(*) FROM person WHERE id > 4"), "0")
        self.assertNotIn("GetPair", self.methods_of("Pair"))

    def test_an_upsert_by_a_view_does_not_reach_what_the_view_hides(self):
        for row in ({"number": 4}, {"number": 4, "called": "X"}):
            # The newest minor versions of PostgreSQL have an error of their own for it.
            with self.assertRaises(grpc.RpcError) as caught:
                self.call("UpdatePresent", {"present": row, "allow_missing": True})
            self.assertIn(RpcFailure(caught.exception).reason, ("ROW_NOT_FOUND", "OBJECT_NOT_READY"))
        self.assertEqual(self.psql("SELECT name FROM person WHERE id = 4"), "Dee")

    def test_a_view_that_cannot_return_rows_has_no_method_that_does(self):
        methods = self.methods_of("Ruled")
        self.assertIn("GetRuled", methods)
        self.assertIn("UpdateRuledsWhere", methods)
        for method in ("CreateRuled", "BatchCreateRuleds", "UpdateRuled", "BatchUpdateRuleds"):
            self.assertNotIn(method, methods)
        self.call("UpdateRuledsWhere", {"ruled": {"name": "Cyd"}, "filter": "id = 3"})
        self.assertEqual(self.psql("SELECT name FROM person WHERE id = 3"), "Cyd")
        self.assertTrue(any("no Create is served" in line for line in self.server.all_lines()))

    def test_an_operator_that_the_search_path_does_not_find(self):
        reloads = self.reloads()
        filter_ = {"filter": 'name = "x" AND path = "a.b"'}
        self.assertEqual(len(self.client.raw("ListNodes", filter_).nodes), 1)
        self.assertEqual(self.call("UpdateNodesWhere", {"node": {"name": "x"}, **filter_})["affected"], "1")
        self.assertEqual([row["path"] for row in stream_rows(self.client, "StreamNodes", **filter_)], ["a.b"])
        self.assertEqual(self.reloads(), reloads)

    def reloads(self):
        return sum("serving " in line for line in self.server.all_lines())


class ColumnRights(TestCase):
    """A role that may read some columns of a table, and write some."""

    @classmethod
    def setUpClass(cls):
        uri = postgres().create("column_rights", """
          CREATE TABLE item (id int PRIMARY KEY, open text, secret text DEFAULT 'hidden');
          INSERT INTO item VALUES (1, 'a'), (2, 'b');
          CREATE TABLE note (open text, secret text);
          INSERT INTO note SELECT 'n' || g % 3, 'x' FROM generate_series(1, 20) g;
          DROP ROLE IF EXISTS clerk;
          CREATE ROLE clerk LOGIN;
          GRANT SELECT (id, open), INSERT (id, open), UPDATE (open) ON item TO clerk;
          GRANT DELETE ON item TO clerk;
          GRANT SELECT (open) ON note TO clerk;""")
        uri = uri.replace("user=postgres", "user=clerk")
        cls.server = Server(uri)
        cls.addClassCleanup(cls.server.close)
        cls.client = Client(cls.server, Contract(uri))
        cls.call = cls.client.call

    def test_rows_are_read_and_written_without_an_etag(self):
        self.assertEqual(self.call("GetItem", {"id": 1}), {"id": 1, "open": "a"})
        self.assertEqual(self.call("CreateItem", {"item": {"id": 3, "open": "c"}}), {"id": 3, "open": "c"})
        self.assertEqual(self.call("UpdateItem", {"item": {"id": 3, "open": "d"}}), {"id": 3, "open": "d"})
        self.call("BatchCreateItems", {"requests": [{"item": {"id": i}} for i in (4, 5)]})
        self.call("DeleteItemsWhere", {"filter": "id > 3"})
        self.call("DeleteItem", {"id": 3})
        self.assertEqual(self.call("ListItems", {"count_total": True, "order_by": "open desc"})["total_size"], "2")
        self.assertEqual(postgres().psql("column_rights", "SELECT secret FROM item WHERE id = 1"), "hidden")

    def test_pages_of_a_table_without_a_key(self):
        rows, token = [], ""
        while True:
            page = self.client.raw("ListNotes", {"page_size": 3, "page_token": token})
            rows += [row.open for row in page.notes]
            token = page.next_page_token
            self.assertLessEqual(len(rows), 20)
            if not token:
                break
        self.assertEqual(sorted(rows), sorted(f"n{g % 3}" for g in range(1, 21)))

    def test_what_is_not_served_is_told(self):
        self.assertTrue(any("table public.item: no etags are served" in line for line in self.server.all_lines()))


if __name__ == "__main__":
    unittest.main()
