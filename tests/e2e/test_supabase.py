"""A database laid out as Supabase's: types of extensions that no search_path has, as columns, keys and elements."""

import json
import subprocess
import unittest

from bulk import import_rows, rows_of, stream_rows
from harness import BINARY, PATIENCE, ROOT, Client, Contract, Server, TestCase, postgres

EXTENSIONS = ("uuid-ossp", "pgcrypto", "citext", "hstore", "ltree", "isn", "cube", "seg", "intarray", "pg_trgm")
SCHEMAS = "--schemas=public,auth,storage"
SEARCH_PATH = "--search_path=public,extensions"

# What is sent, in the text forms in which PostgreSQL gives it back. The last row of books has what is required alone.
ROWS = {
    "books": [
        {"isbn": "0-393-04002-X", "isbn13": "978-0-393-04002-9", "ean": "978-0-393-04002-9", "issn": "1436-4522",
         "upc": "220356483481", "title": "The Elements", "path": "Top.Science.Chemistry", "query": "Top.*",
         "attrs": '"a"=>"1", "b"=>NULL', "box": "(1, 2, 3)", "span": "1.5", "contact": "Ann@Example.com",
         "shelf": "A.1", "edition": {"isbn": "978-0-393-04002-9", "title": "First", "shelf": "B.2"},
         "scores": [3, 1], "titles": ["Alpha", "Beta"], "isbns": ["0-393-04002-X", "0-306-40615-2"],
         "paths": ["Top", "Top.Science"], "attr_list": ['"k"=>"v"', ""], "boxes": ["(1, 2),(3, 4)"],
         "contacts": ["x@y.z", "A@b.c"]},
        {"isbn": "0-306-40615-2", "isbn13": "978-0-306-40615-7", "ean": "978-0-306-40615-7", "issn": "0317-8471",
         "upc": "036000291452", "title": "stars", "path": "Top.Science.Astronomy", "query": "*.Astronomy",
         "attrs": '"a"=>"2"', "box": "(0, 5, 1)", "span": "0.5 .. 2.5", "contact": "bob@example.com",
         "shelf": "A.2", "edition": {"isbn": "978-0-306-40615-7", "title": "second", "shelf": "A.9"},
         "scores": [7], "titles": ["gamma"], "isbns": ["0-306-40615-2"], "paths": ["Top.Hobbies"],
         "attr_list": ['"k"=>"w"'], "boxes": ["(9)"], "contacts": ["q@b.c"]},
        {"isbn": "0-8044-2957-X", "title": "Maps", "path": "Top.Travel"},
    ],
    "words": [{"word": "alpha", "rank": 2}, {"word": "Beta", "rank": 1}, {"word": "gamma"}],
    "nodes": [{"path": "a.b", "name": "X", "note": "1"}, {"path": "a.b", "name": "y", "note": "2"}, {"path": "a", "name": "z"}],
    "boxes": [{"box": "(1, 2)", "note": "1"}, {"box": "(0),(1)", "note": "2"}, {"box": "(1, 3)"}],
    "settings": [{"pairs": '"a"=>"1"', "note": "1"}, {"pairs": '"a"=>"1", "b"=>NULL', "note": "2"}, {"pairs": '"c"=>"\\"*"'}],
    "mailings": [{"address": "Ann@Example.com", "note": "1"}, {"address": "bob@example.com", "note": "2"}, {"address": "c@d"}],
    "places": [{"place": "A.1", "note": "1"}, {"place": "A", "note": "2"}, {"place": "B.x"}],
    "routes": [{"stops": ["A", "A.1"], "note": "1"}, {"stops": ["B"], "note": "2"}, {"stops": ["A", "A.2"]}],
    "sightings": [{"path": "a.b", "attrs": '"n"=>"1"', "note": "One"}, {"path": "a", "note": "two"}, {"attrs": '"n"=>"1"'}],
}
MESSAGES = {"boxes": "Box", **{table: table[:-1].capitalize() for table in ROWS if table != "boxes"}}
KEYS = {"books": ["isbn"], "words": ["word"], "nodes": ["path", "name"], "boxes": ["box"], "settings": ["pairs"],
        "mailings": ["address"], "places": ["place"], "routes": ["stops"]}
# Columns of types without an order; and of those, which cannot be compared at all.
UNORDERED = {"query", "attrs", "attr_list", "pairs"}
INCOMPARABLE = {"query"}


def quoted(value):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
    return f'"{escaped}"'


def of(row, like):
    """What `row` has of the fields of `like`."""
    return {name: row.get(name) for name in like}


class Supabase(TestCase):
    @classmethod
    def setUpClass(cls):
        names = postgres().psql("postgres", "SELECT name FROM pg_available_extensions").split("\n")
        if missing := set(EXTENSIONS) - set(names):
            raise unittest.SkipTest(f"this PostgreSQL has no {', '.join(sorted(missing))}")
        postgres().create("supabase", file=ROOT / "tests/support/supabase.sql")
        cls.server = Server(cls.uri("service_role"), SCHEMAS, SEARCH_PATH)
        cls.addClassCleanup(cls.server.close)
        cls.client = Client(cls.server, Contract(cls.uri("service_role"), SCHEMAS))
        cls.call = cls.client.call

    @staticmethod
    def uri(role):
        return f"host={postgres().dir} dbname=supabase user=authenticator options=-crole={role}"

    @staticmethod
    def psql(sql):
        return postgres().psql("supabase", sql)

    def setUp(self):
        self.psql("TRUNCATE auth.users, storage.objects, " + ", ".join(ROWS) + " CASCADE")
        self.addCleanup(self.nothing_set_off_a_reload, self.server)

    def nothing_set_off_a_reload(self, server):
        for line in server.all_lines():
            self.assertNotRegex(line, "reload|CATALOG_MOVED|INTERNAL")

    def fill(self, table):
        """The rows as their Creates answer them, without etags."""
        created = [self.call(f"Create{MESSAGES[table]}", {MESSAGES[table].lower(): row}) for row in ROWS[table]]
        for row in created:
            row.pop("etag", None)
        return created

    def key(self, table, row):
        return of(row, KEYS[table])

    def plural(self, table):
        return table.capitalize()

    def list(self, table, **request):
        return rows_of(self.client, self.client.raw(f"List{self.plural(table)}", request))

    def pages(self, table, **request):
        """All rows by pages of one."""
        rows, token = [], ""
        while True:
            page = self.client.raw(f"List{self.plural(table)}", dict(request, page_size=1, page_token=token))
            rows += rows_of(self.client, page)
            token = page.next_page_token
            if not token:
                return rows

    def test_every_value_comes_back(self):
        for table in ROWS:
            with self.subTest(table):
                created = self.fill(table)
                for sent, row in zip(ROWS[table], created):
                    self.assertEqual(of(row, sent), sent)
                    for name, value in sent.items():
                        if isinstance(value, str) and table in KEYS:
                            self.assertEqual(self.stored(table, name, row), value)
                if table not in KEYS:
                    continue
                for row in created:
                    got = self.call(f"Get{MESSAGES[table]}", self.key(table, row))
                    self.assertTrue(got.pop("etag"))
                    self.assertEqual(got, row)
                keys = [self.key(table, row) for row in reversed(created)]
                self.assertEqual(rows_of(self.client, self.client.raw(f"BatchGet{self.plural(table)}", {"requests": keys})),
                                 created[::-1])

    def stored(self, table, column, row):
        """A column's text in PostgreSQL, of the row with the same first column of the key."""
        key = next(iter(KEYS[table]))
        text = json.dumps(row[key]) if isinstance(row[key], list) else row[key]
        where = " AND ".join(f"format('%s', {name}) = $v${row[name]}$v$" for name in KEYS[table]
                             if isinstance(row[name], str)) or f"to_json({key}::text[])::text = $v${text.replace(', ', ',')}$v$"
        return self.psql(f"SELECT format('%s', {column}) FROM {table} WHERE {where}")

    def test_pages_of_one_in_every_order(self):
        for table in ROWS:
            created = self.fill(table)
            self.assertCountEqual(map(str, self.pages(table)), map(str, created), table)
            for name in ROWS[table][0]:
                for order in (name, f"{name} desc"):
                    with self.subTest(table=table, order=order):
                        if name in UNORDERED:
                            with self.fails("INVALID_ARGUMENT", "INVALID_ORDER_BY"):
                                self.pages(table, order_by=order)
                            continue
                        pages = self.pages(table, order_by=order)
                        self.assertEqual(pages, self.list(table, order_by=order))
                        self.assertCountEqual(map(str, pages), map(str, created))

    def test_filters_on_every_column(self):
        for table in ROWS:
            created = self.fill(table)
            for name in ROWS[table][0]:
                for value in [row[name] for row in ROWS[table] if name in row]:
                    with self.subTest(table=table, field=name, value=value):
                        self.filter(table, created, name, value)

    def filter(self, table, created, name, value):
        def found(filter):
            return [str(row) for row in self.list(table, filter=filter)]

        some = {str(row) for row in created if name in row}
        if isinstance(value, list):
            for element in value:
                literal = quoted(element) if isinstance(element, str) else element
                self.assertCountEqual(found(f"{name}:{literal}"),
                                      [str(row) for row in created if element in row.get(name, [])])
            return
        if isinstance(value, dict):
            for member, inner in value.items():
                same = [str(row) for row in created if row.get(name, {}).get(member) == inner]
                self.assertCountEqual(found(f"{name}.{member} = {quoted(inner)}"), same)
                self.assertCountEqual(found(f"{name}.{member} >= {quoted(inner)}")
                                      + found(f"{name}.{member} < {quoted(inner)}"), some)
            return
        self.assertCountEqual(found(f"{name}:*"), some)
        literal = quoted(value) if isinstance(value, str) else value
        if name in INCOMPARABLE:
            with self.fails("INVALID_ARGUMENT", "INVALID_FILTER"):
                found(f"{name} = {literal}")
            return
        same = {str(row) for row in created if row.get(name) == value}
        self.assertCountEqual(found(f"{name} = {literal}"), same)
        self.assertCountEqual(found(f"{name} != {literal}"), some - same)
        if name in UNORDERED:
            return
        before, after = set(found(f"{name} < {literal}")), set(found(f"{name} >= {literal}"))
        self.assertEqual(before | after, some)
        self.assertFalse(before & after)
        self.assertLessEqual(same, after)
        self.assertCountEqual(found(f"{name} <= {literal}"), before | same)
        self.assertCountEqual(found(f"{name} > {literal}"), after - same)

    def test_citext_knows_no_case_and_has_wildcards(self):
        for table in ("books", "words", "mailings", "nodes"):
            self.fill(table)
        self.assertEqual(self.call("GetWord", {"word": "ALPHA"})["word"], "alpha")
        self.assertEqual(self.call("GetNode", {"path": "a.b", "name": "Y"})["note"], "2")
        self.assertEqual(self.call("GetMailing", {"address": "ANN@EXAMPLE.COM"})["address"], "Ann@Example.com")
        with self.fails("ALREADY_EXISTS", "UNIQUE_VIOLATION"):
            self.call("CreateWord", {"word": {"word": "BETA"}})
        for filter, titles in (('title = "the elements"', ["The Elements"]), ("title = *ELEM*", ["The Elements"]),
                               ("title != m*", ["The Elements", "stars"]), ("contact = *@EXAMPLE.com", ["The Elements", "stars"]),
                               ("titles:beta", ["The Elements"]), ("titles:G*", ["stars"]), ("contacts:a@B.c", ["The Elements"]),
                               ("edition.title = SEC*", ["stars"]), ("edition:shelf", ["The Elements", "stars"])):
            with self.subTest(filter):
                self.assertCountEqual([row["title"] for row in self.list("books", filter=filter)], titles)

    def test_a_value_that_an_extensions_type_refuses(self):
        first = self.fill("books")[0]
        row = dict(self.key("books", first), path="not a path")
        with self.fails("INVALID_ARGUMENT", "INVALID_VALUE"):
            self.call("UpdateBook", {"book": row, "update_mask": "path"})
        with self.fails("INVALID_ARGUMENT", "INVALID_VALUE"):
            self.call("ListBooks", {"filter": 'path = "not a path"'})

    def test_a_null_in_an_array_does_not_fail_a_filter(self):
        """intarray's own @> does not take one, and is found before PostgreSQL's."""
        self.fill("books")
        self.psql("SET search_path = public, extensions; UPDATE books SET scores = '{3,NULL}' WHERE title = 'Maps'")
        request = {"filter": "scores:3", "order_by": "title", "read_mask": "title"}
        self.assertCountEqual([row["title"] for row in self.list("books", **request)], ["Maps", "The Elements"])

    def test_updates(self):
        for table, keys in KEYS.items():
            message = MESSAGES[table]
            first, second, third = self.fill(table)
            for name, value in ROWS[table][1].items():
                if name in keys or name == "path":
                    continue
                with self.subTest(table=table, field=name):
                    row = dict(self.key(table, first), **{name: value})
                    updated = self.call(f"Update{message}", {message.lower(): row, "update_mask": name})
                    self.assertEqual(updated[name], value)
                    changed = self.call(f"Update{self.plural(table)}Where", {
                        message.lower(): {name: first[name]}, "update_mask": name, "max_affected": 1,
                        "filter": " AND ".join(f"{key} = {quoted(first[key])}" for key in keys if key != "stops")
                                  or 'stops:"A.1"'})
                    self.assertEqual(changed, {"affected": "1"})
            self.call(f"Delete{message}", self.key(table, third))
            sent = ROWS[table][2]
            upserted = self.call(f"Update{message}", {message.lower(): sent, "allow_missing": True})
            self.assertEqual(of(upserted, sent), sent)
            self.assertEqual(of(self.call(f"Update{message}", {message.lower(): sent, "allow_missing": True}), sent), sent)
            self.call(f"BatchDelete{self.plural(table)}", {"requests": [self.key(table, row) for row in (first, second)]})
            self.assertEqual([of(row, sent) for row in self.list(table)], [sent])

    def test_imports_batches_and_streams(self):
        for table, sent in ROWS.items():
            with self.subTest(table):
                self.assertEqual(import_rows(self.client, f"Import{self.plural(table)}", sent[:2], sent[2:]), 3)
                rows = stream_rows(self.client, f"Stream{self.plural(table)}", page_size=1)
                self.assertEqual(rows, self.list(table))
                self.assertCountEqual([str(of(row, sent[0])) for row in rows], [str(of(row, sent[0])) for row in sent])
                name = next(iter(sent[0]))
                self.assertEqual(self.call(f"Delete{self.plural(table)}Where", {"filter": f"{name}:* OR {name} = null"}),
                                 {"affected": "3"})
                request = {"requests": [{MESSAGES[table].lower(): row} for row in sent]}
                batch = rows_of(self.client, self.client.raw(f"BatchCreate{self.plural(table)}", request))
                self.assertEqual([of(row, like) for row, like in zip(batch, sent)], sent)

    def test_defaults_triggers_and_generated_columns(self):
        first = self.fill("books")[0]
        self.assertEqual(len(first["owner"]), 36)
        self.assertEqual(len(first["token"]), 16)
        self.assertEqual(first["slug"], "the-elements")
        self.assertTrue(first["checksum"])

    def test_a_view(self):
        self.fill("books")
        row = self.call("GetCatalogue", {"isbn": "0-306-40615-2"})
        self.assertEqual(row, {"isbn": "0-306-40615-2", "title": "stars", "path": "Top.Science.Astronomy"})
        page = self.client.raw("ListCatalogues", {"page_size": 2, "order_by": "path desc"})
        rest = self.client.raw("ListCatalogues", {"page_size": 2, "order_by": "path desc", "page_token": page.next_page_token})
        self.assertEqual([row["path"] for row in rows_of(self.client, page) + rows_of(self.client, rest)],
                         ["Top.Travel", "Top.Science.Chemistry", "Top.Science.Astronomy"])

    def test_users_profiles_and_files(self):
        ann = "8d1f6f0e-7a55-4d7c-9c0a-3d5b1e7a0001"
        profile = {"id": ann, "handle": "Ann", "email": "ann@example.com", "settings": '"theme"=>"dark"', "groups": ["staff.admin"]}
        with self.fails("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION"):
            self.call("CreateProfile", {"profile": profile})
        user = self.call("CreateUser", {"user": {"id": ann, "email": "ann@example.com", "raw_user_meta_data": {"name": "Ann"},
                                                 "email_confirmed_at": "2024-05-01T10:00:00Z"}})
        self.assertEqual(user["confirmed_at"], "2024-05-01T10:00:00Z")
        self.assertEqual(of(self.call("CreateProfile", {"profile": profile}), profile), profile)
        self.assertEqual(len(self.list("profiles", filter='groups:"staff.admin" AND handle = ANN')), 1)
        file = self.call("CreateObject", {"object": {"bucket_id": "avatars", "name": "ann/face.png", "metadata": {"size": 7}}})
        self.assertEqual(file["path_tokens"], ["ann", "face.png"])
        self.assertEqual(self.list("objects", filter='path_tokens:ann AND metadata.size > 3')[0]["id"], file["id"])
        self.call("DeleteUser", {"id": ann})
        self.assertEqual(self.list("users"), [])
        self.assertEqual(len(self.list("profiles")), 1)  # the user has only been marked

    def test_another_role_has_the_rights_that_its_policies_leave_it(self):
        self.psql("INSERT INTO auth.users (id) VALUES ('8d1f6f0e-7a55-4d7c-9c0a-3d5b1e7a0002'); INSERT INTO profiles "
                  "VALUES ('8d1f6f0e-7a55-4d7c-9c0a-3d5b1e7a0002', 'Bob')")
        server = Server(self.uri("authenticated"), "--schemas=public", SEARCH_PATH)
        self.addCleanup(server.close)
        client = Client(server, Contract(self.uri("authenticated"), "--schemas=public"))
        self.assertEqual(client.call("ListProfiles")["profiles"][0]["handle"], "Bob")
        row = {"id": "8d1f6f0e-7a55-4d7c-9c0a-3d5b1e7a0002", "handle": "Rob"}
        with self.fails("NOT_FOUND"):
            client.call("UpdateProfile", {"profile": row, "update_mask": "handle"})
        self.nothing_set_off_a_reload(server)

    def test_without_the_search_path_a_trigger_says_what_it_lacks(self):
        server = Server(self.uri("service_role"), SCHEMAS)
        self.addCleanup(server.close)
        client = Client(server, self.client.contract)
        for _ in range(3):
            with self.fails("FAILED_PRECONDITION", "RAISED_EXCEPTION", message=r"does not exist.*\(--search_path\)"):
                client.call("CreateBook", {"book": ROWS["books"][2]})
        self.nothing_set_off_a_reload(server)

    def test_a_search_path_that_is_not_there_is_an_error_at_the_start(self):
        done = subprocess.run([BINARY, "serve", f"--database={self.uri('service_role')}", "--listen=127.0.0.1:0",
                               "--search_path=public,extentions"], capture_output=True, text=True, timeout=20 * PATIENCE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('has no schema "extentions", which --schemas or --search_path names', done.stderr)


if __name__ == "__main__":
    unittest.main()
