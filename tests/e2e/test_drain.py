"""A server told to end while calls keep coming: each is done, or says that it can be sent elsewhere."""

import collections
import itertools
import signal
import threading
import unittest

import grpc

from harness import PATIENCE, Client, Contract, RpcFailure, Server, TestCase, postgres


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


if __name__ == "__main__":
    unittest.main()
