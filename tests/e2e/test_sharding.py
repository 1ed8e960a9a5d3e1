"""Tables whose rows are on several servers: partitions that are foreign tables (postgres_fdw) of two more servers."""

import collections
import concurrent.futures
import pathlib
import tempfile

import grpc

from bulk import import_rows, list_rows, stream_rows
from harness import Client, Contract, Postgres, RpcFailure, ServedTestCase, Server, TestCase, export
from test_faults import health
from test_request_id import install
from transactions import Session, operation

SMALL = ("shared_buffers=4MB", "max_wal_size=64MB")
REGIONS = [f"r{i}" for i in range(12)]
SHARD = """
CREATE TABLE customer_part (region text NOT NULL, id bigint NOT NULL, name text, n integer CHECK (n >= 0),
  PRIMARY KEY (region, id));
CREATE TABLE event_part (value text, n integer);
CREATE TABLE note (id bigint PRIMARY KEY, body text);
-- What happens at the COMMIT on this server.
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.name = 'refuse' THEN RAISE EXCEPTION 'not this one'; END IF;
  IF NEW.name = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON customer_part DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION at_commit();
"""

COORDINATOR = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER shard0 FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{0}', dbname 'shard');
CREATE SERVER shard1 FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{1}', dbname 'shard');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard0 OPTIONS (user 'postgres');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard1 OPTIONS (user 'postgres');
CREATE SEQUENCE customer_id;
CREATE TABLE customer (region text NOT NULL, id bigint NOT NULL DEFAULT nextval('customer_id'), name text, n integer)
  PARTITION BY HASH (region);
COMMENT ON TABLE customer IS 'Who buys.\n@protogres key=region,id';
CREATE FOREIGN TABLE customer_0 PARTITION OF customer FOR VALUES WITH (MODULUS 2, REMAINDER 0) SERVER shard0
  OPTIONS (table_name 'customer_part');
CREATE FOREIGN TABLE customer_1 PARTITION OF customer FOR VALUES WITH (MODULUS 2, REMAINDER 1) SERVER shard1
  OPTIONS (table_name 'customer_part');
CREATE TABLE event (value text, n integer) PARTITION BY HASH (n);
CREATE FOREIGN TABLE event_0 PARTITION OF event FOR VALUES WITH (MODULUS 2, REMAINDER 0) SERVER shard0
  OPTIONS (table_name 'event_part');
CREATE FOREIGN TABLE event_1 PARTITION OF event FOR VALUES WITH (MODULUS 2, REMAINDER 1) SERVER shard1
  OPTIONS (table_name 'event_part');
CREATE VIEW buyer AS SELECT region, id, name FROM customer;
CREATE TABLE country (code text PRIMARY KEY, name text);
CREATE FOREIGN TABLE note (id bigint NOT NULL, body text) SERVER shard0;
COMMENT ON FOREIGN TABLE note IS '@protogres key=id';
"""


class Sharding(TestCase):
    OPTIONS = ("--pool_size=4", "--echo", "--group_commit")

    @classmethod
    def setUpClass(cls):
        cls.shards = [Postgres(*SMALL) for _ in range(2)]
        cls.coordinator = Postgres(*SMALL)
        for postgres in [*cls.shards, cls.coordinator]:
            cls.addClassCleanup(postgres.close)
        for shard in cls.shards:
            shard.create("shard", SHARD)
        cls.uri = cls.coordinator.create("shop", COORDINATOR.format(*(shard.dir for shard in cls.shards)))
        installed = install(cls.uri)
        assert installed.returncode == 0, installed.stderr
        cls.server = Server(cls.uri, *cls.OPTIONS)
        cls.addClassCleanup(cls.server.close)
        cls.contract = Contract(cls.uri)
        cls.client = Client(cls.server, cls.contract)
        cls.call = cls.client.call
        # A region of each shard: customers there are on it.
        cls.there = {cls.shard_of(region): region for region in REGIONS}

    @classmethod
    def shard_of(cls, region):
        sql = f"SELECT satisfies_hash_partition('customer'::regclass, 2, 1, '{region}'::text)"
        return int(cls.coordinator.psql("shop", sql) == "t")

    def setUp(self):
        for shard in self.shards:
            shard.psql("shard", "TRUNCATE customer_part, event_part, note")
        self.coordinator.psql("shop", "TRUNCATE country")

    def counts(self, table="customer_part"):
        return [int(shard.psql("shard", f"SELECT count(*) FROM {table}")) for shard in self.shards]

    def create(self, region, **fields):
        return self.client.raw("CreateCustomer", {"customer": {"region": region, **fields}})


    def test_the_contract_says_where_the_rows_are(self):
        with tempfile.TemporaryDirectory() as directory:
            self.assertEqual(export(self.uri, directory).returncode, 0)
            text = pathlib.Path(directory, "shop/v1/rows.proto").read_text()
        self.assertIn("A row of partitioned table public.customer, sharded over foreign tables by region.", text)
        customer = self.contract.pool.FindMessageTypeByName("shop.v1.Customer")
        self.assertNotIn("etag", customer.fields_by_name)
        update = self.contract.pool.FindMessageTypeByName("shop.v1.UpdateCustomerRequest")
        self.assertNotIn("allow_missing", update.fields_by_name)
        country = self.contract.pool.FindMessageTypeByName("shop.v1.Country")
        self.assertIn("etag", country.fields_by_name)

    def test_single_rows(self):
        ids = {region: self.create(region, name=region).id for region in REGIONS}
        self.assertEqual(sum(self.counts()), len(REGIONS))
        self.assertTrue(all(self.counts()), "both shards have rows")
        for region, number in ids.items():
            key = {"region": region, "id": number}
            self.assertEqual(self.client.raw("GetCustomer", key).name, region)
            row = self.client.raw("UpdateCustomer", {"customer": {**key, "n": 7}})
            self.assertEqual((row.region, row.name, row.n), (region, region, 7))
        gone = {"region": REGIONS[0], "id": ids[REGIONS[0]]}
        self.call("DeleteCustomer", gone)
        for method, request in (("GetCustomer", gone), ("DeleteCustomer", gone),
                                ("UpdateCustomer", {"customer": {**gone, "n": 1}})):
            with self.fails("NOT_FOUND", "ROW_NOT_FOUND"):
                self.call(method, request)
        with self.fails("ALREADY_EXISTS", "UNIQUE_VIOLATION"):
            self.create(REGIONS[1], id=ids[REGIONS[1]])
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            self.create(REGIONS[1], n=-1)

    def test_batches_answer_in_the_order_of_their_requests(self):
        sent = [{"region": REGIONS[i % len(REGIONS)], "id": i, "name": f"c{i}"} for i in range(60)]
        rows = self.client.raw("BatchCreateCustomers", {"requests": [{"customer": row} for row in sent]}).customers
        self.assertEqual([(row.region, row.id, row.name) for row in rows],
                         [(row["region"], row["id"], row["name"]) for row in sent])
        keys = [{"region": row["region"], "id": row["id"]} for row in reversed(sent)]
        rows = self.client.raw("BatchGetCustomers", {"requests": keys}).customers
        self.assertEqual([row.name for row in rows], [row["name"] for row in reversed(sent)])
        updates = [{"customer": {**key, "n": i}} for i, key in enumerate(keys)]
        rows = self.client.raw("BatchUpdateCustomers", {"requests": updates}).customers
        self.assertEqual([row.n for row in rows], list(range(60)))
        bad = [{"customer": {"region": "r0", "id": 1000}}, {"customer": {"region": "r1", "id": 1}}]
        with self.fails("ALREADY_EXISTS", "UNIQUE_VIOLATION", message=r"^requests\[1\]: "):
            self.call("BatchCreateCustomers", {"requests": bad})
        self.assertEqual(sum(self.counts()), 60)
        self.call("BatchDeleteCustomers", {"requests": keys[:20]})
        self.assertEqual(sum(self.counts()), 40)

    def test_requests_that_wait_together_stay_apart(self):
        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            ids = list(threads.map(lambda i: self.create(REGIONS[i % 12], name=f"c{i}").id, range(120)))
            rows = list(threads.map(lambda i: self.client.raw("GetCustomer", {"region": REGIONS[i % 12], "id": ids[i]}),
                                    range(120)))
        self.assertEqual([row.name for row in rows], [f"c{i}" for i in range(120)])
        for line in self.server.all_lines():
            self.assertNotRegex(line, r'INSERT INTO "public"\."customer".*\), \(', "each row is on one shard")

    def test_where_methods(self):
        for i in range(24):
            self.create(REGIONS[i % 12], id=i, n=i)
        changed = self.client.raw("UpdateCustomersWhere", {"filter": "n < 10", "customer": {"name": "low"}})
        self.assertEqual(changed.affected, 10)
        with self.fails("FAILED_PRECONDITION", "MAX_AFFECTED_EXCEEDED"):
            self.call("DeleteCustomersWhere", {"filter": "n < 10", "max_affected": 5})
        self.assertEqual(self.client.raw("DeleteCustomersWhere", {"filter": 'name = "low"'}).affected, 10)
        self.assertEqual(sum(self.counts()), 14)

    def test_a_row_cannot_change_its_shard(self):
        number = self.create(self.there[0], name="a").id
        for method, row in (("UpdateCustomersWhere", "customer"), ("UpdateBuyersWhere", "buyer")):
            with self.fails("INVALID_ARGUMENT", "READ_ONLY_FIELD", f"{row}.region", "says on which server a row is"):
                self.call(method, {"filter": f"id = {number}", row: {"region": self.there[1]}})
        self.assertEqual(self.counts(), [1, 0])

    def test_each_row_comes_once_in_all_pages(self):
        rows = [{"region": REGIONS[i % 12], "id": i, "name": f"name {i % 7}", "n": i % 5} for i in range(150)]
        self.assertEqual(import_rows(self.client, "ImportCustomers", rows[:70], rows[70:]), 150)
        self.assertTrue(all(self.counts()))
        orders = {"": ("region", "id"), "name, n": ("name", "n", "region", "id"), "id": ("id", "region")}
        for order_by, columns in orders.items():
            expected = sorted(rows, key=lambda row: tuple(row[column] for column in columns))
            seen = []
            token = ""
            while True:
                page = self.client.raw("ListCustomers", {"page_size": 13, "page_token": token, "order_by": order_by})
                seen += [row.id for row in page.customers]
                token = page.next_page_token
                if not token:
                    break
            self.assertEqual(seen, [row["id"] for row in expected], order_by)
            streamed = stream_rows(self.client, "StreamCustomers", order_by=order_by)
            self.assertEqual([int(row["id"]) for row in streamed], seen)
        of_one = list_rows(self.client, "ListCustomers", filter='region = "r3"')
        self.assertEqual(len(of_one), sum(row["region"] == "r3" for row in rows))
        self.assertEqual(self.client.raw("ListCustomers", {"count_total": True}).total_size, 150)

    def test_rows_without_a_key(self):
        rows = [{"value": f"v{i % 9}", "n": i % 4} for i in range(90)]
        self.assertEqual(import_rows(self.client, "ImportEvents", rows), 90)
        sent = collections.Counter((row["value"], row["n"]) for row in rows)
        for order_by in ("", "value", "n desc", "value desc, n"):
            seen, token = [], ""
            while True:
                page = self.client.raw("ListEvents", {"page_size": 7, "page_token": token, "order_by": order_by})
                seen += [(row.value, row.n) for row in page.events]
                token = page.next_page_token
                if not token:
                    break
            self.assertEqual(collections.Counter(seen), sent, order_by)
        self.assertEqual(seen, sorted(sorted(seen), key=lambda row: row[0], reverse=True))

    def test_an_import_is_all_or_nothing(self):
        rows = [{"region": region, "id": 1} for region in REGIONS]
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            import_rows(self.client, "ImportCustomers", rows, [{"region": "r0", "id": 2, "n": -1}])
        self.assertEqual(self.counts(), [0, 0])

    def test_transactions_over_shards(self):
        def both(*more):
            return {"operations": [operation("shop.v1.CreateCustomer", customer={"region": self.there[0], "id": 1}),
                                   operation("shop.v1.CreateCustomer", customer={"region": self.there[1], "id": 1}),
                                   operation("shop.v1.CreateCountry", country={"code": "fr"}), *more]}

        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION"):
            self.call("Transact", both(operation("shop.v1.CreateCustomer", customer={"region": "r5", "n": -1})))
        self.assertEqual(self.counts(), [0, 0])
        self.call("Transact", both())
        self.assertEqual(self.counts(), [1, 1])
        session = Session(self.client, {})
        self.addCleanup(session.cancel)
        session.run("shop.v1.GetCustomer", region=self.there[1], id=1, lock="FOR UPDATE")
        session.run("shop.v1.UpdateCustomer", customer={"region": self.there[1], "id": 1, "n": 5})
        session.rollback()
        row = self.client.raw("GetCustomer", {"region": self.there[1], "id": 1})
        self.assertFalse(row.HasField("n"))

    def test_request_id(self):
        request = {"customer": {"region": self.there[1], "name": "once"}, "request_id": "once"}
        first = self.call("CreateCustomer", request)
        self.assertEqual(self.call("CreateCustomer", request), first)
        self.assertEqual(self.counts(), [0, 1])

    def test_of_writers_that_name_the_old_value_one_wins(self):
        """What stands for an etag: docs/sharding.md."""
        key = {"region": self.there[0], "id": 1}
        self.create(**key, n=0)

        def write(i):
            where = f'region = "{key["region"]}" AND id = 1 AND n = 0'
            try:
                return self.client.raw("UpdateCustomersWhere", {"filter": where, "customer": {"n": i}}).affected
            except grpc.RpcError as error:
                failure = RpcFailure(error)
                self.assertEqual(failure.code, grpc.StatusCode.ABORTED, failure)
                return 0

        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            self.assertEqual(sum(threads.map(write, range(1, 9))), 1)

    def test_a_foreign_table(self):
        for i in range(10):
            self.assertEqual(self.client.raw("CreateNote", {"note": {"id": i, "body": f"b{i}"}}).body, f"b{i}")
        self.assertEqual(self.client.raw("UpdateNote", {"note": {"id": 3, "body": "new"}}).body, "new")
        self.call("DeleteNote", {"id": 4})
        self.assertEqual([row["id"] for row in list_rows(self.client, "ListNotes", order_by="id desc")],
                         [str(i) for i in range(9, -1, -1) if i != 4])
        rows = self.client.raw("BatchGetNotes", {"requests": [{"id": 7}, {"id": 3}]}).notes
        self.assertEqual([row.body for row in rows], ["b7", "new"])
        self.assertNotIn("etag", self.contract.pool.FindMessageTypeByName("shop.v1.Note").fields_by_name)

    def test_a_commit_that_another_server_does_not_confirm_is_in_doubt(self):
        for name in ("die", "refuse"):
            with self.fails("UNKNOWN", "COMMIT_IN_DOUBT", message="another server"):
                self.create(self.there[1], name=name)
            with self.fails("UNKNOWN", "COMMIT_IN_DOUBT", message="another server"):
                self.call("Transact", {"operations": [
                    operation("shop.v1.CreateCustomer", customer={"region": self.there[0], "name": "a"}),
                    operation("shop.v1.CreateCustomer", customer={"region": self.there[1], "name": name})]})
        self.create(self.there[1], name="another")
        self.assertEqual(self.counts()[1], 1)

    def test_while_a_shard_is_away_the_others_are_served(self):
        keys = [{"region": self.there[shard], "id": 1} for shard in range(2)]
        for key in keys:
            self.create(**key, name="there")
        self.call("CreateCountry", {"country": {"code": "fr"}})
        channel = self.server.channel()
        self.shards[1].stop()
        try:
            calls = (("GetCustomer", keys[1]), ("CreateCustomer", {"customer": {"region": self.there[1]}}),
                     ("UpdateCustomer", {"customer": {**keys[1], "n": 1}}), ("DeleteCustomer", keys[1]),
                     ("ListCustomers", {}))
            for method, request in calls * 3:
                with self.fails("UNAVAILABLE") as outcome:
                    self.call(method, request)
                self.assertNotIn(self.shards[1].dir, outcome[0].message, "where it is, is not told")
                self.assertEqual(self.client.raw("GetCustomer", keys[0]).name, "there")
                self.assertEqual(len(self.client.raw("BatchGetCustomers", {"requests": [keys[0]]}).customers), 1)
                self.call("GetCountry", {"code": "fr"})
                self.assertEqual(health(channel), "SERVING")
            self.assertRegex(outcome[0].message, 'could not connect to server "shard1"')
        finally:
            self.shards[1].start()
        self.assertEqual(self.client.raw("GetCustomer", keys[1]).name, "there")
        self.create(self.there[1], name="after")
        self.assertFalse([line for line in self.server.all_lines() if "the database is not available" in line])


# Plain tables of which Citus' catalog says that it distributes them.
CITUS = """
CREATE TABLE account (tenant bigint, id bigint GENERATED BY DEFAULT AS IDENTITY, name text, PRIMARY KEY (tenant, id));
COMMENT ON TABLE account IS 'Who pays.';
CREATE TABLE reading (tenant bigint, value integer);
INSERT INTO reading SELECT g % 3, g % 5 FROM generate_series(1, 40) g;
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid integer,
  repmodel "char");
INSERT INTO pg_catalog.pg_dist_partition VALUES
  ('account', 'h', '{VAR :varno 1 :varattno 1 :vartype 20 :location -1}', 1, 's'),
  ('reading', 'h', '{VAR :varno 1 :varattno 1 :vartype 20 :location -1}', 1, 's');
"""


class OfCitus(ServedTestCase):
    SQL = CITUS
    OPTIONS = ("--echo",)

    def test_rows_stay_on_one_server(self):
        message = self.contract.pool.FindMessageTypeByName("ofcitus.v1.Account")
        self.assertNotIn("etag", message.fields_by_name)
        sent = [{"tenant": i % 3, "name": f"a{i}"} for i in range(9)]
        rows = self.client.raw("BatchCreateAccounts", {"requests": [{"account": row} for row in sent]}).accounts
        self.assertEqual([(row.tenant, row.name) for row in rows], [(row["tenant"], row["name"]) for row in sent])
        keys = [{"tenant": row.tenant, "id": row.id} for row in rows]
        found = self.client.raw("BatchGetAccounts", {"requests": keys}).accounts
        self.assertEqual([row.name for row in found], [row.name for row in rows])
        row = self.client.raw("UpdateAccount", {"account": {"tenant": 7, "id": 7, "name": "new"}, "allow_missing": True})
        self.assertEqual(row.name, "new")
        with self.fails("INVALID_ARGUMENT", "READ_ONLY_FIELD", message="says on which server a row is"):
            self.call("UpdateAccountsWhere", {"filter": "id = 7", "account": {"tenant": 8}})
        log = "\n".join(self.server.all_lines())
        self.assertNotRegex(log, r'INSERT INTO "public"\."account".*\), \(')
        self.assertRegex(log, r't\."tenant" = ANY\(\$1', "Citus sees by it which shards are met")

    def test_pages_do_not_begin_at_a_place_in_one_shard(self):
        seen, token = [], ""
        while True:
            page = self.client.raw("ListReadings", {"page_size": 7, "page_token": token})
            seen += [(row.tenant, row.value) for row in page.readings]
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(seen, sorted((g % 3, g % 5) for g in range(1, 41)))
        self.assertNotIn('FROM "public"."reading" AS t WHERE (t.tableoid', "\n".join(self.server.all_lines()))
