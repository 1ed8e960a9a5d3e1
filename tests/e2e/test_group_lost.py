"""A group of writes whose connection is lost: nobody is lost or written twice, and all hear of a COMMIT in doubt."""

import os
import signal
import unittest

import grpc

from grouping import OPTIONS, SQL, Group
from harness import Client, Contract, Postgres, Server, TestCase, wait_for
from test_in_doubt import Proxy, pooler_lost_the_server


class LostGroup(Group, TestCase):
    @classmethod
    def setUpClass(cls):
        # Of its own: a killed backend restarts the whole.
        cls.cluster = Postgres()
        cls.addClassCleanup(cls.cluster.close)
        cls.uri = cls.cluster.create("lost", SQL)
        cls.contract = Contract(cls.uri)
        cls.proxy = Proxy(cls.cluster.dir)
        cls.addClassCleanup(cls.proxy.close)
        cls.server = Server(cls.uri.replace(cls.cluster.dir, cls.proxy.dir), *OPTIONS, "--backoff_max=200ms")
        cls.addClassCleanup(cls.server.close)
        cls.client = Client(cls.server, cls.contract)

    def psql(self, sql):
        return self.cluster.psql("lost", sql)

    def setUp(self):
        self.psql("TRUNCATE held, item, line")

    def stored(self):
        return {int(line) for line in self.psql("SELECT id FROM item").split()}

    def outcomes(self, calls):
        """Ids by what became of them: OK, UNAVAILABLE or COMMIT_IN_DOUBT."""
        found = {"OK": set(), "UNAVAILABLE": set(), "COMMIT_IN_DOUBT": set()}
        for i, call in enumerate(calls):
            got = self.outcome(call)
            if not isinstance(got, tuple):
                self.assertEqual(got.id, i)
                found["OK"].add(i)
            elif got[0] == grpc.StatusCode.UNAVAILABLE:
                found["UNAVAILABLE"].add(i)
            else:
                self.assertEqual(got, (grpc.StatusCode.UNKNOWN, "COMMIT_IN_DOUBT"))
                found["COMMIT_IN_DOUBT"].add(i)
        return found

    def learn(self):
        """The server begins with small groups, and learns that larger ones are worth it."""
        with self.waiting():
            calls = [self.future("CreateItem", item={"id": i}) for i in range(1000, 1200)]
        for call in calls:
            call.result()
        self.psql("DELETE FROM item WHERE id >= 1000")

    def lose_commit(self, how):
        """How many had a part in the COMMIT that was lost."""
        self.learn()
        self.setUp()
        with self.waiting():
            self.proxy.lose = how
            calls = [self.future("CreateItem", item={"id": i}) for i in range(60)]
        found = self.outcomes(calls)
        self.assertIsNone(self.proxy.lose)
        # All of one group, and nobody else.
        self.assertEqual(found["UNAVAILABLE"], set())
        done = found["COMMIT_IN_DOUBT"] if how == "after" else set()
        self.assertEqual(self.stored(), found["OK"] | done)
        return len(found["COMMIT_IN_DOUBT"])

    def test_a_pooler_says_that_it_lost_the_answer(self):
        self.proxy.last_word = pooler_lost_the_server()
        self.addCleanup(setattr, self.proxy, "last_word", b"")
        # See test_the_commit_is_lost.
        self.assertTrue(any(self.lose_commit("after") > 1 for _ in range(10)))

    def test_the_commit_is_lost(self):
        for how in ("before", "after"):
            # On a busy machine groups seem to be slow for a moment, and stay small then.
            self.assertTrue(any(self.lose_commit(how) > 10 for _ in range(10)))

    def test_the_connection_is_lost_within_a_group(self):
        for how in (self.terminate, self.kill):
            self.setUp()
            wait_for(self.lives, "the server to serve", 30)
            self.learn()
            self.hold("item")
            with self.waiting():
                calls = [self.future("CreateItem", item={"id": i}) for i in range(60)]
            how(int(wait_for(lambda: self.running("item"), "the group to run")[0]))
            wait_for(self.released, "PostgreSQL to be back", 30)
            found = self.outcomes(calls)
            # Nothing of it was committed; in doubt is at the most what ran alone when PostgreSQL went down.
            self.assertEqual(self.stored() - found["COMMIT_IN_DOUBT"], found["OK"])
            if how == self.terminate:
                self.assertEqual(len(found["OK"]), 60, found)

    def lives(self):
        try:
            return self.client.raw("ListItems") is not None
        except grpc.RpcError:
            return False

    def released(self):
        try:
            self.release("item")
            return True
        except RuntimeError:
            return False

    def terminate(self, pid):
        self.psql(f"SELECT pg_terminate_backend({pid})")

    @staticmethod
    def kill(pid):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
