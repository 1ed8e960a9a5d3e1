"""A thousand tables: served after 2 s of work, in under 200 MB, described by grpcurl with its default limits."""

import json
import os
import time
import unittest

from harness import Server, TestCase, postgres

import tools

TABLES = 1000


class Scale(TestCase):
    @classmethod
    def setUpClass(cls):
        columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(
            ("text", "integer", "numeric(10,2)", "timestamptz", "jsonb", "text[]", "boolean", "date", "uuid", "bytea")))
        cls.uri = postgres().create("scale", f"""
          DO $$ BEGIN FOR i IN 1..{TABLES} LOOP
            EXECUTE format('CREATE TABLE entity_%s (id bigint PRIMARY KEY, {columns})', i);
            EXECUTE format('COMMENT ON TABLE entity_%s IS %L', i, 'Entity ' || i);
            IF i % 100 = 0 THEN COMMIT; END IF;
          END LOOP; END $$;""")
        begin = time.monotonic()
        cls.server = Server(cls.uri)
        cls.seconds = time.monotonic() - begin
        cls.worked = cls.server.cpu_seconds()
        cls.addClassCleanup(cls.server.close)

    def test_start_and_memory(self):
        megabytes = self.server.rss_mb()
        print(f"{TABLES} tables: served after {self.seconds:.2f} s, {self.worked:.2f} s of work, {megabytes:.0f} MB resident")
        if os.environ.get("PROTOGRES_SANITIZED"):
            return
        # Its own time, which does not grow with what else the machine does.
        self.assertLess(self.worked, 2)
        self.assertLess(megabytes, 200)

    def test_grpcurl_describes_any(self):
        services = tools.grpcurl(self.server.port, "list").split()
        self.assertEqual(sum("Entity" in s for s in services), TABLES)
        for i in (1, 500, TABLES):
            text = tools.grpcurl(self.server.port, "describe", f"scale.v1.Entity{i}Service")
            self.assertIn(f"rpc GetEntity{i}", text)
        text = tools.grpcurl(self.server.port, "-d", json.dumps({"page_size": 1}),
                             "scale.v1.Entity1000Service/ListEntity1000s"
                             if "ListEntity1000s" in tools.grpcurl(self.server.port, "describe", "scale.v1.Entity1000Service")
                             else "scale.v1.Entity1000Service/ListEntity1000")
        self.assertEqual(json.loads(text), {})


if __name__ == "__main__":
    unittest.main()
