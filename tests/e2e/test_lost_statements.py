"""Prepared statements that are gone from a PostgreSQL session, whoever has taken them away."""

import os
import random
import socket
import struct
import unittest

from harness import ServedTestCase, postgres
from listening import SOCKET, InPlaceOfPostgres
from transactions import Session, operation

SQL = """
CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 10) i;
CREATE TABLE broom (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE NEW.what; RETURN NEW; END $$;
CREATE TRIGGER sweep BEFORE INSERT ON broom FOR EACH ROW EXECUTE FUNCTION sweep();
"""


class LostStatements(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--pool_size=1", "--max_overflow=0", "--max_sessions=0", "--max_streams=0")

    def op(self, method, **fields):
        return operation(f"{self.database}.v1.{method}", **fields)

    def prepare(self):
        """Each statement is prepared on the one connection."""
        for _ in range(3):
            self.call("GetItem", {"id": 1})
            self.call("Transact", {"operations": [self.op("CreateBroom", broom={"what": "SELECT 1"}),
                                                  self.op("GetItem", id=1)]})

    def rows(self):
        return int(self.psql("SELECT count(*) FROM broom"))

    def test_a_single_statement_is_prepared_again(self):
        self.prepare()
        before = self.rows()
        for i in range(1, 4):
            self.call("CreateBroom", {"broom": {"what": "DEALLOCATE ALL"}})
            self.assertEqual(self.call("GetItem", {"id": i})["name"], f"item {i}")
        self.assertEqual(self.rows(), before + 3, "each once")

    def test_a_transaction_that_meets_it_is_run_again(self):
        self.prepare()
        before = self.rows()
        for i in range(1, 4):
            answer = self.call("Transact", {"operations": [self.op("CreateBroom", broom={"what": "DEALLOCATE ALL"}),
                                                           self.op("GetItem", id=i)]})
            self.assertEqual(answer["responses"][1]["name"], f"item {i}")
        self.assertEqual(self.rows(), before + 3, "each once")

    def test_it_is_no_sign_of_a_pooler(self):
        self.call("CreateBroom", {"broom": {"what": "DEALLOCATE ALL"}})
        self.prepare()
        self.call("CreateBroom", {"broom": {"what": "DEALLOCATE ALL"}})
        self.prepare()
        self.assertNotIn("pooler", "\n".join(self.server.all_lines()))


class LostInSession(LostStatements):
    OPTIONS = ("--pool_size=2", "--max_overflow=0", "--max_sessions=1", "--max_streams=0", "--pool_use_lifo")

    def test_a_session_is_told_to_begin_anew(self):
        self.prepare()
        session = Session(self.client, {})
        self.addCleanup(session.cancel)
        for _ in range(3):
            session.run(f"{self.database}.v1.GetItem", id=1)
        session.run(f"{self.database}.v1.CreateBroom", broom={"what": "DEALLOCATE ALL"})
        error = session.error(f"{self.database}.v1.GetItem", id=2)
        self.assertEqual((error["code"], error["aborted"]), (10, True), error)
        self.assertEqual([detail["reason"] for detail in error["details"] if "reason" in detail], ["STATEMENT_LOST"])
        session.rollback()
        self.assertEqual(self.call("GetItem", {"id": 2})["name"], "item 2")


class Switch(InPlaceOfPostgres):
    """A pooler in transaction mode that gives itself away by nothing: it passes the cancel keys of PostgreSQL on. Each
    client has two sessions of PostgreSQL, and each of its transactions meets one of them, by `choose`. `left` is what
    another client has run in the second one before."""

    def __init__(self, upstream, choose=random.choice, left=None):
        self.choose = choose
        self.left = left
        self.upstream = os.path.join(upstream, SOCKET)
        super().__init__(self._serve)

    def _serve(self, client):
        servers = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        with client, servers[0], servers[1]:
            try:
                startup = self._exactly(client, struct.unpack("!I", size := self._exactly(client, 4))[0] - 4)
                answers = []
                for server in servers:
                    server.connect(self.upstream)
                    server.sendall(size + startup)
                    answers.append(self._until(server, b"Z"))
                if self.left:
                    text = self.left.encode() + b"\0"
                    servers[1].sendall(b"Q" + struct.pack("!I", len(text) + 4) + text)
                    self._until(servers[1], b"Z")
                client.sendall(answers[0])
                server = servers[0]
                while True:
                    server.sendall(self._until(client, b"QSX"))
                    answer = self._until(server, b"Z")
                    client.sendall(answer)
                    if answer.endswith(b"I"):
                        server = self.choose(servers)
            except OSError:
                pass  # one side has closed

    @staticmethod
    def _exactly(stream, size):
        data = b""
        while len(data) < size:
            if not (more := stream.recv(size - len(data))):
                raise OSError
            data += more
        return data

    def _until(self, stream, types):
        """The messages up to one of these types."""
        messages = b""
        while True:
            head = self._exactly(stream, 5)
            messages += head + self._exactly(stream, struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] in types:
                return messages


class AnotherPooler(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--pool_size=2", "--max_overflow=0", "--max_sessions=0", "--max_streams=0", "--listen_notify=off")

    @classmethod
    def make_database(cls):
        super().make_database()
        switch = Switch(postgres().dir)
        cls.addClassCleanup(switch.close)
        return f"host={switch.dir} user=postgres dbname={cls.database}"

    def test_it_is_found_by_what_calls_meet_and_they_are_answered(self):
        operations = [operation(f"{self.database}.v1.{method}", **fields) for method, fields in (
            ("GetItem", {"id": 1}), ("CreateBroom", {"broom": {"what": "SELECT 1"}}), ("GetItem", {"id": 2}))]
        for i in range(50):
            self.assertEqual(self.call("GetItem", {"id": 1 + i % 10})["name"], f"item {1 + i % 10}")
            answers = self.call("Transact", {"operations": operations})["responses"]
            self.assertEqual([answers[0]["name"], answers[2]["name"]], ["item 1", "item 2"])
        self.assertEqual(self.psql("SELECT count(*) FROM broom"), "50", "each once")
        said = [line for line in self.server.all_lines() if "a pooler is between" in line]
        self.assertEqual(len(said), 1, said)


if __name__ == "__main__":
    unittest.main()
