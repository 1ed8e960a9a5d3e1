"""Functions of calls with an Identity: who may call them, whose rows they see, and what reflection shows."""

import unittest

from bulk import stream, stream_rows
from harness import ServedTestCase, postgres
from identity import SQL, Identity, reflect
from tokens import token

MORE = r"""
CREATE FUNCTION app.mine() RETURNS SETOF app.document STABLE LANGUAGE sql AS 'SELECT * FROM app.document ORDER BY id';
CREATE FUNCTION app.counted() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM app.document';
CREATE FUNCTION app.counted_of_all() RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM app.document';
CREATE FUNCTION app.write(body text) RETURNS app.document LANGUAGE sql
  AS 'INSERT INTO app.document (body) VALUES ($1) RETURNING *';
CREATE FUNCTION app.who() RETURNS text STABLE LANGUAGE sql AS
  $$SELECT current_user || ' ' || current_setting('request.method') || ' ' || current_setting('transaction_read_only')$$;
CREATE FUNCTION app.nobody_may() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.tenant(), app.mine(), app.counted(), app.counted_of_all(), app.write(text) TO member;
GRANT EXECUTE ON FUNCTION app.who() TO member, anon;
CREATE FUNCTION app.key() RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'key'::text$$;
REVOKE EXECUTE ON FUNCTION app.key() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.key() TO member;
CREATE SCHEMA members;
CREATE FUNCTION members.greet(name text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN name; END$$;
GRANT USAGE ON SCHEMA members TO member;
CREATE FUNCTION members.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION members.f() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION members.f() TO member;
"""


class FunctionRights(Identity):
    SQL = SQL + MORE
    MORE = ("--reflection=authenticated", "--pool_size=2", "--max_overflow=0")

    def test_rows_are_those_of_the_caller(self):
        for body in ("one", "two"):
            self.assertEqual(self.a.call("Write", {"body": body})["tenant"], "a")
        self.b.call("Write", {"body": "three"})
        self.assertEqual([row["body"] for row in stream_rows(self.a, "Mine")], ["one", "two"])
        self.assertEqual([row["body"] for row in stream_rows(self.b, "Mine")], ["three"])
        self.assertEqual(self.b.call("Counted"), {"value": "1"})
        self.assertEqual(self.b.call("CountedOfAll"), {"value": "3"})

    def test_a_read_only_function_runs_as_the_caller_too(self):
        self.assertEqual(self.a.call("Who"), {"value": "member /app.v1.FunctionService/Who on"})
        self.assertEqual(self.by(None).call("Who"), {"value": "anon /app.v1.FunctionService/Who on"})

    def test_only_who_may_execute_it_can_call_it(self):
        with self.fails("PERMISSION_DENIED", "PERMISSION_DENIED", message="counted"):
            self.by(None).call("Counted")
        with self.fails("PERMISSION_DENIED"):
            stream_rows(self.by(None), "Mine")
        self.assertNotIn("app.v1.FunctionService.NobodyMay", self.client.methods)
        self.psql("REVOKE EXECUTE ON FUNCTION app.counted() FROM member")
        self.addCleanup(self.psql, "GRANT EXECUTE ON FUNCTION app.counted() TO member")
        with self.fails("PERMISSION_DENIED"):
            self.a.call("Counted")

    def test_what_one_role_has_prepared_no_other_may_run(self):
        # On few connections: PostgreSQL sees neither the schema nor a constant result again, where a plan is at hand.
        anonymous = self.by(None)
        for _ in range(16):
            self.assertEqual(self.a.call("Key"), {"value": "key"})
            self.assertEqual(self.a.call("Greet", {"name": "x"}), {"value": "x"})
        for _ in range(6):
            with self.fails("PERMISSION_DENIED"):
                anonymous.call("Key")
            with self.fails("PERMISSION_DENIED"):
                anonymous.call("Greet", {"name": "x"})

    def test_request_ids_are_of_one_caller(self):
        first = self.a.call("Write", {"body": "once", "request_id": "w"})
        self.assertEqual(self.a.call("Write", {"body": "once", "request_id": "w"}), first)
        with self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED"):
            self.b.call("Write", {"body": "once", "request_id": "w"})

    def test_reflection_shows_services_of_which_a_role_may_call_something(self):
        self.assertIn(b"members.v1.FunctionService", reflect(self.a))
        anonymous = reflect(self.by("Bearer " + token({"role": "anon"})))
        self.assertIn(b"app.v1.FunctionService", anonymous)
        self.assertNotIn(b"members.v1.FunctionService", anonymous)


class CutOff(ServedTestCase):
    """A stream that the server ends: a caller must not take one that has written for one that can be called again."""
    SQL = """CREATE FUNCTION reads() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT 1 FROM pg_sleep(20)';
             CREATE FUNCTION writes() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(20)'"""
    OPTIONS = ("--stream_max_duration=1s",)

    def test_what_the_error_says(self):
        with self.fails("ABORTED", "STREAM_MAX_DURATION", message="a new call begins anew"):
            list(stream(self.client, "Reads"))
        with self.fails("UNKNOWN", "COMMIT_IN_DOUBT", message="committed is not known"):
            list(stream(self.client, "Writes"))


class OutArguments(ServedTestCase):
    """Of procedures they are of PostgreSQL 14. Such a one is meant, and not its overload with an argument more."""
    SQL = "CREATE TABLE log (line text);" + r"""
CREATE PROCEDURE meant(IN a int, OUT b int) LANGUAGE plpgsql AS $$BEGIN b := 1; END$$;
CREATE PROCEDURE meant(IN a int, IN b text) LANGUAGE plpgsql AS $$BEGIN INSERT INTO log (line) VALUES ('text'); END$$;
"""

    @classmethod
    def setUpClass(cls):
        if int(postgres().psql("postgres", "SHOW server_version_num")) < 140000:
            raise unittest.SkipTest("a procedure has no OUT arguments before PostgreSQL 14")
        super().setUpClass()

    def test_the_one_that_is_named_runs(self):
        self.assertEqual(self.call("Meant", {"a": 1}), {"b": 1})
        self.assertEqual(self.psql("SELECT count(*) FROM log"), "0")


if __name__ == "__main__":
    unittest.main()
