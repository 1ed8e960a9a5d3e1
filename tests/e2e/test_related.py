"""Related rows in reads: what a read_mask names beyond a table's own columns, by one statement a relation."""

import concurrent.futures
import re
import unittest

from google.protobuf import json_format

from bulk import stream
from harness import ServedTestCase

SQL = """
CREATE TABLE customer (id bigint PRIMARY KEY, full_name text NOT NULL, deleted_at timestamptz);
CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (
  id bigint PRIMARY KEY, status text NOT NULL DEFAULT 'new',
  customer_id bigint REFERENCES customer, payer_id bigint REFERENCES customer);
CREATE TABLE order_item (
  order_id bigint REFERENCES orders, line_no int, product_id int REFERENCES product, quantity int NOT NULL,
  PRIMARY KEY (order_id, line_no));
CREATE TABLE remark (
  id int PRIMARY KEY, order_id bigint NOT NULL, line_no int, text text NOT NULL,
  FOREIGN KEY (order_id, line_no) REFERENCES order_item);
CREATE TABLE passport (customer_id bigint PRIMARY KEY REFERENCES customer, number text NOT NULL);
CREATE TABLE employee (id int PRIMARY KEY, manager_id int REFERENCES employee, name text NOT NULL);
CREATE TABLE amount (value numeric PRIMARY KEY);
CREATE TABLE bill (id int PRIMARY KEY, amount_value numeric REFERENCES amount (value));
CREATE TABLE a (id int PRIMARY KEY, b_id int);
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;
CREATE TABLE "Odd ""one"" x" ("k; y" text, "1" int, PRIMARY KEY ("k; y", "1"));
CREATE TABLE "to odd" (id int PRIMARY KEY, "x y" text, "$1" int, FOREIGN KEY ("x y", "$1") REFERENCES "Odd ""one"" x");
INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bob'), (4, 'Idle');
INSERT INTO customer VALUES (3, 'Gone', now());
INSERT INTO product SELECT n, 'product ' || n FROM generate_series(1, 20) n;
INSERT INTO orders VALUES (1, 'paid', 1, 2), (2, 'new', 2, NULL), (3, 'new', 3, 1), (4, 'new', NULL, NULL);
INSERT INTO order_item VALUES (1, 1, 5, 10), (1, 2, 6, 20), (1, 3, NULL, 30), (2, 1, 5, 1);
INSERT INTO remark VALUES (1, 1, 2, 'first'), (2, 1, 2, 'second'), (3, 1, NULL, 'of none'), (4, 2, 1, 'third');
INSERT INTO passport VALUES (1, 'P1');
INSERT INTO employee VALUES (1, NULL, 'top'), (2, 1, 'left'), (3, 1, 'right'), (4, 2, 'leaf');
INSERT INTO amount VALUES (1.0), (2.50);
INSERT INTO bill VALUES (1, 1), (2, 1.00), (3, 2.5);
INSERT INTO a VALUES (1, NULL);
INSERT INTO b VALUES (7, 1);
UPDATE a SET b_id = 7;
INSERT INTO "Odd ""one"" x" VALUES ('{a,"b"}', 1), ('', 2), ('NULL', 3);
INSERT INTO "to odd" VALUES (1, '{a,"b"}', 1), (2, '', 2), (3, 'NULL', 3), (4, NULL, 1);
CREATE SCHEMA wide;
CREATE TABLE wide.parcel (id int PRIMARY KEY, order_id bigint REFERENCES orders);
INSERT INTO wide.parcel VALUES (1, 2);
"""


class Related(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--echo", "--max_page_size=50", "--max_depth=3")

    def statements(self, call):
        """The statements that `call` runs."""
        before = len(self.server.all_lines())
        call()
        return [line for line in self.server.all_lines()[before:] if re.search(r"\b(SELECT|BEGIN|COMMIT|FETCH)\b", line)]

    def get(self, method, mask, **fields):
        return self.call(method, dict(fields, read_mask=mask))


class ToOneAndToMany(Related):
    def test_to_one_and_to_many_to_any_depth(self):
        order = self.get("GetOrder", "id,status,customer.full_name,order_items.quantity,order_items.product.name", id=1)
        self.assertEqual(order, {
            "id": "1", "status": "paid", "customer": {"full_name": "Ada"},
            "order_items": [{"quantity": 10, "product": {"name": "product 5"}},
                            {"quantity": 20, "product": {"name": "product 6"}},
                            {"quantity": 30}]})

    def test_a_relation_alone_gives_all_fields_of_its_rows(self):
        order = self.get("GetOrder", "customer", id=1)
        self.assertEqual(order, {"customer": {"id": "1", "full_name": "Ada"}})
        order = self.get("GetOrder", "*,customer.etag,payer.*", id=1)
        self.assertIn("etag", order)
        self.assertEqual(order["payer"], {"id": "2", "full_name": "Bob"})
        self.assertRegex(order["customer"]["etag"], r"^\d+-")
        customer = self.get("GetCustomer", "etag", id=1)
        self.assertEqual(order["customer"]["etag"], customer["etag"])

    def test_several_keys_between_two_tables_are_told_apart(self):
        customer = self.get("GetCustomer", "orders_by_customer_id.id,orders_by_payer_id.id", id=1)
        self.assertEqual(customer, {"orders_by_customer_id": [{"id": "1"}], "orders_by_payer_id": [{"id": "3"}]})

    def test_a_null_key_and_a_hidden_row_give_nothing(self):
        self.assertEqual(self.get("GetOrder", "id,customer,order_items", id=4), {"id": "4"})
        self.assertEqual(self.get("GetOrder", "id,customer,payer.id", id=3), {"id": "3", "payer": {"id": "1"}})

    def test_show_deleted_holds_below_too(self):
        page = self.call("BatchGetCustomers", {"requests": [{"id": 3}], "show_deleted": True,
                                               "read_mask": "orders_by_customer_id.customer.full_name"})
        self.assertEqual(page["customers"], [{"orders_by_customer_id": [{"customer": {"full_name": "Gone"}}]}])

    def test_one_to_one_both_ways(self):
        self.assertEqual(self.get("GetCustomer", "passport.number", id=1), {"passport": {"number": "P1"}})
        self.assertEqual(self.get("GetCustomer", "id,passport", id=2), {"id": "2"})
        self.assertEqual(self.get("GetPassport", "customer.full_name", customer_id=1), {"customer": {"full_name": "Ada"}})

    def test_self_references(self):
        top = self.get("GetEmployee", "name,employees.name,employees.employees.name", id=1)
        self.assertEqual(top, {"name": "top", "employees": [
            {"name": "left", "employees": [{"name": "leaf"}]}, {"name": "right"}]})
        leaf = self.get("GetEmployee", "manager.manager.name", id=4)
        self.assertEqual(leaf, {"manager": {"manager": {"name": "top"}}})

    def test_composite_keys(self):
        order = self.get("GetOrder", "order_items.line_no,order_items.remarks.text", id=1)
        self.assertEqual(order["order_items"], [
            {"line_no": 1}, {"line_no": 2, "remarks": [{"text": "first"}, {"text": "second"}]}, {"line_no": 3}])
        self.assertEqual(self.get("GetRemark", "order_item.quantity", id=4), {"order_item": {"quantity": 1}})
        self.assertEqual(self.get("GetRemark", "id,order_item", id=3), {"id": 3})

    def test_keys_that_are_equal_but_written_otherwise(self):
        bills = self.call("ListBills", {"order_by": "id", "read_mask": "id,amount.value"})["bills"]
        self.assertEqual([bill["amount"]["value"] for bill in bills], ["1.0", "1.0", "2.50"])
        amount = self.get("GetAmount", "bills.id", value="1")
        self.assertEqual(amount, {"bills": [{"id": 1}, {"id": 2}]})

    def test_cyclic_keys(self):
        self.assertEqual(self.get("GetA", "b.a.id,bs.id", id=1), {"b": {"a": {"id": 1}}, "bs": [{"id": 7}]})

    def relations(self, message):
        descriptor = self.contract.pool.FindMessageTypeByName(f"{self.database}.v1.{message}")
        return {field.name for field in descriptor.fields if field.number >= 100000}

    def test_hostile_names_and_values(self):
        name = next(iter(self.relations("ToOdd")))
        rows = self.call("ListToOdds", {"order_by": "id", "read_mask": f"id,{name}"})["to_odds"]
        self.assertEqual([list(row.get(name, {}).values()) for row in rows],
                         [['{a,"b"}', 1], ["", 2], ["NULL", 3], []])

    def test_across_schemas_there_is_the_side_to_one(self):
        self.assertEqual(self.get("GetParcel", "order.customer.full_name", id=1),
                         {"order": {"customer": {"full_name": "Bob"}}})
        self.assertNotIn("parcels", self.relations("Order"))

    def test_without_a_mask_nothing_related_is_read(self):
        self.assertEqual(self.call("GetOrder", {"id": 2}).keys() - {"etag"}, {"id", "status", "customer_id"})
        self.assertEqual(len(self.statements(lambda: self.call("GetOrder", {"id": 2}))), 1)


class ManyRows(Related):
    MASK = "id,customer.full_name,order_items.quantity,order_items.product.name"

    def test_lists_batches_and_streams_say_what_gets_say(self):
        single = [self.get("GetOrder", self.MASK, id=n) for n in range(1, 5)]
        self.assertEqual(self.call("ListOrders", {"order_by": "id", "read_mask": self.MASK})["orders"], single)
        ids = [3, 1, 4, 2, 1]
        batch = self.call("BatchGetOrders", {"requests": [{"id": n} for n in ids], "read_mask": self.MASK})["orders"]
        self.assertEqual(batch, [single[n - 1] for n in ids])
        streamed = [row for chunk in self.chunks("StreamOrders", order_by="id", read_mask=self.MASK) for row in chunk]
        self.assertEqual(streamed, single)

    def chunks(self, method, **fields):
        for chunk in stream(self.client, method, **fields):
            yield json_format.MessageToDict(chunk, preserving_proto_field_name=True).get("orders", [])

    def test_gets_that_wait_together_are_answered_as_if_alone(self):
        single = {n: self.get("GetOrder", self.MASK, id=n) for n in range(1, 5)}
        expand = [{"path": "order_items", "page_size": 1, "order_by": "line_no desc"}]
        cut = {n: self.call("GetOrder", {"id": n, "read_mask": self.MASK, "expand": expand}) for n in range(1, 5)}

        def get(i):
            n = i % 5 + 1
            if n == 5:
                with self.fails("NOT_FOUND"):
                    self.get("GetOrder", self.MASK, id=n)
                return True
            if i % 3 == 0:
                return self.call("GetOrder", {"id": n, "read_mask": self.MASK, "expand": expand}) == cut[n]
            return self.get("GetOrder", self.MASK, id=n) == single[n]

        before = len(self.server.all_lines())
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            self.assertTrue(all(pool.map(get, range(600))))
        begins = [line for line in self.server.all_lines()[before:] if "ISOLATION LEVEL REPEATABLE READ" in line]
        self.assertLess(len(begins), 480, "some of them share their statements")

    def test_pages_go_on_where_they_ended(self):
        rows, token = [], ""
        while True:
            page = self.call("ListOrders", {"order_by": "status desc", "page_size": 1, "page_token": token,
                                            "read_mask": "order_items.line_no,customer.id"})
            rows += page["orders"]
            token = page.get("next_page_token", "")
            if not token:
                break
        whole = self.call("ListOrders", {"order_by": "status desc", "read_mask": "order_items.line_no,customer.id"})
        self.assertEqual(rows, whole["orders"])
        self.assertEqual(len(rows), 4)

    def test_one_statement_a_relation_in_one_snapshot(self):
        for call in (lambda: self.call("ListOrders", {"read_mask": self.MASK}),
                     lambda: self.get("GetOrder", self.MASK, id=1),
                     lambda: self.call("BatchGetOrders", {"requests": [{"id": 1}, {"id": 2}], "read_mask": self.MASK})):
            lines = self.statements(call)
            self.assertEqual(len([line for line in lines if "SELECT" in line]), 4, "\n".join(lines))
            self.assertEqual(len([line for line in lines if "ISOLATION LEVEL REPEATABLE READ" in line and "READ ONLY" in line]),
                             1, "\n".join(lines))

    def test_a_stream_reads_chunk_by_chunk_in_one_snapshot(self):
        self.psql("INSERT INTO orders (id, status, customer_id) SELECT n, 'many', 4 FROM generate_series(1000, 1999) n;"
                  "INSERT INTO order_item SELECT id, 1, 7, id - 1000 FROM orders WHERE status = 'many'")
        self.addCleanup(self.psql, "DELETE FROM order_item WHERE order_id >= 1000; DELETE FROM orders WHERE id >= 1000")
        chunks = self.chunks("StreamOrders", filter='status = "many"', order_by="id", page_size=20,
                             read_mask="id,order_items.quantity")
        first = next(chunks)
        self.psql("UPDATE order_item SET quantity = -1 WHERE order_id >= 1000")
        rows = first + [row for chunk in chunks for row in chunk]
        self.assertEqual(len(rows), 1000)
        self.assertEqual([row["order_items"] for row in rows], [[{"quantity": n} if n else {"quantity": 0}] for n in range(1000)])

    def test_a_stream_goes_on_from_a_token(self):
        chunks = list(stream(self.client, "StreamOrders", order_by="id", page_size=1, read_mask="id,customer"))
        self.assertEqual([chunk.orders[0].id for chunk in chunks], [1, 2, 3, 4])
        rest = list(stream(self.client, "StreamOrders", order_by="id", page_token=chunks[1].next_page_token,
                           read_mask="id,customer"))
        self.assertEqual([row.id for chunk in rest for row in chunk.orders], [3, 4])


class Expand(Related):
    def expanded(self, **expand):
        order = self.call("GetOrder", {"id": 1, "read_mask": "order_items.line_no,order_items.quantity",
                                       "expand": [dict(expand, path="order_items")]})
        return [item["line_no"] for item in order.get("order_items", [])]

    def test_it_filters_orders_and_cuts(self):
        self.assertEqual(self.expanded(order_by="quantity desc"), [3, 2, 1])
        self.assertEqual(self.expanded(filter="quantity >= 20"), [2, 3])
        self.assertEqual(self.expanded(order_by="quantity desc", page_size=2), [3, 2])
        self.assertEqual(self.expanded(filter="product_id = null"), [3])
        self.assertEqual(self.expanded(filter="quantity = 99", page_size=1), [])

    def test_the_cut_is_for_each_parent(self):
        page = self.call("ListOrders", {"order_by": "id", "read_mask": "id,order_items.line_no",
                                        "expand": [{"path": "order_items", "page_size": 1, "order_by": "line_no desc"}]})
        self.assertEqual([[item["line_no"] for item in order.get("order_items", [])] for order in page["orders"]],
                         [[3], [1], [], []])

    def test_it_holds_below_and_with_composite_keys(self):
        order = self.call("GetOrder", {"id": 1, "read_mask": "order_items.remarks.text", "expand": [
            {"path": "order_items.remarks", "order_by": "id desc", "page_size": 1},
            {"path": "order_items", "filter": "line_no = 2"}]})
        self.assertEqual(order, {"order_items": [{"remarks": [{"text": "second"}]}]})

    def test_errors_name_the_path(self):
        for expand, field in ((("customer", {}), "expand[0].path"), (("nothing", {}), "expand[0].path"),
                              (("order_items", {"page_size": -1}), "expand[0].page_size"),
                              (("order_items", {"filter": "nothing = 1"}), "expand[0].filter"),
                              (("order_items", {"filter": "nothing ="}), "expand[0].filter"),
                              (("order_items", {"order_by": "nothing"}), "expand[0].order_by")):
            with self.fails("INVALID_ARGUMENT", field=field):
                self.call("GetOrder", {"id": 1, "read_mask": "customer,order_items",
                                       "expand": [dict(expand[1], path=expand[0])]})
        with self.fails("INVALID_ARGUMENT", field="expand[0].path"):
            self.call("GetOrder", {"id": 1, "expand": [{"path": "order_items"}]})
        with self.fails("INVALID_ARGUMENT", field="requests[0].expand"):
            self.call("BatchGetOrders", {"requests": [{"id": 1, "expand": [{"path": "order_items"}]}]})


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

    def test_related_rows_are_not_written(self):
        with self.fails("INVALID_ARGUMENT", field="order.order_items", message="Transact"):
            self.call("CreateOrder", {"order": {"id": 99, "order_items": [{"line_no": 1}]}})
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


if __name__ == "__main__":
    unittest.main()
