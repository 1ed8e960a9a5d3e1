"""As whom calls run behind a pooler: the pooler gives them sessions in which other clients have left a role."""

import concurrent.futures
import itertools
import json
import subprocess
import unittest

from bulk import import_rows, stream_rows
from harness import Client, Server, ServedTestCase, postgres
from identity import Identity, reflect
from pgbouncer import PgBouncer, ThroughPgBouncer
from test_lost_statements import Switch
from test_request_id import install
from tokens import TokenClient, token
from transactions import Session, operation

LEFT = "SET ROLE pg_monitor; SET search_path = nowhere"
SQL = """
CREATE TABLE item (id integer PRIMARY KEY, who text DEFAULT current_user);
INSERT INTO item SELECT i FROM generate_series(1, 10) i;
CREATE VIEW me AS SELECT 1 AS id, current_user::text AS who, current_setting('search_path') AS path;
"""


def leave(uri, sql):
    """Runs it as another client of the pooler."""
    subprocess.run(["psql", "-X", "-q", "-d", uri, "-v", "ON_ERROR_STOP=1", "-c", sql], check=True, stdout=subprocess.DEVNULL)


class FoundLate(ServedTestCase):
    """The call that finds the pooler, in a session that another client has left with a role of its own."""

    SQL = SQL
    OPTIONS = ("--pool_size=1", "--max_overflow=0", "--max_sessions=0", "--max_streams=0", "--listen_notify=off")
    CALLS = (("GetItem", {"id": 1}), ("ListMes", {}), ("UpdateItem", {"item": {"id": 2, "who": "x"}}),
             ("CreateItem", {"item": {"id": 11}, "validate_only": True}),
             ("BatchGetItems", {"requests": [{"id": 3}, {"id": 4}]}), ("ListItems", {"page_size": 3}))

    @classmethod
    def make_database(cls):
        cls.direct = super().make_database()
        return cls.direct

    def served_late(self):
        """A client of a fresh server, and what sends each later transaction to the other client's session."""
        sessions = {"of": 0}
        switch = Switch(postgres().dir, lambda servers: servers[sessions["of"]], LEFT)
        self.addCleanup(switch.close)
        server = Server(f"host={switch.dir} user=postgres dbname={self.database}", *self.OPTIONS)
        self.addCleanup(server.close)
        return server, Client(server, self.contract), lambda: sessions.update(of=1)

    def test_it_runs_as_the_role_that_connects(self):
        for method, request in self.CALLS:
            with self.subTest(method):
                server, client, move = self.served_late()

                def call():
                    return {name: value for name, value in client.call(method, request).items() if name != "etag"}

                for _ in range(3):
                    expected = call()
                self.assertNotIn("a pooler is between", "\n".join(server.all_lines()))
                move()
                self.assertEqual(call(), expected)
                self.assertEqual(call(), expected)
                self.assertIn("a pooler is between", "\n".join(server.all_lines()))


class Purge(ThroughPgBouncer, ServedTestCase):
    """What the server does after a COMMIT, it does as itself."""

    SQL = SQL
    POOL_SIZE = 1
    OPTIONS = ("--request_id_ttl=1s", "--listen_notify=off")

    @classmethod
    def make_database(cls):
        uri = super().make_database()
        installed = install(postgres().uri(cls.database))
        assert installed.returncode == 0, installed.stderr
        return uri

    def test_old_records_of_request_ids_go(self):
        self.psql("INSERT INTO protogres.request VALUES ('old', 'x', 'y', now() - interval '1 day')")
        leave(self.uri, LEFT)
        for i in range(1000):  # one of 64 looks for them
            self.call("UpdateItem", {"item": {"id": 1, "who": "x"}, "request_id": str(i)})
            if i % 20 == 0 and self.psql("SELECT count(*) FROM protogres.request WHERE id = 'old'") == "0":
                break
            self.assertNotIn("old records stay", self.server.log())
        self.assertEqual(self.psql("SELECT count(*) FROM protogres.request WHERE id = 'old'"), "0")


class Reflection(Identity):
    """What reflection shows does not depend on the role that another client has left."""

    def test_it_is_what_the_role_of_the_call_may_use(self):
        sessions = {"of": 0}
        switch = Switch(postgres().dir, lambda servers: servers[sessions["of"]], "SET ROLE member")
        self.addCleanup(switch.close)
        server = Server(self.uri.replace(postgres().dir, switch.dir), *self.OPTIONS, "--reflection=authenticated",
                        "--listen_notify=off", "--pool_size=1", "--max_overflow=0", "--max_sessions=0", "--max_streams=0")
        self.addCleanup(server.close)
        sessions["of"] = 1
        for role, shown in (("anon", ("Notice", "Me")), ("member", ("Notice", "Me", "Document", "Slow"))):
            answer = reflect(TokenClient(server, self.contract, "Bearer " + token({"role": role})))
            for name in ("Notice", "Me", "Document", "Slow", "Secret"):
                self.assertEqual(f"app.v1.{name}Service".encode() in answer, name in shown, (role, name))


class Roles:
    """Many clients of several roles at once, from the first calls of a fresh server on. What others have left in the
    sessions of PostgreSQL are a role that the calls could have, and claims."""

    MORE = ("--listen_notify=off", "--group_commit", "--pool_size=16", "--max_overflow=4", "--max_sessions=9",
            "--max_streams=9")
    LEFT = """SET ROLE member; SET request.jwt.claims = '{"role":"member","tenant":"left"}'; SET search_path = nowhere"""
    ROUNDS = 3
    CALLERS = 9

    @classmethod
    def make_database(cls):
        return cls.through_a_pooler(super().make_database())

    def client_of(self, server, tenant):
        header = "Bearer " + token({"role": "member", "tenant": tenant}) if tenant else None
        return TokenClient(server, self.contract, header)

    def whose(self, client, tenant, number):
        """What tells of each kind of call as whom it has run, where it should say `tenant` or "anon"."""
        me = self.me(client)
        yield "read", me["role"] if not tenant else json.loads(me["claims"])["tenant"] if me["role"] == "member" else me
        answer = client.call("Transact", {"operations": [operation("app.v1.ListMes")] * 2})
        yield "transact", *{json.loads(one["mes"][0]["claims"]).get("tenant", "anon") for one in answer["responses"]}
        session = Session(client, {})
        yield "session", json.loads(session.run("app.v1.ListMes")["mes"][0]["claims"]).get("tenant", "anon")
        session.rollback()
        yield "stream", *{json.loads(row["claims"]).get("tenant", "anon") for row in stream_rows(client, "StreamMes")}
        if not tenant:
            return
        body = f"{tenant} {number}"
        made = client.call("CreateDocument", {"document": {"body": body}})
        yield "create", made["tenant"]
        once = client.call("CreateDocument", {"document": {"body": f"{body} once"}, "request_id": body})
        yield "request_id", once["tenant"]
        yield "get", client.call("GetDocument", {"id": made["id"]})["tenant"]
        yield "list", *{row["tenant"] for row in client.call("ListDocuments")["documents"]}
        import_rows(client, "ImportDocuments", [{"body": f"{body} import {n}"} for n in range(3)])

    def test_each_call_has_its_own(self):
        for round_ in range(self.ROUNDS):
            server = Server(self.uri, *self.OPTIONS)
            self.addCleanup(server.close)
            clients = [(tenant, self.client_of(server, tenant)) for tenant in ("a", "b", None)]

            def work(caller):
                tenant, client = clients[caller % len(clients)]
                return [(tenant or "anon", kind, *said) for i in range(3)
                        for kind, *said in self.whose(client, tenant, f"{round_} {caller} {i}")]

            with concurrent.futures.ThreadPoolExecutor(self.CALLERS) as threads:
                for expected, kind, *said in itertools.chain(*threads.map(work, range(self.CALLERS))):
                    self.assertEqual(said, [expected], kind)
            self.assertIn("a pooler is between", "\n".join(server.all_lines()))
        self.assertEqual(self.psql("SELECT count(*) FROM app.document WHERE body NOT LIKE tenant || ' %'"), "0")
        self.assertGreater(int(self.psql("SELECT count(*) FROM app.document WHERE body LIKE '%import%'")), 0)


class RolesThroughPgBouncer(Roles, Identity):
    @classmethod
    def through_a_pooler(cls, uri):
        pgbouncer = PgBouncer(postgres(), "transaction", 4)
        cls.addClassCleanup(pgbouncer.close)
        pooled = uri.replace(postgres().dir, pgbouncer.dir)
        with concurrent.futures.ThreadPoolExecutor(4) as threads:  # one in each session
            list(threads.map(lambda _: leave(pooled, f"BEGIN; SELECT pg_sleep(1); {cls.LEFT}; COMMIT"), range(4)))
        return pooled


class RolesFoundLate(Roles, Identity):
    """A pooler that gives itself away by nothing."""

    @classmethod
    def through_a_pooler(cls, uri):
        switch = Switch(postgres().dir, left=cls.LEFT)
        cls.addClassCleanup(switch.close)
        return uri.replace(postgres().dir, switch.dir)


if __name__ == "__main__":
    unittest.main()
