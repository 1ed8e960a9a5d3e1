"""--reflection=authenticated shows what the role of the call may use."""

import time
import unittest

from harness import PATIENCE, Server, postgres, wait_for
from identity import Identity
from tokens import TokenClient, token
from tools import hold_open

LIST = b"\x3a\x01*"


def by_filename(name):
    return b"\x1a" + bytes([len(name)]) + name.encode()


def by_symbol(name):
    return b"\x22" + bytes([len(name)]) + name.encode()


class ByRole(Identity):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strict = Server(cls.uri, f"--jwt_key={cls.key_file}", "--reflection=authenticated", "--pool_size=2",
                            "--max_overflow=0", "--max_sessions=0", "--max_streams=0")
        cls.addClassCleanup(cls.strict.close)

    def ask(self, role, *requests, version="v1"):
        """The answers of one stream, as bytes."""
        client = TokenClient(self.strict, self.contract, "Bearer " + token({"role": role}))
        stub = client.channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
        return list(stub(iter(requests), timeout=60))

    def shows(self, role, service):
        return f"app.v1.{service}Service".encode() in self.ask(role, LIST)[0]

    def test_services_of_tables_that_the_role_may_not_use_are_not_listed(self):
        for version in ("v1", "v1alpha"):
            for role, seen, hidden in (("member", ("Notice", "Document", "Me", "Slow"), ("Secret",)),
                                       ("anon", ("Notice", "Me"), ("Document", "Secret", "Slow"))):
                answer = self.ask(role, LIST, version=version)[0]
                for name in seen:
                    self.assertIn(f"app.v1.{name}Service".encode(), answer)
                for name in hidden:
                    self.assertNotIn(f"app.v1.{name}Service".encode(), answer)
                self.assertIn(b"protogres.v1.TransactionService", answer)
                self.assertIn(b"grpc.health.v1.Health", answer)

    def test_nor_are_their_files_found(self):
        asked = (by_filename("app/v1/document.proto"), by_symbol("app.v1.DocumentService"),
                 by_symbol("app.v1.DocumentService.GetDocument"), by_symbol("app.v1.GetDocumentRequest"))
        for answer in self.ask("member", *asked):
            self.assertIn(b"DocumentService", answer)
            self.assertNotRegex(answer, b"there is no (file|symbol)")
        for answer in self.ask("anon", *asked):
            self.assertRegex(answer, b"there is no (file|symbol)")
            self.assertNotIn(b"tenant", answer)
        for answer in self.ask("anon", by_filename("app/v1/notice.proto"), by_symbol("app.v1.NoticeService"),
                               by_filename("google/protobuf/empty.proto"), by_symbol("protogres.v1.TransactionService")):
            self.assertNotRegex(answer, b"there is no (file|symbol)")

    def test_nor_are_their_rows_in_the_file_of_all_rows(self):
        for asked in (by_filename("app/v1/rows.proto"), by_symbol("app.v1.Document"), by_filename("app/v1/document.proto")):
            self.assertIn(b"tenant", self.ask("member", asked)[0])
            self.assertNotIn(b"tenant", self.ask("anon", asked)[0])
        for asked in (by_symbol("app.v1.Document"), by_symbol("app.v1.Document.tenant")):
            self.assertRegex(self.ask("anon", asked)[0], b"there is no symbol")
        self.assertIn(b"Notice", self.ask("anon", by_filename("app/v1/rows.proto"))[0])

    def test_a_role_that_cannot_be_taken_sees_no_table(self):
        for role in ("outsider", "no such role", "postgres"):
            answer = self.ask(role, LIST)[0]
            self.assertNotIn(b"app.v1.", answer)
            self.assertIn(b"grpc.health.v1.Health", answer)

    def test_a_privilege_on_a_column_is_one_and_a_schema_needs_usage(self):
        self.psql("CREATE ROLE reader; CREATE ROLE stranger; GRANT reader, stranger TO authenticator; "
                  "GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT (id) ON app.document TO reader; "
                  "GRANT ALL ON app.document TO stranger")
        self.addCleanup(self.psql, "DROP OWNED BY reader, stranger; DROP ROLE reader, stranger")
        self.assertTrue(self.shows("reader", "Document"))
        self.assertFalse(self.shows("reader", "Notice"))
        self.assertFalse(self.shows("stranger", "Document"))

    def test_a_reload_shows_what_was_granted(self):
        self.psql("CREATE ROLE late; GRANT late TO authenticator; GRANT USAGE ON SCHEMA app TO late")
        self.addCleanup(self.psql, "DROP OWNED BY late; DROP ROLE late")
        self.assertFalse(self.shows("late", "Notice"))
        self.psql("GRANT SELECT ON app.notice TO late")
        self.psql("NOTIFY protogres")
        wait_for(lambda: self.shows("late", "Notice"), "the reload")

    def test_a_statement_timeout_does_not_hold_for_what_is_asked_of_the_database(self):
        strict = Server(self.uri, f"--jwt_key={self.key_file}", "--reflection=authenticated", "--statement_timeout=500ms")
        self.addCleanup(strict.close)
        # The view itself is locked: what it reads would keep everybody from connecting.
        release = hold_open(postgres().uri(self.database), "SET LOCAL allow_system_table_mods = on; "
                            "ALTER VIEW pg_catalog.pg_roles SET (security_barrier = false)")
        try:
            stub = TokenClient(strict, self.contract, "Bearer " + token({"role": "member"})).channel.stream_stream(
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            answers = stub(iter([LIST]), timeout=60 * PATIENCE)
            wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                       "wait_event_type = 'Lock'") != "0", "the question to wait")
            time.sleep(1)
        finally:
            release()
        self.assertIn(b"app.v1.DocumentService", next(answers))

    def test_many_roles_and_streams_at_once(self):
        names = [f"many_{i}" for i in range(100)]
        self.psql("; ".join(f"CREATE ROLE {name}; GRANT {name} TO authenticator; GRANT USAGE ON SCHEMA app TO {name}"
                            for name in names) + "; GRANT SELECT ON app.notice TO " + ", ".join(names[::2]))
        self.addCleanup(self.psql, f"DROP OWNED BY {', '.join(names)}; DROP ROLE {', '.join(names)}")
        # A connection may have 16 streams.
        stubs = [TokenClient(self.strict, self.contract).channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") for _ in range(14)]
        streams = [stubs[i % 14](iter([LIST] * 3), timeout=60, metadata=[("authorization", "Bearer " + token({"role": name}))])
                   for i, name in enumerate(names * 2)]
        for i, stream in enumerate(streams):
            for answer in stream:
                self.assertEqual(b"app.v1.NoticeService" in answer, i % 2 == 0)
                self.assertNotIn(b"app.v1.DocumentService", answer)

    def test_streams_that_end_while_the_database_is_asked_harm_nothing(self):
        client = TokenClient(self.strict, self.contract)
        stub = client.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        for i in range(100):
            stream = stub(iter([LIST]), timeout=60, metadata=[("authorization", "Bearer " + token({"role": f"gone {i}"}))])
            time.sleep(0.001 * (i % 3))
            stream.cancel()
        self.assertTrue(self.shows("member", "Document"))


if __name__ == "__main__":
    unittest.main()
