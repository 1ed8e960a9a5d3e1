"""Values of all kinds through Stream and Import: what a table holds comes out as List has it, and goes in again."""

import unittest

from bulk import import_rows, list_rows, rows_of, stream, stream_rows
from harness import ROOT, ServedTestCase


class Values(ServedTestCase):
    FILE = ROOT / "tests/support/hostile.sql"

    def test_every_table_is_streamed_as_it_is_listed(self):
        streamed = 0
        for name, (service, method) in sorted(self.client.methods.items()):
            if not method.server_streaming or not name.startswith(f"{service}.Stream"):
                continue
            listed = name.replace(".Stream", ".List")
            outcomes = []
            for rows, called in ((list_rows, listed), (stream_rows, name)):
                try:
                    outcomes.append([{field: value for field, value in row.items() if field != "now"}
                                     for row in rows(self.client, called)])
                except Exception as error:
                    outcomes.append((error.code(), error.details()))
            self.assertEqual(outcomes[1], outcomes[0], name)
            streamed += bool(outcomes[0])
        self.assertGreater(streamed, 40)

    def test_what_is_streamed_from_a_table_can_be_imported_into_a_copy(self):
        tables = self.psql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
                           "AND (relname LIKE 'value%' OR relname IN ('odd \"name\"', 'composite_key', 'key_types', "
                           "'array_key', 'dropped', 'select', 'message', 'CamelCase', 'tree')) ORDER BY 1").splitlines()
        self.assertGreater(len(tables), 20)
        self.psql("DELETE FROM value_json WHERE id = 9")  # deeper than protobuf's clients read
        done = 0
        for name, (service, method) in sorted(self.client.methods.items()):
            if not name.startswith(f"{service}.Import"):
                continue
            sql_name = self.table_of(service, tables)
            if sql_name is None:
                continue
            chunks = list(stream(self.client, name.replace(".Import", ".Stream")))
            if not chunks:
                continue
            quoted = '"' + sql_name.replace('"', '""') + '"'
            self.psql(f"DELETE FROM {quoted}")
            request = self.contract.message(method.input_type.full_name)
            rows = method.input_type.fields_by_number[1].name
            messages = []
            for chunk in chunks:
                messages.append(request())
                getattr(messages[-1], rows).extend(getattr(chunk, rows))
            loaded = import_rows(self.client, name, *messages)
            self.assertEqual(loaded, sum(len(getattr(chunk, rows)) for chunk in chunks), name)
            self.assertEqual(stream_rows(self.client, name.replace(".Import", ".Stream")),
                             [row for chunk in chunks for row in rows_of(self.client, chunk)], name)
            done += 1
        self.assertGreaterEqual(done, 20)

    def table_of(self, service, tables):
        """The SQL name of a service's table, by its comment in the contract."""
        for file in self.contract.files.file:
            for i, described in enumerate(file.service):
                if f"{file.package}.{described.name}" != service:
                    continue
                for location in file.source_code_info.location:
                    if list(location.path) == [6, i]:
                        text = location.leading_comments.strip()
                        name = text.removeprefix("The rows of public.").removesuffix(".")
                        return name if name in tables else None
        return None


if __name__ == "__main__":
    unittest.main()
