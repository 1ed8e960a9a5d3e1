"""Creates with related rows where triggers change what is stored: that counts, not what was sent."""

import unittest

from harness import ServedTestCase
from test_request_id import install
from transactions import Session


class Totals(ServedTestCase):
    """Triggers of the rows below change the rows above them."""
    SQL = """
        CREATE TABLE bill (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL DEFAULT 0, at timestamptz);
        CREATE TABLE line (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bill_id int REFERENCES bill, amount int NOT NULL);
        CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          UPDATE bill SET total = total + NEW.amount WHERE id = NEW.bill_id; RETURN NULL; END $$;
        CREATE TRIGGER total AFTER INSERT ON line FOR EACH ROW EXECUTE FUNCTION add_up()"""

    def check(self, bill, total):
        self.assertEqual(bill["total"], total)
        self.call("UpdateBill", {"bill": {"id": bill["id"], "etag": bill["etag"], "total": 0}})

    def test_the_row_is_answered_as_it_is_in_the_end(self):
        for amounts in ([1], [2, 3]):
            bill = self.call("CreateBill", {"bill": {"lines": [{"amount": amount} for amount in amounts]}})
            self.check(bill, sum(amounts))
            for line in bill["lines"]:
                self.call("UpdateLine", {"line": line})
        self.check(self.call("CreateLine", {"line": {"amount": 4, "bill": {}}})["bill"], 4)

    def test_of_a_batch_each_row(self):
        bills = self.call("BatchCreateBills", {"requests": [
            {"bill": {"lines": [{"amount": n}, {"amount": 1}]}} for n in range(5)] + [{"bill": {"total": 9}}]})["bills"]
        for bill, total in zip(bills, (1, 2, 3, 4, 5, 9), strict=True):
            self.check(bill, total)

    def test_in_a_transaction(self):
        session = Session(self.client, begin={})
        bill = session.run("totals.v1.CreateBill", bill={"lines": [{"amount": 3}, {"amount": 4}]})
        session.commit()
        self.check(bill, 7)
        self.assertEqual(self.call("CreateBill", {"bill": {"lines": [{"amount": 3}]}, "validate_only": True})["total"], 3)

    def test_a_request_id_is_answered_with_it(self):
        self.assertEqual(install(self.uri).returncode, 0)
        request = {"bill": {"lines": [{"amount": 8}]}, "request_id": "one"}
        first = self.call("CreateBill", request)
        self.assertEqual(self.call("CreateBill", request), first)
        self.check(first, 8)


class Triggers(ServedTestCase):
    """What is stored counts, not what was sent."""
    SQL = """
        CREATE TABLE box (code text PRIMARY KEY, note text);
        CREATE TABLE thing (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, box_code text NOT NULL REFERENCES box, label text);
        CREATE TABLE refused (code text);
        CREATE FUNCTION on_box() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.code = 'none' THEN INSERT INTO refused VALUES (NEW.code); RETURN NULL; END IF; NEW.code := 'T-' || NEW.code; RETURN NEW; END $$;
        CREATE FUNCTION on_thing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.label = 'none' THEN RETURN NULL; END IF; NEW.label := left(NEW.label, 1); RETURN NEW; END $$;
        CREATE TRIGGER a BEFORE INSERT ON box FOR EACH ROW EXECUTE FUNCTION on_box();
        CREATE TRIGGER a BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION on_thing();
        CREATE VIEW shown AS SELECT id, box_code, label FROM thing;
        COMMENT ON VIEW shown IS E'@protogres key=id\\n@protogres references=public.box(code) column=box_code'"""

    def setUp(self):
        self.psql("TRUNCATE box, thing RESTART IDENTITY")

    def test_a_key_that_a_trigger_changes(self):
        for n, labels in enumerate((["a1"], ["a1", "b2", "a3"])):
            box = self.call("CreateBox", {"box": {"code": f"x{n}", "things": [{"label": label} for label in labels]}})
            self.assertEqual(box["code"], f"T-x{n}")
            self.assertEqual([(thing["label"], thing["box_code"]) for thing in box["things"]],
                             [(label[0], f"T-x{n}") for label in labels])
        thing = self.call("CreateThing", {"thing": {"label": "c", "box": {"code": "y"}}})
        self.assertEqual((thing["box_code"], thing["box"]["code"]), ("T-y", "T-y"))

    def test_rows_of_a_view_that_says_what_it_refers_to(self):
        box = self.call("CreateBox", {"box": {"code": "v", "showns": [{"label": "a1"}, {"label": "b2"}]}})
        self.assertEqual([(shown["label"], shown["box_code"]) for shown in box["showns"]], [("a", "T-v"), ("b", "T-v")])
        shown = self.call("CreateShown", {"shown": {"label": "c", "box": {"code": "w"}}})
        self.assertEqual((shown["box_code"], shown["box"]["code"]), ("T-w", "T-w"))

    def test_a_row_that_a_trigger_keeps_from_being_stored(self):
        box = self.call("CreateBox", {"box": {"code": "x", "things": [{"label": "a"}, {"label": "none"}, {"label": "c"}]}})
        self.assertEqual([thing.get("label") for thing in box["things"]], ["a", None, "c"])
        self.assertEqual(self.psql("SELECT count(*) FROM thing"), "2")
        for asked in ({"box": {"code": "none", "things": [{"label": "a"}]}},):
            with self.fails("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION", message=r"^box: .* box\.things\[0\] cannot refer"):
                self.call("CreateBox", asked)
        with self.fails("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION", message=r"^thing\.box: .* thing cannot refer"):
            self.call("CreateThing", {"thing": {"label": "a", "box": {"code": "none"}}})

    def test_what_a_trigger_writes_instead_of_it_is_not_committed(self):
        session = Session(self.client, begin={})
        session.send({"savepoint": "before"})
        error = session.error("triggers.v1.CreateBox", box={"code": "none", "things": [{"label": "a"}]})
        self.assertTrue(error["aborted"])
        session.send({"rollback_to": "before"})
        session.run("triggers.v1.CreateBox", box={"code": "y"})
        session.commit()
        self.assertEqual((self.psql("SELECT count(*) FROM refused"), self.psql("SELECT code FROM box")), ("0", "T-y"))


if __name__ == "__main__":
    unittest.main()
