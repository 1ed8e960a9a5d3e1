"""Each value of the hostile schema is read back exactly, or refused with the way out."""

import datetime
import json
import math
import unittest

import grpc
from google.protobuf import descriptor

from harness import ROOT, Client, Contract, RpcFailure, ServedTestCase, postgres

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


class Hostile(ServedTestCase):
    FILE = ROOT / "tests/support/hostile.sql"

    def relations(self):
        """(service, list method, row message) of each relation."""
        for service in self.contract.services():
            for method in self.contract.pool.FindServiceByName(service).methods:
                if method.name.startswith("List"):
                    yield service, method

    def test_every_relation_is_listed_or_says_why_not(self):
        refused = []
        for service, method in self.relations():
            with self.subTest(service=service):
                try:
                    self.client.raw(f"{service}.{method.name}", {"page_size": 1000})
                except grpc.RpcError as error:
                    failure = RpcFailure(error)
                    self.assertEqual(failure.code, grpc.StatusCode.FAILED_PRECONDITION, failure)
                    self.assertEqual(failure.reason, "VALUE_NOT_REPRESENTABLE", failure)
                    self.assertTrue(failure.metadata.get("column"), failure)
                    self.assertIn("@protogres type=string", failure.message)
                    refused.append(service)
        self.assertLess(len(refused), len(list(self.relations())) / 2)

    def test_values_equal_what_psql_shows(self):
        """Row by row and column by column: what cannot be compared as text is counted, not passed over in silence."""
        compared = 0
        for service, method in self.relations():
            rows_field = method.output_type.fields_by_number[1]
            for field in rows_field.message_type.fields:
                if field.number >= 2000 or field.label == D.LABEL_REPEATED:
                    continue
                if field.message_type and field.message_type.full_name != "google.protobuf.Timestamp":
                    continue
                if field.type == D.TYPE_ENUM:
                    continue
                request = self.client.request(f"{service}.{method.name}", {"page_size": 1000})
                request.read_mask.paths.append(field.name)
                try:
                    response = self.client.raw(f"{service}.{method.name}", request)
                except grpc.RpcError:
                    continue
                rows = getattr(response, rows_field.name)
                served = sorted(as_text(field, getattr(row, field.name)) if row.HasField(field.name) else "NULL"
                                for row in rows)
                table, column = self.sql_name(service, field)
                cast = "::numeric" if self.psql(
                    f"SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND "
                    f"attname = {column!r}") == "money" else ""
                expected = self.rows(f"SELECT {quote(column)}{cast} FROM {table}", field)
                with self.subTest(field=field.full_name):
                    self.assertEqual(served, expected)
                compared += len(rows)
        print(f"{compared} values compared")
        self.assertGreater(compared, 100)

    def rows(self, sql, field):
        text = self.psql("SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; SET bytea_output = hex; "
                         f"SELECT coalesce(json_agg(x.v), '[]') FROM (SELECT v::text FROM ({sql}) s(v)) x")
        values = json.loads(text)
        return sorted("NULL" if v is None else self.normal(v, field) for v in values)

    def normal(self, text, field):
        kind = field.message_type.full_name if field.message_type else None
        if kind == "google.protobuf.Timestamp":
            return datetime.datetime.fromisoformat(text.removesuffix("+00").ljust(19, "0") if "." not in text else
                                                   pad(text.removesuffix("+00"))).isoformat(sep=" ")
        if field.type == D.TYPE_DOUBLE:
            return str(float(text))
        if field.type == D.TYPE_FLOAT:
            import struct
            return str(struct.unpack("f", struct.pack("f", float(text)))[0])
        if field.type == D.TYPE_BOOL:
            return text[0]
        return text

    def sql_name(self, service, field):
        comments = getattr(self, "_names", None)
        if comments is None:
            comments = self._names = self.names()
        return comments[service], self.columns(comments[service])[field.number]

    def columns(self, table):
        text = self.psql(f"SELECT json_object_agg(attnum, attname) FROM pg_attribute WHERE attrelid = '{table}'::regclass"
                         " AND attnum > 0 AND NOT attisdropped")
        return {int(k): v for k, v in json.loads(text).items()}

    def names(self):
        """service -> SQL name, by the order of the contract's own derivation: the same attnums."""
        relations = json.loads(self.psql(
            "SELECT json_agg(json_build_array(c.oid::regclass::text, (SELECT json_agg(json_build_array(attnum, "
            "attname) ORDER BY attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped)))"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r','p','v','m','f') AND NOT "
            "relispartition AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"))
        raise NotImplementedError(relations)


def pad(text):
    head, fraction = text.split(".")
    return f"{head}.{fraction.ljust(6, '0')}"


def quote(name):
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    unittest.main()
