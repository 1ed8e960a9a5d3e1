"""Many calls that wait, and how long the calls of a bystander take meanwhile."""

import time

from harness import PATIENCE, Client, RpcFailure, wait_for

CHANNELS = 8  # a connection has a thousand calls at the most


class Flood:
    """`count` calls at once. At the end of the `with` those that still run are cancelled."""

    def __init__(self, clients, method, request, count=5000):
        self.clients, self.method, self.request, self.count = clients, method, request, count
        self.calls = []

    def __enter__(self):
        stubs = [client.stub(self.method) for client in self.clients]
        message = self.clients[0].request(self.method, self.request)
        for i in range(self.count):
            self.calls.append(stubs[i % len(stubs)].future(message, timeout=300 * PATIENCE))
        # Those for whom there is no room are told at once.
        self.settle()
        return self

    def __exit__(self, *_):
        for call in self.calls:
            call.cancel()

    def settle(self):
        seen = -1

        def still():
            nonlocal seen
            before, seen = seen, len(self.done())
            return seen == before or seen > self.count / 2

        while not still():
            time.sleep(0.3)

    def done(self):
        return [call for call in self.calls if call.done()]

    def reasons(self):
        return {RpcFailure(call.exception()).reason for call in self.done() if call.exception()}


def clients(server, contract, make=Client):
    return [make(server, contract) for _ in range(CHANNELS)]


def took(call, count):
    """How many seconds each of `count` calls takes, one after the other, in order."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        call()
        times.append(time.monotonic() - begin)
    return sorted(times)


def p99(times):
    return times[int(len(times) * 0.99) - 1] if len(times) >= 100 else times[-2]


def idle(test):
    """Waits until no statement runs in the database of the test."""
    wait_for(lambda: test.psql("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() "
                               f"AND datname = '{test.database}'") == "0", "the statements to end", 60)
