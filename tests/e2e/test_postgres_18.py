"""What is new in PostgreSQL 18: keys WITHOUT OVERLAPS, virtual columns, NOT NULL that is not valid, uuidv7()."""

import unittest

from bulk import import_rows, list_rows, stream_rows
from harness import ServedTestCase, postgres

SQL = """
CREATE EXTENSION btree_gist;
CREATE TABLE stay (room int, during daterange, guest text, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE item (id uuid PRIMARY KEY DEFAULT uuidv7(), net numeric(8, 2) NOT NULL,
                   gross numeric(8, 2) GENERATED ALWAYS AS (net * 2) VIRTUAL, label text GENERATED ALWAYS AS ('n' || net::text));
CREATE TABLE marked (id int PRIMARY KEY, code int, note text);
INSERT INTO marked VALUES (1, NULL), (2, 7), (3, NULL), (4, 5);
ALTER TABLE marked ADD CONSTRAINT coded NOT NULL code NOT VALID, ADD UNIQUE (code);
CREATE TABLE lax (id int PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0) NOT ENFORCED,
                  parent int REFERENCES lax NOT ENFORCED);
"""


class Postgres18(ServedTestCase):
    SQL = SQL

    @classmethod
    def setUpClass(cls):
        version = int(postgres().psql("postgres", "SHOW server_version_num")) // 10000
        if version < 18:
            raise unittest.SkipTest(f"this is of PostgreSQL 18; the server is of {version}")
        super().setUpClass()

    def setUp(self):
        self.psql("TRUNCATE stay, item, lax; INSERT INTO stay VALUES (1, '[2024-01-01,2024-01-05)', 'Ann'), "
                  "(1, '[2024-01-05,2024-01-09)', 'Bob'), (2, '[2024-01-01,2024-01-05)', 'Cid')")

    def test_a_key_without_overlaps_names_one_row(self):
        bob = self.call("GetStay", {"room": 1, "during": "[2024-01-05,2024-01-09)"})
        self.assertEqual(bob["guest"], "Bob")
        self.assertEqual(self.call("GetStay", {"room": 1, "during": "[2024-01-05,2024-01-08]"}), bob)
        with self.fails("NOT_FOUND", "ROW_NOT_FOUND"):
            self.call("GetStay", {"room": 1, "during": "[2024-01-06,2024-01-07)"})
        keys = [{"room": 2, "during": "[2024-01-01,2024-01-05)"}, {"room": 1, "during": "[2024-01-01,2024-01-05)"}]
        self.assertEqual([row["guest"] for row in self.call("BatchGetStays", {"requests": keys})["stays"]], ["Cid", "Ann"])
        changed = self.call("UpdateStay", {"stay": dict(bob, guest="Bea"), "update_mask": "guest"})
        self.assertEqual(changed["guest"], "Bea")
        with self.fails("ABORTED", "ETAG_MISMATCH"):
            self.call("DeleteStay", {**keys[0], "etag": "0-(0,0)"})
        self.call("DeleteStay", keys[0])
        self.assertEqual(self.psql("SELECT string_agg(guest, ',' ORDER BY during) FROM stay"), "Ann,Bea")

    def test_rows_that_overlap_are_refused(self):
        row = {"room": 1, "during": "[2024-01-09,2024-01-10)", "guest": "Dee"}
        self.assertEqual(self.call("CreateStay", {"stay": row})["guest"], "Dee")
        with self.fails("FAILED_PRECONDITION", "EXCLUSION_VIOLATION"):
            self.call("CreateStay", {"stay": dict(row, during="[2024-01-02,2024-01-20)")})
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            self.call("CreateStay", {"stay": dict(row, during="empty")})

    def test_on_conflict_does_not_know_its_index(self):
        fields = self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.UpdateStayRequest").fields_by_name
        self.assertIn("update_mask", fields)
        self.assertNotIn("allow_missing", fields)

    def test_pages_by_it(self):
        expected = self.psql("SELECT guest FROM stay ORDER BY room, during").split("\n")
        self.assertEqual([row["guest"] for row in list_rows(self.client, "ListStays")], expected)
        for order, by in (("", "room, during"), ("during desc", "during DESC, room")):
            rows, token = [], ""
            for _ in range(4):
                page = self.client.raw("ListStays", {"page_size": 1, "order_by": order, "page_token": token})
                rows += [row.guest for row in page.stays]
                token = page.next_page_token
                if not token:
                    break
            self.assertEqual(rows, self.psql(f"SELECT guest FROM stay ORDER BY {by}").split("\n"))
        self.assertEqual(len(stream_rows(self.client, "StreamStays", filter='during = "[2024-01-01,2024-01-05)"')), 2)

    def test_a_virtual_column_is_read_and_not_written(self):
        created = self.call("CreateItem", {"item": {"net": "50.00"}})
        self.assertEqual((created["gross"], created["label"]), ("100.00", "n50.00"))
        self.assertEqual(created["id"][14], "7")
        with self.fails("INVALID_ARGUMENT", "READ_ONLY_FIELD", "item.gross"):
            self.call("CreateItem", {"item": {"net": "1", "gross": "2"}})
        changed = self.call("UpdateItem", {"item": dict(created, net="1.00")})  # sent back as it was read
        self.assertEqual(changed["gross"], "2.00")
        upserted = self.call("UpdateItem", {"item": {"id": created["id"], "net": "3.00"}, "allow_missing": True})
        self.assertEqual(upserted["gross"], "6.00")
        batch = self.call("BatchCreateItems", {"requests": [{"item": {"net": f"{n}.00"}} for n in (4, 5)]})
        self.assertEqual([row["gross"] for row in batch["items"]], ["8.00", "10.00"])
        self.assertEqual(import_rows(self.client, "ImportItems", [{"net": "6"}, {"net": "7"}]), 2)
        rows = list_rows(self.client, "ListItems", filter="gross > 8", order_by="gross desc", read_mask="gross")
        self.assertEqual([row["gross"] for row in rows], ["14.00", "12.00", "10.00"])
        first = self.client.raw("ListItems", {"order_by": "gross", "page_size": 2})
        rest = self.call("ListItems", {"order_by": "gross", "page_size": 9, "page_token": first.next_page_token})
        self.assertEqual([row["gross"] for row in rest["items"]], ["10.00", "12.00", "14.00"])

    def test_not_null_that_is_not_valid_may_be_null(self):
        rows, token = [], ""
        for _ in range(5):
            page = self.client.raw("ListMarkeds", {"page_size": 1, "order_by": "code", "page_token": token})
            rows += [row.id for row in page.markeds]
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(rows, [4, 2, 1, 3])
        self.assertEqual(len(self.call("ListMarkeds", {"filter": "code = null"})["markeds"]), 2)
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", "marked.code"):
            self.call("CreateMarked", {"marked": {"id": 9}})

    def test_what_is_not_enforced_is_not(self):
        self.assertEqual(self.call("CreateLax", {"lax": {"id": 1, "n": -1, "parent": 5}})["n"], -1)


if __name__ == "__main__":
    unittest.main()
