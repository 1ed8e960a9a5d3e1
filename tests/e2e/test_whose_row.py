"""Rows that are inserted together: each request is answered the one that it has sent, whatever order they come back in."""

from harness import ServedTestCase

SQL = """
-- Rows come back in another order, as of a table that an extension distributes.
CREATE TABLE storage (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, n integer);
CREATE VIEW front AS SELECT id, a, n FROM storage;
CREATE RULE distribute AS ON INSERT TO front DO INSTEAD
  INSERT INTO storage (a, n) SELECT NEW.a, NEW.n ORDER BY NEW.n DESC RETURNING id, a, n;
-- Some are not stored.
CREATE TABLE choosy (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, n numeric(10,2));
CREATE FUNCTION choose() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN IF NEW.a LIKE 'unwanted%' THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER choose BEFORE INSERT ON choosy FOR EACH ROW EXECUTE FUNCTION choose();
-- What is stored is not what was sent.
CREATE TABLE rounded (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n numeric(10,1));
CREATE TABLE sample (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, value double precision,
  price numeric(10,2), token uuid);
"""


class WhoseRow(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--echo",)

    def inserts(self, table):
        return sum(f'INSERT INTO "public"."{table}"' in line for line in self.server.all_lines())

    def batch(self, method, field, rows):
        answer = self.client.raw(method, {"requests": [{field: row} for row in rows]})
        return list(getattr(answer, answer.DESCRIPTOR.fields[0].name))

    def test_batch_create(self):
        rows = self.batch("BatchCreateFronts", "front", [{"a": f"a{i}", "n": i} for i in range(20)])
        self.assertEqual([(row.a, row.n) for row in rows], [(f"a{i}", i) for i in range(20)])
        self.assertEqual(self.psql("SELECT count(*) FROM storage"), "20")
        for row in rows:
            self.assertEqual(self.psql(f"SELECT a, n FROM storage WHERE id = {row.id}"), f"{row.a}|{row.n}")
        self.psql("TRUNCATE storage")

    def test_rows_that_a_trigger_leaves_out(self):
        names = ["a", "unwanted", "b", "unwanted too", "c"]
        rows = self.batch("BatchCreateChoosies", "choosy", [{"a": name} for name in names])
        self.assertEqual([row.a for row in rows], ["a", "", "b", "", "c"])
        self.assertEqual(rows[1].ByteSize(), 0)
        self.assertEqual(self.psql("SELECT a FROM choosy ORDER BY id").split(), ["a", "b", "c"])

    def test_rows_that_cannot_be_told_apart_come_one_by_one(self):
        rows = self.batch("BatchCreateRoundeds", "rounded", [{"n": n} for n in ("1.26", "1.34", "2")])
        self.assertEqual([row.n for row in rows], ["1.3", "1.3", "2.0"])

    def test_rows_that_can_are_inserted_by_one_statement(self):
        before = self.inserts("sample")
        sent = [{"at": f"2024-01-01T00:00:{i:02}Z", "value": i / 7, "price": f"{i}.5",
                 "token": f"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A{i:02}"} for i in range(50)]
        for field in ("at", "value", "price", "token"):
            self.batch("BatchCreateSamples", "sample", [{field: row[field]} for row in sent])
        self.batch("BatchCreateSamples", "sample", [{}] * 50)
        self.assertEqual(self.inserts("sample") - before, 5)
