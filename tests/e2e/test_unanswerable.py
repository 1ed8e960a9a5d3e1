"""A write whose row cannot be answered has not taken place: a client that tries again does not double it."""

import grpc

from harness import RpcFailure, ServedTestCase

SQL = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE point3 AS (x integer, y integer, at timestamptz);
CREATE TABLE subscription (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
  ends_at timestamptz DEFAULT 'infinity', deleted_at timestamptz);
CREATE TABLE reading (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
  data jsonb DEFAULT '{"n": 9007199254740993}');
CREATE TABLE list (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, items text[] DEFAULT '{a,NULL}');
CREATE TABLE place (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
  at point3 DEFAULT ROW(1, 2, '-infinity'));
CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, mood mood);
CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
"""
TABLES = ("subscription", "reading", "list", "place")


class Unanswerable(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--echo",)

    def setUp(self):
        self.psql("TRUNCATE subscription, reading, list, place, person, plain RESTART IDENTITY")

    def test_create(self):
        for table in TABLES:
            with self.subTest(table):
                for _ in range(2):  # as a client that tries again
                    with self.fails("FAILED_PRECONDITION", "VALUE_NOT_REPRESENTABLE", message="type=string"):
                        self.call(f"Create{table.title()}", {table: {"name": "a"}})
                self.assertEqual(self.psql(f"SELECT count(*) FROM {table}"), "0")

    def test_update(self):
        for table in TABLES:
            with self.subTest(table):
                self.psql(f"INSERT INTO {table} (name) VALUES ('a')")
                with self.fails("FAILED_PRECONDITION", "VALUE_NOT_REPRESENTABLE"):
                    self.call(f"Update{table.title()}", {table: {"id": 1, "name": "b"}})
                self.assertEqual(self.psql(f"SELECT name FROM {table}"), "a")

    def test_soft_delete_and_undelete(self):
        self.psql("INSERT INTO subscription (name, deleted_at) VALUES ('a', NULL), ('b', now())")
        for method, id in (("DeleteSubscription", 1), ("UndeleteSubscription", 2)):
            with self.fails("FAILED_PRECONDITION", "VALUE_NOT_REPRESENTABLE"):
                self.call(method, {"id": id})
        self.assertEqual(self.psql("SELECT name FROM subscription WHERE deleted_at IS NULL"), "a")

    def test_a_label_that_the_server_does_not_know(self):
        self.psql("INSERT INTO person (name) VALUES ('a')")
        self.psql("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'new'")
        self.psql("UPDATE person SET mood = 'new'")
        answered = "b"  # by a server that has read the catalog again meanwhile
        try:
            self.call("UpdatePerson", {"person": {"id": 1, "name": "b"}})
        except grpc.RpcError as error:
            self.assertEqual(RpcFailure(error).reason, "VALUE_NOT_REPRESENTABLE")
            answered = "a"
        self.assertEqual(self.psql("SELECT name FROM person"), answered)

    def test_rows_that_always_fit_take_one_round_trip(self):
        before = len(self.server.all_lines())
        self.call("CreatePlain", {"plain": {"name": "a"}})
        self.call("UpdatePlain", {"plain": {"id": 1, "name": "b"}})
        self.call("DeletePlain", {"id": 1})
        self.assertNotIn("BEGIN", "\n".join(self.server.all_lines()[before:]))
