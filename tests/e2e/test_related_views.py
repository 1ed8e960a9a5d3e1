"""Related rows of views: what a line `@protogres references=` in a COMMENT says, as a foreign key would."""

import json
import tempfile
import unittest

from google.protobuf import json_format

from bulk import stream
from harness import Client, Contract, Server, ServedTestCase, TestCase, export, postgres
from transactions import operation

SQL = r"""
CREATE TABLE coupon (code varchar(9) PRIMARY KEY, percent int);
INSERT INTO coupon VALUES ('ada', 10), ('idle', 20);
CREATE TABLE customer (id bigint PRIMARY KEY, code text NOT NULL, full_name text NOT NULL, deleted_at timestamptz);
CREATE TABLE orders (id int PRIMARY KEY, customer_id bigint, status text NOT NULL, country text, zip text);
CREATE TABLE place (country text, zip text, name text, PRIMARY KEY (country, zip));
INSERT INTO customer VALUES (1, 'ada', 'Ada'), (2, 'bob', 'Bob'), (3, 'idle', 'Idle');
INSERT INTO customer VALUES (4, 'gone', 'Gone', now());
INSERT INTO place VALUES ('CH', '8001', 'Zurich'), ('AT', '1010', 'Wien'), ('CH', '1010', 'Elsewhere');
INSERT INTO orders VALUES (1, 1, 'paid', 'CH', '8001'), (2, 1, 'new', 'AT', '1010'), (3, 2, 'new', 'AT', NULL),
                          (4, NULL, 'new', NULL, NULL), (5, 4, 'new', 'CH', '1010'), (6, 77, 'of nobody', 'XX', '0');

CREATE VIEW order_overview AS
  SELECT o.id, o.customer_id, c.code AS customer_code, o.status, o.country, o.zip AS "Zip code"
    FROM orders o LEFT JOIN customer c ON c.id = o.customer_id;
COMMENT ON VIEW order_overview IS E'An order at a glance.\n@protogres key=id
@protogres references=public.customer(id) column=customer_id
@protogres references=coupon(code) column=customer_code name=by_code reverse_name=seen_by_code
@protogres references=place(country, zip) column=country,"Zip code" reverse_name=overviews';

CREATE VIEW loose AS SELECT customer_id AS whose, status FROM orders UNION ALL SELECT customer_id, 'again' FROM orders WHERE id < 3;
COMMENT ON VIEW loose IS '@protogres references=customer column=whose';

CREATE MATERIALIZED VIEW total AS SELECT customer_id AS id, count(*) AS orders FROM orders GROUP BY customer_id;
COMMENT ON MATERIALIZED VIEW total IS E'@protogres key=id\n@protogres references=customer(id) column=id';

CREATE TABLE remark (id int PRIMARY KEY, order_id int, text text);
COMMENT ON TABLE remark IS '@protogres references=order_overview(id) column=order_id name=overview';
INSERT INTO remark VALUES (1, 1, 'first'), (2, 1, 'second'), (3, 9, 'of none');

CREATE VIEW doubled AS SELECT 1 AS id, 'a' AS name UNION ALL SELECT 1, 'b' UNION ALL SELECT 2, 'c';
COMMENT ON VIEW doubled IS '@protogres key=id';
CREATE TABLE lone (id int PRIMARY KEY, doubled_id int);
COMMENT ON TABLE lone IS '@protogres references=doubled(id) column=doubled_id';
INSERT INTO lone VALUES (1, 1), (2, 2);

CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE visit (customer_id bigint, page text) SERVER files
  OPTIONS (program 'printf "1,start\n1,end\n2,start\n,nowhere\n"', format 'csv');
COMMENT ON FOREIGN TABLE visit IS '@protogres references=customer(id) column=customer_id';
"""


class OfViews(ServedTestCase):
    SQL = SQL
    OPTIONS = ("--echo", "--max_page_size=50")

    def get(self, method, mask, **fields):
        return self.call(method, dict(fields, read_mask=mask))


class Reads(OfViews):
    MASK = "id,customer.full_name,by_code.percent,place.name"

    def expected(self):
        """What SQL says of the same."""
        return [json.loads(line) for line in self.psql("""
            SELECT json_strip_nulls(json_build_object(
              'id', v.id,
              'customer', (SELECT json_build_object('full_name', c.full_name) FROM customer c
                            WHERE c.id = v.customer_id AND c.deleted_at IS NULL),
              'by_code', (SELECT json_build_object('percent', c.percent) FROM coupon c WHERE c.code = v.customer_code),
              'place', (SELECT json_build_object('name', p.name) FROM place p
                         WHERE (p.country, p.zip) = (v.country, v."Zip code"))))
            FROM order_overview v ORDER BY v.id""").splitlines()]

    def test_each_read_says_what_sql_says(self):
        expected = self.expected()
        self.assertEqual(len(expected), 6)
        self.assertEqual([self.get("GetOrderOverview", self.MASK, id=n) for n in range(1, 7)], expected)
        page = self.call("ListOrderOverviews", {"order_by": "id", "read_mask": self.MASK})
        self.assertEqual(page["order_overviews"], expected)
        batch = self.call("BatchGetOrderOverviews", {"requests": [{"id": n} for n in (6, 1, 3)], "read_mask": self.MASK})
        self.assertEqual(batch["order_overviews"], [expected[n - 1] for n in (6, 1, 3)])
        chunks = stream(self.client, "StreamOrderOverviews", order_by="id", page_size=2, read_mask=self.MASK)
        rows = [json_format.MessageToDict(row, preserving_proto_field_name=True)
                for chunk in chunks for row in chunk.order_overviews]
        self.assertEqual(rows, expected)

    def test_the_side_to_many(self):
        ada = self.get("GetCustomer", "order_overviews.status,looses.status,visits.page,total.orders", id=1)
        self.assertEqual(ada, {
            "order_overviews": [{"status": "paid"}, {"status": "new"}],
            "looses": [{"status": "again"}, {"status": "again"}, {"status": "new"}, {"status": "paid"}],
            "visits": [{"page": "end"}, {"page": "start"}], "total": {"orders": "2"}})
        self.assertEqual(self.get("GetCustomer", "id,order_overviews,looses,visits,total", id=3), {"id": "3"})
        coupon = self.get("GetCoupon", "percent,seen_by_code.id", code="ada")
        self.assertEqual(coupon, {"percent": 10, "seen_by_code": [{"id": 1}, {"id": 2}]})
        place = self.get("GetPlace", "overviews.id,overviews.customer.full_name", country="AT", zip="1010")
        self.assertEqual(place, {"overviews": [{"id": 2, "customer": {"full_name": "Ada"}}]})

    def test_rows_without_a_key_and_of_a_foreign_table(self):
        rows = self.call("ListVisits", {"order_by": "page,customer_id", "read_mask": "page,customer.full_name"})["visits"]
        self.assertEqual(rows, [{"page": "end", "customer": {"full_name": "Ada"}}, {"page": "nowhere"},
                                {"page": "start", "customer": {"full_name": "Ada"}},
                                {"page": "start", "customer": {"full_name": "Bob"}}])

    def test_of_a_view_that_is_referred_to(self):
        self.assertEqual(self.get("GetRemark", "overview.customer.full_name", id=2),
                         {"overview": {"customer": {"full_name": "Ada"}}})
        self.assertEqual(self.get("GetRemark", "id,overview", id=3), {"id": 3})
        self.assertEqual(self.get("GetOrderOverview", "remarks.text", id=1),
                         {"remarks": [{"text": "first"}, {"text": "second"}]})

    def test_a_key_that_is_none_is_an_error_and_no_row_of_several(self):
        self.assertEqual(self.get("GetLone", "doubled.name", id=2), {"doubled": {"name": "c"}})
        with self.fails("FAILED_PRECONDITION", "TOO_MANY_RELATED_ROWS"):
            self.get("GetLone", "doubled.name", id=1)

    def test_expand(self):
        ada = self.call("GetCustomer", {"id": 1, "read_mask": "order_overviews.id", "expand": [
            {"path": "order_overviews", "order_by": "id desc", "page_size": 1, "filter": 'status != "x"'}]})
        self.assertEqual(ada, {"order_overviews": [{"id": 2}]})
        ada = self.call("GetCustomer", {"id": 1, "read_mask": "looses.status", "expand": [
            {"path": "looses", "order_by": "status desc", "page_size": 2}]})
        self.assertEqual(ada, {"looses": [{"status": "paid"}, {"status": "new"}]})

    def test_one_statement_a_relation(self):
        before = len(self.server.all_lines())
        self.call("ListOrderOverviews", {"read_mask": self.MASK})
        statements = [line for line in self.server.all_lines()[before:] if "SELECT" in line]
        self.assertEqual(len(statements), 4, "\n".join(statements))

    def test_in_a_transaction(self):
        answer = self.call("Transact", {"operations": [
            operation(f"{self.database}.v1.CreateOrder", order={"id": 70, "customer_id": 2, "status": "x"}),
            operation(f"{self.database}.v1.GetOrderOverview", id=70, read_mask="customer.fullName"),
            operation(f"{self.database}.v1.DeleteOrder", id=70)]})
        self.assertEqual(answer["responses"][1]["customer"], {"full_name": "Bob"})


class Told(TestCase):
    """What a COMMENT says wrong keeps nothing from being served."""

    LINES = {
        "references=custmer(id) column=customer_id": "no table public.custmer is served; there are: public.customer",
        "references=customer(idd) column=customer_id": "table public.customer has no column idd; it has: id, name",
        "references=customer(id) column=buyer_id": "view public.seen has no column buyer_id; it has: id, customer_id, name",
        "references=customer(id) column=name": "column name of seen is text, and id of customer is bigint",
        "references=customer(id) column=id,customer_id": "column= names 2 columns, and 1 are referred to",
        "references=customer(name) column=name": "several rows of customer may have the same there",
        "references=customer(doc) column=doc": "column doc of seen has a type by which no relation is served",
        "references=customer(id)": "the line must say which columns refer to it",
        "references=customer( column=customer_id": "it takes a table and its columns: references=shop.customer(id)",
    }

    def test_each_is_a_warning_and_the_rest_is_served(self):
        lines = "\n".join("@protogres " + line for line in [*self.LINES, "references=customer column=customer_id"])
        uri = postgres().create("views_told", f"""
            CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL, doc json);
            CREATE VIEW seen AS SELECT 1 AS id, 7::bigint AS customer_id, 'x'::text AS name, '1'::json AS doc;
            INSERT INTO customer VALUES (7, 'Ada');
            COMMENT ON VIEW seen IS '{lines}';""")
        server = Server(uri)
        self.addCleanup(server.close)
        warnings = [line for line in server.all_lines() if "view public.seen" in line]
        for line, warning in self.LINES.items():
            with self.subTest(line):
                self.assertEqual(len([line for line in warnings if warning in line]), 1, "\n".join(warnings))
        self.assertEqual(len(warnings), len(self.LINES))
        client = Client(server, Contract(uri))
        self.assertEqual(client.call("ListSeens", {"read_mask": "customer.name"}), {"seens": [{"customer": {"name": "Ada"}}]})


class Pinned(TestCase):
    SQL = """
      CREATE TABLE customer (id bigint PRIMARY KEY, name text);
      CREATE TABLE orders (id int PRIMARY KEY, customer_id bigint);
      INSERT INTO customer VALUES (7, 'Ada');
      INSERT INTO orders VALUES (1, 7);
      CREATE VIEW seen AS SELECT id, customer_id FROM orders;
      COMMENT ON VIEW seen IS '@protogres references=customer column=customer_id';"""

    def test_a_pinned_contract_has_the_relations_and_their_numbers(self):
        uri = postgres().create("views_pinned", self.SQL)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        contract = Contract(uri, "--package=public=shop.v1")
        number = contract.pool.FindMessageTypeByName("shop.v1.Seen").fields_by_name["customer"].number
        self.assertGreaterEqual(number, 100000)
        done = export(uri, directory.name, "--package=public=shop.v1")
        self.assertEqual(done.returncode, 0, done.stderr)
        # As after a restore into another database, where the columns are numbered anew.
        other = postgres().create("views_pinned_again", self.SQL.replace("(id bigint PRIMARY KEY, name text)",
                                                                        "(name text, id bigint PRIMARY KEY)")
                                  .replace("VALUES (7, 'Ada')", "VALUES ('Ada', 7)"))
        again = Contract(other, "--package=public=shop.v1")
        self.assertEqual(again.pool.FindMessageTypeByName("shop.v1.Seen").fields_by_name["customer"].number, number)
        server = Server(other, f"--contract={directory.name}")
        self.addCleanup(server.close)
        client = Client(server, contract)
        self.assertEqual(client.call("GetSeen", {"id": 1, "read_mask": "customer.name"}), {"customer": {"name": "Ada"}})
        self.assertEqual(client.call("GetCustomer", {"id": 7, "read_mask": "seens.id"}), {"seens": [{"id": 1}]})


if __name__ == "__main__":
    unittest.main()
