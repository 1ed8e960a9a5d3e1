"""A client's certificate gives it its role: --tls_role and --role_map."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import grpc

from certificates import Authority
from harness import BINARY, Server, wait_for
from identity import Identity, reflect
from tokens import TokenClient, token

MAP = '''\
# name            roles
orders.internal   member
"spiffe://shop/web"  anon, member   # the first is that of a call without a token
Ops               member
"Zoë, of ""ops""" anon
'''


class Certified(Identity):
    WHICH = "san"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(pathlib.Path(folder.name))
        cls.map_file = pathlib.Path(folder.name) / "roles"
        super().setUpClass()
        cls.write_map(MAP)
        cls.certified = cls.start(f"--jwt_key={cls.key_file}")

    @classmethod
    def start(cls, *options):
        server = Server(cls.uri, *cls.authority.server_options(), f"--tls_role={cls.WHICH}", f"--role_map={cls.map_file}",
                        *options)
        cls.addClassCleanup(server.close)
        return server

    @classmethod
    def write_map(cls, text):
        new = cls.map_file.with_suffix(".new")
        new.write_text(text)
        new.rename(cls.map_file)

    def client_of(self, pair, claims=None, server=None):
        header = None if claims is None else "Bearer " + token(claims)
        server = server or self.certified
        return TokenClient(server, self.contract, header, channel=self.authority.channel(server, pair))

    def refused(self, pair, reason, message, code="UNAUTHENTICATED", claims=None):
        with self.fails(code, reason, message=message):
            self.client_of(pair, claims).call("ListMes")


class AlternativeNames(Certified):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.orders = cls.authority.make("orders", "/CN=Ops", "DNS:other.internal,DNS:orders.internal")
        cls.web = cls.authority.make("web", "/CN=x", "URI:spiffe://shop/web,email:orders.internal@shop")
        cls.nobody = cls.authority.make("nobody", "/CN=orders.internal", "DNS:nobody.internal,IP:127.0.0.1")

    def test_the_first_name_that_is_mapped_gives_the_role(self):
        me = self.me(self.client_of(self.orders))
        self.assertEqual((me["role"], me["session"]), ("member", "authenticator"))
        self.assertEqual(json.loads(me["claims"]), {"role": "member", "sub": "orders.internal"})
        me = self.me(self.client_of(self.web))
        self.assertEqual(json.loads(me["claims"]), {"role": "anon", "sub": "spiffe://shop/web"})

    def test_one_that_is_not_mapped_is_refused(self):
        self.refused(self.nobody, "CERTIFICATE_NOT_MAPPED", '"nobody.internal"$')
        only_cn = self.authority.make("only_cn", "/CN=orders.internal")
        self.refused(only_cn, "CERTIFICATE_NOT_MAPPED", "has no DNS name or URI")
        self.refused(self.nobody, "CERTIFICATE_NOT_MAPPED", "nobody", claims={"role": "member", "tenant": "a"})

    def test_a_token_may_name_another_of_its_roles(self):
        claims = {"role": "member", "tenant": "a"}
        for pair in (self.orders, self.web):
            me = self.me(self.client_of(pair, claims))
            self.assertEqual((me["role"], json.loads(me["claims"])), ("member", claims))
        self.refused(self.orders, "CERTIFICATE_ROLE", '"anon"', "PERMISSION_DENIED", claims={"role": "anon"})
        self.refused(self.orders, "CERTIFICATE_ROLE", '"outsider"', "PERMISSION_DENIED", claims={"role": "outsider"})
        # The same token beside another certificate.
        self.assertEqual(self.me(self.client_of(self.web, {"role": "anon"}))["role"], "anon")
        self.refused(self.orders, "CERTIFICATE_ROLE", '"anon"', "PERMISSION_DENIED", claims={"role": "anon"})

    def test_a_token_without_a_role_has_that_of_the_certificate(self):
        for pair, role in ((self.orders, "member"), (self.web, "anon"), (self.orders, "member")):
            me = self.me(self.client_of(pair, {"sub": "zoe", "tenant": "b"}))
            self.assertEqual((me["role"], json.loads(me["claims"])), (role, {"sub": "zoe", "tenant": "b"}))

    def test_a_bad_token_is_refused_whatever_the_certificate(self):
        self.refused(self.orders, "TOKEN_EXPIRED", "expired", claims={"role": "member", "exp": 1})
        without_keys = self.start()
        with self.fails("UNAUTHENTICATED", "TOKEN_INVALID", message="--jwt_key"):
            self.client_of(self.orders, {"role": "member"}, without_keys).call("ListMes")
        self.assertEqual(self.me(self.client_of(self.orders, server=without_keys))["role"], "member")

    def test_the_rows_are_those_of_the_role(self):
        self.fill(2)
        client = self.client_of(self.orders, {"tenant": "a"})
        self.assertEqual(self.bodies(client.call("ListDocuments")), ["of a 0", "of a 2"])
        with self.fails("PERMISSION_DENIED"):
            self.client_of(self.web).call("ListDocuments")

    def test_a_request_id_is_of_one_certificate(self):
        self.psql("ALTER TABLE app.document ALTER tenant SET DEFAULT 'a'; ALTER TABLE app.document DISABLE ROW LEVEL SECURITY")
        self.addCleanup(self.psql, "ALTER TABLE app.document ALTER tenant SET DEFAULT app.tenant(); "
                                   "ALTER TABLE app.document ENABLE ROW LEVEL SECURITY")
        request = {"document": {"body": "once"}, "request_id": "1"}
        first = self.client_of(self.orders).call("CreateDocument", request)
        self.assertEqual(self.client_of(self.orders).call("CreateDocument", request), first)
        with self.fails("INVALID_ARGUMENT", "REQUEST_ID_REUSED"):
            self.client_of(self.web, {"role": "member"}).call("CreateDocument", request)

    def test_health_needs_no_role_and_reflection_may(self):
        strict = self.start("--reflection=authenticated")
        channel = self.authority.channel(strict, self.nobody)
        channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)
        self.assertTrue(reflect(self.client_of(self.orders, server=strict)))
        with self.fails("UNAUTHENTICATED", "CERTIFICATE_NOT_MAPPED"):
            reflect(self.client_of(self.nobody, server=strict))


class CommonNames(Certified):
    WHICH = "cn"

    def test_the_common_name_gives_the_role(self):
        ops = self.authority.make("ops", "/O=shop/CN=Ops", "DNS:nobody.internal")
        self.assertEqual(json.loads(self.me(self.client_of(ops))["claims"]), {"role": "member", "sub": "Ops"})
        quoted = self.authority.make("quoted", '/CN=Zoë, of "ops"')
        self.assertEqual(json.loads(self.me(self.client_of(quoted))["claims"]), {"role": "anon", "sub": 'Zoë, of "ops"'})
        self.refused(self.authority.make("lower", "/CN=ops", "DNS:Ops"), "CERTIFICATE_NOT_MAPPED", '"ops"$')
        self.refused(self.authority.make("none", "/O=Ops"), "CERTIFICATE_NOT_MAPPED", "has no common name")


class TheMap(Certified):
    def setUp(self):
        super().setUp()
        self.write_map(MAP)
        self.pair = self.authority.make("client", "/CN=x", "DNS:new.internal")

    def takes(self):
        try:
            return self.me(self.client)["role"]
        except grpc.RpcError as error:
            return error.code().name

    def test_it_is_read_again_when_it_changes(self):
        self.client = self.client_of(self.pair)
        self.assertEqual(self.takes(), "UNAUTHENTICATED")
        self.write_map("new.internal member\n")
        wait_for(lambda: self.takes() == "member", "the new map")
        for broken, message in (("new.internal anon", "line 1: the last line does not end"), ("", "has no line"),
                                ("a b\nnew.internal\n", "line 2: a role is missing"),
                                ("a b\na c\n", "line 2: an earlier line has the same name")):
            self.write_map(broken)
            wait_for(lambda: any("stays in force: " + message in line for line in list(self.certified.lines)), message)
            self.assertEqual(self.takes(), "member")
        self.map_file.unlink()
        wait_for(lambda: any("stays in force: cannot be read" in line for line in list(self.certified.lines)), "the log")
        self.assertEqual(self.takes(), "member")
        self.write_map("new.internal anon\n")
        wait_for(lambda: self.takes() == "anon", "the newest map")
        self.write_map("x anon\n")
        wait_for(lambda: self.takes() == "UNAUTHENTICATED", "the newest map")

    def fails_to_start(self, *options):
        done = subprocess.run([BINARY, "serve", f"--database={self.uri}", "--listen=127.0.0.1:0", *options],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_what_cannot_be_is_said_at_the_start(self):
        tls = self.authority.server_options()
        role_map = f"--role_map={self.map_file}"
        self.assertIn("--tls_role needs --tls_client_ca", self.fails_to_start(*tls[:2], "--tls_role=san", role_map))
        self.assertIn("--tls_role needs --role_map", self.fails_to_start(*tls, "--tls_role=san"))
        self.assertIn("--role_map needs --tls_role", self.fails_to_start(*tls, role_map))
        self.assertIn("--anon_role has no use", self.fails_to_start(*tls, "--tls_role=cn", role_map, "--anon_role=anon"))
        for text, message in (("a none\n", 'line 1: "none" is no role'), ("\n\na b c\n", "line 3: several roles"),
                              ('"a b\n', "line 1: a quote has no end"), ("# nothing\n", "has no line")):
            self.write_map(text)
            self.assertIn(f"{role_map}: {message}", self.fails_to_start(*tls, "--tls_role=cn", role_map))
        self.map_file.unlink()
        self.assertIn(f"{role_map}: cannot be read", self.fails_to_start(*tls, "--tls_role=cn", role_map))


if __name__ == "__main__":
    unittest.main()
