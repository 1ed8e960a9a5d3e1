"""What a read_mask asks for is planned once: for each mask, and for each catalog."""

import concurrent.futures
import unittest

from test_related import Related

MASKS = {"id": {"id": "1"},
         "status": {"status": "paid"},
         "id,customer.full_name": {"id": "1", "customer": {"full_name": "Ada"}},
         "id,customer.id": {"id": "1", "customer": {"id": "1"}},
         "customer.full_name,payer.full_name": {"customer": {"full_name": "Ada"}, "payer": {"full_name": "Bob"}},
         "order_items.quantity": {"order_items": [{"quantity": 10}, {"quantity": 20}, {"quantity": 30}]},
         "order_items.product.id": {"order_items": [{"product": {"id": 5}}, {"product": {"id": 6}}, {}]}}


class Plans(Related):
    def test_masks_that_come_together_are_never_mixed(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            asked = [mask for _ in range(60) for mask in MASKS]
            for mask, order in zip(asked, pool.map(lambda mask: self.get("GetOrder", mask, id=1), asked)):
                self.assertEqual(order, MASKS[mask], mask)
            pages = pool.map(lambda mask: self.get("ListOrders", mask, filter="id = 1")["orders"], asked)
            for mask, page in zip(asked, pages):
                self.assertEqual(page, [MASKS[mask]], mask)

    def test_the_same_mask_of_get_and_list(self):
        # A Get has the etag with "*", a List has not.
        for _ in range(2):
            self.assertIn("etag", self.get("GetOrder", "*,customer.id", id=1))
            self.assertNotIn("etag", self.get("ListOrders", "*,customer.id", filter="id = 1")["orders"][0])

    def test_expand_and_deleted_rows_belong_to_the_plan(self):
        items = lambda **more: len(self.get("GetOrder", "order_items.quantity", id=1, **more)["order_items"])
        for _ in range(2):
            self.assertEqual(items(), 3)
            self.assertEqual(items(expand=[{"path": "order_items", "filter": "quantity > 15"}]), 2)
            self.assertEqual(items(expand=[{"path": "order_items", "page_size": 1}]), 1)
            gone = lambda **more: self.get("ListCustomers", "orders_by_customer_id.customer.id", filter="id = 3", **more)
            self.assertEqual(gone(), {})
            self.assertEqual(gone(show_deleted=True)["customers"], [{"orders_by_customer_id": [{"customer": {"id": "3"}}]}])

    def test_an_error_is_not_kept_and_not_hidden(self):
        self.get("GetOrder", "id,customer.id", id=1)
        joined = self.client.request("GetOrder", {"id": 1})
        joined.read_mask.paths.append("id,customer.id")
        for _ in range(2):
            with self.fails("INVALID_ARGUMENT", field="read_mask"):
                self.call("GetOrder", joined)
            with self.fails("INVALID_ARGUMENT", field="expand[0].path"):
                self.get("GetOrder", "id,customer.id", id=1, expand=[{"path": "order_items"}])

    def test_a_new_catalog_is_planned_anew(self):
        employee = lambda: self.get("GetEmployee", "employees", id=2)["employees"][0]
        self.assertEqual(employee(), {"id": 4, "manager_id": 2, "name": "leaf"})
        self.psql("ALTER TABLE employee RENAME COLUMN name TO title; ALTER TABLE employee ADD badge int DEFAULT 7")
        self.addCleanup(self.psql, "ALTER TABLE employee RENAME COLUMN title TO name; ALTER TABLE employee DROP badge")
        # The call finds that the catalog has moved, and runs again after the reload.
        raw = self.client.raw("GetEmployee", {"id": 2, "read_mask": "employees"}).employees[0]
        self.assertEqual((raw.id, raw.manager_id), (4, 2))
        self.assertIn(b"leaf", raw.SerializeToString())
        with self.fails("INVALID_ARGUMENT", field="read_mask"):
            self.get("GetEmployee", "employees.name", id=2)


class Trips(Related):
    def test_a_list_ends_its_transaction_with_the_last_relation(self):
        mask = "id,customer.full_name,order_items.product.name"
        self.get("ListOrders", mask, filter="id = 1")
        seen = self.statements(lambda: self.get("ListOrders", mask, filter="id = 1"))
        self.assertEqual([line.count("BEGIN ISOLATION") for line in seen].count(1), 1)
        self.assertEqual(len([line for line in seen if "SELECT" in line]), 4)


if __name__ == "__main__":
    unittest.main()
