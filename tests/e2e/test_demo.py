"""The demo database through grpcurl and reflection alone: every method is listed, described and called."""

import json
import re
import unittest

from harness import ROOT, Server, TestCase, postgres

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


if __name__ == "__main__":
    unittest.main()
