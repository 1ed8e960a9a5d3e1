"""Who may read computed columns: EXECUTE on the function, SELECT on the whole row, policies."""

import unittest

import grpc

from bulk import stream_rows
from harness import RpcFailure
from tokens import RolesTestCase


class Rights(RolesTestCase):
    """Who may not EXECUTE the function, or not read the whole row, reads all the rest."""

    SQL = """
        CREATE TABLE doc (id int PRIMARY KEY, tenant text, body text);
        INSERT INTO doc VALUES (1, 'a', 'one'), (2, 'b', 'two'), (3, 'a', 'three');
        ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON doc USING (tenant = current_setting('request.jwt.claims')::json ->> 'tenant');
        CREATE FUNCTION loud(doc) RETURNS text STABLE LANGUAGE sql AS 'SELECT upper($1.body)';
        CREATE FUNCTION deep(doc) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1.body)';
        REVOKE EXECUTE ON FUNCTION loud(doc) FROM PUBLIC;
        CREATE TABLE page (id int PRIMARY KEY, body text, parent_id int REFERENCES page);
        INSERT INTO page VALUES (1, 'one', NULL), (2, 'two', 1);
        CREATE FUNCTION shout(page) RETURNS text STABLE LANGUAGE sql AS 'SELECT upper($1.body)';
        REVOKE EXECUTE ON FUNCTION shout(page) FROM PUBLIC;
        CREATE ROLE computed_may; CREATE ROLE computed_may_not; CREATE ROLE computed_part;
        CREATE ROLE computed_login LOGIN NOINHERIT;
        GRANT computed_may, computed_may_not, computed_part TO computed_login;
        GRANT EXECUTE ON FUNCTION loud(doc), shout(page) TO computed_may, computed_part;
        GRANT SELECT ON doc, page TO computed_may, computed_may_not; GRANT SELECT (id, body) ON doc TO computed_part"""
    LOGIN = "computed_login"
    ROLES = ("computed_may", "computed_may_not", "computed_part")
    # The same connection each time: what one role has prepared is there when the next one comes.
    MORE = ("--pool_size=2", "--max_overflow=0", "--pool_use_lifo", "--max_sessions=1")

    def by(self, role, tenant="a"):
        return self.caller(f"computed_{role}", tenant=tenant)

    def test_execute_is_asked_for_where_the_field_is_named(self):
        may, may_not = self.by("may"), self.by("may_not")
        asked = ({"id": 1, "read_mask": "loud"}, {"filter": 'loud = "ONE"'}, {"order_by": "loud", "read_mask": "id"})
        for _ in range(8):  # PostgreSQL keeps a plan after some runs
            self.assertEqual(may.call("GetDoc", asked[0]), {"loud": "ONE"})
            self.assertEqual(len(may.call("ListDocs", asked[1])["docs"]), 1)
            self.assertEqual(may.call("ListDocs", asked[2])["docs"], [{"id": 1}, {"id": 3}])
            for method, request in zip(("GetDoc", "ListDocs", "ListDocs"), asked):
                with self.fails("PERMISSION_DENIED", "PERMISSION_DENIED", message="function loud.*needs EXECUTE"):
                    may_not.call(method, request)
            self.assertEqual(may_not.call("GetDoc", {"id": 1, "read_mask": "body,deep"}), {"body": "one", "deep": "one"})
        with self.assertRaises(grpc.RpcError) as caught:
            stream_rows(may_not, "StreamDocs", read_mask="loud")
        self.assertEqual(RpcFailure(caught.exception).code, grpc.StatusCode.PERMISSION_DENIED)
        self.assertEqual(len(stream_rows(may, "StreamDocs", read_mask="loud")), 2)

    def test_what_another_role_has_planned_is_no_way_around(self):
        # No policies, for which PostgreSQL would plan anew for each role.
        may, may_not = self.by("may"), self.by("may_not")
        asked = (("ListPages", {"read_mask": "shout"}), ("ListPages", {"filter": 'shout = "ONE"', "count_total": True}),
                 ("ListPages", {"order_by": "shout", "read_mask": "id"}), ("GetPage", {"id": 1, "read_mask": "shout"}),
                 ("BatchGetPages", {"requests": [{"id": 1}], "read_mask": "shout"}),
                 ("AggregatePages", {"aggregates": ["max(shout)"]}), ("AggregatePages", {"group_by": ["shout"]}),
                 ("AggregatePages", {"group_by": ["parent.shout"]}), ("ListPages", {"order_by": "parent.shout"}),
                 ("ListPages", {"filter": 'parent.shout = "ONE"'}), ("ListPages", {"read_mask": "parent.shout"}),
                 ("GetPage", {"id": 2, "read_mask": "pages.shout,parent.shout"}),
                 ("GetPage", {"id": 1, "read_mask": "pages.id", "expand": [{"path": "pages", "order_by": "shout"}]}))
        for method, request in asked:
            for _ in range(8):
                may.call(method, request)
            with self.subTest(request), self.fails("PERMISSION_DENIED", "PERMISSION_DENIED", message="function shout"):
                may_not.call(method, request)
            self.assertTrue(may.call(method, request))

    def test_policies_hold(self):
        self.assertEqual(self.by("may", "b").call("ListDocs", {"read_mask": "loud"}), {"docs": [{"loud": "TWO"}]})
        with self.fails("NOT_FOUND"):
            self.by("may", "b").call("GetDoc", {"id": 1, "read_mask": "loud"})

    def test_the_whole_row_must_be_readable(self):
        part = self.by("part")
        self.assertEqual(part.call("GetDoc", {"id": 1, "read_mask": "id,body"}), {"id": 1, "body": "one"})
        with self.fails("PERMISSION_DENIED", message="SELECT on all columns of"):
            part.call("GetDoc", {"id": 1, "read_mask": "loud"})
        with self.fails("PERMISSION_DENIED", message="SELECT on all columns of"):
            part.call("BatchGetDocs", {"requests": [{"id": 1}], "read_mask": "loud"})


if __name__ == "__main__":
    unittest.main()
