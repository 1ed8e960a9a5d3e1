"""Schemas as strange as others may have them: they are served, what is left out is told, each language's generator takes the
contract, and no answer differs from the SQL that it stands for."""

import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import strange
import tools
from bulk import import_rows, stream_rows
from harness import PATIENCE, Client, Contract, Server, TestCase, export, postgres

OPTIONS = ("--schemas=strange,twisted",)
FIRST_OF_RELATIONS = 100_000


DATABASE = "strange"


@functools.cache
def exported():
    """The connection string of the database, and the folder of its contract; made once for all tests."""
    directory = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(directory.cleanup)
    script = pathlib.Path(directory.name, "strange.sql")
    script.write_text(strange.sql())
    uri = postgres().create(DATABASE, file=script)
    contract = pathlib.Path(directory.name, "contract")
    done = export(uri, contract, *OPTIONS)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(contract / "protogres")
    return uri, contract


@functools.cache
def served():
    """The messages of the contract, a client, and what the server has logged at its start."""
    uri, _ = exported()
    server = Server(uri, *OPTIONS)
    unittest.addModuleCleanup(server.close)
    contract = Contract(uri, *OPTIONS)
    return contract, Client(server, contract), server.all_lines()


class Answers(TestCase):
    @classmethod
    def setUpClass(cls):
        _, cls.directory = exported()
        cls.contract, cls.client, cls.lines = served()
        text = "\n".join(path.read_text() for path in sorted(cls.directory.rglob("rows.proto")))
        # By table: its schema and the name of its message.
        cls.messages = {table: (schema, message) for schema, table, message in re.findall(
            r"^// A row of (?:partitioned )?(?:table|view) (strange|twisted)\.(.*)\.\nmessage (\w+) \{$", text, re.MULTILINE)}

    @staticmethod
    def psql(sql):
        return postgres().psql(DATABASE, sql)

    def message(self, table):
        schema, name = self.messages[table]
        return self.contract.pool.FindMessageTypeByName(f"{schema}.v1.{name}")

    def method(self, table, verb, tail=""):
        """The full name of a method of the table's service."""
        schema, name = self.messages[table]
        service = self.contract.pool.FindServiceByName(f"{schema}.v1.{name}Service")
        found = [m.name for m in service.methods if m.name.startswith(verb) and m.name.endswith(tail)]
        return f"{service.full_name}.{min(found, key=len)}"

    def call(self, table, verb, request=None, tail=""):
        return self.client.call(self.method(table, verb, tail), request or {})

    def rows(self, table, verb, **request):
        answer = self.call(table, verb, request)
        return next((value for value in answer.values() if isinstance(value, list)), [])

    def functions(self):
        """The service of functions. Tables have taken the name that it would have else."""
        file = self.contract.pool.FindFileByName("strange/v1/functions.proto")
        return next(iter(file.services_by_name.values()))

    def relation(self, table, column):
        """The field to one of the foreign key of a column, as its comment tells it."""
        _, message = self.messages[table]
        field = self.message(table).fields_by_name
        name = next(f.name for f in field.values() if f.number == self.number(table, column))
        text = (self.directory / "strange/v1/rows.proto").read_text()
        body = text[text.index(f"\nmessage {message} {{"):]
        return re.search(rf"// The \w+ by {message}\.{name}; .*\n  (?:optional )?\w+ (\w+) = \d+;", body).group(1)

    def number(self, table, column):
        name = strange.literal("strange." + strange.quoted(table))
        return int(self.psql(f"SELECT attnum FROM pg_attribute WHERE attrelid = {name}::regclass AND "
                             f"attname = {strange.literal(column)}"))


class WhatIsServed(Answers):
    def test_each_table_is_served_and_what_is_left_out_is_told_by_name(self):
        tables = self.psql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'p') AND NOT relispartition AND relnamespace IN "
                           "('strange'::regnamespace, 'twisted'::regnamespace)").splitlines()
        self.assertEqual(sorted(self.messages), sorted(tables))
        warnings = [line for line in self.lines if " warning " in line]
        for told in ('foreign key "there" of table strange.left_hand: no relation is served, as the packages',
                     'foreign key "back_again" of table twisted.right_hand: no relation is served, as the packages',
                     'foreign key "of_many" of table strange.of_inherited: no relation is served, as tables inherit',
                     'foreign key "by_hidden" of table strange.hidden_key: no relation is served, as column buyer_id',
                     "function strange.left_out_record(): left out", "function strange.left_out_any(anyelement): left out",
                     "table strange.inherited: its key is not unique"):
            self.assertEqual(len([line for line in warnings if told in line]), 1, f"{told}\n" + "\n".join(warnings))
        self.assertEqual(len(warnings), 7, "\n".join(warnings))
        # Both sides of each key: those made by KEYS, of invoice and sample, and what the COMMENT of the view says.
        relations = [field.name for table in self.messages for field in self.message(table).fields
                     if field.number >= FIRST_OF_RELATIONS]
        self.assertEqual(len(relations), 2 * (len(strange.KEYS) + 3 + 2))

    def test_each_function_is_served(self):
        service = self.functions()
        served = self.psql("SELECT count(*) FROM pg_proc WHERE pronamespace = 'strange'::regnamespace AND "
                           "proname !~ '^left_out|^on_change'")
        self.assertEqual(len(service.methods), int(served))
        self.assertGreater(len(service.methods), 300)


class WhatSqlSays(Answers):
    def test_of_each_table_by_a_list_and_a_stream(self):
        labels = self.psql("SELECT enumlabel FROM pg_enum ORDER BY oid").split("\n")

        def text(field, value):
            return labels[value - 1] if field.enum_type else value

        for table, (schema, _) in self.messages.items():
            name = f"{schema}.{strange.quoted(table)}"
            columns = dict(line.split("|", 1) for line in self.psql(
                "SELECT attnum, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND "
                f"attrelid = {strange.literal(name)}::regclass").splitlines())
            rows = [json.loads(line) for line in self.psql(
                f"SELECT json_strip_nulls(to_json(t)) FROM {name} t ORDER BY t::text COLLATE \"C\"").splitlines()]
            with self.subTest(table):
                answer = self.client.raw(self.method(table, "List"), {})
                listed = [{columns[str(field.number)]: text(field, value) for field, value in row.ListFields()}
                          for row in getattr(answer, answer.DESCRIPTOR.fields_by_number[1].name)]
                for row in listed:
                    row.update({column: str(value) for column, value in row.items() if column.endswith("day")})
                self.assertEqual(sorted(map(str, map(sorted, map(dict.items, listed)))),
                                 sorted(map(str, map(sorted, map(dict.items, rows)))))
                streamed = stream_rows(self.client, self.method(table, "Stream"))
                self.assertEqual(len(streamed), len(rows))

    def test_of_each_function_of_which_each_is_called_as_itself(self):
        service = self.functions()
        label = self.psql("SELECT enumlabel FROM pg_enum ORDER BY oid LIMIT 1")
        seen = set()
        for method in service.methods:
            value = method.output_type.fields_by_name.get("value")
            if value is None or value.type != value.TYPE_STRING:
                continue
            request = self.contract.message(method.input_type.full_name)()
            given = []
            for field in sorted(method.input_type.fields, key=lambda field: field.number):
                if field.number >= 2000:
                    continue
                if field.label == field.LABEL_REPEATED:
                    getattr(request, field.name).extend([8, 9])
                    given += ["8", "9"]
                    continue
                argument = f"v{field.number}" if field.type == field.TYPE_STRING else field.number
                setattr(request, field.name, 1 if field.enum_type else argument)
                given.append(label if field.enum_type else str(argument))
            answer = self.client.raw(f"{service.full_name}.{method.name}", request).value
            number, _, arguments = answer.partition(":")
            self.assertEqual(arguments, ",".join(given), method.name)
            seen.add(int(number))
        self.assertEqual(seen, set(range(len(strange.functions()))))

    def test_of_results_of_each_kind(self):
        call = self.client.call
        self.assertEqual(call("FirstBuyer", {"read_mask": "id,invoices"}), {"id": 1, "invoices": "a column"})
        self.assertEqual([row["id"] for row in stream_rows(self.client, "AllBuyers", order_by="id desc")], [2, 1])
        self.assertEqual(call("Two", {"class": 4}), {"def": 5, "None": "n"})
        self.assertEqual(stream_rows(self.client, "Tabled", n=2), [{"yield": g, "import": "MOOD_CLASS"} for g in (1, 2)])
        self.assertEqual(call("Proceed", {"for": 4}), {"for": 8})
        self.assertEqual(call("Nothing", {}), {})


class WhatBelongsToRows(Answers):
    def test_of_each_key_to_one(self):
        for table, column, target in strange.KEYS:
            with self.subTest(f"{table}.{column}"):
                name = self.relation(table, column)
                self.assertEqual(self.message(table).fields_by_name[name].message_type.name, self.messages[target][1])
                rows = self.rows(table, "List", order_by="id", read_mask=f"id,{name}.id")
                expected = self.psql(f"SELECT id, {strange.quoted(column)} FROM strange.{strange.quoted(table)} ORDER BY id")
                self.assertEqual([f"{row['id']}|{row.get(name, {}).get('id', '')}" for row in rows], expected.splitlines())

    def test_where_names_collide(self):
        # The accessor of another field would have the name.
        has = self.message("buyer").fields_by_number[3].name
        buyer = self.call("buyer", "Get", {"id": 1, "read_mask": f"id,invoices,{has},invoices_by_customer_id.id"})
        self.assertEqual(buyer, {"id": 1, "invoices": "a column", has: True,
                                 "invoices_by_customer_id": [{"id": 1}, {"id": 2}]})
        invoice = self.call("invoice", "Get", {"id": 1, "read_mask": "customer,customer_by_customer_id.id,guest.id"})
        self.assertEqual(invoice, {"customer": "a column", "customer_by_customer_id": {"id": 1}, "guest": {"id": 2}})

    def test_of_a_partitioned_table_and_of_a_view(self):
        rows = self.rows("sample", "List", order_by="id", read_mask="id,measured.day")
        self.assertEqual(rows, [{"id": 1, "measured": {"day": "2019-05-05"}}, {"id": 2, "measured": {"day": "2021-05-05"}},
                                {"id": 3}])
        measured = self.rows("measured", "List", order_by="day", read_mask="samples.id")
        self.assertEqual(measured, [{"samples": [{"id": 1}]}, {"samples": [{"id": 2}]}])
        seen = self.rows("seen", "List", order_by="id", read_mask="id,buyer.id,None.id")
        self.assertEqual(seen, [{"id": 1, "buyer": {"id": 2}, "None": {"id": 1}}, {"id": 2, "None": {"id": 2}}])
        signs = self.rows(strange.SIGNS, "List", order_by="id", read_mask="def.id")
        self.assertEqual(signs, [{"def": {"id": 1}}, {"def": {"id": 2}}, {}])

    def test_in_a_circle(self):
        name = self.relation("def", "next_id")
        path = ".".join([name, self.relation("func", "next_id"), self.relation("interface", "next_id"), "id"])
        row = self.call("def", "Get", {"id": 1, "read_mask": path})
        found = row
        for part in path.split("."):
            found = found[part]
        self.assertEqual(found, int(self.psql("SELECT i.next_id FROM strange.def d JOIN strange.func f ON f.id = d.next_id "
                                              "JOIN strange.interface i ON i.id = f.next_id WHERE d.id = 1")))


class EachKindOfMethod(Answers):
    TABLE = "class"
    FIELD = "class_id"

    def stored(self, table=None):
        name = f"strange.{strange.quoted(table or self.TABLE)}"
        return self.psql(f"SELECT id, class_id FROM {name} WHERE id >= 10 ORDER BY id").splitlines()

    def test_writes(self):
        row = next(f.name for f in self.contract.message(
            self.client.methods[self.method(self.TABLE, "Create")][1].input_type.full_name).DESCRIPTOR.fields if f.number == 1)
        self.call(self.TABLE, "Create", {row: {"id": 10, "class_id": 1}})
        self.call(self.TABLE, "BatchCreate", {"requests": [{row: {"id": 11}}, {row: {"id": 12, "class_id": 2}}]})
        self.assertEqual(import_rows(self.client, self.method(self.TABLE, "Import"), [{"id": 13}], [{"id": 14}]), 2)
        self.assertEqual(self.stored(), ["10|1", "11|", "12|2", "13|", "14|"])
        self.call(self.TABLE, "Update", {row: {"id": 11, "class_id": 3}}, tail="Class")
        self.call(self.TABLE, "BatchUpdate", {"requests": [{row: {"id": 13, "class_id": 1}}]})
        self.call(self.TABLE, "Update", {row: {"class_id": 2}, "filter": "id = 14"}, tail="Where")
        self.assertEqual(self.stored(), ["10|1", "11|3", "12|2", "13|1", "14|2"])
        answer = self.rows(self.TABLE, "Aggregate", filter="id >= 10", group_by=["class_id"], aggregates=["count()"],
                           order_by="class_id")
        self.assertEqual([group["count"] for group in answer], ["2", "2", "1"])
        batch = self.rows(self.TABLE, "BatchGet", requests=[{"id": 12}, {"id": 10}], read_mask="id,class.id")
        self.assertEqual(batch, [{"id": 12, "class": {"id": 2}}, {"id": 10, "class": {"id": 1}}])
        self.call(self.TABLE, "Delete", {"id": 10}, tail="Class")
        self.call(self.TABLE, "BatchDelete", {"requests": [{"id": 11}]})
        self.call(self.TABLE, "Delete", {"filter": "id >= 12"}, tail="Where")
        self.assertEqual(self.stored(), [])

    def test_soft_deletes(self):
        self.call("deleted", "Create", {"deleted": {"id": 1, "note": "x"}})
        self.call("deleted", "Delete", {"id": 1}, tail="Deleted")
        with self.fails("NOT_FOUND"):
            self.call("deleted", "Get", {"id": 1})
        self.call("deleted", "Undelete", {"id": 1})
        self.assertEqual(self.call("deleted", "Get", {"id": 1, "read_mask": "id,note"}), {"id": 1, "note": "x"})


class Generators(TestCase):
    """protoc's, of each language. Python takes what comes of it, too."""

    def setUp(self):
        _, self.directory = exported()
        out = tempfile.TemporaryDirectory()
        self.addCleanup(out.cleanup)
        self.out = pathlib.Path(out.name)

    def run_tool(self, *command):
        done = subprocess.run(command, cwd=self.out, capture_output=True, text=True, timeout=100 * PATIENCE)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr)[-3000:])

    def protoc(self, *arguments):
        protos = sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob("*.proto"))
        self.run_tool("protoc", "-I", str(self.directory), *arguments, *protos)
        return protos

    def test_python(self):
        protos = self.protoc(f"--python_out={self.out}")
        modules = [path.removesuffix(".proto").replace("/", ".") + "_pb2" for path in protos]
        self.run_tool(sys.executable, "-c", "import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]", *modules)

    def test_others(self):
        for language, plugin in (("grpc", "grpc_cpp_plugin"), ("go", "protoc-gen-go"), ("go-grpc", "protoc-gen-go-grpc"),
                                 ("es", "protoc-gen-es")):
            self.protoc(f"--{language}_out={self.out}", f"--plugin=protoc-gen-{language}={tools.find(plugin)}")
        self.protoc(f"--cpp_out={self.out}", f"--java_out={self.out}")

    def test_no_field_has_a_name_that_its_language_cannot_say(self):
        """Keywords of C++20, which protoc 3.21 does not know, and what Python's messages have themselves."""
        text = "\n".join(path.read_text() for path in self.directory.rglob("*.proto"))
        for word in ("concept", "requires", "co_await", "SerializeToString"):
            self.assertNotIn(f" {word} = ", text)
            self.assertRegex(text, rf" {word}_\d+ = ")


if __name__ == "__main__":
    unittest.main()
