"""--require_index: what would read many rows of a table without an index is refused, and nothing else."""

import unittest

import grpc

from bulk import rows_of, stream_rows
from harness import RpcFailure, ServedTestCase
from transactions import operation

ROWS = 5000

SQL = f"""
CREATE TABLE product (id int PRIMARY KEY, sku text NOT NULL UNIQUE, color text NOT NULL, price int NOT NULL,
                      deleted_at timestamptz);
INSERT INTO product SELECT g, 'sku' || g, 'color' || g % 100, g FROM generate_series(1, {ROWS}) g;
CREATE INDEX ON product (color, id);
CREATE TABLE small (id int PRIMARY KEY, name text);
INSERT INTO small SELECT g, 'name' || g FROM generate_series(1, 500) g;
CREATE TABLE parted (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES FROM (0) TO (3000);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (3000) TO (9000);
INSERT INTO parted SELECT g, 'name' || g FROM generate_series(1, {ROWS}) g;
CREATE VIEW dear WITH (security_barrier) AS SELECT id, sku FROM product WHERE price > 10;
ANALYZE;
"""


class RequireIndex(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--require_index=1000",)

    def refused(self, method, **fields):
        with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED") as outcome:
            self.call(method, fields)
        return outcome[0]

    def test_an_index_serves(self):
        self.assertEqual(len(self.call("ListProducts", {"page_size": 10})["products"]), 10)
        page = self.client.raw("ListProducts", {"page_size": 10, "filter": 'color = "color7"', "order_by": "color,id"})
        self.assertEqual(rows_of(self.client, page)[0]["id"], 7)
        page = self.client.raw("ListProducts", {"page_size": 10, "filter": 'color = "color7"', "order_by": "color,id",
                                                "page_token": page.next_page_token})
        self.assertEqual(rows_of(self.client, page)[0]["id"], 1007)
        self.assertEqual(len(stream_rows(self.client, "StreamProducts", filter="id < 100")), 99)
        self.assertEqual(self.call("UpdateProductsWhere", {
            "product": {"price": 7}, "update_mask": "price", "filter": "id = 7"}), {"affected": "1"})
        self.assertEqual(self.call("DeleteProductsWhere", {"filter": "id > 4990"}), {"affected": "10"})

    def test_what_would_read_the_table_is_refused(self):
        failure = self.refused("ListProducts", filter="price = 17")
        self.assertRegex(failure.message, rf"about {ROWS} rows of public.product without an index.*--require_index=1000")
        self.refused("ListProducts", order_by="price", page_size=1)
        self.refused("ListProducts", count_total=True, page_size=1)
        self.refused("UpdateProductsWhere", product={"price": 1}, update_mask="price", filter="price = 17")
        self.refused("DeleteProductsWhere", filter="price = 17")
        self.refused("ListDears", filter='sku = "*17x"')
        for fields in ({}, {"filter": "price = 17"}):
            with self.assertRaises(grpc.RpcError) as raised:
                stream_rows(self.client, "StreamProducts", **fields)
            self.assertEqual(RpcFailure(raised.exception).reason, "INDEX_REQUIRED")
        self.assertEqual(self.psql("SELECT count(*) FROM product WHERE price = 17 AND deleted_at IS NULL").strip(), "1")

    def test_partitions_count_each(self):
        self.refused("ListParteds", filter='name = "name17"')
        self.assertEqual(len(self.call("ListParteds", {"filter": "id < 10"})["parteds"]), 9)

    def test_a_small_table_is_read_as_one_likes(self):
        self.assertEqual(self.call("ListSmalls", {"filter": 'name = "name17"', "count_total": True})["total_size"], "1")

    def test_in_a_transaction(self):
        with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED"):
            self.call("Transact", {"operations": [operation(f"{self.database}.v1.ListProducts", filter="price = 17")]})


if __name__ == "__main__":
    unittest.main()
