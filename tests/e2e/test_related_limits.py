"""What is refused of related rows, and how much of them is read."""

import unittest

from bulk import stream
from harness import ServedTestCase
from test_related import Related


class Limits(Related):
    def test_a_path_that_names_nothing(self):
        for path, message in (("customer.nothing", r'"customer\.nothing": \w+\.v1\.Customer has no field "nothing"'),
                              ("customer.nothing.id", r'has no relation "nothing"'),
                              ("status.x", r"whole column"), ("nothing.id", r'no relation "nothing"'),
                              ("customer.full_name.x", r"whole column")):
            with self.fails("INVALID_ARGUMENT", field="read_mask", message=message):
                self.get("GetOrder", f"id,customer.id,{path}", id=1)

    def test_more_relations_below_each_other_than_the_limit(self):
        self.get("GetEmployee", "manager.manager.manager.name", id=4)
        with self.fails("INVALID_ARGUMENT", field="read_mask", message=r"more than 3 relations \(--max_depth\)"):
            self.get("GetEmployee", "manager.manager.manager.manager.name", id=4)

    def test_more_rows_than_a_page_under_one_row(self):
        self.psql("INSERT INTO orders VALUES (50, 'big', 1); INSERT INTO order_item SELECT 50, n, 1, n FROM generate_series(1, 51) n")
        self.addCleanup(self.psql, "DELETE FROM order_item WHERE order_id = 50; DELETE FROM orders WHERE id = 50")
        for method, request in (("GetOrder", {"id": 50}), ("ListOrders", {}), ("BatchGetOrders", {"requests": [{"id": 50}]})):
            with self.fails("FAILED_PRECONDITION", "TOO_MANY_RELATED_ROWS", message=r'"order_items".*50 rows \(--max_page_size\)'):
                self.call(method, dict(request, read_mask="id,order_items.quantity"))
            cut = self.call(method, dict(request, read_mask="id,order_items.quantity",
                                         expand=[{"path": "order_items", "page_size": 50}]))
            rows = cut.get("orders", [cut])
            self.assertEqual(len(next(row for row in rows if row["id"] == "50")["order_items"]), 50)

    def test_related_rows_are_not_written_by_an_update(self):
        with self.fails("INVALID_ARGUMENT", field="order.customer", message="Transact"):
            self.call("UpdateOrder", {"order": {"id": 1, "customer": {"id": 1}}})
        for mask in ("customer", "customer.full_name"):
            with self.fails("INVALID_ARGUMENT", field="update_mask", message="related rows"):
                self.call("UpdateOrder", {"order": {"id": 1}, "update_mask": mask})


class LargeRows(ServedTestCase):
    SQL = """CREATE TABLE parent (id int PRIMARY KEY);
             CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, body text);
             INSERT INTO parent SELECT generate_series(1, 40);
             INSERT INTO child SELECT n, (n + 1) / 2, repeat(chr(97 + n % 26), 60000) FROM generate_series(1, 80) n"""
    OPTIONS = ("--max_page_bytes=300000",)

    def test_a_page_ends_early(self):
        rows, token, pages = [], "", 0
        while True:
            page = self.client.raw("ListParents", {"page_token": token, "read_mask": "id,children.body"})
            self.assertLess(page.ByteSize(), 310_000)
            rows += page.parents
            token, pages = page.next_page_token, pages + 1
            if not token:
                break
        self.assertEqual([row.id for row in rows], list(range(1, 41)))
        self.assertEqual({len(row.children) for row in rows}, {2})
        self.assertGreater(pages, 10)
        streamed = [row for chunk in stream(self.client, "StreamParents", read_mask="id,children.body") for row in chunk.parents]
        self.assertEqual(streamed, rows)

    def test_one_row_that_is_too_large(self):
        self.psql("INSERT INTO parent VALUES (100); INSERT INTO child SELECT n, 100, repeat('x', 60000) FROM generate_series(100, 150) n")
        with self.fails("FAILED_PRECONDITION", "TOO_MANY_RELATED_ROWS", message="--max_page_bytes"):
            self.call("GetParent", {"id": 100, "read_mask": "children.body"})


class OfAnExtension(ServedTestCase):
    """A key of citext refers to one of text: PostgreSQL keeps it by the = of text."""
    SQL = """CREATE EXTENSION citext;
             CREATE TABLE country (code text PRIMARY KEY, name text);
             CREATE TABLE city (id int PRIMARY KEY, country_code citext REFERENCES country);
             INSERT INTO country VALUES ('CH', 'large'), ('ch', 'small');
             INSERT INTO city VALUES (1, 'CH'), (2, 'ch'), (3, 'ch')"""

    def test_both_sides(self):
        city = self.call("GetCity", {"id": 1, "read_mask": "country.name"})
        self.assertEqual(city["country"]["name"], "large")
        country = self.call("GetCountry", {"code": "ch", "read_mask": "cities.id"})
        self.assertEqual([city["id"] for city in country["cities"]], [2, 3])


class ManyTimes(ServedTestCase):
    SQL = """CREATE TABLE parent (id int PRIMARY KEY, body text);
             CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent);
             INSERT INTO parent VALUES (1, repeat('x', 2500000));
             INSERT INTO child SELECT n, 1 FROM generate_series(1, 100) n"""
    OPTIONS = ("--max_memory=64MiB",)

    def test_one_row_in_each_row_of_a_batch_takes_no_more_than_the_memory(self):
        requests = [{"id": n} for n in range(1, 101)]
        with self.fails("RESOURCE_EXHAUSTED", "MEMORY_EXHAUSTED"):
            self.call("BatchGetChildren", {"requests": requests, "read_mask": "parent.body"})
        with self.fails("RESOURCE_EXHAUSTED", "MEMORY_EXHAUSTED"):
            self.call("BatchGetParents", {"requests": [{"id": 1}] * 100})


class MuchBelow(ServedTestCase):
    """All that belongs to a page is larger than --max_memory."""
    SQL = """CREATE TABLE parent (id int PRIMARY KEY);
             CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, body text);
             CREATE INDEX ON child (parent_id);
             INSERT INTO parent SELECT generate_series(1, 40);
             INSERT INTO child SELECT n, 1 + n % 40, repeat('x', 60000) FROM generate_series(1, 1600) n"""
    OPTIONS = ("--max_memory=64MiB",)

    def test_pages_and_chunks_end_early(self):
        page = self.client.raw("ListParents", {"read_mask": "id,children.body"})
        self.assertEqual([row.id for row in page.parents], list(range(1, len(page.parents) + 1)))
        self.assertEqual({len(row.children) for row in page.parents}, {40})
        self.assertTrue(page.next_page_token)
        chunks = stream(self.client, "StreamParents", read_mask="id,children.id,children.body")
        self.assertEqual([row.id for chunk in chunks for row in chunk.parents], list(range(1, 41)))


if __name__ == "__main__":
    unittest.main()
