"""JSON Web Tokens for tests, and a client that sends one with each call."""

import base64
import collections
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile

import grpc

from harness import Client, ServedTestCase, postgres

SECRET = "a secret of the tests, of 32 bytes and more"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims, algorithm):
    return ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims))


def token(claims, secret=SECRET, algorithm="HS256"):
    text = unsigned(claims, algorithm)
    return text + "." + base64url(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def token_by_rsa(claims, private_key):
    """`private_key`: the path of a PEM file."""
    text = unsigned(claims, "RS256")
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", private_key], input=text.encode(), capture_output=True,
                            check=True)
    return text + "." + base64url(signed.stdout)


class _Details(collections.namedtuple("Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready",
                                                  "compression")), grpc.ClientCallDetails):
    pass


class _WithHeader(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor,
                  grpc.StreamStreamClientInterceptor):
    def __init__(self, value):
        self.value = value

    def _call(self, go_on, details, request):
        metadata = [*(details.metadata or ()), ("authorization", self.value)]
        return go_on(_Details(details.method, details.timeout, metadata, details.credentials, details.wait_for_ready, None),
                     request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _call


class TokenClient(Client):
    """A Client that sends `authorization: <header>` with each call; None: it sends none."""

    def __init__(self, server, contract, header=None, channel=None):
        super().__init__(server, contract)
        self.channel = channel or self.channel
        if header is not None:
            self.channel = grpc.intercept_channel(self.channel, _WithHeader(header))


class RolesTestCase(ServedTestCase):
    """Calls by tokens. The server connects as the role LOGIN, which may become each of ROLES; SQL makes them, and they go
    with the database."""

    LOGIN = ""
    ROLES = ()
    CONTRACT_OPTIONS = ("--all_roles",)
    MORE = ()  # options of the server

    @classmethod
    def make_database(cls):
        uri = super().make_database()
        roles = ", ".join((*cls.ROLES, cls.LOGIN))
        cls.addClassCleanup(postgres().psql, cls.database, f"DROP OWNED BY {roles}; DROP ROLE {roles}")
        return uri.replace("user=postgres", f"user={cls.LOGIN}")

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        key = pathlib.Path(folder.name, "key")
        key.write_text(SECRET)
        cls.OPTIONS = (f"--jwt_key={key}", *cls.CONTRACT_OPTIONS, *cls.MORE)
        super().setUpClass()

    @classmethod
    def caller(cls, role, **claims):
        """A client that calls as `role`."""
        return TokenClient(cls.server, cls.contract, "Bearer " + token({"role": role, **claims}))
