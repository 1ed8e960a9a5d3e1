"""Pages of relations that have no key, or one that is not unique: each row of what stays as it is comes once."""

import base64
import collections
import unittest

from bulk import rows_of, stream
from harness import ServedTestCase

SQL = """
CREATE TABLE amounts (n numeric);
INSERT INTO amounts VALUES (1), (1.0), (1.00), (1.000), (2), (2.0);
CREATE TABLE odd (f float8, i interval, j jsonb, c varchar, b char(3), p point);
INSERT INTO odd VALUES (0, '1 day', '1', 'a', 'a', '(0,0)'), ('-0', '24 hours', '1.0', 'A', 'a ', '(0,-0)'),
  (0, '24 hours', '1.00', 'a', 'b', '(0,0)'), (NULL, NULL, NULL, NULL, NULL, NULL), (0, '1 day', '1', 'a', 'a', '(0,0)');
INSERT INTO odd SELECT * FROM odd;
CREATE VIEW amounts_seen AS SELECT n, 1 AS one FROM amounts;
CREATE VIEW odd_seen AS SELECT * FROM odd;
CREATE VIEW aging AS SELECT now() AS at, now() - timestamptz '2020-01-01Z' + g * interval '1 day' AS age, g % 3 AS g
  FROM generate_series(1, 40) g;
CREATE VIEW rolling AS SELECT random() AS r FROM generate_series(1, 30);
CREATE TABLE film (id int PRIMARY KEY, title text);
CREATE TABLE actor (film_id int, name text);
INSERT INTO film SELECT g, 'film ' || g % 7 FROM generate_series(1, 60) g;
INSERT INTO actor SELECT 1 + g % 60, 'actor ' || g FROM generate_series(1, 600) g;
CREATE VIEW film_list AS SELECT title, f.id AS fid, string_agg(name, ', ') AS actors FROM film f
  LEFT JOIN actor ON film_id = f.id GROUP BY f.id, title;
CREATE VIEW film_actors AS SELECT title, name FROM film LEFT JOIN actor ON film_id = id;
CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL, code text NOT NULL);
CREATE TABLE child () INHERITS (parent);
-- PostgreSQL 18 refuses it.
DO $$ BEGIN ALTER TABLE child ALTER name DROP NOT NULL; EXCEPTION WHEN invalid_table_definition THEN NULL; END $$;
CREATE VIEW named AS SELECT attnotnull AS is FROM pg_attribute WHERE attrelid = 'child'::regclass AND attname = 'name';
INSERT INTO parent SELECT g, 'p' || g, 'x' FROM generate_series(1, 10) g;
INSERT INTO child SELECT g, CASE WHEN named.is OR g % 2 > 0 THEN 'c' || g END, 'x' FROM generate_series(5, 15) g, named;
INSERT INTO child SELECT g, CASE WHEN named.is THEN 'd' END, 'x' FROM generate_series(5, 7) g, named;
DROP VIEW named;
CREATE TABLE parted (a int, b text) PARTITION BY HASH (a);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT g % 5, 'same' FROM generate_series(1, 40) g;
CREATE TABLE large (id int PRIMARY KEY, body text);
INSERT INTO large SELECT g, repeat(chr(97 + g % 2), 100000) FROM generate_series(1, 9) g;
CREATE TABLE loads (id int);
INSERT INTO loads SELECT g FROM generate_series(1, 20000) g;
CREATE VIEW copies AS SELECT repeat('x', 1000) AS body FROM generate_series(1, 20000) g;
"""

# Each relation, how its rows are counted by SQL, and orders.
RELATIONS = {
    "Amounts": ("amounts", ("", "n", "n desc")),
    "AmountsSeens": ("amounts_seen", ("", "n", "one desc, n")),
    "Odds": ("odd", ("", "f", "i desc", "j", "c desc, b")),
    "OddSeens": ("odd_seen", ("", "f", "i desc", "j", "c desc, b")),
    "FilmLists": ("film_list", ("", "title", "fid desc")),
    "FilmActors": ("film_actors", ("", "name")),
    "Parents": ("parent", ("", "name", "name desc", "code desc, name")),
    "Parteds": ("parted", ("", "a", "b desc")),
    "Larges": ("large", ("", "body", "body desc")),
}


class Pages(ServedTestCase):
    SQL = SQL

    def methods(self, relation):
        """The List and the Stream whose rows are of the relation."""
        table = RELATIONS[relation][0]
        wanted = f"public.{table}"
        for service in self.contract.services():
            descriptor = self.contract.pool.FindServiceByName(service)
            names = {m.name for m in descriptor.methods}
            row = descriptor.full_name.rsplit(".", 1)[1][:-len("Service")]
            if row.lower() in (table.replace("_", ""), table.replace("_", "").rstrip("s")):
                listing = next(n for n in names if n.startswith("List"))
                return listing, "Stream" + listing[len("List"):]
        self.fail(f"nothing serves {wanted}")

    def pages(self, method, most=3000, **fields):
        rows, token, sizes = [], "", []
        while True:
            page = self.client.raw(method, dict(fields, page_token=token))
            rows += rows_of(self.client, page)
            sizes.append(len(page.next_page_token))
            token = page.next_page_token
            if not token:
                return rows, max(sizes)
            self.assertLess(len(rows), most, "the pages have no end")

    @staticmethod
    def counted(rows):
        # In which order string_agg takes what it is given is PostgreSQL's to choose anew in each statement.
        return collections.Counter(repr(sorted(item for item in row.items() if item[0] != "actors")) for row in rows)

    def test_each_row_once_whatever_the_size_of_the_pages(self):
        for relation, (table, orders) in RELATIONS.items():
            method, _ = self.methods(relation)
            whole, _ = self.pages(method, page_size=1000)
            self.assertEqual(len(whole), int(self.psql(f"SELECT count(*) FROM {table}")), relation)
            for order in orders:
                for size in (1, 2, 3, 7):
                    if size == 1 and len(whole) > 100:
                        continue
                    rows, token = self.pages(method, page_size=size, order_by=order)
                    self.assertEqual(self.counted(rows), self.counted(whole), (relation, order, size))
                    self.assertLess(token, 12000, (relation, order))

    def test_streams_resume_where_they_were(self):
        for relation, (_, orders) in RELATIONS.items():
            listing, method = self.methods(relation)
            for order in orders[:2]:
                whole, _ = self.pages(listing, page_size=1000, order_by=order)
                chunks = list(stream(self.client, method, page_size=4, order_by=order))
                rows = [row for chunk in chunks for row in rows_of(self.client, chunk)]
                self.assertEqual(self.counted(rows), self.counted(whole), (relation, order))
                middle = len(chunks) // 2
                rest = [row for chunk in stream(self.client, method, page_size=3, order_by=order,
                                                page_token=chunks[middle].next_page_token)
                        for row in rows_of(self.client, chunk)]
                before = [row for chunk in chunks[:middle + 1] for row in rows_of(self.client, chunk)]
                self.assertEqual(self.counted(before + rest), self.counted(whole), (relation, order))

    def test_views_that_change_with_the_time_end_and_repeat_nothing(self):
        rows, _ = self.pages("ListAgings", page_size=3)
        self.assertEqual(len(rows), 40)
        self.assertEqual(collections.Counter(row.get("g", 0) for row in rows), {0: 13, 1: 14, 2: 13})
        rows, _ = self.pages("ListRollings", page_size=4)
        self.assertEqual(len(rows), 30)

    def test_the_total_is_counted_too(self):
        page = self.client.raw("ListAmounts", {"page_size": 2, "count_total": True})
        self.assertEqual(page.total_size, 6)

    def test_a_forged_token_reads_no_more_than_a_page(self):
        page = self.client.raw("ListCopies", {"page_size": 2})
        forged = self.forge(page.next_page_token, 19999)
        before = self.server.rss_mb()
        answer = self.client.raw("ListCopies", {"page_size": 2, "page_token": forged})
        self.assertEqual(len(answer.copies), 1)
        self.assertEqual(answer.next_page_token, "")
        self.assertLess(self.server.rss_mb() - before, 12)
        beyond = self.forge(page.next_page_token, 2**61)
        self.assertEqual(len(self.client.raw("ListCopies", {"page_token": beyond}).copies), 0)
        with self.fails("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN", "page_token"):
            self.client.raw("ListCopies", {"page_token": self.forge(page.next_page_token, 2**64 - 2)})

    @staticmethod
    def forge(token, skip):
        """A token that says that so many rows have been returned, with its checksum."""
        # protogres.internal.PageToken: the fingerprint of `token`, then skip.
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[:9] + b"\x18"
        while skip >= 0x80:
            content += bytes([skip & 0x7f | 0x80])
            skip >>= 7
        content += bytes([skip])
        checksum = 0xcbf29ce484222325
        for byte in content:
            checksum = (checksum ^ byte) * 0x100000001b3 % 2**64
        return base64.urlsafe_b64encode(content + b"\x21" + checksum.to_bytes(8, "little")).rstrip(b"=").decode()

    def test_rows_that_come_and_go_between_pages_disturb_no_others(self):
        first = self.client.raw("ListLoads", {"page_size": 1000})
        seen = [row.id for row in first.loads]
        token = first.next_page_token
        self.psql("DELETE FROM loads WHERE id IN (7, 1500); INSERT INTO loads VALUES (20001)")
        while token:
            page = self.client.raw("ListLoads", {"page_size": 1000, "page_token": token})
            seen += [row.id for row in page.loads]
            token = page.next_page_token
        self.assertEqual(sorted(seen), [i for i in range(1, 20002) if i != 1500])


if __name__ == "__main__":
    unittest.main()
