"""Each value of the hostile schema is read back exactly, or refused with the way out."""

import datetime
import json
import re
import struct
import unittest

import grpc
from google.protobuf import descriptor

from harness import ROOT, RpcFailure, ServedTestCase

D = descriptor.FieldDescriptor


def as_text(field, value):
    """The value in PostgreSQL's text form, for types where the protobuf value determines it."""
    kind = field.message_type.full_name if field.message_type else None
    if kind == "google.protobuf.Timestamp":
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
        return moment.isoformat(sep=" ")
    if field.type == D.TYPE_BYTES:
        return "\\x" + value.hex()
    if field.type == D.TYPE_BOOL:
        return "t" if value else "f"
    return str(value)


# Relations that cannot be read at all, and what the caller is told.
UNREADABLE = {
    "foreign_readonly": "CONNECTION_LOST",
    "foreign_unreachable": "CONNECTION_LOST",
    "matview_unfilled": "OBJECT_NOT_READY",
    "view_broken": "INVALID_VALUE",
}


class Hostile(ServedTestCase):
    FILE = ROOT / "tests/support/hostile.sql"

    def relations(self):
        """(service, list method, row message) of each relation."""
        for service in self.contract.services():
            for method in self.contract.pool.FindServiceByName(service).methods:
                if method.name.startswith("List"):
                    yield service, method

    def test_every_relation_is_listed_or_says_why_not(self):
        refused, tables = [], self.sql_names()
        for service, method in self.relations():
            with self.subTest(service=service):
                try:
                    self.client.raw(f"{service}.{method.name}", {"page_size": 1000})
                except grpc.RpcError as error:
                    failure = RpcFailure(error)
                    table = tables[method.output_type.fields_by_number[1].message_type.full_name]
                    if table in UNREADABLE:
                        self.assertEqual(failure.reason, UNREADABLE[table], failure)
                        continue
                    self.assertEqual(failure.code, grpc.StatusCode.FAILED_PRECONDITION, failure)
                    self.assertEqual(failure.reason, "VALUE_NOT_REPRESENTABLE", failure)
                    self.assertTrue(failure.metadata.get("column"), failure)
                    self.assertIn("@protogres type=string", failure.message)
                    refused.append(service)
        self.assertLess(len(refused), len(list(self.relations())) / 2)

    def test_values_equal_what_psql_shows(self):
        """Row by row and column by column: what cannot be compared as text is counted, not passed over in silence."""
        compared, tables = 0, self.sql_names()
        for service, method in self.relations():
            rows_field = method.output_type.fields_by_number[1]
            table = tables[rows_field.message_type.full_name]
            columns = self.columns(table)
            for field in rows_field.message_type.fields:
                if field.number >= 2000 or not comparable(field):
                    continue
                served = self.served(f"{service}.{method.name}", rows_field, field)
                if served is None:
                    continue
                column, kind = columns[field.number]
                if column == "now":
                    continue  # another one each time
                cast = "::numeric" if kind == "money" else ""
                expected = self.rows(f"SELECT {quote(column)}{cast} FROM {table}", field)
                with self.subTest(field=field.full_name):
                    self.assertEqual(served, expected)
                compared += len(served)
        print(f"{compared} values compared")
        self.assertGreater(compared, 300)

    def served(self, method, rows_field, field):
        """The column's values, sorted; None where one of them cannot be carried."""
        request = self.client.request(method, {"page_size": 1000})
        request.read_mask.paths.append(field.name)
        if hasattr(request, "show_deleted"):
            request.show_deleted = True
        try:
            response = self.client.raw(method, request)
        except grpc.RpcError as error:
            self.assertIn(RpcFailure(error).reason, ("VALUE_NOT_REPRESENTABLE", *UNREADABLE.values()))
            return None
        return sorted(as_text(field, getattr(row, field.name)) if row.HasField(field.name) else "NULL"
                      for row in getattr(response, rows_field.name))

    def rows(self, sql, field):
        text = self.psql("SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; SET bytea_output = hex; "
                         f"SELECT coalesce(json_agg(x.v), '[]') FROM (SELECT CASE WHEN v IS NOT DISTINCT FROM NULL THEN NULL "
                         f"ELSE format('%s', v) END FROM ({sql}) s(v)) x(v)")
        values = json.loads(text)
        return sorted("NULL" if v is None else self.normal(v, field) for v in values)

    def normal(self, text, field):
        kind = field.message_type.full_name if field.message_type else None
        if kind == "google.protobuf.Timestamp":
            return datetime.datetime.fromisoformat(pad(text.removesuffix("+00"))).isoformat(sep=" ")
        if field.type == D.TYPE_DOUBLE:
            return str(float(text))
        if field.type == D.TYPE_FLOAT:
            return str(struct.unpack("f", struct.pack("f", float(text)))[0])
        if field.type == D.TYPE_BOOL:
            return text[0]
        return text

    def sql_names(self):
        """Row message -> the relation's SQL name; the message's comment states it without quotes."""
        quoted = json.loads(self.psql("SELECT json_object_agg(nspname || '.' || relname, oid::regclass::text) FROM ("
                                      "SELECT nspname, relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = "
                                      "relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'f')) x"))
        names = {}
        for file in self.contract.files.file:
            for location in file.source_code_info.location:
                found = re.search(r"A row of [a-z ]+ (.+)\.$", location.leading_comments.rstrip())
                if found and len(location.path) == 2 and location.path[0] == 4:
                    names[f"{file.package}.{file.message_type[location.path[1]].name}"] = quoted[found.group(1)]
        return names

    def columns(self, table):
        """attnum -> (name, type)."""
        text = self.psql("SELECT json_object_agg(attnum, json_build_array(attname, format_type(atttypid, NULL))) FROM "
                         f"pg_attribute WHERE attrelid = {literal(table)}::regclass AND attnum > 0 AND NOT attisdropped")
        return {int(number): tuple(column) for number, column in json.loads(text).items()}


def comparable(field):
    """Whether a value has one text form: messages and enums are compared in other tests."""
    if field.label == D.LABEL_REPEATED or field.type == D.TYPE_ENUM:
        return False
    return field.message_type is None or field.message_type.full_name == "google.protobuf.Timestamp"


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def pad(text):
    """With six digits of a second's fraction, or none."""
    head, dot, fraction = text.partition(".")
    return f"{head}.{fraction.ljust(6, '0')}" if dot else head


def quote(name):
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    unittest.main()
