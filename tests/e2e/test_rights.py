"""Columns that the role may write but not read, and tables that it may only insert into."""

import unittest

from bulk import import_rows
from harness import Client, Contract, Server, TestCase, postgres, wait_for
from test_request_id import install

SQL = """
CREATE TABLE login (name text PRIMARY KEY, password text NOT NULL CHECK (length(password) > 2),
                    tries int NOT NULL DEFAULT 0, codes text[]);
CREATE TABLE ticket (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text, inbox text NOT NULL, number serial);
CREATE TABLE audit (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), actor text NOT NULL, what jsonb,
                    tags text[] NOT NULL);
CREATE TABLE parted (id int, note text) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1, 2, 3);
CREATE TABLE dated (id int PRIMARY KEY, deleted_at timestamptz);
CREATE TABLE pet (id int PRIMARY KEY, name text, state text DEFAULT 'new');
CREATE VIEW audited AS SELECT actor AS who, tags FROM audit;
DROP ROLE IF EXISTS clerk;
CREATE ROLE clerk LOGIN;
GRANT SELECT (name, tries), INSERT (name, password, codes), UPDATE (password, tries, codes) ON login TO clerk;
GRANT DELETE ON login TO clerk;
GRANT SELECT (subject), INSERT (subject, inbox) ON ticket TO clerk;
GRANT INSERT, UPDATE, DELETE ON audit TO clerk;
GRANT INSERT ON parted, audited TO clerk;
GRANT SELECT (id), INSERT, UPDATE, DELETE ON dated TO clerk;
GRANT SELECT, INSERT (id, name), UPDATE (name, state) ON pet TO clerk;
GRANT USAGE ON SEQUENCE audit_id_seq, ticket_number_seq TO clerk;
"""


class Rights(TestCase):
    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        cls.database = cls.__name__.lower()
        owner = postgres().create(cls.database, SQL)
        cls.addClassCleanup(postgres().psql, cls.database, "DROP OWNED BY clerk")
        installed = install(owner, "--role=clerk")
        assert installed.returncode == 0, installed.stderr
        uri = owner.replace("user=postgres", "user=clerk")
        cls.server = Server(uri, *cls.OPTIONS)
        cls.addClassCleanup(cls.server.close)
        cls.client = Client(cls.server, Contract(uri))
        cls.call = cls.client.call

    def setUp(self):
        self.psql("TRUNCATE login, ticket, audit, parted, dated, pet")

    @classmethod
    def psql(cls, sql):
        return postgres().psql(cls.database, sql)

    def methods_of(self, row):
        return {m.name for m in self.client.contract.pool.FindServiceByName(f"{self.database}.v1.{row}Service").methods}


class InputOnly(Rights):
    def password(self, name="ann"):
        return self.psql(f"SELECT password FROM login WHERE name = '{name}'")

    def create(self, **fields):
        return self.call("CreateLogin", {"login": {"name": "ann", "password": "abc", **fields}})

    def test_it_is_written_and_not_answered(self):
        self.assertEqual(self.create(codes=["x"]), {"name": "ann", "tries": 0})
        self.assertEqual(self.psql("SELECT password, codes FROM login"), "abc|{x}")
        for answer in (self.call("GetLogin", {"name": "ann"}), self.call("ListLogins")["logins"][0],
                       self.call("GetLogin", {"name": "ann", "read_mask": "*"})):
            self.assertEqual(answer, {"name": "ann", "tries": 0})
        self.assertEqual(self.call("UpdateLogin", {"login": {"name": "ann", "password": "abcd"}}),
                         {"name": "ann", "tries": 0})
        self.assertEqual(self.password(), "abcd")
        self.call("UpdateLoginsWhere", {"login": {"password": "abcde"}, "filter": 'name = "ann"'})
        self.assertEqual(self.password(), "abcde")
        self.call("DeleteLogin", {"name": "ann"})

    def test_nothing_reads_it(self):
        for fields, reason, field in (({"read_mask": "name,password"}, "INVALID_ARGUMENT", "read_mask"),
                                      ({"filter": "password = abc"}, "INVALID_FILTER", "filter"),
                                      ({"filter": "password:*"}, "INVALID_FILTER", "filter"),
                                      ({"order_by": "password"}, "INVALID_ORDER_BY", "order_by")):
            with self.fails("INVALID_ARGUMENT", reason, field, message="input only: .* may write it, but not read it"):
                self.call("ListLogins", fields)
        with self.fails("INVALID_ARGUMENT", "INVALID_FILTER"):
            self.call("DeleteLoginsWhere", {"filter": "password = abc"})

    def test_masks_of_an_update(self):
        self.create(codes=["x"])
        row = self.call("GetLogin", {"name": "ann"})
        self.call("UpdateLogin", {"login": dict(row, tries=3), "update_mask": "*"})
        self.assertEqual(self.psql("SELECT password, tries, codes FROM login"), "abc|3|{x}")
        self.call("UpdateLogin", {"login": dict(row, password="xyz"), "update_mask": "*"})
        self.assertEqual(self.psql("SELECT password, tries, codes FROM login"), "xyz|0|{x}")
        self.call("UpdateLogin", {"login": {"name": "ann"}, "update_mask": "codes"})
        self.assertEqual(self.psql("SELECT codes FROM login"), "{}")
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", "login.password"):
            self.call("UpdateLogin", {"login": {"name": "ann"}, "update_mask": "password"})
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            self.call("UpdateLogin", {"login": {"name": "ann", "password": "a"}})

    def test_an_upsert(self):
        for password in ("first", "second"):
            answer = self.call("UpdateLogin", {"login": {"name": "ann", "password": password}, "allow_missing": True})
            self.assertEqual(answer, {"name": "ann", "tries": 0})
            self.assertEqual(self.password(), password)
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION"):  # as of each upsert: the new row comes first
            self.call("UpdateLogin", {"login": {"name": "ann"}, "allow_missing": True})
        self.call("UpdateLogin", {"login": {"name": "ann", "password": "third"}, "update_mask": "codes",
                                  "allow_missing": True})
        self.assertEqual(self.psql("SELECT password, codes FROM login"), "second|{}")

    def test_rows_that_differ_by_it_alone(self):
        requests = [{"ticket": {"subject": "same", "inbox": f"{i}@x"}} for i in range(20)]
        self.assertEqual(self.call("BatchCreateTickets", {"requests": requests}), {"tickets": [{"subject": "same"}] * 20})
        self.assertEqual(self.psql("SELECT count(DISTINCT inbox) FROM ticket"), "20")
        self.assertEqual(len(self.call("ListTickets", {"page_size": 30})["tickets"]), 20)
        self.assertEqual(self.methods_of("Ticket"), {"ListTickets", "StreamTickets", "AggregateTickets", "CreateTicket",
                                                     "BatchCreateTickets", "ImportTickets"})
        self.assertEqual(import_rows(self.client, "ImportTickets", [{"subject": "s", "inbox": "i"}], [{"inbox": "j"}]), 2)
        self.assertEqual(self.psql("SELECT count(*) FROM ticket WHERE inbox IN ('i', 'j')"), "2")

    def test_no_soft_delete_is_by_it(self):
        self.call("CreateDated", {"dated": {"id": 1, "deleted_at": "2020-01-01T00:00:00Z"}})
        self.assertEqual(self.call("GetDated", {"id": 1}), {"id": 1})
        # A Delete that was soft for another role must not become a hard one for this one.
        self.assertFalse([name for name in self.methods_of("Dated") if "Delete" in name or "Undelete" in name])

    def test_an_upsert_of_what_may_be_updated_but_not_inserted(self):
        for stored in ("new", ""):  # a new row has the DEFAULT, and one that is there what the mask says
            self.call("UpdatePet", {"pet": {"id": 1, "name": "Rex"}, "allow_missing": True, "update_mask": "*"})
            self.assertEqual(self.psql("SELECT state FROM pet"), stored)
        with self.fails("INVALID_ARGUMENT", "READ_ONLY_FIELD", "pet.state"):
            self.call("UpdatePet", {"pet": {"id": 2, "state": "old"}, "allow_missing": True})

    def test_the_log_says_so(self):
        self.assertTrue(any("table public.login: columns are input only" in line and "password, codes" in line
                            for line in self.server.all_lines()))


class InsertOnly(Rights):
    def rows(self):
        return self.psql("SELECT actor, what, tags FROM audit ORDER BY id")

    def test_it_has_the_methods_that_insert(self):
        self.assertEqual(self.methods_of("Audit"), {"CreateAudit", "BatchCreateAudits", "ImportAudits"})
        self.assertEqual(self.methods_of("Audited"), {"CreateAudited", "BatchCreateAuditeds"})
        self.assertTrue(any("table public.audit: its rows can be inserted only" in line for line in self.server.all_lines()))

    def test_rows_are_answered_as_empty_ones(self):
        self.assertEqual(self.call("CreateAudit", {"audit": {"actor": "ann", "what": {"did": "x"}}}), {})
        batch = {"requests": [{"audit": {"actor": "bob"}}, {"audit": {"actor": "cid", "tags": ["t"]}}]}
        self.assertEqual(self.call("BatchCreateAudits", batch), {"audits": [{}, {}]})
        rows = [{"actor": "dee"}, {"actor": "eve", "at": "2020-01-01T00:00:00Z"}]
        self.assertEqual(import_rows(self.client, "ImportAudits", rows), 2)
        self.assertEqual(self.rows(), 'ann|{"did": "x"}|{}\nbob||{}\ncid||{t}\ndee||{}\neve||{}')
        self.assertEqual(self.call("CreateAudited", {"audited": {"who": "fay", "tags": ["v"]}}), {})
        self.assertEqual(self.psql("SELECT count(*) FROM audit"), "6")
        self.assertEqual(self.call("BatchCreateParteds", {"requests": [{"parted": {"id": i}} for i in (1, 2)]}),
                         {"parteds": [{}, {}]})

    def test_errors_and_validate_only(self):
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", "audit.actor"):
            self.call("CreateAudit", {"audit": {}})
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", "requests[1].audit.actor"):
            self.call("BatchCreateAudits", {"requests": [{"audit": {"actor": "a"}}, {"audit": {}}]})
        self.assertEqual(self.call("CreateAudit", {"audit": {"actor": "a"}, "validate_only": True}), {})
        self.assertEqual(self.rows(), "")

    def test_a_request_id_inserts_once(self):
        for method, request in (("CreateAudit", {"audit": {"actor": "a"}}),
                                ("BatchCreateAudits", {"requests": [{"audit": {"actor": "b"}}]})):
            answers = [self.call(method, dict(request, request_id="once " + method)) for _ in range(3)]
            self.assertEqual(answers, answers[:1] * 3)
        self.assertEqual(self.rows(), "a||{}\nb||{}")

    def test_in_a_transaction(self):
        create = {"@type": f"type.googleapis.com/{self.database}.v1.CreateAuditRequest", "audit": {"actor": "a"}}
        answer = self.call("Transact", {"operations": [{"request": create}, {"request": create}]})
        self.assertEqual(len(answer["responses"]), 2)
        self.assertEqual(self.rows(), "a||{}\na||{}")

    def test_the_right_to_read_comes_later(self):
        self.addCleanup(self.reload, "REVOKE SELECT ON audit FROM clerk")
        self.reload("GRANT SELECT ON audit TO clerk")
        answer = self.call("CreateAudit", {"audit": {"actor": "a", "tags": ["t"]}})
        self.assertEqual((answer["actor"], answer["tags"]), ("a", ["t"]))

    def reload(self, sql):
        def reloads():
            return sum("serving " in line for line in self.server.lines)

        before = reloads()
        self.psql(sql)
        self.psql("NOTIFY protogres")
        wait_for(lambda: reloads() > before, "the rights to be read again")


class InsertOnlyInGroups(InsertOnly):
    OPTIONS = ("--group_commit",)

    def test_creates_at_once(self):
        stub = self.client.stub("CreateAudit")
        calls = [stub.future(self.client.request("CreateAudit", {"audit": {"actor": f"a{i:03}"}})) for i in range(200)]
        self.assertEqual({call.result().ByteSize() for call in calls}, {0})
        self.assertEqual(self.psql("SELECT count(DISTINCT actor) FROM audit"), "200")


del Rights

if __name__ == "__main__":
    unittest.main()
