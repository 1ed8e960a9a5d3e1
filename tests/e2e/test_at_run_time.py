"""What statements meet only when they run: values that types refuse, names that values, settings and the database's own
code give, types and operators that were made anew."""

import unittest

from bulk import import_rows
from harness import ServedTestCase

NAMES = """
CREATE TABLE doc (id int PRIMARY KEY, tenant text);
INSERT INTO doc VALUES (1, 'x');
CREATE VIEW mine AS SELECT id, tenant FROM doc WHERE tenant = current_setting('app.tenant');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TABLE note (id int PRIMARY KEY, body text);
CREATE TRIGGER touch BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE named (id int PRIMARY KEY, what regclass);
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere');
CREATE FOREIGN TABLE away (id int, body text) SERVER far;
-- Nobody can read it, and PostgreSQL cannot say whether it can be written.
CREATE FOREIGN DATA WRAPPER without_handler;
CREATE SERVER dumb FOREIGN DATA WRAPPER without_handler;
CREATE FOREIGN TABLE lost (id int) SERVER dumb;
"""


class Names(ServedTestCase):
    SQL = NAMES
    OPTIONS = ("--listen_notify=off",)

    def fails_without_a_reload(self, method, request, code="FAILED_PRECONDITION", reason="RAISED_EXCEPTION"):
        def reloads():
            return sum("reloaded" in line for line in self.server.all_lines())
        before = reloads()
        for _ in range(3):
            with self.fails(code, reason):
                self.call(method, request)
        self.assertEqual(reloads(), before)

    def test_a_setting_that_a_view_reads(self):
        self.fails_without_a_reload("ListMines", {})

    def test_a_column_that_a_trigger_sets(self):
        self.fails_without_a_reload("CreateNote", {"note": {"id": 1}})

    def test_a_value_that_names_a_table(self):
        self.fails_without_a_reload("CreateNamed", {"named": {"id": 1, "what": "nope"}})

    def test_a_foreign_server_without_a_user(self):
        self.fails_without_a_reload("ListAways", {})

    def test_a_foreign_table_without_a_handler_keeps_no_other_from_being_served(self):
        with self.fails("FAILED_PRECONDITION", "OBJECT_NOT_READY"):
            self.call("ListLosts")
        self.assertEqual(len(self.call("ListDocs")["docs"]), 1)


class Values(ServedTestCase):
    SQL = "CREATE EXTENSION ltree; CREATE TABLE item (id int PRIMARY KEY, path ltree, query tsquery)"

    def test_types_that_call_a_bad_value_a_syntax_error(self):
        for field in ("path", "query"):
            bad = {"id": 2, field: "a b"}
            for call in (lambda: self.call("CreateItem", {"item": bad}),
                         lambda: import_rows(self.client, "ImportItems", [bad]),
                         lambda: self.call("BatchCreateItems", {"requests": [{"item": {"id": 1}}, {"item": bad}]})):
                with self.fails("INVALID_ARGUMENT", "INVALID_VALUE"):
                    call()
        self.assertEqual(self.psql("SELECT count(*) FROM item"), "0")


class MadeAnew(ServedTestCase):
    SQL = """
      CREATE TYPE mood AS ENUM ('a', 'b');
      CREATE DOMAIN word AS text CHECK (VALUE <> '');
      CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, word word);
      CREATE SCHEMA extensions;
      CREATE EXTENSION citext;
      CREATE TABLE person (name citext PRIMARY KEY);
      INSERT INTO person VALUES ('Ann');"""
    OPTIONS = ("--pool_size=1", "--max_overflow=0", "--listen_notify=off")

    def still_created(self, row, change):
        for _ in range(4):  # so often that the statement is prepared
            self.call("CreateItem", {"item": row})
        self.psql(change)
        self.call("CreateItem", {"item": row})

    def test_an_enum(self):
        self.still_created({"mood": "MOOD_A"}, """
          BEGIN; ALTER TABLE item ALTER mood TYPE text; DROP TYPE mood; CREATE TYPE mood AS ENUM ('a', 'b', 'c');
          ALTER TABLE item ALTER mood TYPE mood USING mood::mood; COMMIT""")

    def test_a_domain(self):
        self.still_created({"word": "x"}, """
          BEGIN; ALTER TABLE item ALTER word TYPE text; DROP DOMAIN word;
          CREATE DOMAIN word AS text CHECK (length(VALUE) < 9); ALTER TABLE item ALTER word TYPE word; COMMIT""")

    def test_an_extension_that_moves(self):
        def found():
            return len(self.call("ListPeople", {"filter": 'name = "ANN"'})["people"])
        self.assertEqual(found(), 1)
        self.psql("ALTER EXTENSION citext SET SCHEMA extensions")
        self.assertEqual(found(), 1)


class DomainsOverEnums(ServedTestCase):
    SQL = """
      CREATE TYPE mood AS ENUM ('a', 'b');
      CREATE DOMAIN feeling AS mood;
      CREATE TABLE item (id int PRIMARY KEY, feeling feeling);
      INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'b');
      CREATE TABLE by_feeling (feeling feeling PRIMARY KEY, name text);"""

    def test_filters_compare_as_the_enum_does(self):
        self.assertEqual(len(self.call("ListItems", {"filter": "feeling = b"})["items"]), 2)
        self.assertEqual(len(self.call("ListItems", {"filter": "feeling < b"})["items"]), 1)

    def test_what_has_no_order_is_no_key(self):
        with self.fails("INVALID_ARGUMENT", "INVALID_ORDER_BY"):
            self.call("ListItems", {"order_by": "feeling"})
        self.assertFalse([method for method in self.client.methods if method.startswith("GetByFeeling")])


if __name__ == "__main__":
    unittest.main()
