"""Sessions: open transactions, and all the ways in which they end."""

import concurrent.futures
import os
import signal
import subprocess
import sys
import time
import unittest

import tools
from harness import PATIENCE, Client, Server, postgres, wait_for
from transactions import Session, Transactions, operation, reason


class Sessions(Transactions):
    def test_commit_and_rollback(self):
        session = self.session()
        created = self.run_in(session, "CreateCustomer", customer={"name": "held"})
        self.assertEqual(self.run_in(session, "GetCustomer", id=created["id"])["name"], "held")
        with self.fails("NOT_FOUND"):
            self.call("GetCustomer", {"id": created["id"]})
        session.commit()
        self.assertEqual(self.call("GetCustomer", {"id": created["id"]})["name"], "held")
        session = self.session()
        self.run_in(session, "DeleteCustomer", id=created["id"])
        session.rollback()
        self.assertEqual(self.call("GetCustomer", {"id": created["id"]})["name"], "held")

    def test_a_failed_operation_is_answered_and_a_savepoint_goes_on(self):
        session = self.session()
        self.run_in(session, "CreateCustomer", customer={"name": "kept"})
        session.send({"savepoint": 'a "point"'})
        error = session.error(self.name("CreateCustomer"), customer={"name": "kept"})
        self.assertEqual((error["code"], error["aborted"]), (6, True))
        self.assertEqual(reason(error), "UNIQUE_VIOLATION")
        error = session.error(self.name("GetAccount"), id=1)
        self.assertEqual((error["code"], reason(error)), (9, "TRANSACTION_ABORTED"))
        self.assertEqual(session.send({"rollback_to": "no point"})["error"]["code"], 3)
        session.send({"rollback_to": 'a "point"'})
        self.run_in(session, "CreateCustomer", customer={"name": "after"})
        session.commit()
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE name IN ('kept', 'after')"), "2")

    def test_a_thousand_savepoints_and_no_more(self):
        session = self.session()
        for i in range(1000):
            session.send({"savepoint": f"point {i}"})
        error = session.send({"savepoint": "one more"})["error"]
        self.assertEqual((error["code"], error.get("aborted", False)), (3, False))
        self.assertIn("1000 savepoints are open", error["message"])
        self.run_in(session, "CreateCustomer", customer={"name": "of the last"})
        session.send({"rollback_to": "point 500"})
        session.send({"savepoint": "one more"})
        self.run_in(session, "CreateCustomer", customer={"name": "of one more"})
        session.commit()
        self.assertEqual(self.psql("SELECT name FROM customer WHERE name LIKE 'of %'"), "of one more")

    def test_what_does_not_touch_the_transaction_leaves_it_whole(self):
        session = self.session()
        self.run_in(session, "CreateCustomer", customer={"name": "whole"})
        for kind, fields, code in (("GetAccount", {"id": 555}, 5), ("UpdateAccount", {"account": {"id": 555, "balance": 1}}, 5),
                                   ("ListAccounts", {"filter": "nonsense ="}, 3), ("GetAccount", {}, 3)):
            error = session.error(self.name(kind), **fields)
            self.assertEqual((error["code"], error.get("aborted", False)), (code, False), kind)
        self.assertEqual(session.send({"operation": {}})["error"]["code"], 3)
        self.assertEqual(session.send({})["error"]["code"], 3)
        self.assertEqual(session.send({"begin": {}})["error"]["code"], 9)
        session.commit()
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE name = 'whole'"), "1")

    def test_a_batch_that_failed_half_way_cannot_be_committed(self):
        session = self.session()
        error = session.error(self.name("BatchUpdateAccounts"), requests=[
            {"account": {"id": 5, "balance": "1"}}, {"account": {"id": 555, "balance": "1"}}])
        self.assertEqual((error["code"], error["aborted"]), (5, True))
        with self.fails("FAILED_PRECONDITION", "TRANSACTION_ABORTED"):
            session.commit()
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 5"), "1000")

    def test_a_commit_that_fails_is_the_streams_status(self):
        session = self.session()
        self.run_in(session, "CreateDeferred", deferred={"id": 8, "parent": 9})
        with self.fails("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION"):
            session.commit()
        self.assertEqual(self.psql("SELECT count(*) FROM deferred WHERE id = 8"), "0")

    def test_order_of_requests(self):
        session = Session(self.client)
        with self.fails("FAILED_PRECONDITION", "OUT_OF_ORDER"):
            session.send({"commit": {}})
        with self.fails("INVALID_ARGUMENT", field="begin.lock_timeout"):
            Session(self.client, {"lock_timeout": "-1s"})
        Session(self.client).finish()  # nothing was begun
        session = self.session()
        with self.assertRaises(AssertionError):
            session.run(self.name("CreateOrder"), bindings=[("order.customer_id", 0, "id")], order={})

    def test_closing_without_commit_rolls_back(self):
        for close in (Session.finish, Session.cancel):
            session = self.session()
            self.run_in(session, "UpdateAccount", account={"id": 6, "balance": "1"})
            if close == Session.finish:
                with self.fails("ABORTED", "NOT_COMMITTED"):
                    close(session)
            else:
                close(session)
            wait_for(lambda: self.open_transactions() == 0, "the roll back", 2)
            self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 6"), "1000")

    def test_lock_timeout(self):
        holder = self.session()
        self.run_in(holder, "GetAccount", id=7, lock="for update")
        session = self.session(lock_timeout="0.2s")
        error = session.error(self.name("UpdateAccount"), account={"id": 7, "balance": "1"})
        self.assertEqual((error["code"], reason(error)), (10, "LOCK_NOT_AVAILABLE"))
        holder.rollback()
        session.rollback()

    def test_cancelling_while_a_statement_waits_frees_the_connection(self):
        holder = self.session()
        self.run_in(holder, "GetAccount", id=8, lock="FOR UPDATE")
        session = self.session()
        session.put({"operation": self.op("UpdateAccount", account={"id": 8, "balance": "1"})})
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_for(lambda: self.psql(waiting) == "1", "the statement to wait")
        session.cancel()
        wait_for(lambda: self.psql(waiting) == "0", "the statement to end", 2)
        holder.commit()

    def test_at_most_max_sessions_and_unary_calls_go_on(self):
        sessions = [self.session() for _ in range(6)]
        with self.fails("RESOURCE_EXHAUSTED", "TOO_MANY_SESSIONS") as failure:
            Session(self.client, {})
        self.assertTrue(failure[0].retry)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda i: self.call("GetAccount", {"id": 1 + i % 20}), range(200)))
        self.assertEqual(len(answers), 200)
        sessions[0].rollback()
        self.session().rollback()

    def test_sessions_finish_while_every_worker_waits_for_their_lock(self):
        session = self.session()
        self.run_in(session, "GetAccount", id=9, lock="FOR UPDATE")
        request = self.client.request("UpdateAccount", {"account": {"id": 9, "balance": 4}})
        calls = [self.client.stub("UpdateAccount").future(request, timeout=20 * PATIENCE) for _ in range(40)]
        wait_for(lambda: int(self.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                       "AND datname = current_database()")) >= 8, "the workers to wait")
        begin = time.monotonic()
        self.run_in(session, "UpdateAccount", account={"id": 9, "balance": "3"})
        session.commit()
        for call in calls:
            call.result()
        self.assertLess(time.monotonic() - begin, 5 * PATIENCE)

    def test_a_killed_backend_between_the_last_write_and_commit(self):
        session = self.session()
        self.run_in(session, "UpdateAccount", account={"id": 10, "balance": "1"})
        postgres().terminate(self.database, "state = 'idle in transaction'")
        with self.fails("UNAVAILABLE"):
            session.commit()
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 10"), "1000")
        self.assertEqual(self.call("GetAccount", {"id": 10})["balance"], "1000")

    def test_a_client_killed_with_an_open_session_frees_its_lock(self):
        code = ("import time, harness, transactions\n"
                "class At:\n"
                "    def channel(self, **options):\n"
                "        import grpc\n"
                f"        return grpc.insecure_channel('127.0.0.1:{self.server.port}')\n"
                f"client = harness.Client(At(), harness.Contract({self.uri!r}))\n"
                "session = transactions.Session(client, {})\n"
                f"session.run({self.name('GetAccount')!r}, id=11, lock='FOR UPDATE')\n"
                "print('locked', flush=True)\n"
                "time.sleep(60)\n")
        client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                                  cwd=os.path.dirname(os.path.abspath(__file__)))
        try:
            self.assertEqual(client.stdout.readline().strip(), "locked")
            begin = time.monotonic()
            client.send_signal(signal.SIGKILL)
            self.call("UpdateAccount", {"account": {"id": 11, "balance": 1}})
            self.assertLess(time.monotonic() - begin, 2 * PATIENCE)
        finally:
            client.kill()
            client.wait()
            client.stdout.close()


# More than gRPC sends ahead of a client that reads nothing.
MEGABYTES = 3


class IdleSessions(Transactions):
    # Long enough for a client on a busy machine to be no idle one.
    OPTIONS = (f"--session_idle_timeout={int(2000 * PATIENCE)}ms", "--max_sessions=3")

    def test_an_idle_session_is_rolled_back(self):
        session = self.session()
        self.run_in(session, "UpdateAccount", account={"id": 1, "balance": "1"})
        begin = time.monotonic()
        with self.fails("ABORTED", "SESSION_IDLE_TIMEOUT"):
            next(session.stream)
        self.assertGreater(time.monotonic() - begin, 1)
        self.assertEqual(self.open_transactions(), 0)
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 1"), "1000")

    def test_a_session_opened_and_left_without_begin_ends_too(self):
        session = Session(self.client)
        with self.fails("ABORTED", "SESSION_IDLE_TIMEOUT"):
            next(session.stream)


class LongSessions(Transactions):
    OPTIONS = ("--session_max_duration=1500ms", "--max_sessions=3")

    def test_a_busy_session_ends_at_its_longest(self):
        session = self.session()
        begin = time.monotonic()
        with self.fails("ABORTED", "SESSION_MAX_DURATION"):
            while True:
                self.run_in(session, "GetAccount", id=1)
                time.sleep(0.05)
        self.assertGreater(time.monotonic() - begin, 1.0)
        self.assertLess(time.monotonic() - begin, 1.5 + 2 * PATIENCE)
        self.assertEqual(self.open_transactions(), 0)

    def test_the_longest_reaches_a_running_statement(self):
        self.addCleanup(tools.hold_open(self.uri, "SELECT FROM account WHERE id = 2 FOR UPDATE"))
        session = self.session()
        begin = time.monotonic()
        with self.fails("ABORTED", "SESSION_MAX_DURATION"):
            self.run_in(session, "UpdateAccount", account={"id": 2, "balance": "1"})
        self.assertLess(time.monotonic() - begin, 1.5 + 2 * PATIENCE)


class SlowReaders(Transactions):
    OPTIONS = IdleSessions.OPTIONS

    def test_a_client_that_does_not_read_is_idle(self):
        self.psql(f"INSERT INTO orders (customer_id, note) VALUES (1, repeat('x', {MEGABYTES * 1024 * 1024}))")
        session = self.session()
        for _ in range(10):
            session.put({"operation": operation(self.name("GetOrder"), id=1)})
        wait_for(lambda: self.open_transactions() == 1, "the transaction")
        wait_for(lambda: self.open_transactions() == 0, "it to be rolled back", 8)
        # Its place is free again.
        others = [self.session() for _ in range(3)]
        self.assertEqual(self.run_in(others[2], "GetAccount", id=1)["id"], 1)
        with self.fails("ABORTED", "SESSION_IDLE_TIMEOUT"):
            for _ in session.stream:
                pass


class Drain(Transactions):
    def test_open_sessions_finish_within_the_drain_time(self):
        server = Server(self.uri, "--drain_timeout=20s")
        try:
            client = Client(server, self.contract)
            session = Session(client, {})
            session.run(self.name("UpdateAccount"), account={"id": 1, "balance": "77"})
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "draining" in server.log(), "the drain")
            time.sleep(0.3)
            session.run(self.name("UpdateAccount"), account={"id": 2, "balance": "77"})
            session.commit()
            self.assertEqual(server.process.wait(20 * PATIENCE), 0)
        finally:
            server.close()
        self.assertEqual(self.psql("SELECT count(*) FROM account WHERE balance = 77"), "2")

    def test_after_it_they_are_rolled_back(self):
        server = Server(self.uri, "--drain_timeout=300ms")
        try:
            session = Session(Client(server, self.contract), {})
            session.run(self.name("UpdateAccount"), account={"id": 3, "balance": "78"})
            self.assertEqual(server.terminate(), 0)
        finally:
            server.close()
        self.assertEqual(self.psql("SELECT count(*) FROM account WHERE balance = 78"), "0")
        self.assertEqual(self.open_transactions(), 0)


del Transactions

if __name__ == "__main__":
    unittest.main()
