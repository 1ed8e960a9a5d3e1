"""A bank: 64 clients move money in each way that there is, while backends are killed, commits are lost, and the server
goes and comes back.

No transfer may be lost, made twice, or made by half, and what a client was told must be what happened.
"""

import collections
import itertools
import random
import signal
import socket
import subprocess
import threading
import time
import typing
import unittest

import grpc

from harness import DIE_WITH_PARENT, PATIENCE, Client, Contract, Postgres, RpcFailure, Server, TestCase, wait_for
from transactions import Session, operation
from test_in_doubt import Proxy
from test_request_id import install

ACCOUNTS = 100
CLIENTS = 64
START = 1000
# One a client, even on a machine that does other things too.
FEWEST_TRANSFERS = CLIENTS
# A transfer that no account can pay: it fails for good, after its first half was done.
TOO_MUCH = 10**6

BANK = f"""
CREATE TABLE account (id integer PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), last_transfer text);
INSERT INTO account SELECT i, {START} FROM generate_series(1, {ACCOUNTS}) i;
CREATE TABLE ledger (transfer text, account integer, delta bigint NOT NULL, PRIMARY KEY (transfer, account));
CREATE FUNCTION enter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger VALUES (NEW.last_transfer, NEW.id, NEW.balance - OLD.balance); RETURN NULL; END $$;
CREATE TRIGGER enter AFTER UPDATE ON account FOR EACH ROW EXECUTE FUNCTION enter();
"""
# Of the server's connections a random one; where `busy`, one that is in the middle of something if there is one.
KILL = """SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()
  ORDER BY {busy} AND state = 'idle', random() LIMIT 1) victim;
"""


class Address:
    """A port on which servers come and go. Bound here as well, not listening, so that nobody else is given it."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.name = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.channels = []

    def channel(self):
        # By itself gRPC would wait for seconds before it looks for the server again.
        options = {"grpc.use_local_subchannel_pool": 1, "grpc.initial_reconnect_backoff_ms": 50,
                   "grpc.min_reconnect_backoff_ms": 50, "grpc.max_reconnect_backoff_ms": 200}
        self.channels.append(grpc.insecure_channel(self.name, options=list(options.items())))
        return self.channels[-1]

    def close(self):
        for channel in self.channels:
            channel.close()
        self.socket.close()


class Transfer(typing.NamedTuple):
    id: str
    source: int
    target: int
    amount: int

    def rows(self):
        return {self.source: -self.amount, self.target: self.amount}


class Failure(Exception):
    """Why a request failed, whether as the status of a call or as an answer of a session."""

    def __init__(self, code, reason, text):
        super().__init__(text)
        self.code, self.reason = code, reason

    @classmethod
    def of_call(cls, error):
        failure = RpcFailure(error)
        return cls(failure.code.name, failure.reason, repr(failure))

    @classmethod
    def of_session(cls, error):
        code = next(code for code in grpc.StatusCode if code.value[0] == error["code"])
        reason = next((detail["reason"] for detail in error.get("details", ()) if "reason" in detail), None)
        return cls(code.name, reason, str(error))

    def in_doubt(self):
        """The request may have been done: its answer was lost by the server, or with the server. CANCELLED without a
        reason is what gRPC says of a call that comes in while the server ends (see test_drain.py)."""
        return self.reason == "COMMIT_IN_DOUBT" or (
            self.reason is None and self.code in ("UNAVAILABLE", "UNKNOWN", "CANCELLED"))

    def passing(self):
        return self.in_doubt() or self.code in ("ABORTED", "UNAVAILABLE", "RESOURCE_EXHAUSTED")

    def for_good(self):
        return (self.code, self.reason) == ("INVALID_ARGUMENT", "CHECK_VIOLATION")


class Books:
    """What the clients were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.made = {}
        self.failed = {}
        self.wrong = []
        self.retries = collections.Counter()
        self.count = collections.Counter()

    def retried(self, failure):
        with self.lock:
            self.retries[f"{failure.code} {failure.reason or 'connection lost'}"] += 1

    def add(self, what):
        with self.lock:
            self.count[what] += 1


class Customer:
    """A client that makes one transfer after the other, each until it is made or has failed for good."""

    def __init__(self, number, client, books, stop, give_up):
        self.number, self.client, self.books = number, client, books
        self.stop, self.give_up = stop, give_up
        self.random = random.Random(number)
        self.way = (self.by_transact, self.by_session, self.by_batch)[number % 3]

    def run(self):
        for turn in itertools.count():
            if self.stop.is_set():
                return
            source, target = self.random.sample(range(1, ACCOUNTS + 1), 2)
            amount = TOO_MUCH if self.random.random() < 0.05 else self.random.randint(1, 20)
            transfer = Transfer(f"{self.number}-{turn}", source, target, amount)
            try:
                self.way(transfer)
                self.books.made[transfer.id] = transfer
                self.books.add(self.way.__name__)
            except Failure as failure:
                if not failure.for_good():
                    self.books.wrong.append((transfer, str(failure)))
                    return
                self.books.failed[transfer.id] = transfer
            except Exception as error:  # a thread's death is to be seen
                self.books.wrong.append((transfer, repr(error)))
                return

    def retrying(self, attempt, passing=Failure.passing):
        """attempt() until it gives something or fails with what is not `passing`."""
        for turn in itertools.count():
            try:
                return attempt()
            except grpc.RpcError as error:
                failure = Failure.of_call(error)
            except Failure as error:
                failure = error
            if not passing(failure) or time.monotonic() > self.give_up:
                raise failure
            self.books.retried(failure)
            time.sleep(self.random.uniform(0.2, 1) * min(0.2, 0.005 * 2**min(turn, 10)))

    def call(self, method, request):
        return self.client.raw(method, request, timeout=30)

    def read(self, account):
        return self.retrying(lambda: self.call("GetAccount", {"id": account}))

    def updates(self, transfer):
        """Of both accounts, by the etags that they have now. First the one that always can be made."""
        changes = []
        for account, delta in sorted(transfer.rows().items(), key=lambda row: -row[1]):
            read = self.read(account)
            changes.append({"account": {"id": account, "balance": read.balance + delta, "etag": read.etag,
                                        "last_transfer": transfer.id}})
        return changes

    def by_etags(self, transfer, method, request_of):
        """Reads and writes anew, with a new request_id, where another writer was faster. Where it is not known
        what became of a request, the very same is sent again."""
        for version in itertools.count():
            request = self.client.request(method, {**request_of(self.updates(transfer)),
                                                   "request_id": f"{transfer.id}/{version}"})
            try:
                answer = self.retrying(lambda: self.call(method, request),
                                       lambda failure: failure.passing() and failure.reason != "ETAG_MISMATCH")
            except Failure as failure:
                if failure.reason != "ETAG_MISMATCH" or time.monotonic() > self.give_up:
                    raise
                self.books.retried(failure)
                continue
            if self.random.random() < 0.1:
                if self.retrying(lambda: self.call(method, request)) != answer:
                    raise AssertionError("the same request was answered differently")
                self.books.add("replays")
            return

    def by_transact(self, transfer):
        attempts = self.random.choice((0, 3, 10))
        self.by_etags(transfer, "Transact", lambda updates: {
            "operations": [operation("bank.v1.UpdateAccount", **update) for update in updates],
            "max_attempts": attempts})

    def by_batch(self, transfer):
        self.by_etags(transfer, "BatchUpdateAccounts", lambda updates: {"requests": updates})

    def by_session(self, transfer):
        def attempt():
            begin = {"isolation": "ISOLATION_SERIALIZABLE"} if self.random.random() < 0.3 else {}
            session = None
            committing = False
            try:
                session = Session(self.client, timeout=30)
                self.step(session, {"begin": begin})
                # In one order in all sessions: they cannot deadlock with each other.
                balances = {account: int(self.step(session, self.get(account))["balance"])
                            for account in sorted(transfer.rows())}
                for account, delta in sorted(transfer.rows().items(), key=lambda row: -row[1]):
                    self.step(session, {"operation": operation("bank.v1.UpdateAccount", account={
                        "id": account, "balance": balances[account] + delta, "last_transfer": transfer.id})})
                committing = True
                self.step(session, {"commit": {}})
            except grpc.RpcError as error:
                failure = Failure.of_call(error)
                if not committing or not failure.in_doubt() or not self.find(transfer):
                    raise failure
                self.books.add("found in the ledger")
            finally:
                if session:
                    session.requests.put(None)
                    session.cancel()

        self.retrying(attempt)

    @staticmethod
    def get(account):
        return {"operation": operation("bank.v1.GetAccount", id=account, lock="FOR UPDATE")}

    @staticmethod
    def step(session, request):
        answer = session.send(request)
        if "error" in answer:
            raise Failure.of_session(answer["error"])
        return answer.get("response")

    def find(self, transfer):
        """Whether it was made. A commit that still goes on holds both accounts: whoever has locked one knows."""
        operations = [self.get(account)["operation"] for account in sorted(transfer.rows())]
        operations.append(operation("bank.v1.GetLedger", transfer=transfer.id, account=transfer.source))
        request = self.client.request("Transact", {"operations": operations})
        try:
            self.retrying(lambda: self.call("Transact", request))
            return True
        except Failure as failure:
            if failure.code != "NOT_FOUND" or "ledger" not in str(failure).lower():
                raise
            return False


class Bank(TestCase):
    SECONDS = 12  # how long transfers are begun; then each is brought to its end

    def upstream(self):
        """The folder of the socket behind the proxy that loses commits."""
        return self.cluster.dir

    def setUp(self):
        # Who deadlocks is to know it soon; clients must do with that.
        self.cluster = Postgres("deadlock_timeout=100ms")
        self.addCleanup(self.cluster.close)
        self.uri = self.cluster.create("bank", BANK)
        installed = install(self.uri)
        self.assertEqual(installed.returncode, 0, installed.stderr)
        # Held while nothing is to be disturbed.
        self.calm = threading.Lock()
        self.proxy = Proxy(self.upstream())
        self.addCleanup(self.proxy.close)
        self.address = Address()
        self.addCleanup(self.address.close)
        self.server = self.serve()
        self.stop = threading.Event()
        self.addCleanup(self.stop.set)

    def psql(self, sql):
        return self.cluster.psql("bank", sql)

    def serve(self):
        # Of two equal options the later one counts. A line a call would be much to read here.
        server = Server(self.uri.replace(self.cluster.dir, self.proxy.dir), f"--listen={self.address.name}",
                        "--log_level=info", "--pool_size=10", "--max_overflow=6", "--backoff_max=300ms",
                        "--drain_timeout=10s")
        self.addCleanup(server.close)
        return server

    def restart(self, how):
        if how == signal.SIGTERM:
            self.assertEqual(self.server.terminate(), 0)
        else:
            self.server.process.kill()
            self.server.process.wait()
        self.server.close()
        with self.calm:
            # The first commit after the start would be that of the catalog's reader: of no interest here.
            self.proxy.lose = None
            self.server = self.serve()

    def disturb(self, killed):
        """Kills backends and loses commits until it is stopped. One psql for all: it is to cost little."""
        psql = subprocess.Popen([*DIE_WITH_PARENT, "psql", "-X", "-q", "-A", "-t", "-d", self.uri],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with psql:
            for busy in itertools.cycle(("true", "true", "false")):
                if self.stop.wait(random.uniform(0.1, 0.2)):
                    break
                # A server that starts has one busy backend, which reads the catalog: it might never come to its end.
                if self.calm.acquire(blocking=False):
                    psql.stdin.write(KILL.format(busy=busy))
                    psql.stdin.flush()
                    self.proxy.lose = random.choice(("before", "while", "after"))
                    self.calm.release()
            killed.extend(int(line) for line in psql.communicate()[0].split())

    def run_the_bank(self):
        books, killed, contract = Books(), [], Contract(self.uri)
        clients = [Client(self.address, contract) for _ in range(4)]
        begin = time.monotonic()
        give_up = begin + self.SECONDS + 60 * PATIENCE
        customers = [Customer(i, clients[i % 4], books, self.stop, give_up) for i in range(CLIENTS)]
        threads = [threading.Thread(target=customer.run, daemon=True) for customer in customers]
        threads.append(threading.Thread(target=self.disturb, args=(killed,), daemon=True))
        for thread in threads:
            thread.start()
        try:
            for part, how in ((1, signal.SIGKILL), (2, signal.SIGTERM)):
                time.sleep(max(0, begin + part * self.SECONDS / 3 - time.monotonic()))
                self.restart(how)
            time.sleep(max(0, begin + self.SECONDS - time.monotonic()))
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(120 * PATIENCE)
        self.assertEqual([thread for thread in threads if thread.is_alive()], [], "threads that hang")
        return books, sum(killed)

    def ledger(self):
        rows = collections.defaultdict(dict)
        for line in self.psql("SELECT transfer, account, delta FROM ledger").splitlines():
            transfer, account, delta = line.split("|")
            rows[transfer][int(account)] = int(delta)
        return dict(rows)

    def test_money_is_neither_made_nor_lost(self):
        begin = time.monotonic()
        books, killed = self.run_the_bank()
        ways = {name: number for name, number in sorted(books.count.items())}
        print(f"{len(books.made)} transfers {ways}, {len(books.failed)} failed for good, {killed} backends killed, "
              f"{self.proxy.lost} commits lost, 2 restarts, {sum(books.retries.values())} retries "
              f"{dict(books.retries.most_common())}, {time.monotonic() - begin:.1f} s", flush=True)

        self.assertEqual(books.wrong, [])
        ledger = self.ledger()
        self.assertEqual(ledger.keys() & books.failed.keys(), set(), "failed for good, and made")
        self.assertEqual(ledger.keys() - books.made.keys(), set(), "made, and nobody was told")
        self.assertEqual(books.made.keys() - ledger.keys(), set(), "answered, and not made")
        for name, transfer in books.made.items():
            self.assertEqual(ledger[name], transfer.rows(), name)
        self.assertEqual(self.psql("SELECT sum(balance) FROM account"), str(ACCOUNTS * START))
        self.assertEqual(self.psql(f"""SELECT id, balance FROM account a WHERE balance IS DISTINCT FROM {START} +
            (SELECT coalesce(sum(delta), 0) FROM ledger WHERE account = a.id)"""), "")
        # Of all versions of a request one was done, and only that one is recorded.
        self.assertEqual(self.psql("SELECT split_part(id, '/', 1) FROM protogres.request GROUP BY 1 "
                                   "HAVING count(*) > 1"), "")
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                   "state LIKE 'idle in transaction%'") == "0", "all transactions to end")
        # Otherwise little was shown.
        self.assertGreaterEqual(len(books.made), FEWEST_TRANSFERS)
        for way in ("by_transact", "by_session", "by_batch"):
            self.assertGreater(books.count[way], 0, way)
        self.assertGreater(len(books.failed), 0)
        self.assertGreater(killed, 0)
        self.assertGreater(self.proxy.lost, 0)
        self.assertGreater(sum(books.retries.values()), 0)


if __name__ == "__main__":
    unittest.main()
