"""The connection lost during COMMIT: what is answered is true, and the same request sent again is done once."""

import os
import signal
import socket
import struct
import threading
import time
import unittest

import grpc

from harness import PATIENCE, Client, Contract, Postgres, RpcFailure, Server, TestCase, wait_for
from listening import SOCKET, InPlaceOfPostgres
from transactions import Session, operation
from test_request_id import install

# A deferred trigger runs within COMMIT: as long as `pace` says, a commit can be met there.
SLOW_COMMIT = """
CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, n integer);
CREATE TABLE pace (seconds float8 NOT NULL);
INSERT INTO pace VALUES (0);
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(seconds) FROM pace; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE OR DELETE ON item DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION slow();
"""


def pooler_lost_the_server():
    """What pgcat says then: an error without the function of PostgreSQL's source that each of PostgreSQL's has."""
    fields = ((b"S", b"FATAL"), (b"V", b"FATAL"), (b"C", b"58000"), (b"M", b"error receiving data from server"))
    body = b"".join(kind + text + b"\0" for kind, text in fields) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body


class Proxy(InPlaceOfPostgres):
    """Stands between the server and PostgreSQL, and loses the connection of the next COMMIT as it is told."""

    def __init__(self, upstream):
        self.upstream = os.path.join(upstream, SOCKET)
        self.lose = None  # the next COMMIT: "before" PostgreSQL has it, "while" it runs, "after" it is done
        self.last_word = b""  # what the server hears instead of an answer that is lost
        self.spares_reader = True  # the catalog's, which reads it anew whenever its connection was lost
        self.lost = 0
        self.lock = threading.Lock()
        self.sockets = set()
        self.closed = False
        super().__init__(self._serve)

    def _serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            with self.lock:
                if self.closed:
                    return
                self.sockets |= {client, server}
            losing = threading.Event()
            answers = threading.Thread(target=self._answers, args=(client, server, losing), daemon=True)
            try:
                server.connect(self.upstream)
                answers.start()
                self._requests(client, server, losing)
                answers.join()
            except OSError:
                pass  # PostgreSQL is not there
            with self.lock:
                self.sockets -= {client, server}

    def _requests(self, client, server, losing):
        reads_catalog = False
        try:
            while data := client.recv(65536):
                lose = None
                if b"BEGIN" in data:
                    reads_catalog = b"READ ONLY" in data
                if b"COMMIT\0" in data and not (reads_catalog and self.spares_reader):
                    with self.lock:
                        lose, self.lose = self.lose, None
                if lose == "after":
                    losing.set()
                if lose != "before":
                    server.sendall(data)
                if lose in ("before", "while"):
                    self.lost += 1
                    break
        except OSError:
            pass
        # Where the answer is to be lost, the other direction says when.
        if not losing.is_set():
            self._end(client, server)

    def _answers(self, client, server, losing):
        answer = b""
        try:
            while data := server.recv(65536):
                if not losing.is_set():
                    client.sendall(data)
                    continue
                answer += data
                if b"COMMIT\0" in answer:
                    self.lost += 1
                    client.sendall(self.last_word)
                    break
        except OSError:
            pass
        self._end(client, server)

    @staticmethod
    def _end(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        with self.lock:
            self.closed = True
            self._end(*self.sockets)
        super().close()


class InDoubt(TestCase):
    @classmethod
    def setUpClass(cls):
        # Of its own: some tests kill backends in a way that restarts the whole.
        cls.cluster = Postgres()
        cls.addClassCleanup(cls.cluster.close)
        cls.uri = cls.cluster.create("doubt", SLOW_COMMIT)
        installed = install(cls.uri)
        assert installed.returncode == 0, installed.stderr
        cls.contract = Contract(cls.uri)
        cls.proxy = Proxy(cls.cluster.dir)
        cls.addClassCleanup(cls.proxy.close)
        cls.server = Server(cls.uri.replace(cls.cluster.dir, cls.proxy.dir), "--backoff_max=200ms")
        cls.addClassCleanup(cls.server.close)
        cls.client = Client(cls.server, cls.contract)

    def setUp(self):
        self.psql("UPDATE pace SET seconds = 0")
        self.psql("TRUNCATE item, protogres.request RESTART IDENTITY; "
                  "INSERT INTO item (name, n) VALUES ('old', 1), ('old', 2)")

    def psql(self, sql):
        # A backend that is killed makes PostgreSQL recover, and refuse connections meanwhile.
        for _ in range(int(100 * PATIENCE)):
            try:
                return self.cluster.psql("doubt", sql)
            except RuntimeError as error:
                if "the database system is" not in str(error):
                    raise
                time.sleep(0.1)
        return self.cluster.psql("doubt", sql)

    def count(self, where):
        return int(self.psql(f"SELECT count(*) FROM item WHERE {where}"))

    def cases(self):
        """Method, request, and what is true of as many rows as given once it is done, and of none before."""
        create = {"item": {"name": "new", "n": 7}}
        transact = [operation("doubt.v1.CreateItem", **create),
                    operation("doubt.v1.UpdateItem", [("item.n", 0, "n")], item={"id": 1})]
        return [
            ("CreateItem", create, "n = 7", 1),
            ("UpdateItem", {"item": {"id": 1, "n": 7}}, "n = 7", 1),
            ("BatchCreateItems", {"requests": [create, create]}, "n = 7", 2),
            ("UpdateItemsWhere", {"item": {"n": 7}, "filter": "n > 0"}, "n = 7", 2),
            # The server must not try again by itself what is in doubt.
            ("Transact", {"operations": transact, "max_attempts": 9}, "n = 7", 2),
            ("Transact", {"operations": transact, "max_attempts": 9,
                          "options": {"isolation": "ISOLATION_SERIALIZABLE"}}, "n = 7", 2),
        ]

    def each(self):
        for number, (method, request, where, rows) in enumerate(self.cases()):
            with self.subTest(method=method, number=number):
                self.setUp()
                yield method, self.client.request(method, {**request, "request_id": f"in doubt {number}"}), where, rows

    def again(self, method, request):
        """What a client does: the same request until it is answered. The answer's bytes."""
        def send():
            try:
                return self.client.raw(method, request)
            except grpc.RpcError as error:
                failure = RpcFailure(error)
                self.assertEqual(failure.code, grpc.StatusCode.UNAVAILABLE, failure)
                return None

        # An answer may have no bytes; a message is true.
        return wait_for(lambda: [answer] if (answer := send()) is not None else None, "an answer", 30)[0]

    def done_once(self, method, request, where, rows):
        answer = self.again(method, request)
        self.assertEqual(self.count(where), rows)
        recorded = bytes.fromhex(self.psql("SELECT encode(answer, 'hex') FROM protogres.request"))
        if recorded[:1] != b"\0":  # else it is the row, of which each answer is made
            self.assertEqual(answer, type(answer).FromString(recorded))
        self.assertEqual(self.again(method, request), answer)
        self.assertEqual(self.count(where), rows)

    def caught_in_commit(self, begin, kill):
        """Begins a call, kills its backend in the middle of COMMIT; the error that the call ends with."""
        self.psql("UPDATE pace SET seconds = 60")
        call = begin()
        pid = int(wait_for(lambda: self.psql("SELECT pid FROM pg_stat_activity WHERE query = 'COMMIT' AND "
                                             "wait_event = 'PgSleep'"), "the commit to run"))
        self.psql("UPDATE pace SET seconds = 0")
        kill(pid)
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        wait_for(self.cluster._ready, "PostgreSQL to be back", 30)
        return RpcFailure(caught.exception)

    def terminate(self, pid):
        self.psql(f"SELECT pg_terminate_backend({pid})")

    @staticmethod
    def kill(pid):
        os.kill(pid, signal.SIGKILL)

    def test_a_backend_terminated_during_commit(self):
        for method, request, where, rows in self.each():
            failure = self.caught_in_commit(
                lambda: self.client.stub(method).future(request, timeout=60 * PATIENCE).result, self.terminate)
            if failure.code == grpc.StatusCode.UNAVAILABLE:
                self.assertEqual(self.count(where), 0, failure)  # PostgreSQL has said so, and it is true
            else:
                self.assertEqual((failure.code, failure.reason), (grpc.StatusCode.UNKNOWN, "COMMIT_IN_DOUBT"), failure)
            self.done_once(method, request, where, rows)

    def test_a_backend_killed_during_commit(self):
        for method, request, where, rows in self.each():
            failure = self.caught_in_commit(
                lambda: self.client.stub(method).future(request, timeout=60 * PATIENCE).result, self.kill)
            self.assertEqual((failure.code, failure.reason), (grpc.StatusCode.UNKNOWN, "COMMIT_IN_DOUBT"), failure)
            self.done_once(method, request, where, rows)

    def lost(self, how, method, request):
        lost = self.proxy.lost
        self.proxy.lose = how
        with self.fails("UNKNOWN", "COMMIT_IN_DOUBT"):
            self.client.raw(method, request)
        self.assertEqual(self.proxy.lost, lost + 1)

    def test_the_answer_lost_after_the_commit(self):
        for method, request, where, rows in self.each():
            self.lost("after", method, request)
            self.assertEqual(self.count(where), rows)
            # What the answer said then, not what the row says now.
            self.psql("UPDATE item SET name = 'changed since'")
            self.done_once(method, request, where, rows)
            self.assertNotIn("changed since", str(self.again(method, request)))

    def test_a_pooler_says_that_it_lost_the_answer(self):
        self.proxy.last_word = pooler_lost_the_server()
        self.addCleanup(setattr, self.proxy, "last_word", b"")
        for method, request, where, rows in self.each():
            self.lost("after", method, request)
            self.assertEqual(self.count(where), rows)
            self.done_once(method, request, where, rows)

    def test_the_commit_itself_lost(self):
        for method, request, where, rows in self.each():
            self.lost("before", method, request)
            self.assertEqual(self.count(where), 0)
            self.done_once(method, request, where, rows)

    def test_the_connection_lost_while_the_commit_goes_on(self):
        for method, request, where, rows in self.each():
            # PostgreSQL does not see that the client has gone until it answers.
            self.psql(f"UPDATE pace SET seconds = {0.5 / rows}")
            self.lost("while", method, request)
            self.psql("UPDATE pace SET seconds = 0")
            # Sent again at once it waits for the outcome instead of running beside it.
            self.done_once(method, request, where, rows)

    def test_the_commit_of_a_session(self):
        def begin():
            session = Session(self.client, {})
            self.addCleanup(session.requests.put, None)
            self.addCleanup(session.cancel)
            session.run("doubt.v1.CreateItem", item={"name": "session", "n": 7})
            session.put({"commit": {}})
            return lambda: next(session.stream)

        for how, rows in (("before", 0), ("after", 1)):
            self.setUp()
            self.proxy.lose = how
            with self.fails("UNKNOWN", "COMMIT_IN_DOUBT"):
                begin()()
            self.assertEqual(self.count("n = 7"), rows)
        self.setUp()
        failure = self.caught_in_commit(begin, self.kill)
        self.assertEqual((failure.code, failure.reason), (grpc.StatusCode.UNKNOWN, "COMMIT_IN_DOUBT"), failure)
        self.assertEqual(self.count("n = 7"), 0)
        self.setUp()
        failure = self.caught_in_commit(begin, self.terminate)
        self.assertIn((failure.code, failure.reason), ((grpc.StatusCode.UNAVAILABLE, "SERVER_SHUTDOWN"),
                                                       (grpc.StatusCode.UNKNOWN, "COMMIT_IN_DOUBT")), failure)
        self.assertEqual(self.count("n = 7"), 0)

    def test_a_transaction_that_is_sent_together(self):
        writes = {"operations": [operation("doubt.v1.CreateItem", item={"name": "new", "n": 7}),
                                 operation("doubt.v1.UpdateItem", item={"id": 1, "n": 7})], "max_attempts": 9}
        for how, rows in (("before", 0), ("after", 2)):
            self.setUp()
            self.lost(how, "Transact", writes)
            self.assertEqual(self.count("n = 7"), rows)
        # One that is read-only has written nothing that could be in doubt.
        reads = {"operations": [operation("doubt.v1.Twice", n=4)] * 2, "options": {"read_only": True}}
        self.proxy.spares_reader = False
        self.addCleanup(setattr, self.proxy, "spares_reader", True)
        self.proxy.lose = "after"
        with self.fails("UNAVAILABLE", "CONNECTION_LOST"):
            self.client.call("Transact", reads)
        self.assertIsNone(self.proxy.lose)

    def test_a_server_that_starts_reads_the_catalog_again(self):
        # Its transaction only reads: nothing of it can be in doubt.
        self.proxy.spares_reader = False
        self.proxy.lose = "after"
        server = Server(self.uri.replace(self.cluster.dir, self.proxy.dir), "--backoff_max=200ms")
        self.addCleanup(server.close)
        self.assertIsNone(self.proxy.lose)
        self.assertTrue(Client(server, self.contract).call("ListItems")["items"])


if __name__ == "__main__":
    unittest.main()
