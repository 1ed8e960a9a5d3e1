"""A server told to end while calls keep coming: each is done, or says that it can be sent elsewhere."""

import collections
import itertools
import os
import signal
import threading
import time
import unittest

import grpc

from bulk import importing, stream
from harness import PATIENCE, Client, Contract, RpcFailure, ServedTestCase, Server, TestCase, postgres, wait_for


class Drain(TestCase):
    CLIENTS = 32
    ROUNDS = 6

    def test_under_load_a_call_is_done_or_unavailable(self):
        uri = postgres().create("drain_load", "CREATE TABLE item (id bigint PRIMARY KEY)")
        contract = Contract(uri)
        ids = itertools.count(1)
        outcomes, done = collections.Counter(), []

        def work(client, running):
            running.release()
            while True:
                number = next(ids)
                try:
                    client.call("CreateItem", {"item": {"id": number}}, timeout=30)
                    done.append(number)
                except grpc.RpcError as error:
                    failure = RpcFailure(error)
                    outcomes[f"{failure.code.name} {failure.message}"] += 1
                    return

        for _ in range(self.ROUNDS):
            server = Server(uri, "--log_level=info")
            self.addCleanup(server.close)
            clients = [Client(server, contract) for _ in range(4)]
            running = threading.Semaphore(0)
            before = len(done)
            threads = [threading.Thread(target=work, args=(clients[i % 4], running), daemon=True)
                       for i in range(self.CLIENTS)]
            for thread in threads:
                thread.start()
            for _ in threads:
                running.acquire()
            while len(done) < before + 3 * self.CLIENTS:
                threads[0].join(0.01)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(60 * PATIENCE), 0)
            for thread in threads:
                thread.join(60 * PATIENCE)
        stored = {int(row) for row in postgres().psql("drain_load", "SELECT id FROM item").split()}
        self.assertEqual(set(done) - stored, set(), "answered, and not there")
        # CANCELLED would mean that the caller did not want it any more: no client tries that again.
        self.assertEqual([outcome for outcome in outcomes if not outcome.startswith("UNAVAILABLE")], [], outcomes)

    def test_clients_that_try_again_at_once_never_see_cancelled(self):
        uri = postgres().create("drain_again", "CREATE TABLE item (id bigint PRIMARY KEY)")
        contract = Contract(uri)
        outcomes, over = collections.Counter(), threading.Event()

        def work(client):
            while not over.is_set():
                try:
                    client.call("ListItems", timeout=30)
                    outcomes["OK"] += 1
                except grpc.RpcError as error:
                    failure = RpcFailure(error)
                    outcomes[f"{failure.code.name} {failure.reason}"] += 1

        for _ in range(self.ROUNDS):
            over.clear()
            server = Server(uri, "--log_level=info")
            self.addCleanup(server.close)
            clients = [Client(server, contract) for _ in range(8)]
            before = outcomes["OK"]
            threads = [threading.Thread(target=work, args=(clients[i % 8],), daemon=True) for i in range(self.CLIENTS)]
            for thread in threads:
                thread.start()
            while outcomes["OK"] < before + 3 * self.CLIENTS:
                threads[0].join(0.01)
            begin = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(60 * PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, 10 * PATIENCE, "no call was in flight")
            over.set()
            for thread in threads:
                thread.join(60 * PATIENCE)
            for client in clients:
                client.channel.close()
        self.assertGreater(outcomes["UNAVAILABLE SHUTTING_DOWN"], 0)
        self.assertEqual([outcome for outcome in outcomes if not outcome.startswith(("OK", "UNAVAILABLE"))], [], outcomes)


SLOW = """
CREATE TABLE item (id integer PRIMARY KEY, body text);
INSERT INTO item SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i;
CREATE TABLE number (id integer PRIMARY KEY);
INSERT INTO number SELECT generate_series(1, 300000);
CREATE TABLE wide (id integer PRIMARY KEY, body text);
INSERT INTO wide SELECT i, repeat('x', 1000000) FROM generate_series(1, 100) i;
CREATE VIEW slow AS SELECT id, pg_sleep(60)::text AS slept FROM item;
COMMENT ON VIEW slow IS '@protogres key=id';
"""


class DrainTimeout(ServedTestCase):
    """What has not ended by itself is ended, and told so; and the process ends in time, whatever hangs."""

    SQL = SLOW

    def start(self):
        server = Server(self.uri, "--drain_timeout=1s", "--pool_size=4", "--max_overflow=0", "--max_streams=2")
        self.addCleanup(server.close)
        return server, Client(server, self.contract)

    def statements(self):
        return self.psql("SELECT pid FROM pg_stat_activity WHERE query LIKE '%\"slow\"%' AND state = 'active' "
                         "AND pid <> pg_backend_pid()").split()

    def drain(self, server):
        begin = time.monotonic()
        self.assertEqual(server.terminate(), 0)
        self.assertLess(time.monotonic() - begin, 1 + 2 * PATIENCE)  # what hangs would take a minute

    def test_statements_are_cancelled_and_their_callers_told(self):
        server, client = self.start()
        stub = client.stub("GetSlow")
        # Of them some run, some wait for a worker, and some run together.
        calls = [stub.future(client.request("GetSlow", {"id": i}), timeout=50) for i in range(1, 30)]
        # One method has three of the four connections at the most.
        wait_for(lambda: len(self.statements()) == 3, "the statements")
        self.drain(server)
        for call in calls:
            with self.fails("UNAVAILABLE", "SHUTTING_DOWN") as failure:
                call.result()
            self.assertTrue(failure[0].retry)
        wait_for(lambda: not self.statements(), "the statements to end")

    def test_streams_and_imports_are_told(self):
        server, client = self.start()
        going = threading.Event()
        self.addCleanup(going.set)

        def messages():
            yield [{"id": 100_000}]
            going.wait(50)

        load = importing(client, "ImportItems", messages())
        chunks = stream(client, "StreamSlows")
        wait_for(lambda: len(self.statements()) == 1, "the statement")
        self.drain(server)
        for call in (load.result, lambda: next(chunks)):
            with self.fails("UNAVAILABLE", "SHUTTING_DOWN"):
                call()
        self.assertEqual(self.psql("SELECT count(*) FROM item WHERE id >= 100000"), "0")

    def test_a_stream_is_ended_between_two_messages(self):
        server, client = self.start()
        # Small messages, of which few are under way when the time is over.
        chunks = stream(client, "StreamNumbers", page_size=1)
        next(chunks)
        server.process.send_signal(signal.SIGTERM)
        with self.fails("UNAVAILABLE", "SHUTTING_DOWN"):
            for _ in chunks:
                pass
        self.assertEqual(server.process.wait(40 * PATIENCE), 0)

    def test_a_client_that_reads_no_more(self):
        server, client = self.start()
        chunks = stream(client, "StreamWides")
        next(chunks)
        self.drain(server)
        with self.fails("UNAVAILABLE"):
            for _ in chunks:
                pass

    def test_backends_that_answer_no_more(self):
        server, client = self.start()
        stub = client.stub("GetSlow")
        calls = [stub.future(client.request("GetSlow", {"id": i}), timeout=50) for i in range(1, 9)]
        backends = wait_for(lambda: pids if len(pids := self.statements()) == 3 else None, "the statements")
        try:
            for pid in backends:
                os.kill(int(pid), signal.SIGSTOP)
            self.drain(server)
        finally:
            for pid in backends:
                os.kill(int(pid), signal.SIGCONT)
        for call in calls:
            with self.fails("UNAVAILABLE", "SHUTTING_DOWN"):
                call.result()


if __name__ == "__main__":
    unittest.main()
