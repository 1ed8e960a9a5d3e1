"""Who may do what: PostgreSQL decides, and no call sees what is another's."""

import concurrent.futures
import unittest

import grpc

import identity
from bulk import import_rows, stream_rows
from harness import Client, Server, wait_for
from identity import Identity, reflect
from tokens import TokenClient, base64url, token, unsigned
from transactions import Session, operation

LATER = 4102444800


class PostgresDecides(Identity):
    def test_a_call_runs_with_the_role_the_claims_and_the_method(self):
        payload = {"role": "member", "tenant": "a", "name": "Zoë \"x\" 'y'"}
        me = self.me(self.by("bearer " + token(payload)))
        self.assertEqual((me["role"], me["session"]), ("member", "authenticator"))
        self.assertEqual(me["method"], "/app.v1.MeService/ListMes")
        part = unsigned(payload, "HS256").split(".")[1]
        self.assertEqual(base64url(me["claims"].encode()), part)
        self.assertEqual(self.me(self.client) | {"method": ""},
                         {"role": "anon", "session": "authenticator", "claims": '{"role":"anon"}', "method": ""})

    def test_it_serves_what_some_role_may_use(self):
        self.assertEqual(self.client.call("GetNotice", {"id": 1})["body"], "hello")
        with self.fails("PERMISSION_DENIED", "PERMISSION_DENIED"):
            self.client.call("ListDocuments")
        self.assertNotIn("GetSecret", self.client.methods)
        self.assertIn("CreateDocument", self.client.methods)
        self.assertNotIn("CreateNotice", self.client.methods)

    def test_a_role_must_be_one_that_the_authenticator_can_become(self):
        for role in ("outsider", "postgres", "no such role", "member; DROP TABLE app.notice", "MEMBER"):
            with self.fails("PERMISSION_DENIED", "PERMISSION_DENIED"):
                self.by("Bearer " + token({"role": role})).call("GetNotice", {"id": 1})
        self.assertEqual(self.me(self.by("Bearer " + token({"sub": "x"})))["role"], "anon")

    def test_no_method_shows_or_changes_the_rows_of_another(self):
        self.fill()
        of_a = self.a.call("GetDocument", {"id": 1})
        read = self.b.call
        self.assertEqual(self.bodies(read("ListDocuments", {"count_total": True, "filter": "n >= 0"})),
                         ["of b 1", "of b 3", "of b 5"])
        with self.fails("NOT_FOUND"):
            read("GetDocument", {"id": of_a["id"]})
        with self.fails("NOT_FOUND"):
            read("BatchGetDocuments", {"requests": [{"id": of_a["id"]}]})
        for method, request in (("UpdateDocument", {"document": {"id": of_a["id"], "body": "mine"}}),
                                ("UpdateDocument", {"document": {"id": of_a["id"], "body": "mine", "etag": of_a["etag"]}}),
                                ("DeleteDocument", {"id": of_a["id"]}),
                                ("DeleteDocument", {"id": of_a["id"], "etag": of_a["etag"]})):
            with self.fails("NOT_FOUND") as outcome:
                read(method, request)
            self.assertNotIn("of a", repr(outcome))
        self.assertEqual(read("UpdateDocumentsWhere", {"document": {"n": 9}, "filter": "n >= 0"}), {"affected": "3"})
        self.assertEqual(read("DeleteDocumentsWhere", {"filter": "n >= 0"}), {"affected": "3"})
        for request in ({"body": "of a 0"}, {"id": of_a["id"], "body": "mine"}, {"tenant": "a", "body": "theirs"}):
            with self.fails("PERMISSION_DENIED" if "tenant" in request else "ALREADY_EXISTS") as outcome:
                read("CreateDocument", {"document": request})
            self.assertNotIn("of a", repr(outcome))
        self.assertEqual(self.bodies(self.a.call("ListDocuments")), ["of a 0", "of a 2", "of a 4"])

    def test_nor_do_streams_imports_and_page_tokens(self):
        self.fill(200)
        self.assertEqual(self.bodies({"documents": stream_rows(self.b, "StreamDocuments")}),
                         [f"of b {n}" for n in range(1, 400, 2)])
        self.assertEqual(import_rows(self.b, "ImportDocuments", [{"body": f"new {n}"} for n in range(100)],
                                     [{"body": f"new {n}", "n": n} for n in range(100, 200)]), 200)
        self.assertEqual(self.psql("SELECT tenant, count(*) FROM app.document WHERE body LIKE 'new%' GROUP BY 1"), "b|200")
        rows = [{"body": f"newer {n}"} for n in range(100)]
        more = [{"body": f"newest {n}", "tenant": "b"} for n in range(70)]
        with self.fails("PERMISSION_DENIED", message=r"^messages\[1\]\.documents\[70\]: .*; nothing was imported$"):
            import_rows(self.b, "ImportDocuments", rows, [*more, {"tenant": "a", "body": "x"}])
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION", message=r"^messages\[2\]\.documents\[1\]"):
            import_rows(self.b, "ImportDocuments", rows, more, [{"body": "last"}, {"body": "bad"}])
        self.assertEqual(self.psql("SELECT count(*) FROM app.document WHERE body LIKE 'newe%'"), "0")
        token_of_a = self.a.call("ListDocuments", {"page_size": 10})["next_page_token"]
        page = self.b.call("ListDocuments", {"page_size": 10, "page_token": token_of_a})
        self.assertTrue(all(body.startswith("of b") for body in self.bodies(page)), page)

    def test_nor_do_transactions(self):
        self.fill(1)
        get = operation("app.v1.GetDocument", id=1)
        with self.fails("NOT_FOUND"):
            self.b.call("Transact", {"operations": [operation("app.v1.GetDocument", id=2), get]})
        session = Session(self.b, {})
        self.addCleanup(session.cancel)
        self.assertEqual(session.run("app.v1.GetDocument", id=2)["body"], "of b 1")
        self.assertEqual(session.error("app.v1.GetDocument", id=1)["code"], 5)
        self.assertEqual(session.run("app.v1.ListMes")["mes"][0]["role"], "member")
        session.send({"savepoint": "x"})
        session.error("app.v1.CreateDocument", document={"body": "bad"})
        session.send({"rollback_to": "x"})
        me = session.run("app.v1.ListMes")["mes"][0]
        self.assertEqual((me["role"], me["method"]), ("member", "/protogres.v1.TransactionService/Session"))
        session.run("app.v1.CreateDocument", document={"body": "in a session"})
        session.commit()
        self.assertEqual(self.psql("SELECT tenant FROM app.document WHERE body = 'in a session'"), "b")

    def test_a_request_id_is_of_one_identity(self):
        request = {"document": {"body": "once"}, "request_id": "1"}
        first = self.a.call("CreateDocument", request)
        self.assertEqual(first["tenant"], "a")
        self.assertEqual(self.a.call("CreateDocument", request), first)
        self.assertEqual(self.member("a", exp=LATER, jti="other").call("CreateDocument", request), first)
        for client in (self.b, self.member("a", sub="other")):
            with self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED") as outcome:
                client.call("CreateDocument", request)
            self.assertNotIn("once", repr(outcome))
        with self.fails("PERMISSION_DENIED"):
            self.client.call("CreateDocument", {"document": {"body": "anonymous"}, "request_id": "2"})
        answer = self.a.call("Transact", {"operations": [operation("app.v1.ListMes")], "request_id": "3"})
        self.assertEqual(answer["responses"][0]["mes"][0]["role"], "member")
        self.assertEqual(self.psql("SELECT count(*) FROM app.document"), "1")

    def test_a_request_id_outlives_a_login(self):
        """A retry with a token of a later login gets the recorded answer; another user never does, nor the same one for
        another tenant."""
        request = {"document": {"body": "once"}, "request_id": "1"}
        who = {"sub": "zoe", "iss": "https://id.example"}
        first = self.member("a", **who, auth_time=1, sid="s1", amr=["pwd"], nonce="n1", iat=1).call("CreateDocument", request)
        again = self.member("a", **who, auth_time=2, sid="s2", amr=["pwd", "otp"], jti="2", iat=2)
        self.assertEqual(again.call("CreateDocument", request), first)
        for other in (self.member("a", **{**who, "sub": "max"}), self.member("a", **{**who, "iss": "https://evil.example"}),
                      self.member("b", **who), self.member("a", **who, acr="1"), self.member("a", sid="s1", iat=1)):
            with self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED") as outcome:
                other.call("CreateDocument", request)
            self.assertNotIn("once", repr(outcome))
        self.assertEqual(self.psql("SELECT count(*) FROM app.document"), "1")

    def test_a_request_id_is_of_one_session_where_nothing_else_names_the_user(self):
        request = {"document": {"body": "once"}, "request_id": "1"}
        first = self.member("a", sid="s1", iat=1).call("CreateDocument", request)
        self.assertEqual(self.member("a", sid="s1", iat=2).call("CreateDocument", request), first)
        with self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED"):
            self.member("a", sid="s2").call("CreateDocument", request)

    def test_health_and_reflection_need_no_token(self):
        self.by("Bearer nonsense").channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)
        self.assertTrue(reflect(self.client))


class Together(Identity):
    """Calls that wait together share statements and transactions only within one Identity."""

    MORE = ("--group_commit", "--pool_size=2", "--max_overflow=0", "--max_sessions=0", "--max_streams=1")

    def test_reads(self):
        self.fill(20)
        clients = {"a": self.a, "b": self.b, "": self.client}

        def get(i):
            tenant = ("a", "b", "")[i % 3]
            wanted = i % 40 + 1
            try:
                return tenant, wanted, clients[tenant].call("GetDocument", {"id": wanted})["body"]
            except grpc.RpcError as error:
                return tenant, wanted, error.code()

        with concurrent.futures.ThreadPoolExecutor(48) as pool:
            answers = list(pool.map(get, range(3000)))
        for tenant, wanted, answer in answers:
            owner = "ab"[(wanted - 1) % 2]
            expected = (grpc.StatusCode.PERMISSION_DENIED if not tenant else
                        f"of {owner} {wanted - 1}" if owner == tenant else grpc.StatusCode.NOT_FOUND)
            self.assertEqual(answer, expected, (tenant, wanted))

    def test_writes(self):
        clients = [self.member(str(i)) for i in range(8)]

        def create(i):
            return clients[i % 8].call("CreateDocument", {"document": {"body": str(i)}})["tenant"]

        with concurrent.futures.ThreadPoolExecutor(48) as pool:
            tenants = list(pool.map(create, range(800)))
        self.assertEqual(tenants, [str(i % 8) for i in range(800)])
        self.assertEqual(self.psql("SELECT count(*) FROM app.document WHERE tenant::int = body::int % 8"), "800")

    def test_many_identities(self):
        channels = [self.server.channel() for _ in range(8)]
        headers = ["Bearer " + token({"role": "member", "tenant": "a", "sub": i}) for i in range(300)]
        clients = [TokenClient(self.server, self.contract, header, channels[i % 8]) for i, header in enumerate(headers)]
        self.fill(1)
        with concurrent.futures.ThreadPoolExecutor(48) as pool:
            bodies = list(pool.map(lambda client: client.call("GetDocument", {"id": 1})["body"], clients * 2))
        self.assertEqual(set(bodies), {"of a 0"})


class NothingStays(Identity):
    """The role never outlives its transaction: all calls here share one connection."""

    MORE = ("--pool_size=1", "--max_overflow=0", "--max_sessions=0", "--max_streams=0")

    def tearDown(self):
        me = self.me(self.client)
        self.assertEqual((me["role"], me["claims"]), ("anon", '{"role":"anon"}'))

    def test_after_a_call(self):
        self.a.call("CreateDocument", {"document": {"body": "x"}})

    def test_after_a_failed_statement(self):
        with self.fails("INVALID_ARGUMENT"):
            self.a.call("CreateDocument", {"document": {"body": "bad"}})

    def test_after_a_failed_transaction(self):
        with self.fails("NOT_FOUND"):
            self.a.call("Transact", {"operations": [operation("app.v1.GetDocument", id=1)], "request_id": "9"})

    def test_after_a_cancel(self):
        with self.fails("DEADLINE_EXCEEDED"):
            self.a.raw("ListSlows", {}, timeout=0.3)
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%slow%' AND state = 'active' "
                                   "AND pid <> pg_backend_pid()") == "0", "the statement to end")

    def test_after_a_role_that_cannot_be_taken(self):
        with self.fails("PERMISSION_DENIED"):
            self.by("Bearer " + token({"role": "outsider"})).call("ListMes")


class Plans(Identity):
    """What --require_index has found of a statement is of one role: policies give another role another plan."""

    MORE = ("--require_index=1000",)
    SQL = identity.SQL + """
        CREATE TABLE app.big (id int PRIMARY KEY, note text);
        INSERT INTO app.big SELECT g, 'note ' || g FROM generate_series(1, 5000) AS g;
        ALTER TABLE app.big ENABLE ROW LEVEL SECURITY;
        CREATE POLICY few ON app.big TO member USING (id < 100);
        CREATE POLICY every ON app.big TO anon USING (true);
        GRANT SELECT ON app.big TO anon, member;
        ANALYZE app.big;
    """

    def test_each_role_has_its_own(self):
        def takes(client, note):
            self.assertEqual(len(client.call("ListBigs", {"filter": note})["bigs"]), 1)

        def refuses(client, note):
            with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED"):
                client.call("ListBigs", {"filter": note})

        for _ in range(2):
            takes(self.a, 'note = "note 7"')
            refuses(self.client, 'note = "note 7"')
            refuses(self.client, 'note = "note 8" OR note = "none"')
            takes(self.a, 'note = "note 8" OR note = "none"')

    def test_also_in_a_transaction(self):
        request = operation("app.v1.ListBigs", filter='note = "note 9"')
        for _ in range(2):
            with self.fails("FAILED_PRECONDITION", "INDEX_REQUIRED"):
                self.client.call("Transact", {"operations": [request]})
            self.assertEqual(len(self.a.call("Transact", {"operations": [request]})["responses"][0]["bigs"]), 1)


class Traced(Identity):
    """--trace_sql: PostgreSQL shows for which call it works."""

    MORE = ("--trace_sql", "--pool_size=2", "--max_overflow=0", "--max_sessions=0", "--max_streams=1")
    SQL = identity.SQL + """
        CREATE VIEW app.tracing_with_quite_a_very_long_name AS
          SELECT 1 AS id, current_setting('application_name') AS name, current_user::text AS role;
        GRANT SELECT ON app.tracing_with_quite_a_very_long_name TO anon, member;
        GRANT SELECT ON app.tracing_with_quite_a_very_long_name TO authenticator;
        CREATE VIEW app.now AS SELECT 1 AS id, current_setting('application_name') AS name;
        GRANT SELECT ON app.now TO anon, member, authenticator;
        GRANT USAGE ON SCHEMA app TO authenticator;
    """
    TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
    HEADER = f"00-{TRACE}-00f067aa0ba902b7-01"

    def name(self, client, *headers):
        rows = client.raw("ListNows", metadata=[("traceparent", header) for header in headers]).nows
        return rows[0].name

    def test_the_method_and_the_trace_are_shown_while_the_call_runs(self):
        without = Server(self.uri, "--trace_sql")
        self.addCleanup(without.close)
        for client in (self.a, self.client, Client(without, self.contract)):
            self.assertEqual(self.name(client, self.HEADER), "ListNows " + self.TRACE)
            self.assertEqual(self.name(client), "ListNows")
            self.assertEqual(self.name(client, self.HEADER.upper()), "ListNows")
            self.assertEqual(self.name(client, "'; DROP TABLE app.notice; --"), "ListNows")
            long_name = "ListTracingWithQuiteAVeryLongNames"
            answer = client.call(long_name, metadata=[("traceparent", self.HEADER)])
            shown = answer["tracing_with_quite_a_very_long_names"][0]["name"]
            self.assertEqual(shown, f"{long_name[:30]} {self.TRACE}")
            self.assertLessEqual(len(shown), 63)

    def test_nothing_of_it_stays(self):
        self.name(self.a, self.HEADER)
        with self.fails("INVALID_ARGUMENT"):
            self.a.call("CreateDocument", {"document": {"body": "bad"}}, metadata=[("traceparent", self.HEADER)])
        names = self.psql("SELECT DISTINCT application_name FROM pg_stat_activity WHERE usename = 'authenticator' "
                          "AND state = 'idle'")
        self.assertNotIn(self.TRACE, names)
        self.assertNotIn("Document", names)

    def test_another_session_sees_who_holds_it_up(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(lambda: self.a.raw("ListSlows", {}, timeout=5, metadata=[("traceparent", self.HEADER)]))
            wait_for(lambda: self.psql("SELECT application_name FROM pg_stat_activity WHERE state = 'active' "
                                       "AND usename = 'authenticator'") == "ListSlows " + self.TRACE, "the call to be shown")
            self.assertIsInstance(slow.exception(), grpc.RpcError)


if __name__ == "__main__":
    unittest.main()
