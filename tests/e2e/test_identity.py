"""Who may do what: PostgreSQL decides, and no call sees what is another's."""

import concurrent.futures
import unittest

import grpc

from bulk import import_rows, stream_rows
from harness import wait_for
from identity import Identity, reflect
from tokens import base64url, token, unsigned
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
        clients = [self.member("a", sub=i) for i in range(300)]
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


if __name__ == "__main__":
    unittest.main()
