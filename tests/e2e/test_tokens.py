"""Which tokens are taken, by which keys, and for which calls."""

import subprocess
import time
import unittest

import grpc

from exposition import Scrape
from harness import Client, Server, wait_for
from identity import Identity, reflect
from tokens import SECRET, TokenClient, base64url, token, token_by_rsa, unsigned
from transactions import operation

LATER = 4102444800


class Tokens(Identity):
    MORE = ("--metrics_listen=127.0.0.1:0", "--jwt_audience=shop", "--jwt_issuer=https://id.example", "--pre_request=app.check_request")
    GOOD = {"role": "member", "tenant": "a", "aud": ["x", "shop"], "iss": "https://id.example", "exp": LATER}

    def refused(self, header, reason):
        with self.fails("UNAUTHENTICATED", reason) as outcome:
            self.by(header).call("ListMes")
        self.assertNotIn("marked", repr(outcome))

    def test_a_bad_one_is_refused_with_a_reason_and_not_logged(self):
        now = int(time.time())
        self.assertEqual(self.me(self.by("Bearer " + token(self.GOOD)))["role"], "member")
        marked = {**self.GOOD, "marked": "marked"}
        for change, reason in (({"exp": now - 40}, "TOKEN_EXPIRED"), ({"nbf": now + 100}, "TOKEN_NOT_YET_VALID"),
                               ({"aud": "marked"}, "TOKEN_WRONG_AUDIENCE"), ({"iss": "marked"}, "TOKEN_WRONG_ISSUER"),
                               ({"role": 7}, "TOKEN_INVALID"), ({"role": "none"}, "TOKEN_INVALID")):
            self.refused("Bearer " + token({**marked, **change}), reason)
        garbage = ["Bearer marked", "Bearer marked.marked.marked", "Bearer ", "Basic marked", "marked",
                   "Bearer " + token(marked, secret="marked, and of 32 bytes or more, too"),
                   "Bearer " + unsigned(marked, "none") + ".", "Bearer " + unsigned(marked, "HS256") + ".",
                   "Bearer " + token(marked, algorithm="HS512"), "Bearer " + token({**marked, "x": "x" * 13000})]
        for header in garbage:
            self.refused(header, "TOKEN_INVALID")
        # Beyond what gRPC takes as headers it refuses the call by itself.
        with self.assertRaises(grpc.RpcError) as caught:
            self.by("Bearer " + "marked" * 180_000).call("ListMes")
        self.assertIn(caught.exception.code(), (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE))
        log = "\n".join(self.server.all_lines())
        for text in ("marked", base64url(b"marked")[:6], "eyJ", SECRET):
            self.assertNotIn(text, log)

    def test_each_refusal_is_counted_by_its_reason(self):
        def failures():
            return {labels["reason"]: value for labels, value in Scrape(self.server).all("protogres_auth_failures_total")}

        before = failures()
        self.assertEqual(set(before), {"CERTIFICATE_NOT_MAPPED", "CERTIFICATE_ROLE", "TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_MISSING",
                                       "TOKEN_NOT_YET_VALID", "TOKEN_WRONG_AUDIENCE", "TOKEN_WRONG_ISSUER"})
        expired = self.by("Bearer " + token({**self.GOOD, "exp": 1}))
        for client in (expired, expired, self.by("Bearer nonsense"), self.by("Bearer " + token({**self.GOOD, "iss": "x"}))):
            with self.fails("UNAUTHENTICATED"):
                client.call("ListMes")
        self.me(self.by("Bearer " + token(self.GOOD)))
        grown = {reason: value - before[reason] for reason, value in failures().items() if value != before[reason]}
        self.assertEqual(grown, {"TOKEN_EXPIRED": 2, "TOKEN_INVALID": 1, "TOKEN_WRONG_ISSUER": 1})

    def test_a_large_one_is_taken(self):
        me = self.me(self.by("Bearer " + token({**self.GOOD, "groups": ["g" * 10] * 800})))
        self.assertGreater(len(me["claims"]), 10_000)

    def test_pre_request_may_refuse(self):
        with self.fails("PERMISSION_DENIED", message="this user is banned"):
            self.by("Bearer " + token({**self.GOOD, "banned": "yes"})).call("ListMes")
        with self.fails("PERMISSION_DENIED", message="this user is banned"):
            self.by("Bearer " + token({**self.GOOD, "banned": "yes"})).call(
                "CreateDocument", {"document": {"body": "x"}, "request_id": "1"})
        self.assertEqual(self.psql("SELECT count(*) FROM protogres.request"), "0")


class Keys(Identity):
    """The files of keys are read again when they change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.private = cls.folder / "private"
        subprocess.run(["openssl", "genrsa", "-out", cls.private, "2048"], capture_output=True, check=True)
        cls.public = subprocess.run(["openssl", "rsa", "-in", cls.private, "-pubout"], capture_output=True, text=True,
                                    check=True).stdout

    def takes(self, client):
        try:
            return self.me(client)["role"] == "member"
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.UNAUTHENTICATED)
            return False

    def test_a_new_key_replaces_the_old_one(self):
        claims = {"role": "member", "tenant": "a"}
        old = self.by("Bearer " + token(claims))
        new = self.by("Bearer " + token_by_rsa(claims, self.private))
        self.assertTrue(self.takes(old))
        self.assertFalse(self.takes(new))
        self.key_file.write_text(self.public)
        wait_for(lambda: self.takes(new), "the new key")
        self.assertFalse(self.takes(old))
        self.assertFalse(self.takes(self.by("Bearer " + token(claims, secret=self.public))))
        self.key_file.write_text("broken")
        wait_for(lambda: any("stay in force" in line for line in self.server.all_lines()), "the log to say so")
        self.assertTrue(self.takes(new))
        self.key_file.write_text(SECRET)
        wait_for(lambda: any("now looks like a secret" in line for line in self.server.all_lines()), "the log to say so")
        self.assertTrue(self.takes(new))
        self.assertFalse(self.takes(old), "what was public keys does not become a secret")


class NoAnonymous(Identity):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strict = Server(cls.uri, f"--jwt_key={cls.key_file}", "--reflection=authenticated")
        cls.addClassCleanup(cls.strict.close)

    def test_each_call_needs_a_token(self):
        with self.fails("UNAUTHENTICATED", "TOKEN_MISSING"):
            Client(self.strict, self.contract).call("GetNotice", {"id": 1})
        with self.fails("UNAUTHENTICATED", "TOKEN_MISSING"):
            Client(self.strict, self.contract).call("Transact", {"operations": [operation("app.v1.ListMes")]})
        stub = Client(self.strict, self.contract).channel.unary_stream("/app.v1.NoticeService/StreamNotices")
        with self.fails("UNAUTHENTICATED", "TOKEN_MISSING"):
            list(stub(b"", timeout=20))
        with self.fails("UNAUTHENTICATED", "TOKEN_MISSING"):
            reflect(Client(self.strict, self.contract))
        with self.fails("UNAUTHENTICATED", "TOKEN_INVALID"):
            reflect(TokenClient(self.strict, self.contract, "Bearer nonsense"))
        self.assertTrue(reflect(TokenClient(self.strict, self.contract, "Bearer " + token({"role": "member"}))))
        with self.fails("UNAUTHENTICATED", "TOKEN_INVALID"):
            TokenClient(self.strict, self.contract, "Bearer " + token({"sub": "x"})).call("GetNotice", {"id": 1})


class WithoutAToken(Identity):
    """What a client learns, and what the server keeps of its calls."""

    def server_with(self, *options):
        server = Server(self.uri, f"--jwt_key={self.key_file}", "--metrics_listen=127.0.0.1:0", *options)
        self.addCleanup(server.close)
        return server

    def test_its_calls_make_no_series(self):
        server = self.server_with()
        client = Client(server, self.contract)
        for method in ("GetNotice", "ListMes", "ListDocuments", "Transact"):
            with self.fails("UNAUTHENTICATED", "TOKEN_MISSING"):
                client.call(method)
        scrape = Scrape(server)
        self.assertNotIn("app.v1", scrape.text)
        self.assertNotIn("TransactionService", scrape.text)
        self.assertEqual(scrape.value("grpc_server_handled_total", grpc_service="unknown", grpc_code="Unauthenticated"), 4)
        self.assertEqual(scrape.value("grpc_server_in_flight", grpc_service="unknown"), 0)
        member = TokenClient(server, self.contract, "Bearer " + token({"role": "member"}))
        self.assertEqual(member.call("GetNotice", {"id": 1})["body"], "hello")
        with self.fails("UNAUTHENTICATED", "TOKEN_MISSING"):
            client.call("GetNotice", {"id": 1})
        scrape = Scrape(server)
        of = {"grpc_service": "app.v1.NoticeService", "grpc_method": "GetNotice", "grpc_type": "unary"}
        self.assertEqual(scrape.value("grpc_server_started_total", **of), 2)
        self.assertEqual(scrape.value("grpc_server_handled_total", grpc_code="OK", **of), 1)
        self.assertEqual(scrape.value("grpc_server_handled_total", grpc_code="Unauthenticated", **of), 1)

    def unknown(self, client, path):
        with self.fails("UNIMPLEMENTED", "UNKNOWN_METHOD") as outcome:
            client.channel.unary_unary(path)(b"", timeout=20)
        return outcome[0].message

    def test_the_error_of_an_unknown_method_names_no_more_than_reflection(self):
        paths = ("/x/y", "/app.v1.NoticeService/X", "/app.v1.Notice/GetNotice", "/protogres.v1.TransactionService/X")
        reflection = "/grpc.reflection.v1.ServerReflection/"
        header = "Bearer " + token({"role": "member"})
        off, authenticated, on = (self.server_with(f"--reflection={mode}") for mode in ("off", "authenticated", "on"))
        for client in (Client(off, self.contract), TokenClient(off, self.contract, header),
                       Client(authenticated, self.contract), TokenClient(authenticated, self.contract, header)):
            for path in (*paths, reflection + "X"):
                self.assertEqual(self.unknown(client, path), f'there is no method "{path}"')
        client = Client(on, self.contract)
        self.assertIn("GetNotice", self.unknown(client, paths[1]))
        self.assertIn("app.v1.NoticeService", self.unknown(client, paths[2]))
        self.assertIn("ServerReflectionInfo", self.unknown(client, reflection + "X"))
        self.unknown(TokenClient(off, self.contract, header), reflection + "ServerReflectionInfo")
        check = Client(off, self.contract).channel.unary_unary("/grpc.health.v1.Health/Check")
        with self.fails("NOT_FOUND"):
            check(b"\x0a\x23grpc.reflection.v1.ServerReflection", timeout=20)


if __name__ == "__main__":
    unittest.main()
