"""The demo database through grpcurl and reflection alone: every method is listed, described and called."""

import json
import os
import re
import subprocess
import sys
import unittest

from harness import BINARY, ROOT, Server, TestCase, postgres

import tools


class Demo(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.uri = postgres().create("demo", file=ROOT / "deploy/demo.sql")
        cls.server = Server(cls.uri)
        cls.addClassCleanup(cls.server.close)

    def run_grpcurl(self, *arguments, **keywords):
        return tools.grpcurl(self.server.port, *arguments, **keywords)

    def test_the_fixed_services_are_listed(self):
        services = self.run_grpcurl("list").split()
        for service in ("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                        "grpc.reflection.v1alpha.ServerReflection"):
            self.assertIn(service, services)
        self.assertEqual(json.loads(self.run_grpcurl("grpc.health.v1.Health/Check")), {"status": "SERVING"})

    def test_every_method_is_listed_described_and_called(self):
        called = 0
        for service in self.run_grpcurl("list").split():
            if service.startswith("grpc."):
                continue
            self.assertIn("service", self.run_grpcurl("describe", service))
            for method in self.run_grpcurl("list", service).split():
                text = self.run_grpcurl("describe", method)
                request = re.search(r"\( (?:stream )?\.?(\S+) \)", text).group(1)
                self.assertIn("message", self.run_grpcurl("describe", request))
                # An empty request: an answer, or an error of our own that says what is missing.
                answer = self.run_grpcurl("-d", "{}", method.rsplit(".", 1)[0] + "/" + method.rsplit(".", 1)[1],
                                          check=False)
                if "Code:" in answer:
                    self.assertRegex(answer, r"Code: (InvalidArgument)", f"{method}: {answer}")
                    self.assertIn("google.rpc.ErrorInfo", answer)
                called += 1
        self.assertGreater(called, 40)

    def test_the_python_client(self):
        environment = {**os.environ, "ADDRESS": f"127.0.0.1:{self.server.port}", "DATABASE": self.uri,
                       "PROTOGRES_BINARY": BINARY, "PYTHON": sys.executable}
        done = subprocess.run([ROOT / "client/examples/python/run"], env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in ("insert: id 1001, credit limit 500.00", "update: Ada Changed",
                     "NOT_FOUND: shop.v1.Customer with id = -1", "update where: 1 row", "deleted_at is set: True",
                     "delete where: 1 row", "NOT_FOUND: shop.v1.Product"):
            self.assertIn(line, done.stdout)


if __name__ == "__main__":
    unittest.main()
