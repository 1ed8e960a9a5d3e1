"""The contract as files: protoc takes them as they are, --check compares, --contract pins."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from harness import BINARY, PATIENCE, ROOT, Client, Contract, Server, TestCase, export, postgres

import tools


class Files(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directories = {}
        for name, file in (("shop", "deploy/demo.sql"), ("hostile", "tests/support/hostile.sql")):
            uri = postgres().create(f"files_{name}", file=ROOT / file)
            directory = tempfile.TemporaryDirectory()
            cls.addClassCleanup(directory.cleanup)
            done = export(uri, directory.name)
            assert done.returncode == 0, done.stderr
            cls.directories[name] = (uri, pathlib.Path(directory.name))

    def protoc(self, directory, *arguments):
        protos = sorted(str(p.relative_to(directory)) for p in directory.rglob("*.proto"))
        self.assertTrue(protos)
        done = subprocess.run(["protoc", "-I", str(directory), *arguments, *protos], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return protos

    def each(self):
        for name, (uri, directory) in self.directories.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as out:
                yield uri, directory, pathlib.Path(out)

    def test_cpp_java_python(self):
        grpc_cpp = tools.find("grpc_cpp_plugin")
        for _, directory, out in self.each():
            self.protoc(directory, f"--cpp_out={out}", f"--java_out={out}", f"--grpc_out={out}",
                        f"--plugin=protoc-gen-grpc={grpc_cpp}")
            protos = self.protoc(directory, f"--python_out={out}")
            modules = [p.removesuffix(".proto").replace("/", ".") + "_pb2" for p in protos]
            code = "import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]"
            done = subprocess.run([sys.executable, "-c", code, *modules], cwd=out, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_names_that_a_language_has_itself(self):
        uri = postgres().create("statistics", """
          CREATE TABLE "pri$ce" (id int PRIMARY KEY);
          CREATE SCHEMA email;
          CREATE TABLE email."a""\\u""x" (id int PRIMARY KEY);""")
        with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as out:
            done = export(uri, directory)
            self.assertIn("schema email: its package is email_schema.v1, as email is a module", done.stderr)
            self.assertIn("schema public: its package is statistics_schema.v1", done.stderr)
            for plugin in ("grpc_cpp_plugin", "grpc_python_plugin"):
                self.protoc(pathlib.Path(directory), f"--grpc_out={out}",
                            f"--plugin=protoc-gen-grpc={tools.find(plugin)}")
            protos = self.protoc(pathlib.Path(directory), f"--python_out={out}")
            modules = [p.removesuffix(".proto").replace("/", ".") + end for p in protos for end in ("_pb2", "_pb2_grpc")]
            code = "import importlib, sys, statistics, email; [importlib.import_module(m) for m in sys.argv[1:]]"
            done = subprocess.run([sys.executable, "-c", code, *modules], cwd=out, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_go(self):
        go, go_grpc = tools.find("protoc-gen-go"), tools.find("protoc-gen-go-grpc")
        for _, directory, out in self.each():
            self.protoc(directory, f"--go_out={out}", f"--go-grpc_out={out}", f"--plugin=protoc-gen-go={go}",
                        f"--plugin=protoc-gen-go-grpc={go_grpc}")

    def test_typescript(self):
        plugin = tools.find("protoc-gen-es")
        for _, directory, out in self.each():
            self.protoc(directory, f"--es_out={out}", "--es_opt=target=ts", f"--plugin=protoc-gen-es={plugin}")
            self.assertTrue(list(out.rglob("*.ts")))

    def test_only_its_own_and_google_protobuf_is_imported(self):
        for _, directory, _ in self.each():
            own = {str(p.relative_to(directory)) for p in directory.rglob("*.proto")}
            for path in directory.rglob("*.proto"):
                for line in path.read_text().splitlines():
                    if line.startswith("import "):
                        name = line.split('"')[1]
                        self.assertTrue(name in own or name.startswith("google/protobuf/"), name)

    def test_the_examples_are_the_demo(self):
        uri, _ = self.directories["shop"]
        done = subprocess.run([BINARY, "contract", f"--database={uri}", f"--check={ROOT / 'proto/examples'}"],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), "export it anew: protogres contract --out=proto/examples")

    def test_check(self):
        for uri, directory, _ in self.each():
            for path in (directory, directory / "contract.binpb"):
                done = subprocess.run([BINARY, "contract", f"--database={uri}", f"--check={path}"],
                                      capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


class Pinned(TestCase):
    def setUp(self):
        self.uri = postgres().create("pinned_" + self._testMethodName, """
          CREATE TYPE size AS ENUM ('small', 'large');
          CREATE TABLE shirt (junk text, id integer PRIMARY KEY, size size, label text);
          ALTER TABLE shirt DROP COLUMN junk;
          INSERT INTO shirt VALUES (1, 'large', 'L');""")
        self.database = "pinned_" + self._testMethodName
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        done = export(self.uri, self.directory.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.contract = Contract(self.uri)

    def psql(self, sql):
        return postgres().psql(self.database, sql)

    def serve(self):
        server = Server(self.uri, f"--contract={self.directory.name}")
        self.addCleanup(server.close)
        return Client(server, self.contract)

    def test_numbers_survive_dump_and_restore(self):
        # As after a restore: the dropped column is gone, the rest is numbered anew; and one more.
        self.psql("DROP TABLE shirt; CREATE TABLE shirt (id integer PRIMARY KEY, label text, size size, extra text);"
                  "INSERT INTO shirt VALUES (1, 'L', 'large', 'x')")
        client = self.serve()
        self.assertEqual(client.call("GetShirt", {"id": 1, "read_mask": "*"})["label"], "L")
        row = client.call("UpdateShirt", {"shirt": {"id": 1, "size": "SIZE_SMALL"}})
        self.assertEqual((row["size"], row["label"]), ("SIZE_SMALL", "L"))
        self.assertEqual(self.psql("SELECT size, label, extra FROM shirt"), "small|L|x")

    def test_a_pin_serves_a_restored_database_of_another_name(self):
        restored = self.database + "_restored"
        self.uri = postgres().create(restored, """
          CREATE TYPE size AS ENUM ('small', 'large');
          CREATE TABLE shirt (id integer PRIMARY KEY, size size, label text);
          INSERT INTO shirt VALUES (1, 'large', 'L');""")
        self.assertEqual(self.serve().call("GetShirt", {"id": 1})["label"], "L")
        done = subprocess.run([BINARY, "contract", f"--database={self.uri}", f"--check={self.directory.name}"],
                              capture_output=True, text=True)
        self.assertNotIn(restored, done.stdout)

    def test_a_pin_that_does_not_fit_is_refused_with_the_differences(self):
        self.psql("ALTER TABLE shirt DROP COLUMN label; ALTER TABLE shirt ALTER COLUMN size TYPE text")
        done = subprocess.run([BINARY, "serve", f"--database={self.uri}", "--listen=127.0.0.1:0",
                               f"--contract={self.directory.name}"], capture_output=True, text=True, timeout=20 * PATIENCE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("label", done.stderr)
        self.assertIn("size", done.stderr)
        done = subprocess.run([BINARY, "contract", f"--database={self.uri}", f"--check={self.directory.name}"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("label", done.stdout)

    def test_a_pin_that_cannot_be_read(self):
        bad = pathlib.Path(self.directory.name, "bad.proto")
        bad.write_text("syntax = \"proto3\";\nmessage {")
        for path, word, code in ((bad, "bad.proto:2", 2), ("/no/such", "/no/such", 1)):
            done = subprocess.run([BINARY, "serve", f"--database={self.uri}", "--listen=127.0.0.1:0",
                                   f"--contract={path}"], capture_output=True, text=True, timeout=20 * PATIENCE)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(word, done.stderr)


class CommandLine(TestCase):
    def run_binary(self, *arguments):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=20 * PATIENCE)

    def test_wrong_options_are_one_line_and_exit_2(self):
        for arguments in (("serve", "--pool_siz=3"), ("serve", "--pool_size=x"), ("serve", "--pool_size=0"), ("nope",),
                          ("serve", "--reset_on_return=maybe"), ("serve", "stray")):
            with self.subTest(arguments):
                done = self.run_binary(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)

    def test_help_states_every_option(self):
        text = self.run_binary("serve", "--help").stdout
        for option in ("--database", "--pool_recycle", "1500", "--drain_timeout", "--schemas", "--echo"):
            self.assertIn(option, text)

    def test_json_logs_are_json(self):
        uri = postgres().create("json_logs", 'CREATE TABLE "a ""b""" ()')
        with tempfile.TemporaryDirectory() as out:
            done = self.run_binary("contract", f"--database={uri}", f"--out={out}", "--log_format=json")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        self.assertIn('a "b"', lines[0]["message"])

    def test_a_wrong_role_or_database_ends_the_start(self):
        uri = postgres().uri("no_such_database")
        done = self.run_binary("serve", f"--database={uri}", "--listen=127.0.0.1:0")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no_such_database", done.stderr)


if __name__ == "__main__":
    unittest.main()
