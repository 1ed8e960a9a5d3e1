"""Calls that come at a given rate, whatever becomes of those before them (an open loop). By hand it shows what is left of
a server at three times its capacity:

    PROTOGRES_BINARY=build/release/service/protogres /usr/bin/python3 tests/e2e/overload.py
"""

import threading
import time

import grpc

from harness import PATIENCE, Client, Contract, Server, postgres

SQL = """
CREATE FUNCTION nap(integer) RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT $1 FROM pg_sleep(0.02) $$;
CREATE VIEW napper AS SELECT nap(1) AS id;
"""
# Three of the four connections are for one method, and 24 of its calls may wait.
OPTIONS = ("--pool_size=4", "--max_overflow=0", "--queue_size=32")


class Outcome:
    """How many seconds the calls took that were answered, and those that were refused; what else happened."""

    def __init__(self):
        self.answered, self.refused, self.others = [], [], []
        self.seconds = 0

    def add(self, call, took):
        code = call.code()
        if code == grpc.StatusCode.OK:
            self.answered.append(took)
        elif code == grpc.StatusCode.RESOURCE_EXHAUSTED:
            self.refused.append(took)
        else:
            self.others.append(code)

    def rate(self):
        return len(self.answered) / self.seconds


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def closed(client, method, in_flight=8, seconds=2.0):
    """As fast as the server answers: its capacity."""
    outcome = Outcome()
    stub, request = client.stub(method), client.request(method, {})
    begin = time.monotonic()

    def work():
        while time.monotonic() - begin < seconds:
            before = time.monotonic()
            stub(request, timeout=30 * PATIENCE)
            outcome.answered.append(time.monotonic() - before)

    threads = [threading.Thread(target=work) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome.seconds = time.monotonic() - begin
    return outcome


def opened(client, method, rate, seconds=3.0):
    """`rate` calls a second."""
    outcome = Outcome()
    stub, request = client.stub(method), client.request(method, {})
    begin = time.monotonic()
    calls = []
    for i in range(int(rate * seconds)):
        time.sleep(max(0.0, begin + i / rate - time.monotonic()))
        sent = time.monotonic()
        call = stub.future(request, timeout=30 * PATIENCE)
        call.add_done_callback(lambda call, sent=sent: outcome.add(call, time.monotonic() - sent))
        calls.append(call)
    outcome.seconds = time.monotonic() - begin
    for call in calls:
        call.exception()
    end = time.monotonic() + 10
    while len(outcome.answered) + len(outcome.refused) + len(outcome.others) < len(calls) and time.monotonic() < end:
        time.sleep(0.01)
    return outcome


def main():
    uri = postgres().create("overload", SQL)
    server = Server(uri, *OPTIONS)
    try:
        client = Client(server, Contract(uri))
        capacity = closed(client, "ListNappers").rate()
        print(f"capacity: {capacity:.0f} calls/s")
        print("| offered/s | answered/s | refused | p50 of the answered | p99 | p99 of the refused |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: |")
        for times in (0.5, 1, 3):
            outcome = opened(client, "ListNappers", times * capacity, 5)
            print(f"| {times * capacity:.0f} | {outcome.rate():.0f} | {len(outcome.refused)} | "
                  f"{percentile(outcome.answered, 0.5) * 1000:.0f} ms | {percentile(outcome.answered, 0.99) * 1000:.0f} ms | "
                  f"{percentile(outcome.refused, 0.99) * 1000:.0f} ms |")
    finally:
        server.close()


if __name__ == "__main__":
    main()
