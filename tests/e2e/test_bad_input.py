"""Bad input: the right code, a message that helps, nothing half-written, and the server goes on."""

import unittest

from harness import PATIENCE, Contract, Server, ServedTestCase, TestCase, postgres


class BadInput(ServedTestCase):
    SQL = """
    CREATE TYPE color AS ENUM ('red', 'green');
    CREATE TABLE thing (
      id integer PRIMARY KEY,
      name text NOT NULL,
      small smallint,
      big bigint,
      real_number real,
      ref uuid,
      day date,
      exact numeric(6,2),
      color color,
      short varchar(5),
      attrs jsonb,
      at timestamptz,
      tags text[]
    );
    INSERT INTO thing (id, name, short) VALUES (1, 'one', 'a');
    """

    def create(self, **fields):
        return self.call("CreateThing", {"thing": {"id": 2, "name": "two", **fields}})

    def tearDown(self):
        # Whatever came before: the server still answers, and nothing was written.
        self.assertEqual(self.call("GetThing", {"id": 1})["name"], "one")
        self.assertEqual(self.psql("SELECT count(*) FROM thing"), "1")

    def unary(self, path, body):
        return self.server.channel().unary_unary(path)(body, timeout=10 * PATIENCE)

    def test_unknown_methods(self):
        with self.fails("UNIMPLEMENTED", message="GetThing"):
            self.unary(f"/{self.database}.v1.ThingService/GetThingg", b"")
        with self.fails("UNIMPLEMENTED"):
            self.unary("/no.such.Service/Get", b"")
        with self.fails("UNIMPLEMENTED"):
            self.unary("/", b"")

    def test_malformed_bytes(self):
        for body in (b"\xff", b"\x08", b"\x0a\x05ab", b"\x0b\x08\x01", b"\x00\x01", b"\x08" + b"\xff" * 11, b"\x0a\xff\xff\xff\xff\x0f"):
            with self.subTest(body=body):
                for method in ("GetThing", "CreateThing", "ListThings", "UpdateThing", "DeleteThingsWhere",
                               "BatchCreateThings"):
                    with self.fails("INVALID_ARGUMENT"):
                        self.client.raw(method, body)

    def test_unknown_field(self):
        with self.fails("INVALID_ARGUMENT", message="unknown field 77"):
            self.client.raw("GetThing", b"\x08\x01\xe8\x04\x01")
        # thing { 99: 1 }
        with self.fails("INVALID_ARGUMENT", message="unknown field 99"):
            self.client.raw("CreateThing", b"\x0a\x03\x98\x06\x01")

    def test_wrong_wire_type(self):
        with self.fails("INVALID_ARGUMENT", field="id"):
            self.client.raw("GetThing", b"\x0a\x01x")

    def test_body_over_the_limit(self):
        with self.fails("RESOURCE_EXHAUSTED"):
            self.create(name="x" * (5 << 20))

    def test_values_that_do_not_fit(self):
        for field, value in (("small", 40000), ("ref", "not-a-uuid"), ("exact", "12,5"), ("exact", ""),
                             ("exact", "99999.99"), ("day", "2024-02-30"), ("day", "soon"), ("short", "toolong")):
            with self.subTest(field=field, value=value):
                with self.fails("INVALID_ARGUMENT", field=f"thing.{field}" if field not in ("short", "exact") else None):
                    self.create(**{field: value})

    def test_nan_and_enum(self):
        request = self.client.request("CreateThing", {"thing": {"id": 2, "name": "x"}})
        request.thing.color = 17
        with self.fails("INVALID_ARGUMENT", field="thing.color", message="COLOR_RED"):
            self.client.raw("CreateThing", request)
        request.thing.color = 0
        with self.fails("INVALID_ARGUMENT", field="thing.color"):
            self.client.raw("CreateThing", request)
        request.thing.ClearField("color")
        request.thing.attrs.number_value = float("nan")
        with self.fails("INVALID_ARGUMENT", field="thing.attrs"):
            self.client.raw("CreateThing", request)
        request.thing.attrs.Clear()
        with self.fails("INVALID_ARGUMENT", field="thing.attrs"):
            self.client.raw("CreateThing", request)
        request.thing.ClearField("attrs")
        request.thing.at.nanos = 1
        with self.fails("INVALID_ARGUMENT", field="thing.at.nanos", message="microsecond"):
            self.client.raw("CreateThing", request)

    def test_text(self):
        with self.fails("INVALID_ARGUMENT", field="thing.name"):
            self.create(name="nul\0byte")
        # thing { id: 2 name: "\xff" }
        with self.fails("INVALID_ARGUMENT", field="thing.name"):
            self.client.raw("CreateThing", b"\x0a\x05\x08\x02\x12\x01\xff")

    def test_missing_not_null(self):
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", field="thing.name"):
            self.call("CreateThing", {"thing": {"id": 2}})

    def test_filters(self):
        for filter_, message in (
                ("(((", "at 4"), ("name =", "end of the filter"), ("name == 1", None), ("nam = 1", "name"),
                ("id = x", None), ("id = 99999999999", None), ("name = ", None), ('name = "x', None), ("AND", None),
                ("id = 1 OR", None), ("id > null", None), ("color = blue", "red"), ("attrs > 1", None), ("()", None),
                ('ref = "x"', None), ('at = "yesterday"', None), ("tags = 1", None), ("1", None), ("name", None),
                ("id = 1;", None), ("f(x)", None), ("(" * 10000 + "id = 1" + ")" * 10000, "deep|nest"),
                ("NOT " * 10000 + "id = 1", "deep|nest"), ("-" * 10000 + "id = 1", None), ("id = 1 " * 20000, None),
                ("\ud7ff = 1", None), ("name = \x01", None)):
            with self.subTest(filter=filter_[:40]):
                with self.fails("INVALID_ARGUMENT", "INVALID_FILTER", field="filter", message=message):
                    self.call("ListThings", {"filter": filter_})
                with self.fails("INVALID_ARGUMENT", field="filter"):
                    self.call("DeleteThingsWhere", {"filter": filter_})

    def test_sql_in_literals_and_names(self):
        evil = "'; DROP TABLE thing; --"
        for filter_ in (f'name = "{evil}"', f'name = "\\"{evil}"', f'attrs.color = "{evil}"', f'tags:"{evil}"',
                        'name = "%_\\\\*"', f'attrs:"{evil}"', "name = '\\'; DROP TABLE thing; --'"):
            with self.subTest(filter=filter_):
                self.assertEqual(self.call("ListThings", {"filter": filter_}), {})
        with self.fails("INVALID_ARGUMENT", field="filter"):
            self.call("ListThings", {"filter": 'name"; DROP TABLE thing; -- = 1'})
        for order_by in (evil, "id; DROP TABLE thing", "id desc nulls", "id,,name", "id id", "id,id", "nope", "attrs.x", ","):
            with self.subTest(order_by=order_by), self.fails("INVALID_ARGUMENT", "INVALID_ORDER_BY", field="order_by"):
                self.call("ListThings", {"order_by": order_by})
        row = self.call("CreateThing", {"thing": {"id": 3, "name": evil}, "validate_only": True})
        self.assertEqual(row["name"], evil)

    def test_masks(self):
        for mask in ("nope", "name.x", "thing", "id,nope", "", "attrs.color", "\"name\"", "NAME"):
            if not mask:
                continue
            with self.subTest(mask=mask), self.fails("INVALID_ARGUMENT", field="read_mask"):
                request = self.client.request("GetThing", {"id": 1})
                request.read_mask.paths.append(mask)
                self.client.raw("GetThing", request)


class OddNames(ServedTestCase):
    SQL = '''
    CREATE TABLE "Order Details" (
      "Order ID" integer, "select" text, "with""quote" text, "UPPER" text, message text, "package" text,
      "пользователь" text, "1st" text, "a-b" text, "a b" text, a_b text, "etag" text, "class" text, "; DROP TABLE x" text,
      PRIMARY KEY ("Order ID", "select")
    );
    CREATE TABLE "select" (id integer PRIMARY KEY, "where" text);
    CREATE TABLE "%s" (id integer PRIMARY KEY, "%s" text);
    CREATE TABLE "message" (id integer PRIMARY KEY);
    CREATE TABLE "Ünïcödé" (id integer PRIMARY KEY);
    CREATE TABLE customer (id integer PRIMARY KEY);
    CREATE TABLE customers (id integer PRIMARY KEY);
    CREATE TABLE get_customer_request (id integer PRIMARY KEY);
    CREATE TABLE "!!!" (id integer PRIMARY KEY);
    CREATE TABLE nothing ();
    ''' % ("ж" * 31, "й" * 31)

    def test_all_can_be_written_and_read(self):
        import google.protobuf.json_format as json_format
        contract = self.contract
        tables = 0
        for service in contract.services():
            methods = {m.name: m for m in contract.pool.FindServiceByName(service).methods}
            create = next((m for n, m in methods.items() if n.startswith("Create")), None)
            if create is None:
                continue
            tables += 1
            row_field = create.input_type.fields_by_number[1]
            request = contract.message(create.input_type.full_name)()
            row = getattr(request, row_field.name)
            for field in row_field.message_type.fields:
                if field.number == 2000:
                    continue
                setattr(row, field.name, 7 if field.type == field.TYPE_INT32 else f"{field.name} 'q\"")
            self.client.raw(f"{service}.{create.name}", request)
            get = next(m for n, m in methods.items() if n.startswith("Get"))
            key = contract.message(get.input_type.full_name)()
            for field in get.input_type.fields:
                if field.number < 2000:
                    setattr(key, field.name, getattr(row, field.name))
            got = self.client.raw(f"{service}.{get.name}", key)
            got.ClearField("etag") if got.DESCRIPTOR.fields_by_name["etag"].number == 2000 else None
            self.assertEqual(json_format.MessageToDict(got), json_format.MessageToDict(row))
        self.assertEqual(tables, 9)


class Empty(TestCase):
    def test_an_empty_database(self):
        uri = postgres().create("empty")
        server = Server(uri)
        self.addCleanup(server.close)
        contract = Contract(uri)
        self.assertEqual(contract.services(), [])
        with self.fails("UNIMPLEMENTED"):
            server.channel().unary_unary("/empty.v1.XService/GetX")(b"", timeout=10)


if __name__ == "__main__":
    unittest.main()
