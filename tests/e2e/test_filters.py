"""Functions and lists in filters: they keep the rows that the same SQL does, in each method, and an index serves."""

import re
import unittest

from bulk import list_rows, stream_rows
from harness import ServedTestCase

ROWS = 20_000

SQL = f"""
CREATE EXTENSION pg_trgm;
CREATE EXTENSION citext;
CREATE SCHEMA ext;
CREATE EXTENSION ltree SCHEMA ext;
CREATE TEXT SEARCH CONFIGURATION "Odd's" (COPY = simple);
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN period AS daterange CHECK (NOT isempty(VALUE));
CREATE DOMAIN pin AS char(6);
CREATE TABLE book (id bigint PRIMARY KEY, name text, title varchar(80), nick citext, code char(6), body text,
  tags text[], counts int[],
  moods mood[], mood mood, attrs jsonb, doc json, during tstzrange, days period, spans span, path ext.ltree,
  "odd "" name" text, ref uuid, price numeric(8,2), at timestamptz,
  words tsvector GENERATED ALWAYS AS (to_tsvector('english', coalesce(body, ''))) STORED,
  pin pin DEFAULT 'p1', nums int[] DEFAULT '{{1,2}}', list jsonb DEFAULT '[1, true, "x"]');
COMMENT ON COLUMN book.nums IS '@protogres type=string';
INSERT INTO book SELECT g, 'Name ' || md5(g::text), 'Title ' || g, 'Nick' || g, 'c' || g % 1000,
  CASE g % 500 WHEN 0 THEN 'The cats are running home' ELSE 'Nothing of interest ' || g END,
  ARRAY['t' || g % 1000, 'u' || g % 7], ARRAY[g, g % 1000], ARRAY['sad'::mood], 'happy',
  jsonb_build_object('color', 'c' || g % 1000, 'n', g, 'note', 'cats'), '{{"a": [1, 2]}}',
  tstzrange(timestamptz '2024-01-01Z' + g * interval '1 hour', timestamptz '2024-01-01Z' + (g + 1) * interval '1 hour'),
  daterange(date '2000-01-01' + g, date '2000-01-01' + g + 1), span(g, g + 0.5), ('top.n' || g % 1000)::ext.ltree, 'odd',
  md5(g::text)::uuid, g / 100.0, timestamptz '2024-01-01Z' + g * interval '1 minute'
  FROM generate_series(1, {ROWS}) g;
INSERT INTO book (id, name) VALUES (0, NULL), (-1, '100% of_it*');
CREATE INDEX book_name ON book USING gin (name gin_trgm_ops);
CREATE INDEX book_title ON book USING gin (title gin_trgm_ops);
CREATE INDEX book_body ON book USING gin (to_tsvector('english', body));
CREATE INDEX book_words ON book USING gin (words);
CREATE INDEX book_tags ON book USING gin (tags);
CREATE INDEX book_counts ON book USING gin (counts);
CREATE INDEX book_attrs ON book USING gin (attrs);
CREATE INDEX book_during ON book USING gist (during);
CREATE INDEX book_days ON book USING gist (days);
CREATE INDEX book_spans ON book USING gist (spans);
CREATE INDEX book_path ON book USING gist (path);
CREATE INDEX book_price ON book (price);
ANALYZE book;
CREATE TABLE memo (id int PRIMARY KEY, body text, deleted_at timestamptz);
INSERT INTO memo SELECT g, 'memo ' || g FROM generate_series(1, 50) g;
"""

# Each filter, the same in SQL, and the index that serves; None: there is none for it.
FILTERS = [
    ('ilike(name, "NAME c4ca4238%")', "name ILIKE 'NAME c4ca4238%'", "book_name"),
    ('ilike(name, "*C4CA4238*")', "name ILIKE '%C4CA4238%'", "book_name"),
    ('like(title, "%e 777")', "title LIKE '%e 777'", "book_title"),
    ('like(name, "100\\\\% of\\\\_it\\*")', "id = -1", "book_name"),
    ('ilike(nick, "nick77%")', "nick ILIKE 'nick77%'", None),
    ('ilike(code, "C7_")', "code::text ILIKE 'C7_'", None),
    ('matches(name, "c4ca4238a0b923820dcc509a6f75849b$")', "id = 1", "book_name"),
    ('imatches(name, "C4CA4238A0B9")', "id = 1", "book_name"),
    ('matches(nick, "^NICK77$")', "id = 77", None),
    ('search(body, "cat run", "english")', "to_tsvector('english', body) @@ websearch_to_tsquery('english', 'cat run')",
     "book_body"),
    ('search(body, "cat -run", english)', "false", "book_body"),
    ('search(words, "\\"running home\\"", "english")', "id % 500 = 0 AND id > 0", "book_words"),
    ('search(body, "cats", "\\"Odd\'s\\"")', "id % 500 = 0 AND id > 0", None),
    ('search(nick, "nick7")', "id = 7", None),
    ('search(attrs.note, "cats", "simple") AND id < 10', "id BETWEEN 1 AND 9", None),
    ('contains(tags, ["t7", "u0"])', "tags @> '{t7,u0}'", "book_tags"),
    ('overlaps(tags, ["t7", "t8"])', "tags && '{t7,t8}'", "book_tags"),
    ('tags:["t7", "t8"]', "tags && '{t7,t8}'", "book_tags"),
    ('tags:t7 OR tags:t8', "tags && '{t7,t8}'", "book_tags"),
    ('within(tags, ["t7", "u0"])', "tags <@ '{t7,u0}'", None),
    ('contains(counts, [7, 1007])', "counts @> '{7,1007}'", "book_counts"),
    ('contains(moods, [sad]) AND id < 5', "id BETWEEN 1 AND 4", None),
    ('contains(attrs, \'{"color": "c7"}\')', "attrs @> '{\"color\":\"c7\"}'", "book_attrs"),
    ('NOT contains(attrs, [color, nope]) AND id < 3', "id < 3", None),
    ('overlaps(attrs, [nope, n]) AND id < 3', "id IN (1, 2)", None),
    ('contains(doc, \'{"a": [2]}\') AND id < 3', "id IN (1, 2)", None),
    ('contains(during, "2024-01-02T00:30:00Z")', "during @> timestamptz '2024-01-02 00:30Z'", "book_during"),
    ('contains(during, 2024-01-02)', "during @> timestamptz '2024-01-02Z'", "book_during"),
    ('overlaps(during, "[2024-01-02T00:30:00Z,2024-01-02T02:00:00Z)")',
     "during && '[2024-01-02T00:30:00Z,2024-01-02T02:00:00Z)'", "book_during"),
    ('within(during, "[2024-01-02T00:00:00Z,2024-01-02T02:00:00Z)")',
     "during <@ '[2024-01-02T00:00:00Z,2024-01-02T02:00:00Z)'", "book_during"),
    ('contains(days, 2000-01-08)', "days @> date '2000-01-08'", "book_days"),
    ('contains(spans, 7.25)', "spans @> 7.25::float8", "book_spans"),
    ('contains(path, "top.n7.x")', "path OPERATOR(ext.@>) 'top.n7.x'", "book_path"),
    ("id: [1, 2, 30000]", "id IN (1, 2)", "book_pkey"),
    ("id = 1 OR id = 2 OR id = 3", "id IN (1, 2, 3)", "book_pkey"),
    ("id != [1, 2] AND id <= 4", "id IN (-1, 0, 3, 4)", "book_pkey"),
    ("price = [0.01, 0.02]", "id IN (1, 2)", "book_price"),
    ('name = ["100% of_it\\*", null]', "id IN (0, -1)", None),
    ('name = [null, "N*c4ca4238a*"]', "id IN (0, 1)", None),
    ("nick: [NICK1, nIcK2]", "id IN (1, 2)", None),
    ("mood = [happy, MOOD_SAD] AND id < 3", "id IN (1, 2)", None),
    ('ref = ["c4ca4238-a0b9-2382-0dcc-509a6f75849b"]', "id = 1", None),
    ("at = [2024-01-01T00:01:00Z, 2024-01-01T00:02:00Z]", "id IN (1, 2)", None),
    ("attrs.color = [c7, c8]", "attrs ->> 'color' IN ('c7', 'c8')", None),
    ("attrs.n = [1, 2]", "id IN (1, 2)", None),
    ("path = [top.n1, top.n2]", "path::text IN ('top.n1', 'top.n2')", None),
    ("id = []", "false", None),
    ('like(name, "100\\\\% of\\\\_it\\\\*")', "id = -1", None),
    ('like(pin, "p1") AND matches(pin, "^p1$") AND id < 3', "id < 3", None),
    ('pin = "p*1" AND id < 3', "id < 3", None),
    ('nums = "{1,2}" OR nums = "{3}" AND id < 3', "id < 3", None),
    ('tags:["t77*", nope] AND id < 800', "id = 77 OR id BETWEEN 770 AND 779", None),
    ('contains(tags, ["t7*", "u1"]) AND id < 100', "(id = 7 OR id BETWEEN 70 AND 79) AND id % 7 = 1", None),
    ('within(tags, ["t7*", "u*"]) AND id < 100', "id = 7 OR id BETWEEN 70 AND 79", None),
    ('NOT within(tags, ["*"]) AND id < 3', "id IN (-1, 0)", None),
    ("contains(list, [1, true, x]) AND id < 3", "id < 3", None),
    ('NOT contains(list, [1, "1"]) AND overlaps(list, [2, true]) AND id < 3', "id < 3", None),
    ("ilike(odd___name, ODD) AND id < 3", "id IN (1, 2)", None),
]


class Filters(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--echo=values",)

    def ids(self, condition):
        found = self.psql(f"SELECT id FROM book WHERE {condition} ORDER BY id")
        return found.split()

    def test_the_rows_are_those_of_the_same_sql(self):
        for text, condition, _ in FILTERS:
            with self.subTest(text):
                fields = {"filter": text, "read_mask": "id", "order_by": "id"}
                listed = [row["id"] for row in list_rows(self.client, "ListBooks", **fields)]
                self.assertEqual(listed, self.ids(condition))
                self.assertEqual([row["id"] for row in stream_rows(self.client, "StreamBooks", **fields)], listed)

    def test_an_index_serves(self):
        for text, _, index in FILTERS:
            if index is None:
                continue
            with self.subTest(text):
                self.call("ListBooks", {"filter": text, "read_mask": "id", "order_by": "price"})
                self.assertIn(index, self.psql("EXPLAIN " + self.statement()))

    def statement(self):
        """The last statement about books that the server has logged, with its parameters in it as literals."""
        logged = re.compile(r"(SELECT .* FROM \"public\".\"book\" AS t .*?)(?: \[(\$1 .*)\])? OK [\d.]+ ms")
        found = next(match for line in reversed(self.server.all_lines()) if (match := logged.search(line)))
        literals = re.findall(r"\$\d+ ('(?:[^']|'')*')", found.group(2) or "")
        return re.sub(r"\$(\d+)", lambda parameter: "E" + literals[int(parameter.group(1)) - 1], found.group(1))

    def test_count_total_and_where(self):
        page = self.call("ListBooks", {"filter": "id: [1, 2, 3] AND ilike(title, \"title _\")", "count_total": True})
        self.assertEqual(page["total_size"], "3")
        self.assertEqual(self.call("UpdateMemosWhere", {"memo": {"body": "x"}, "update_mask": "body", "filter":
                                                        'matches(body, "^memo [12]$")'}), {"affected": "2"})
        self.assertEqual(self.call("DeleteMemosWhere", {"filter": "id: [3, 4]"}), {"affected": "2"})
        self.assertEqual(self.psql("SELECT count(*) FROM memo WHERE deleted_at IS NOT NULL"), "2")

    def test_what_postgres_refuses(self):
        for text, words in (('matches(name, "(")', "invalid regular expression"),
                            ('ilike(nick, "nick\\\\")', "LIKE pattern must not end with escape character"),
                            ('search(body, "x", "nope")', 'text search configuration "nope" does not exist'),
                            ('search(body, "x", "\\"No pe\\"")', "does not exist")):
            for method in ("ListBooks", "UpdateBooksWhere"):
                with self.subTest(text, method=method):
                    fields = {"filter": text}
                    if method == "UpdateBooksWhere":
                        fields |= {"book": {"title": "x"}, "update_mask": "title"}
                    with self.fails("INVALID_ARGUMENT", "INVALID_FILTER") as outcome:
                        self.call(method, fields)
                    self.assertIn(words, outcome[0].message)
        with self.fails("INVALID_ARGUMENT", "INVALID_VALUE"):
            self.call("ListBooks", {"filter": 'contains(during, "[b,a")'})
        with self.fails("INVALID_ARGUMENT", "INVALID_VALUE"):
            self.call("ListBooks", {"filter": "contains(attrs, '{')"})


if __name__ == "__main__":
    unittest.main()
