"""Several writers with one etag: exactly one of them wins, in each of many rounds."""

import collections
import concurrent.futures
import threading
import unittest

import grpc

from harness import PATIENCE, RpcFailure, ServedTestCase, wait_for
from transactions import Session, operation

ACCOUNTS = """
CREATE TABLE account (id integer PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE note (id integer PRIMARY KEY, body text, deleted_at timestamptz);
CREATE TABLE part (id integer PRIMARY KEY, body text, deleted_at timestamptz) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
"""
WON = "OK"
LOST = "ABORTED ETAG_MISMATCH"
GONE = "NOT_FOUND ROW_NOT_FOUND"


class Etags(ServedTestCase):
    SQL = ACCOUNTS
    ROUNDS = 40

    def setUp(self):
        self.psql("TRUNCATE account, note; INSERT INTO account SELECT i, 100 FROM generate_series(1, 500) i; "
                  "INSERT INTO note SELECT i, 'note' FROM generate_series(1, 500) i")

    def etag(self, account):
        return self.call("GetAccount", {"id": account})["etag"]

    def at_once(self, *requests):
        """Sends (method, request) pairs at once; their outcomes."""
        messages = [(method, self.client.request(method, request)) for method, request in requests]
        barrier = threading.Barrier(len(messages))

        def send(pair):
            method, message = pair
            barrier.wait(30 * PATIENCE)
            try:
                self.client.raw(method, message)
                return WON
            except grpc.RpcError as error:
                failure = RpcFailure(error)
                return f"{failure.code.name} {failure.reason}"

        return list(self.threads.map(send, messages))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.threads = concurrent.futures.ThreadPoolExecutor(8)
        cls.addClassCleanup(cls.threads.shutdown)

    def one_wins(self, outcomes, *losing):
        """The index of the winner; the others have lost in one of these ways."""
        self.assertEqual(outcomes.count(WON), 1, outcomes)
        self.assertLessEqual(set(outcomes), {WON, *losing}, outcomes)
        return outcomes.index(WON)

    def test_update(self):
        for turn in range(self.ROUNDS):
            etag = self.etag(1)
            outcomes = self.at_once(*[("UpdateAccount", {"account": {"id": 1, "balance": 10 * turn + i, "etag": etag}})
                                      for i in range(4)])
            winner = self.one_wins(outcomes, LOST)
            self.assertEqual(self.call("GetAccount", {"id": 1})["balance"], str(10 * turn + winner))

    def test_what_is_lost_stays_lost(self):
        etag = self.etag(1)
        self.call("UpdateAccount", {"account": {"id": 1, "balance": 1, "etag": etag}})
        # The same values again are another version of the row all the same.
        for _ in range(3):
            with self.fails("ABORTED", "ETAG_MISMATCH"):
                self.call("UpdateAccount", {"account": {"id": 1, "balance": 1, "etag": etag}})
            with self.fails("ABORTED", "ETAG_MISMATCH"):
                self.call("DeleteAccount", {"id": 1, "etag": etag})
        self.call("DeleteAccount", {"id": 1, "etag": self.etag(1)})

    def test_delete(self):
        # A row that is gone has no etag that could differ.
        for turn in range(self.ROUNDS):
            account = 2 + turn
            delete = ("DeleteAccount", {"id": account, "etag": self.etag(account)})
            self.one_wins(self.at_once(delete, delete), LOST, GONE)
            with self.fails("NOT_FOUND"):
                self.call("GetAccount", {"id": account})

    def test_delete_against_update(self):
        winners = collections.Counter()
        for turn in range(self.ROUNDS):
            account, etag = 100 + turn, self.etag(100 + turn)
            outcomes = self.at_once(
                ("UpdateAccount", {"account": {"id": account, "balance": 7, "etag": etag}}),
                ("DeleteAccount", {"id": account, "etag": etag}))
            winner = self.one_wins(outcomes, LOST, GONE)
            winners[winner] += 1
            self.assertEqual(self.psql(f"SELECT balance FROM account WHERE id = {account}"), ("7", "")[winner])
            if winner == 0:
                self.assertEqual(outcomes[1], LOST)
        self.assertEqual(sum(winners.values()), self.ROUNDS)

    def test_soft_delete_and_undelete(self):
        for turn in range(self.ROUNDS // 2):
            note = 1 + turn
            etag = self.call("GetNote", {"id": note})["etag"]
            delete = ("DeleteNote", {"id": note, "etag": etag})
            update = ("UpdateNote", {"note": {"id": note, "body": "x", "etag": etag}})
            self.one_wins(self.at_once(delete, delete, update), LOST, GONE)
        deleted = self.call("DeleteNote", {"id": 400})
        undelete = ("UndeleteNote", {"id": 400, "etag": deleted["etag"]})
        self.one_wins(self.at_once(*[undelete] * 4), LOST)

    def batch(self, balance, etags):
        return ("BatchUpdateAccounts", {"requests": [
            {"account": {"id": account, "balance": balance, "etag": etag}} for account, etag in etags.items()]})

    def balances(self, *accounts):
        return [int(self.psql(f"SELECT balance FROM account WHERE id = {account}")) for account in accounts]

    def test_batch_update(self):
        for turn in range(self.ROUNDS):
            etags = {account: self.etag(account) for account in (200, 201)}
            outcomes = self.at_once(*[self.batch(10 * turn + i, etags) for i in range(4)])
            winner = self.one_wins(outcomes, LOST)
            self.assertEqual(self.balances(200, 201), [10 * turn + winner] * 2)

    def test_batches_that_have_one_row_in_common_are_all_or_nothing(self):
        for turn in range(self.ROUNDS):
            etags = {account: self.etag(account) for account in (300, 301, 302)}
            outcomes = self.at_once(
                self.batch(1000 + turn, {300: etags[300], 301: etags[301]}),
                self.batch(2000 + turn, {301: etags[301], 302: etags[302]}))
            winner = self.one_wins(outcomes, LOST)
            first, common, last = self.balances(300, 301, 302)
            self.assertEqual(common, (1000, 2000)[winner] + turn)
            self.assertEqual((first == common, last == common), (winner == 0, winner == 1))

    def test_batches_in_opposite_order(self):
        # They may deadlock: one is told to try again, the other goes on.
        for turn in range(10):
            etags = {account: self.etag(account) for account in (310, 311)}
            outcomes = self.at_once(self.batch(10 * turn, etags),
                                    self.batch(10 * turn + 1, dict(reversed(etags.items()))))
            winner = self.one_wins(outcomes, LOST, "ABORTED DEADLOCK", "ABORTED DEADLOCK_DETECTED")
            self.assertEqual(self.balances(310, 311), [10 * turn + winner] * 2)

    def test_every_way_of_writing_against_the_others(self):
        kind = f"{self.database}.v1.UpdateAccount"

        def transact(balance, etag):
            update = operation(kind, account={"id": 320, "balance": balance, "etag": etag})
            return ("Transact", {"operations": [update], "max_attempts": 10})

        for turn in range(self.ROUNDS):
            etag = self.etag(320)
            outcomes = self.at_once(
                ("UpdateAccount", {"account": {"id": 320, "balance": 10 * turn, "etag": etag}}),
                self.batch(10 * turn + 1, {320: etag}), transact(10 * turn + 2, etag))
            winner = self.one_wins(outcomes, LOST)
            self.assertEqual(self.balances(320), [10 * turn + winner])

    def test_rows_of_a_partitioned_table_after_a_savepoint(self):
        self.psql("TRUNCATE part")
        session = Session(self.client, {})
        self.addCleanup(session.cancel)
        kind = "etags.v1"
        session.run(f"{kind}.BatchCreateNotes", requests=[{"note": {"id": 1000 + i}} for i in range(3)])
        rows = [session.run(f"{kind}.CreatePart", part={"id": 1})]
        # The name that the server itself gives to one.
        session.send({"savepoint": "protogres_batch"})
        rows.append(session.run(f"{kind}.CreatePart", part={"id": 2}))
        rows += session.run(f"{kind}.BatchCreateParts", requests=[{"part": {"id": i}} for i in (3, 4)])["parts"]
        rows[0] = session.run(f"{kind}.UpdatePart", part={**rows[0], "body": "a"})
        rows[1] = session.run(f"{kind}.DeletePart", id=2, etag=rows[1]["etag"])
        rows[1] = session.run(f"{kind}.UndeletePart", id=2, etag=rows[1]["etag"])
        session.run(f"{kind}.BatchCreateNotes", requests=[{"note": {"id": 2000 + i}} for i in range(3)])
        session.commit()
        for row in rows:
            self.assertEqual(self.call("GetPart", {"id": row["id"]})["etag"], row["etag"])

    def test_a_batch_leaves_the_clients_savepoints_alone(self):
        session = Session(self.client, {})
        self.addCleanup(session.cancel)
        for i, name in enumerate(("protogres_batch", "protogres_client_0")):
            session.send({"savepoint": name})
            session.run("etags.v1.CreateNote", note={"id": 3000 + i})
            session.run("etags.v1.BatchCreateNotes", requests=[{"note": {"id": 3010 + 10 * i + j}} for j in range(3)])
        session.send({"rollback_to": "protogres_batch"})
        session.commit()
        self.assertEqual(self.psql("SELECT count(*) FROM note WHERE id >= 3000"), "0")

    def test_an_etag_read_in_a_session_that_waits(self):
        etag = self.etag(330)
        session = Session(self.client, {})
        self.addCleanup(session.requests.put, None)
        self.addCleanup(session.cancel)
        session.run(f"{self.database}.v1.UpdateAccount", account={"id": 330, "balance": 1, "etag": etag})
        update = self.client.request("UpdateAccount", {"account": {"id": 330, "balance": 2, "etag": etag}})
        call = self.client.stub("UpdateAccount").future(update, timeout=30 * PATIENCE)
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                                   "datname = current_database()") == "1", "the update to wait")
        session.commit()
        with self.fails("ABORTED", "ETAG_MISMATCH"):
            call.result()
        self.assertEqual(self.balances(330), [1])


if __name__ == "__main__":
    unittest.main()
