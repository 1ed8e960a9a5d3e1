"""What a Create with related rows is refused for, and that nothing of it is left behind."""

import unittest

from harness import ServedTestCase
from test_nested_create import Nested
from tokens import RolesTestCase


class Keys(Nested):
    """A foreign key that the caller gives, too."""

    def test_the_same_value_is_no_contradiction(self):
        order = self.call("CreateOrder", {"order": {"customer_id": 7, "customer": {"id": 7, "full_name": "A"}}})
        self.assertEqual((order["customer_id"], order["customer"]["id"]), ("7", "7"))
        bill = self.call("CreateBill", {"bill": {"id": 1, "amount_value": "1.0", "amount": {"value": "1.00"}}})
        self.assertEqual(bill["amount"], dict(bill["amount"], value="1.00"))

    def test_another_value_is_refused(self):
        with self.fails("INVALID_ARGUMENT", field="order.customer_id", message=r'is "5", but the \w+\.v1\.Customer .* id = "7"'):
            self.call("CreateOrder", {"order": {"customer_id": 5, "customer": {"id": 7, "full_name": "A"}}})
        with self.fails("INVALID_ARGUMENT", field="order.order_items[1].order_id", message="leave it unset"):
            self.call("CreateOrder", {"order": {"order_items": [{"line_no": 1, "quantity": 1},
                                                                {"line_no": 2, "quantity": 1, "order_id": 99}]}})
        self.assertEqual((self.count("customer"), self.count("orders")), (0, 0))

    def test_a_mask_that_names_the_key(self):
        order = self.call("CreateOrder", {"order": {"customer": {"full_name": "A"}}, "create_mask": "customer_id,payer_id"})
        self.assertEqual(order["customer_id"], "1")
        with self.fails("INVALID_ARGUMENT", field="create_mask", message="related rows"):
            self.call("CreateOrder", {"order": {"customer": {"full_name": "A"}}, "create_mask": "customer.full_name"})


class Errors(Nested):
    """Each names the row, and leaves nothing behind."""

    def tearDown(self):
        for table in ("customer", "orders", "order_item", "remark", "passport", "employee"):
            self.assertEqual(self.count(table), 0, table)

    def items(self, *items, **fields):
        return {"order": dict(fields, order_items=[dict({"line_no": n, "quantity": 1}, **item)
                                                   for n, item in enumerate(items, 1)])}

    def test_a_value_that_does_not_convert(self):
        with self.fails("INVALID_ARGUMENT", field="bill.amount.value", message="not a decimal"):
            self.call("CreateBill", {"bill": {"id": 1, "amount": {"value": "x"}}})
        with self.fails("INVALID_ARGUMENT", field="order.order_items[1].remarks[0].text", message="U.0000"):
            self.call("CreateOrder", self.items({}, {"remarks": [{"text": "a\0b"}]}))

    def test_what_postgresql_refuses(self):
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION", message=r"^order\.order_items\[2\]: "):
            self.call("CreateOrder", self.items({}, {}, {"quantity": 0}, {}))
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", message=r"^order\.order_items\[1\]\.quantity: "):
            self.call("CreateOrder", {"order": {"order_items": [{"line_no": 1, "quantity": 1}, {"line_no": 2}]}})
        with self.fails("ALREADY_EXISTS", "UNIQUE_VIOLATION", message=r"^order\.order_items\[1\]: "):
            self.call("CreateOrder", self.items({"line_no": 4}, {"line_no": 4}))
        with self.fails("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION", message=r"^order\.order_items\[0\]: "):
            self.call("CreateOrder", self.items({"product_id": 99}, {}))
        with self.fails("INVALID_ARGUMENT", "VALUE_TOO_LONG", message=r"^order\.order_items\[1\]\.remarks\[1\]"):
            self.call("CreateOrder", self.items({"remarks": [{"text": "a"}]}, {"remarks": [{"text": "b"}, {"text": "c" * 11}]}))
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", message=r"^order\.customer\.full_name: "):
            self.call("CreateOrder", {"order": {"customer": {}}})
        with self.fails("ALREADY_EXISTS", "UNIQUE_VIOLATION", message=r"^order\.order_items\[0\]\.product: "):
            self.call("CreateOrder", self.items({"product": {"name": "product 1"}}))

    def test_of_a_batch(self):
        good = {"order": {"order_items": [{"line_no": 1, "quantity": 1}]}}
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION", message=r"^requests\[1\]\.order\.order_items\[0\]: "):
            self.call("BatchCreateOrders", {"requests": [good, self.items({"quantity": -1}), good]})
        with self.fails("INVALID_ARGUMENT", field="requests[1].order.order_items[0].remarks[0].text"):
            self.call("BatchCreateOrders", {"requests": [good, self.items({"remarks": [{"text": "a\0"}]})]})

    def test_too_many_rows(self):
        line = {"quantity": 1}
        with self.fails("INVALID_ARGUMENT", field="order.order_items", message=r"more than 49 .*\(--max_batch_size\)"):
            self.call("CreateOrder", self.items(*[line] * 50))
        with self.fails("INVALID_ARGUMENT", message=r"--max_batch_size"):
            self.call("CreateOrder", self.items(*[line] * 48, {"remarks": [{"text": "a"}]}))
        with self.fails("INVALID_ARGUMENT", field="requests[4].order", message=r"more than 50 rows in all.*\(--max_batch_size\)"):
            self.call("BatchCreateOrders", {"requests": [self.items(*[line] * 10)] * 5})
        created = self.call("CreateOrder", self.items(*[line] * 49))
        self.assertEqual(len(created["order_items"]), 49)
        self.setUp()

    def test_too_deep(self):
        with self.fails("INVALID_ARGUMENT", field="employee.manager.manager.manager.manager", message="--max_depth"):
            self.call("CreateEmployee", {"employee": {"name": "1", "manager": {"name": "2", "manager": {
                "name": "3", "manager": {"name": "4", "manager": {"name": "5"}}}}}})

    def test_other_writes_do_not_take_them(self):
        nested = {"customer_id": 1, "passport": {"number": "1"}, "full_name": "A"}
        del nested["customer_id"]
        for method, request in (("UpdateCustomer", {"customer": dict(nested, id=1)}),
                                ("UpdateCustomer", {"customer": dict(nested, id=1), "allow_missing": True}),
                                ("UpdateCustomersWhere", {"customer": nested, "filter": "id = 1"})):
            with self.fails("INVALID_ARGUMENT", field="customer.passport", message="Transact"):
                self.call(method, request)
        with self.fails("INVALID_ARGUMENT", field="requests[0].customer.passport", message="Transact"):
            self.call("BatchUpdateCustomers", {"requests": [{"customer": dict(nested, id=1)}]})


class Refused(ServedTestCase):
    """What the function of --pre_request refuses is an error of no row."""

    SQL = """
        CREATE TABLE owner (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text);
        CREATE TABLE thing (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, owner_id int REFERENCES owner);
        CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
          RAISE 'not "one" today' USING ERRCODE = 'invalid_parameter_value'; END $$"""
    OPTIONS = ("--pre_request=public.refuse",)

    def test_it_has_no_path(self):
        thing = {"thing": {"owner": {"name": "one"}}}
        for method, request in (("CreateOwner", {"owner": {"name": "one", "things": [{}, {}]}}),
                                ("BatchCreateThings", {"requests": [thing]}),
                                ("BatchCreateThings", {"requests": [thing, thing]}),
                                ("BatchCreateThings", {"requests": [{"thing": {}}]})):
            with self.fails("INVALID_ARGUMENT", message=r'^not "one" today'):
                self.call(method, request)


class Rights(RolesTestCase):
    """Row-level security and rights on columns hold for the rows below, too."""

    SQL = """
        CREATE TABLE owner (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text, secret text);
        CREATE TABLE thing (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, owner_id int REFERENCES owner,
          tenant text DEFAULT current_setting('request.jwt.claims')::json ->> 'tenant');
        CREATE TABLE sealed (id int PRIMARY KEY, owner_id int REFERENCES owner);
        ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON thing USING (tenant = current_setting('request.jwt.claims')::json ->> 'tenant');
        CREATE ROLE nested_clerk; CREATE ROLE nested_login LOGIN NOINHERIT; GRANT nested_clerk TO nested_login;
        GRANT SELECT (id, name), INSERT (id, name) ON owner TO nested_clerk;
        GRANT SELECT, INSERT ON thing TO nested_clerk; GRANT SELECT ON sealed TO nested_clerk"""
    LOGIN = "nested_login"
    ROLES = ("nested_clerk",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.caller("nested_clerk", tenant="a")

    def test_rows_of_the_caller(self):
        owner = self.clerk.call("CreateOwner", {"owner": {"name": "one", "things": [{}, {"tenant": "a"}]}})
        self.assertEqual([thing["tenant"] for thing in owner["things"]], ["a", "a"])
        self.assertEqual([thing["owner_id"] for thing in owner["things"]], [owner["id"]] * 2)

    def test_rows_of_others(self):
        before = self.psql("SELECT count(*) FROM owner")
        with self.fails("PERMISSION_DENIED", message=r"owner\.things"):
            self.clerk.call("CreateOwner", {"owner": {"name": "two", "things": [{"tenant": "a"}, {"tenant": "b"}]}})
        with self.fails("INVALID_ARGUMENT", field="owner.sealeds[0]", message="no Create"):
            self.clerk.call("CreateOwner", {"owner": {"name": "two", "sealeds": [{"id": 1}]}})
        self.assertEqual(self.psql("SELECT count(*) FROM owner"), before)


if __name__ == "__main__":
    unittest.main()
