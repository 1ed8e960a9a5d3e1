"""A COMMIT that fails after, or while, another server commits its part: it is in doubt, and nothing is done twice."""

import threading
import time
import unittest

import grpc

from harness import Client, Contract, Postgres, RpcFailure, Server, TestCase, wait_for
from transactions import operation

SHARD = """
CREATE TABLE item (id bigint, name text);
CREATE TABLE slow (id bigint, name text);
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION pause();
"""
COORDINATOR = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER shard FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{0}', dbname 'shard');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard OPTIONS (user 'postgres');
CREATE FOREIGN TABLE item (id bigint, name text) SERVER shard;
CREATE FOREIGN TABLE slow (id bigint, name text) SERVER shard;
CREATE TABLE doc (id int PRIMARY KEY, n int);
INSERT INTO doc VALUES (1, 0), (2, 0);
CREATE TABLE late (id int);
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pause();
"""


class CommitElsewhere(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shard, cls.coordinator = Postgres(), Postgres()
        cls.addClassCleanup(cls.shard.close)
        cls.addClassCleanup(cls.coordinator.close)
        cls.shard.create("shard", SHARD)
        cls.uri = cls.coordinator.create("shop", COORDINATOR.format(cls.shard.dir))
        cls.server = Server(cls.uri)
        cls.addClassCleanup(cls.server.close)
        cls.client = Client(cls.server, Contract(cls.uri))

    def setUp(self):
        self.shard.psql("shard", "TRUNCATE item, slow")

    def stored(self, table):
        return int(self.shard.psql("shard", f"SELECT count(*) FROM {table}"))

    def while_the_shard_commits(self, how, method, request):
        """The backend of the call is cancelled or terminated while it waits for the shard's COMMIT."""
        call = self.client.stub(method).future(self.client.request(method, request), timeout=60)
        wait_for(lambda: self.shard.psql("shard", "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COMMIT%' AND "
                                                  "wait_event = 'PgSleep'"), "the shard's commit to run")
        self.coordinator.psql("shop", f"SELECT {how}(pid) FROM pg_stat_activity WHERE datname = 'shop' AND "
                                      "pid <> pg_backend_pid() AND state = 'active'")
        with self.assertRaises(grpc.RpcError) as raised:
            call.result()
        wait_for(lambda: self.stored("slow"), "the shard to have committed")
        self.assertEqual(RpcFailure(raised.exception).reason, "COMMIT_IN_DOUBT")
        self.setUp()

    def test_the_backend_that_waits_for_a_shard(self):
        row = {"slow": {"id": 1, "name": "a"}}
        for how in ("pg_cancel_backend", "pg_terminate_backend"):
            self.while_the_shard_commits(how, "CreateSlow", row)
            self.while_the_shard_commits(how, "Transact", {"operations": [operation("shop.v1.CreateSlow", **row)]})

    def test_a_statement_that_is_cancelled_before_the_commit_is_in_no_doubt(self):
        self.shard.psql("shard", "CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                                 "pg_sleep(5); RETURN NEW; END $$; CREATE TRIGGER wait BEFORE INSERT ON item FOR EACH ROW "
                                 "EXECUTE FUNCTION wait()")
        self.addCleanup(self.shard.psql, "shard", "DROP TRIGGER wait ON item")
        with self.fails("DEADLINE_EXCEEDED"):
            self.client.call("CreateItem", {"item": {"id": 1}}, timeout=0.5)
        self.assertEqual(self.stored("item"), 0)

    def test_a_race_that_is_lost_after_the_shard_has_committed(self):
        def rival():
            time.sleep(0.8)
            self.coordinator.psql("shop", "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT sum(n) FROM doc; "
                                          "UPDATE doc SET n = n + 1 WHERE id = 2; COMMIT")
        operations = [operation("shop.v1.CreateItem", item={"id": 7, "name": "once"}), operation("shop.v1.ListDocs"),
                      operation("shop.v1.UpdateDoc", doc={"id": 1, "n": 1}), operation("shop.v1.CreateLate", late={"id": 1})]
        thread = threading.Thread(target=rival)
        thread.start()
        try:
            self.client.call("Transact", {"operations": operations, "max_attempts": 9,
                                          "options": {"isolation": "ISOLATION_SERIALIZABLE"}}, timeout=60)
        except grpc.RpcError as error:
            self.assertEqual(RpcFailure(error).reason, "COMMIT_IN_DOUBT")
        thread.join()
        self.assertLessEqual(self.stored("item"), 1)


if __name__ == "__main__":
    unittest.main()
