"""Whose related rows are read: what PostgreSQL lets the caller see."""

import unittest

from bulk import stream
from tokens import RolesTestCase


class Rights(RolesTestCase):
    """Row-level security and rights on columns hold in related tables, too."""

    SQL = """
        CREATE TABLE owner (id int PRIMARY KEY, name text, secret text);
        CREATE TABLE thing (id int PRIMARY KEY, owner_id int REFERENCES owner, tenant text);
        INSERT INTO owner VALUES (1, 'one', 's1'), (2, 'two', 's2');
        INSERT INTO thing VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'a');
        ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON thing USING (tenant = current_setting('request.jwt.claims')::json ->> 'tenant');
        CREATE ROLE related_clerk; CREATE ROLE related_login LOGIN NOINHERIT; GRANT related_clerk TO related_login;
        GRANT SELECT (id, name) ON owner TO related_clerk; GRANT SELECT ON thing TO related_clerk"""
    LOGIN = "related_login"
    ROLES = ("related_clerk",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerks = {tenant: cls.caller("related_clerk", tenant=tenant) for tenant in "ab"}

    def test_each_sees_its_own(self):
        asked = {"id": 1, "read_mask": "name,things.id"}
        self.assertEqual(self.clerks["a"].call("GetOwner", asked), {"name": "one", "things": [{"id": 1}]})
        self.assertEqual(self.clerks["b"].call("GetOwner", asked), {"name": "one", "things": [{"id": 2}]})
        listed = self.clerks["b"].call("ListOwners", {"order_by": "id", "read_mask": "id,things.tenant"})["owners"]
        self.assertEqual(listed, [{"id": 1, "things": [{"tenant": "b"}]}, {"id": 2}])
        rows = [row for chunk in stream(self.clerks["a"], "StreamThings", order_by="id", read_mask="id,owner.name")
                for row in chunk.things]
        self.assertEqual([(row.id, row.owner.name) for row in rows], [(1, "one"), (3, "two")])

    def test_a_column_that_may_not_be_read(self):
        self.assertNotIn("secret", self.clerks["a"].call("GetThing", {"id": 1, "read_mask": "owner"})["owner"])
        with self.fails("INVALID_ARGUMENT", field="read_mask", message="no field"):
            self.clerks["a"].call("GetThing", {"id": 1, "read_mask": "owner.secret"})


if __name__ == "__main__":
    unittest.main()
