"""Whose related rows a filter, an order or a group sees: what PostgreSQL lets the caller see."""

import unittest

from tokens import RolesTestCase


class Rights(RolesTestCase):
    """Row-level security and rights on columns hold behind relations, too."""

    SQL = """
        CREATE TABLE owner (id int PRIMARY KEY, name text, secret text);
        CREATE TABLE thing (id int PRIMARY KEY, owner_id int REFERENCES owner, tenant text);
        CREATE TABLE part (id int PRIMARY KEY, thing_id int REFERENCES thing);
        INSERT INTO owner VALUES (1, 'one', 's1'), (2, 'two', 's2'), (3, 'none', 's3');
        INSERT INTO thing VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'a');
        INSERT INTO part VALUES (10, 1), (20, 2), (30, 3);
        ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON thing USING (tenant = current_setting('request.jwt.claims')::json ->> 'tenant');
        CREATE ROLE through_clerk; CREATE ROLE through_writer; CREATE ROLE through_login LOGIN NOINHERIT;
        GRANT through_clerk, through_writer TO through_login;
        GRANT SELECT (id, name) ON owner TO through_clerk; GRANT SELECT ON thing, part TO through_clerk;
        GRANT SELECT ON owner TO through_writer; GRANT SELECT, DELETE ON part TO through_writer"""
    LOGIN = "through_login"
    ROLES = ("through_clerk", "through_writer")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerks = {tenant: cls.caller("through_clerk", tenant=tenant) for tenant in "ab"}

    def ids(self, tenant, method, **fields):
        answer = self.clerks[tenant].call(method, dict(fields, read_mask="id"))
        return [row["id"] for rows in answer.values() for row in rows]

    def test_each_filters_by_its_own(self):
        self.assertEqual(self.ids("a", "ListOwners", filter="things:*"), [1, 2])
        self.assertEqual(self.ids("b", "ListOwners", filter="things:*"), [1])
        self.assertEqual(self.ids("b", "ListOwners", filter="NOT things:*"), [2, 3])
        self.assertEqual(self.ids("b", "ListParts", filter='thing.owner.name = "one"'), [20])
        self.assertEqual(self.ids("b", "ListParts", filter="NOT thing:*"), [10, 30])

    def test_each_orders_and_groups_by_its_own(self):
        self.assertEqual(self.ids("a", "ListParts", order_by="thing.owner_id desc, id"), [20, 30, 10])
        self.assertEqual(self.ids("b", "ListParts", order_by="thing.id, id"), [20, 10, 30])
        groups = self.clerks["b"].call("AggregateParts", {"group_by": ["thing.owner.name"], "aggregates": ["count()"]})
        self.assertEqual(groups["aggregates"], [
            {"group": {"thing": {"owner": {"name": "one"}}}, "count": "1"}, {"group": {}, "count": "2"}])

    def test_what_may_not_be_read_serves_for_nothing(self):
        for fields in ({"filter": 'owner.secret = "s1"'}, {"order_by": "owner.secret"}):
            # Another role may read it, so that it is served; PostgreSQL knows that this one may not.
            with self.fails("PERMISSION_DENIED"):
                self.clerks["a"].call("ListThings", fields)
        writer = self.caller("through_writer", tenant="a")
        with self.fails("PERMISSION_DENIED"):
            writer.call("DeletePartsWhere", {"filter": "thing.owner_id = 1"})
        self.assertEqual(self.psql("SELECT count(*) FROM part"), "3")


class Schemas(RolesTestCase):
    """Who may not use a schema reads nothing of it, whatever another role has prepared on the connection before."""

    SQL = """
        CREATE SCHEMA inner_room;
        CREATE TABLE inner_room.safe (id int PRIMARY KEY, name text);
        CREATE TABLE door (id int PRIMARY KEY, safe_id int REFERENCES inner_room.safe);
        INSERT INTO inner_room.safe VALUES (1, 's'); INSERT INTO door VALUES (1, 1);
        CREATE ROLE schemas_may; CREATE ROLE schemas_may_not; CREATE ROLE schemas_login LOGIN NOINHERIT;
        GRANT schemas_may, schemas_may_not TO schemas_login;
        GRANT USAGE ON SCHEMA inner_room TO schemas_may; GRANT SELECT ON door, inner_room.safe TO schemas_may, schemas_may_not;
        GRANT UPDATE, DELETE ON door, inner_room.safe TO schemas_may, schemas_may_not"""
    LOGIN = "schemas_login"
    ROLES = ("schemas_may", "schemas_may_not")
    CONTRACT_OPTIONS = ("--all_roles", "--schemas=public,inner_room")
    # One connection: what one role has prepared is there when the next one comes.
    MORE = ("--pool_size=1", "--max_overflow=0")

    def test_what_another_role_has_prepared_is_no_way_in(self):
        may, may_not = (self.caller(role) for role in self.ROLES)
        for method, request in (
                ("GetSafe", {"id": 1}), ("BatchGetSafes", {"requests": [{"id": 1}]}), ("ListSafes", {}),
                ("AggregateSafes", {"aggregates": ["count()"]}), ("ListDoors", {"filter": 'safe.name = "s"'}),
                ("ListDoors", {"order_by": "safe.name"}), ("ListDoors", {"read_mask": "safe.name"}),
                ("GetDoor", {"id": 1, "read_mask": "safe.name"}), ("AggregateDoors", {"group_by": ["safe.name"]}),
                ("UpdateSafe", {"safe": {"id": 1, "name": "s"}}), ("DeleteDoorsWhere", {"filter": 'safe.name = "t"'})):
            for _ in range(4):
                may.call(method, request)
            with self.subTest(method, **request), self.fails("PERMISSION_DENIED", message="schema inner_room"):
                may_not.call(method, request)


if __name__ == "__main__":
    unittest.main()
