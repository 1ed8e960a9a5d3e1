"""Transact, and the locks on reads in it, with the failure in the middle."""

import concurrent.futures
import signal
import time
import unittest

import grpc

from harness import PATIENCE, Client, Contract, RpcFailure, wait_for
from transactions import Session, Transactions


class Transact(Transactions):
    def test_an_etag_that_is_old_is_told_whatever_comes_after_it(self):
        stale = self.call("GetAccount", {"id": 4})["etag"]
        self.call("UpdateAccount", {"account": {"id": 4, "balance": 1000}})
        delete = self.op("DeleteAccount", id=4)
        with self.fails("ABORTED", "ETAG_MISMATCH"):
            self.transact(self.op("DeleteAccount", id=4, etag=stale, allow_missing=True), delete)
        self.assertEqual(self.psql("SELECT count(*) FROM account WHERE id = 4"), "1")

    def test_answers_in_order_reads_and_writes(self):
        created, listed, updated = self.transact(
            self.op("CreateCustomer", customer={"name": "in order", "age": 3}),
            self.op("ListCustomers", filter='name = "in order"'),
            self.op("UpdateAccount", account={"id": 1, "balance": "999"}))
        self.assertEqual(created["@type"], f"type.googleapis.com/{self.name('Customer')}")
        self.assertEqual(listed["customers"][0]["id"], created["id"])
        self.assertEqual(updated["balance"], "999")
        self.assertEqual(self.psql("SELECT balance FROM account WHERE id = 1"), "999")

    def test_the_first_failure_rolls_all_back_and_names_its_index(self):
        with self.fails("NOT_FOUND", "ROW_NOT_FOUND", message=r"^operations\[1\]") as failure:
            self.transact(self.op("CreateCustomer", customer={"name": "lost"}), self.op("GetAccount", id=77),
                          self.op("CreateCustomer", customer={"name": "lost too"}))
        self.assertEqual(failure[0].metadata["operation"], "1")
        with self.fails("INVALID_ARGUMENT", "CHECK_VIOLATION") as failure:
            self.transact(self.op("CreateCustomer", customer={"name": "lost"}),
                          self.op("UpdateAccount", account={"id": 2, "balance": "-1"}))
        self.assertEqual(failure[0].metadata["operation"], "1")
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE name LIKE 'lost%'"), "0")

    def test_a_later_operation_does_not_change_what_the_first_failure_is(self):
        # They are sent together: when the first one's answer is read, the others have run.
        stale = self.client.call("GetAccount", {"id": 4})["etag"]
        self.client.call("UpdateAccount", {"account": {"id": 4, "balance": "1001"}})
        late = self.op("UpdateAccount", account={"id": 4, "balance": "7", "etag": stale})
        broken = self.op("UpdateAccount", account={"id": 5, "balance": "-1"})
        made = self.op("CreateAccount", account={"id": 77, "balance": "1"})
        for reason, *operations in (("ETAG_MISMATCH", late, broken), ("ETAG_MISMATCH", late, made),
                                    ("ROW_NOT_FOUND", self.op("UpdateAccount", account={"id": 77, "balance": "2"}), made),
                                    ("ROW_NOT_FOUND", self.op("GetAccount", id=77), made, broken),
                                    ("ROW_NOT_FOUND", self.op("DeleteAccount", id=77), made)):
            with self.subTest(operations=operations):
                with self.fails("ABORTED" if reason == "ETAG_MISMATCH" else "NOT_FOUND", reason) as failure:
                    self.transact(*operations)
                self.assertEqual(failure[0].metadata["operation"], "0")
        self.assertEqual(self.psql("SELECT count(*) FROM account WHERE id = 77 OR balance IN (7, -1)"), "0")

    def test_a_thousand_operations_are_not_sent_at_once(self):
        note = "n" * 1000
        answers = self.transact(*[self.op("CreateOrder", order={"customer_id": str(i), "note": note}) for i in range(1000)])
        self.assertEqual([int(answer.get("customer_id", 0)) for answer in answers], list(range(1000)))
        self.assertEqual(self.psql(f"SELECT count(*) FROM orders WHERE note = '{note}'"), "1000")

    def test_bad_requests_touch_nothing(self):
        create = self.op("CreateCustomer", customer={"name": "bad"})
        cases = [
            ([], {}, "operations"),
            ([{"bindings": []}], {}, "operations[0].request"),
            ([create, {"request": {"@type": f"type.googleapis.com/{self.name('Customer')}"}}], {}, "operations[1].request"),
            ([create, self.op("GetCustomer")], {}, "operations[1].request.id"),
            ([create, self.op("CreateCustomer", customer={"name": "x"}, validate_only=True)], {},
             "operations[1].request.validate_only"),
            ([create, self.op("CreateCustomer", customer={"name": "x"}, request_id="1")], {},
             "operations[1].request.request_id"),
            ([create], {"max_attempts": 101}, "max_attempts"),
            ([create], {"options": {"lock_timeout": "0s"}}, "options.lock_timeout"),
            ([create], {"options": {"isolation": 9}}, "options.isolation"),
            ([create], {"options": {"read_only": True}, "request_id": "1"}, "request_id"),
            ([create, self.op("CreateOrder", ("order.customer_id", 1, "id"), order={})], {},
             "operations[1].bindings[0].operation"),
            ([create, self.op("CreateOrder", ("order.customer", 0, "id"), order={})], {}, "operations[1].bindings[0].field"),
            ([create, self.op("CreateOrder", ("order.customer_id", 0, "ident"), order={})], {}, "operations[1].bindings[0].from"),
            ([create, self.op("CreateOrder", ("order.customer_id", 0, "name"), order={})], {}, "operations[1].bindings[0].from"),
            ([create, self.op("CreateOrder", ("order.customer_id", 0, "scores"), order={})], {}, "operations[1].bindings[0].from"),
            ([create, self.op("CreateOrder", ("order.customer_id", 0, "name.x"), order={})], {}, "operations[1].bindings[0].from"),
            ([create, self.op("CreateOrder", ("order.customer_id[0]", 0, "id"), order={})], {}, "operations[1].bindings[0].field"),
            ([create, self.op("CreateOrder", ("", 0, "id"), order={})], {}, "operations[1].bindings[0].field"),
            ([create, self.op("CreateCustomer", ("customer.attrs." + "list_value.values[0]." * 100000 + "string_value", 0, "name"),
                              customer={})], {}, "operations[1].bindings[0].field"),
            ([create, self.op("CreateOrder", *[("order.customer_id", 0, "id")] * 1001, order={})], {},
             "operations[1].bindings"),
        ]
        for operations, fields, path in cases:
            with self.subTest(path=path), self.fails("INVALID_ARGUMENT", field=path):
                self.transact(*operations, **fields)
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE name = 'bad'"), "0")

    def test_a_generated_id_goes_into_later_operations(self):
        order, *items = self.transact(
            self.op("CreateOrder", order={"customer_id": 7}),
            self.op("CreateOrderItem", ("order_item.order_id", 0, "id"), order_item={"line": 1, "what": "tea"}),
            self.op("BatchCreateOrderItems", ("requests[0].order_item.order_id", 0, "id"),
                    ("requests[1].order_item.order_id", 0, "id"), ("requests[1].order_item.what", 1, "what"),
                    requests=[{"order_item": {"line": 2, "what": "pot"}}, {"order_item": {"line": 3}}]),
            self.op("GetOrderItem", ("order_id", 2, "order_items[1].order_id"), ("line", 2, "order_items[1].line")))
        self.assertEqual({items[0]["order_id"], items[1]["order_items"][0]["order_id"], items[2]["order_id"]}, {order["id"]})
        self.assertEqual(items[2]["what"], "tea")
        self.assertEqual(self.psql(f"SELECT count(*) FROM order_item WHERE order_id = {order['id']}"), "3")

    def test_every_type_can_be_bound(self):
        first, second = self.transact(
            self.op("CreateCustomer", customer={"name": "typed", "attrs": {"a": [1, {"b": None}]}, "scores": [1, 2],
                                                "born": "2001-02-03T04:05:06.789Z"}),
            self.op("CreateCustomer", ("customer.attrs", 0, "attrs"), ("customer.scores", 0, "scores"),
                    ("customer.born", 0, "born"), ("customer.age", 0, "age"), ("customer.scores[2]", 0, "scores[0]"),
                    customer={"name": "typed too", "age": 9}))
        self.assertEqual(second["attrs"], first["attrs"])
        self.assertEqual(second["scores"], [1, 2, 1])
        self.assertEqual(second["born"], "2001-02-03T04:05:06.789Z")
        self.assertNotIn("age", second)  # the answer did not set it

    def test_a_binding_to_what_the_answer_does_not_have(self):
        with self.fails("FAILED_PRECONDITION", "BINDING_UNRESOLVED") as failure:
            self.transact(self.op("ListCustomers", filter='name = "nobody"'),
                          self.op("CreateOrder", ("order.customer_id", 0, "customers[0].id"), order={}))
        self.assertEqual(failure[0].metadata["operation"], "1")

    def test_bindings_into_large_answers_end_at_the_deadline(self):
        self.psql("INSERT INTO customer (name, attrs) SELECT 'wide' || i, (SELECT jsonb_agg(j) FROM generate_series(1, 100) j) "
                  "FROM generate_series(1, 900) i")
        self.addCleanup(self.psql, "DELETE FROM customer WHERE name LIKE 'wide%'")
        wide = self.op("ListCustomers", filter='name = "wide*"', page_size=1000)
        bindings = [("order.customer_id", i % 2, "customers[0].id") for i in range(1000)]
        with self.fails("DEADLINE_EXCEEDED"):
            self.call("Transact", {"operations": [wide, wide, self.op("CreateOrder", *bindings, order={})]}, timeout=0.3)
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
                                   f"AND datname = '{self.database}'") == "0", "the transaction's end", 1)

    def test_an_etag_can_be_bound(self):
        read, written = self.transact(self.op("GetAccount", id=3),
                                      self.op("UpdateAccount", ("account.etag", 0, "etag"), account={"id": 3, "balance": "5"}))
        self.assertNotEqual(read["etag"], written["etag"])

    def test_validate_only_runs_deferred_constraints_and_keeps_nothing(self):
        with self.fails("FAILED_PRECONDITION", "FOREIGN_KEY_VIOLATION"):
            self.transact(self.op("CreateDeferred", deferred={"id": 1, "parent": 2}), validate_only=True)
        answers = self.transact(self.op("CreateDeferred", deferred={"id": 1, "parent": 2}),
                                self.op("CreateDeferred", deferred={"id": 2, "parent": 1}), validate_only=True)
        self.assertEqual(answers[1]["parent"], 1)
        self.assertEqual(self.psql("SELECT count(*) FROM deferred"), "0")

    def test_read_only_and_isolation(self):
        with self.fails("FAILED_PRECONDITION", "READ_ONLY_TRANSACTION") as failure:
            self.transact(self.op("CreateCustomer", customer={"name": "ro"}), options={"read_only": True})
        self.assertEqual(failure[0].metadata["operation"], "0")
        self.psql("CREATE OR REPLACE VIEW level AS SELECT current_setting('transaction_isolation') AS is_at, "
                  "current_setting('transaction_read_only') AS read_only, current_setting('lock_timeout') AS lock_timeout")
        self.server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "ListLevels" in Client(self.server, Contract(self.uri)).methods, "the view")
        wait_for(lambda: len(self.server._find(r"serving (\d+) tables") or "") > 0 and
                 sum("serving" in line for line in self.server.lines) > 1, "the reload")
        client = Client(self.server, Contract(self.uri))
        for isolation in ("READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"):
            answer = client.call("Transact", {
                "operations": [self.op("ListLevels")],
                "options": {"isolation": f"ISOLATION_{isolation}", "read_only": True, "lock_timeout": "1.5s"}})
            self.assertEqual(answer["responses"][0]["levels"],
                             [{"is_at": isolation.lower().replace("_", " "), "read_only": "on", "lock_timeout": "1500ms"}])
        self.assertEqual(client.call("ListLevels")["levels"][0]["lock_timeout"], "0")

    def test_every_retried_transfer_under_conflicts_is_exact(self):
        self.psql("UPDATE account SET balance = 1000")
        attempts = 30

        def transfer(seed):
            # Reads what it writes, so that SERIALIZABLE has something to lose.
            a, b = 1 + seed % 3, 1 + (seed + 1) % 3
            client = Client(self.server, self.contract)
            client.call("Transact", {
                "operations": [self.op("GetAccount", id=a), self.op("GetAccount", id=b),
                               self.op("CreateCustomer", customer={"name": f"transfer {seed}"}),
                               self.op("UpdateAccountsWhere", account={"balance": str(1000 + seed)}, filter=f"id = {a}"),
                               self.op("UpdateAccountsWhere", account={"balance": str(1000 - seed)}, filter=f"id = {b}")],
                "options": {"isolation": "ISOLATION_SERIALIZABLE"}, "max_attempts": 100})

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(transfer, range(1, attempts + 1)))
        self.assertEqual(self.psql("SELECT count(*) FROM customer WHERE name LIKE 'transfer %'"), str(attempts))

    def test_without_max_attempts_a_conflict_is_the_callers(self):
        session = self.session(isolation="ISOLATION_REPEATABLE_READ")
        self.run_in(session, "GetAccount", id=4)
        self.call("UpdateAccount", {"account": {"id": 4, "balance": 1}})
        error = session.error(self.name("UpdateAccount"), account={"id": 4, "balance": "2"})
        self.assertEqual((error["code"], error["aborted"]), (10, True))
        self.assertIn("RetryInfo", str(error["details"]))
        session.rollback()

    def test_max_attempts_stays_within_the_deadline(self):
        # Two that always deadlock with a session cannot succeed; the call ends when its time does.
        self.psql("CREATE OR REPLACE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS "
                  "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$; "
                  "CREATE TRIGGER lose BEFORE UPDATE ON job FOR EACH ROW WHEN (NEW.state = 'lose') EXECUTE FUNCTION lose()")
        begin = time.monotonic()
        with self.assertRaises(grpc.RpcError) as caught:
            self.call("Transact", {"operations": [self.op("UpdateJob", job={"id": 1, "state": "lose"})], "max_attempts": 100},
                      timeout=1 / PATIENCE)
        # The last attempt may have begun just before the deadline, which is then the client's own answer.
        self.assertIn(RpcFailure(caught.exception).code,
                      (grpc.StatusCode.ABORTED, grpc.StatusCode.DEADLINE_EXCEEDED))
        self.assertLess(time.monotonic() - begin, 1.5 + PATIENCE)
        with self.fails("ABORTED"):
            self.transact(self.op("UpdateJob", job={"id": 1, "state": "lose"}), max_attempts=3)


class Locks(Transactions):
    def test_outside_a_transaction_they_are_refused(self):
        for method, request in (("GetJob", {"id": 1}), ("BatchGetJobs", {"requests": [{"id": 1}]}), ("ListJobs", {})):
            with self.subTest(method), self.fails("INVALID_ARGUMENT", field="lock", message="TransactionService"):
                self.call(method, {**request, "lock": "FOR UPDATE"})

    def test_words_that_are_no_lock(self):
        for lock in ("UPDATE", "FOR UPDATE WAIT", "FOR UPDATE; DROP TABLE job", "FOR UPDATE OF t", "NOWAIT"):
            with self.subTest(lock), self.fails("INVALID_ARGUMENT", field="operations[0].request.lock"):
                self.transact(self.op("GetJob", id=1, lock=lock))

    def test_nowait_share_and_skip_locked(self):
        session = self.session()
        self.run_in(session, "GetJob", id=1, lock="FOR UPDATE")
        with self.fails("ABORTED", "LOCK_NOT_AVAILABLE"):
            self.transact(self.op("GetJob", id=1, lock="FOR SHARE NOWAIT"))
        with self.fails("NOT_FOUND", message="locked"):
            self.transact(self.op("GetJob", id=1, lock="for  update\nskip locked"))
        with self.fails("NOT_FOUND", message="locked"):
            self.transact(self.op("BatchGetJobs", requests=[{"id": 2}, {"id": 1}], lock="FOR UPDATE SKIP LOCKED"))
        session.rollback()
        sharing = [self.session(), self.session()]
        for session in sharing:
            self.run_in(session, "BatchGetJobs", requests=[{"id": 2}, {"id": 1}], lock="FOR KEY SHARE NOWAIT")
            session.rollback()

    def test_a_job_queue(self):
        done = []

        def work():
            client = Client(self.server, self.contract)
            while True:
                session = Session(client, {})
                jobs = session.run(self.name("ListJobs"), filter='state = "new"', page_size=1, lock="FOR UPDATE SKIP LOCKED")
                if not jobs.get("jobs"):
                    session.rollback()
                    return
                job = jobs["jobs"][0]["id"]
                session.run(self.name("UpdateJob"), job={"id": job, "state": "done"})
                session.commit()
                done.append(job)

        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            for future in [pool.submit(work) for _ in range(5)]:
                future.result()
        self.assertEqual(sorted(done), list(range(1, 41)))

    def test_a_page_locks_only_its_own_rows(self):
        self.psql("UPDATE job SET state = 'page'")
        first, second = self.session(), self.session()
        page = self.run_in(first, "ListJobs", page_size=3, lock="FOR UPDATE SKIP LOCKED")
        self.assertEqual([job["id"] for job in page["jobs"]], [1, 2, 3])
        other = self.run_in(second, "ListJobs", page_size=3, lock="FOR UPDATE SKIP LOCKED")
        self.assertEqual([job["id"] for job in other["jobs"]], [4, 5, 6])
        page = self.run_in(first, "ListJobs", page_size=3, lock="FOR UPDATE SKIP LOCKED", page_token=page["next_page_token"])
        self.assertEqual([job["id"] for job in page["jobs"]], [7, 8, 9])
        first.rollback()
        second.rollback()
        self.psql("UPDATE job SET state = 'new'")


del Transactions

if __name__ == "__main__":
    unittest.main()
