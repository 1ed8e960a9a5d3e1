#!/usr/bin/python3
"""Faults of the way to the database, and what callers see of them: connections that go silent, delays, a database that
is stopped or gone. test_silence.py asserts on it; run by itself it prints a table for the docs. See --help.
"""

import argparse
import collections
import contextlib
import os
import random
import signal
import threading
import time
import typing

import grpc

from harness import PATIENCE, Client, Contract, Postgres, RpcFailure, Server, wait_for
from network import Network
from transactions import operation

ROWS = 100
SQL = f"""
CREATE TABLE item (id integer PRIMARY KEY, n integer NOT NULL);
INSERT INTO item SELECT i, i FROM generate_series(1, {ROWS}) i;
CREATE FUNCTION slow() RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT 1 FROM pg_sleep(30) $$;
CREATE VIEW sleeper AS SELECT slow() AS id;
""" + "".join(f"CREATE VIEW sleeper_{letter} AS SELECT slow() AS id;\n" for letter in "bcdefghijklm")
DEADLINE = 1.0  # of each call, in seconds


class Outcome(typing.NamedTuple):
    """What came of one Get, in seconds of the monotonic clock."""
    begin: float
    end: float
    answered: bool


def code_of(error):
    """The code and the reason of a call's error; None: it was answered."""
    if error is None:
        return "OK"
    failure = RpcFailure(error)
    return f"{failure.code.name} {failure.reason or failure.message}"


class Callers:
    """Clients of one server that keep calling, each call with a deadline."""

    def __init__(self, server, contract, connections):
        self.stop = threading.Event()
        self.gets = []
        self.health = []  # (time, is it SERVING)
        self.codes = collections.Counter()
        self.wrong = []
        self.client = Client(server, contract)
        # More than the pool has connections, so that a fault meets each of them.
        works = [self._get] * 4 + [self._transact, self._sleep] + [self._list] * connections
        self.threads = [threading.Thread(target=self._repeat, args=(work, number), daemon=True)
                        for number, work in enumerate(works)]
        self.threads.append(threading.Thread(target=self._watch, args=(server.channel(),), daemon=True))
        for thread in self.threads:
            thread.start()

    def close(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(10 * PATIENCE)

    def _repeat(self, work, number):
        while not self.stop.wait(random.uniform(0.03, 0.07) if work == self._get else 0.2):
            code = work(number)
            self.codes[f"{work.__name__[1:]} {code}"] += 1

    def _raw(self, method, request, deadline=DEADLINE):
        """The answer, and the code and the reason that the call ended with."""
        try:
            return self.client.raw(method, request, timeout=deadline / PATIENCE), "OK"
        except grpc.RpcError as error:
            return None, code_of(error)

    def future(self, method, deadline):
        return self.client.stub(method).future(self.client.request(method, {}), timeout=deadline * PATIENCE)

    def _get(self, _):
        number = random.randint(1, ROWS)
        begin = time.monotonic()
        answer, code = self._raw("GetItem", {"id": number})
        self.gets.append(Outcome(begin, time.monotonic(), answer is not None))
        if answer is not None and answer.id != number:
            self.wrong.append((number, answer))
        return code

    def _list(self, number):
        answer, code = self._raw("ListItems", {"filter": f"id = {1 + number}"})
        if answer is not None and [item.id for item in answer.items] != [1 + number]:
            self.wrong.append((number, answer))
        return code

    def _transact(self, number):
        kind = f"{DATABASE}.v1.UpdateItem"
        updates = [operation(kind, item={"id": 1 + number, "n": n}) for n in (1, 2)]
        return self._raw("Transact", {"operations": updates})[1]

    def _sleep(self, _):
        self.stop.wait(0.8)
        return self._raw("ListSleepers", {}, 0.3)[1]

    def _watch(self, channel):
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        while not self.stop.wait(0.05):
            try:
                answer = check(b"", timeout=DEADLINE)
            except grpc.RpcError:
                continue
            self.health.append((time.monotonic(), answer == b"\x08\x01"))

    def first_answer(self, after, begun_after=0.0):
        """Seconds from `after` to the first answered Get; None: there was none."""
        ends = [get.end for get in list(self.gets) if get.answered and get.end >= after and get.begin >= begun_after]
        return min(ends) - after if ends else None

    def first_health(self, serving, after, before=float("inf")):
        times = [at for at, was in list(self.health) if was == serving and after <= at < before]
        return min(times) - after if times else None


DATABASE = "silence"


class Bed:
    """A PostgreSQL with the database that the callers use."""

    def __init__(self):
        self.cluster = Postgres("max_connections=200")
        try:
            self.uri = self.cluster.create(DATABASE, SQL)
            self.contract = Contract(self.uri)
        except BaseException:
            self.cluster.close()
            raise
        self.stopped = []

    def close(self):
        self.go_on()  # so that it can end
        self.cluster.close()

    def stop_backends(self):
        pids = self.cluster.psql(DATABASE, "SELECT pid FROM pg_stat_activity WHERE application_name = 'protogres'")
        self.stop([int(pid) for pid in pids.split()])

    def stop(self, pids):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                self.stopped.append(pid)

    def go_on(self):
        while self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.stopped.pop(), signal.SIGCONT)
        if self.cluster.process.poll() is not None:
            self.cluster.start()


class Fault(typing.NamedTuple):
    what: str
    begin: typing.Callable  # of the Bed and the Networks
    answers: bool  # Gets can be answered while it lasts, by new connections


def _each(do):
    return lambda _, networks: [do(network) for network in networks]


FAULTS = {
    "half_open": Fault("established connections half-open", _each(Network.half_open), True),
    "black_hole": Fault("established and new connections silent", _each(Network.black_hole), False),
    "backends_stopped": Fault("backends stopped", lambda bed, _: bed.stop_backends(), True),
    "postmaster_stopped": Fault("postmaster stopped", lambda bed, _: bed.stop([bed.cluster.process.pid]), False),
    "questions_delayed": Fault("questions 5 s late", _each(lambda network: network.delay(questions=5)), False),
    "answers_delayed": Fault("answers 5 s late", _each(lambda network: network.delay(answers=5)), False),
    "commits_cut": Fault("cut after each COMMIT", _each(Network.cut_commits), True),
    "refused": Fault("connections refused", _each(Network.refuse), False),
    "database_gone": Fault("database stopped and started", lambda bed, _: bed.cluster.stop(signal.SIGQUIT), False),
}


class Case(typing.NamedTuple):
    """What was seen of one fault by the callers of one server."""
    fault: str
    pool: int
    during: float  # seconds from the fault's begin to the first answer of a Get sent since
    after: float  # seconds from its end to the first answered Get
    not_serving: float  # seconds from its begin until health said NOT_SERVING
    serving: float  # seconds from its end until health said SERVING
    codes: dict
    wrong: list
    log: str

    def row(self):
        """Of the table that HEAD begins."""
        times = (self.during, self.after, self.not_serving, self.serving)
        shown = ("-" if seconds is None else f"{seconds:.2f} s" for seconds in times)
        return f"| {FAULTS[self.fault].what} | {self.pool} | {' | '.join(shown)} |"


HEAD = """| fault | pool | next answer, from its begin | next answer, from its end | NOT_SERVING | SERVING again |
| --- | --- | --- | --- | --- | --- |"""


class Stand:
    """A server whose connections go through a Network of its own, and its callers."""

    def __init__(self, bed, pool, stack, *options):
        self.pool = pool
        self.network = Network(bed.cluster.dir)
        stack.callback(self.network.close)
        uri = f"host=127.0.0.1 port={self.network.port} user=postgres dbname={DATABASE} sslmode=disable"
        self.server = Server(uri, f"--pool_size={pool}", "--max_overflow=0", "--log_level=info", *options)
        stack.callback(self.server.close)
        self.callers = Callers(self.server, bed.contract, pool)
        stack.callback(self.callers.close)

    def warm_up(self):
        """Returns when the pool has all its connections, and Gets are answered."""
        wanted = self.pool + 1  # with that of LISTEN

        def fill():
            # Each by another method: one alone never has all connections.
            methods = [method for method in self.callers.client.methods if method.startswith("ListSleeper")]
            sleepers = [self.callers.future(methods[i % len(methods)], 0.5) for i in range(self.pool)]
            for sleeper in sleepers:
                sleeper.exception()
            return self.network.connections() >= wanted

        wait_for(fill, f"{wanted} connections", 30)
        count = len(self.callers.gets)
        wait_for(lambda: any(get.answered for get in list(self.callers.gets)[count:]), "Gets to be answered")


def run(bed, name, pools, seconds, rest):
    """A Case a pool: the fault for `seconds` and what came within `rest` seconds after it."""
    with contextlib.ExitStack() as stack:
        stands = [Stand(bed, pool, stack) for pool in pools]
        for stand in stands:
            stand.warm_up()
        begin = time.monotonic()
        stack.callback(bed.go_on)
        FAULTS[name].begin(bed, [stand.network for stand in stands])
        silent = time.monotonic()
        time.sleep(seconds)
        bed.go_on()
        for stand in stands:
            stand.network.calm()
        end = time.monotonic()
        wanted = end + rest
        while time.monotonic() < wanted and any(
                stand.callers.first_answer(end) is None or stand.callers.first_health(True, end) is None
                for stand in stands):
            time.sleep(0.05)
        time.sleep(0.5)  # a wrong answer may come late
        for stand in stands:
            stand.server.process.kill()  # whether it ends by itself is for drain() to see
        return [Case(name, stand.pool, stand.callers.first_answer(begin, silent), stand.callers.first_answer(end),
                     stand.callers.first_health(False, begin, end), stand.callers.first_health(True, end),
                     dict(stand.callers.codes), stand.callers.wrong, "\n".join(stand.server.lines[-20:]))
                for stand in stands]


class Drain(typing.NamedTuple):
    """What was seen of a server that was told to end in the middle of a fault."""
    fault: str
    pool: int
    took: float  # seconds until it had ended; None: it did not
    patient: dict  # the codes of calls with a deadline far off, which waited when the drain began
    codes: dict  # of the callers


def drain(bed, name, pools, timeout):
    """A Drain a pool. `timeout`: the --drain_timeout, in seconds."""
    with contextlib.ExitStack() as stack:
        stands = [Stand(bed, pool, stack, f"--drain_timeout={timeout}s") for pool in pools]
        for stand in stands:
            stand.warm_up()
        stack.callback(bed.go_on)
        FAULTS[name].begin(bed, [stand.network for stand in stands])
        patient = [[stand.callers.future("ListItems", 60) for _ in range(stand.pool)] for stand in stands]
        time.sleep(0.7)  # so that each connection has a statement, and none has been given up
        begin = time.monotonic()
        for stand in stands:
            stand.callers.codes.clear()
            stand.server.process.send_signal(signal.SIGTERM)
        took = {}
        while len(took) < len(stands) and time.monotonic() < begin + timeout + 20 * PATIENCE:
            for stand in stands:
                if stand.pool not in took and stand.server.process.poll() is not None:
                    took[stand.pool] = time.monotonic() - begin
            time.sleep(0.02)
        bed.go_on()
        for stand in stands:
            if stand.pool not in took:
                stand.server.process.kill()
            stand.callers.close()
        ends = [collections.Counter(code_of(call.exception()) for call in calls) for calls in patient]
        return [Drain(name, stand.pool, took.get(stand.pool), dict(end), dict(stand.callers.codes))
                for stand, end in zip(stands, ends)]


def main():
    parser = argparse.ArgumentParser(description="Prints how long callers wait for an answer, for each fault and pool.")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which, with commas between [all]")
    parser.add_argument("--pools", default="1,2,12", help="pool sizes [1,2,12]")
    parser.add_argument("--seconds", type=float, default=10, help="how long each fault lasts [10]")
    parser.add_argument("--rest", type=float, default=30, help="how long an answer is waited for after it [30]")
    parser.add_argument("--codes", action="store_true", help="also what the calls ended with")
    options = parser.parse_args()
    pools = [int(pool) for pool in options.pools.split(",")]
    bed = Bed()
    try:
        print(HEAD, flush=True)
        for name in options.faults.split(","):
            for case in run(bed, name, pools, options.seconds, options.rest):
                print(case.row(), flush=True)
                if options.codes:
                    print(f"    {case.codes}", flush=True)
                if case.wrong:
                    print(f"WRONG ANSWERS: {case.wrong[:3]}", flush=True)
    finally:
        bed.close()


if __name__ == "__main__":
    main()
