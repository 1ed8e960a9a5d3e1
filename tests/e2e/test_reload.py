"""The schema moves while clients call: reloads, and who notices them."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

import grpc

from bulk import stream_rows
from harness import BINARY, PATIENCE, Client, Contract, Postgres, RpcFailure, Server, TestCase, postgres, wait_for
from transactions import Session, operation

SHOP = """
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE item (id integer PRIMARY KEY, a text NOT NULL DEFAULT '', mood mood);
INSERT INTO item VALUES (1, 'a', 'calm');
CREATE TABLE entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text);
"""

# What happens to columns that the clients never name. The server knows them when they go.
MOVES = ("ALTER TABLE {0} ADD COLUMN extra_1 integer; NOTIFY protogres", "ALTER TABLE {0} DROP COLUMN extra_1",
         "ALTER TABLE {0} ADD COLUMN extra_2 integer NOT NULL DEFAULT 7; NOTIFY protogres",
         "ALTER TABLE {0} ALTER COLUMN extra_2 TYPE text", "ALTER TABLE {0} RENAME COLUMN extra_2 TO extra_3",
         "ALTER TABLE {0} DROP COLUMN extra_3")


@contextlib.contextmanager
def locked(uri, relation):
    """Nobody reads the relation meanwhile."""
    holder = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    try:
        holder.stdin.write(f"BEGIN; LOCK TABLE {relation} IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
        holder.stdin.flush()
        assert holder.stdout.readline().strip() == "held"
        yield
    finally:
        holder.kill()
        holder.communicate()


class Reload(TestCase):
    def serve(self, name, *options):
        uri = postgres().create(name, SHOP)
        server = Server(uri, *options)
        self.addCleanup(server.close)
        return uri, server, Client(server, Contract(uri))

    def moving(self, name, *options):
        # A busy machine may let PostgreSQL answer late, which is not what is tested here.
        uri, server, client = self.serve(name, "--cancel_timeout=20s", *options)
        stop = threading.Event()
        failures, served = [], []

        def work(index):
            mine = Client(server, client.contract)
            transact = mine.contract.message("protogres.v1.TransactRequest")()
            transact.operations.add().request.Pack(mine.request("CreateEntry", {"entry": {"a": "t"}}))
            transact.operations.add().request.Pack(mine.request("GetItem", {"id": 1}))
            calls = (("GetItem", {"id": 1}), ("ListItems", {"filter": 'a != "x"'}),
                     ("UpdateItem", {"item": {"id": 1, "a": str(index)}}), ("CreateEntry", {"entry": {"a": "x"}}),
                     ("BatchCreateEntries", {"requests": [{"entry": {"a": "y"}}, {"entry": {"a": "z"}}]}),
                     ("Transact", transact))
            if index == 0 and "--pool_size=1" not in options:  # which leaves no connection for streams
                calls += (("StreamItems", {}),)
            while not stop.is_set():
                for method, request in calls:
                    try:
                        if method == "StreamItems":
                            stream_rows(mine, method)
                        else:
                            mine.raw(method, request)
                        served.append(method)
                    except grpc.RpcError as error:
                        failures.append((method, RpcFailure(error)))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            for ddl in MOVES:
                for table in ("item", "entry"):
                    postgres().psql(name, ddl.format(table))
                time.sleep(0.4 * PATIENCE)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures[:5], [])
        self.assertGreater(len(served), 100)
        count = {method: served.count(method) for method in set(served)}
        self.assertEqual(int(postgres().psql(name, "SELECT count(*) FROM entry")),
                         count["CreateEntry"] + 2 * count["BatchCreateEntries"] + count["Transact"],
                         "each is there once")

    def test_columns_that_nobody_names_move_under_load(self):
        self.moving("moving")

    def test_and_under_groups(self):
        self.moving("moving_groups", "--group_commit=on")

    def test_and_with_one_connection(self):
        self.moving("moving_one", "--pool_size=1", "--max_overflow=0", "--coalesce=off")

    def test_a_new_label_is_read_at_once(self):
        _, server, client = self.serve("labels", "--listen_notify=off")
        for number, label in enumerate(("glad", "sad", "odd"), 3):
            postgres().psql("labels", f"ALTER TYPE mood ADD VALUE '{label}'")
            postgres().psql("labels", f"UPDATE item SET mood = '{label}'")
            for method, request in (("GetItem", {"id": 1}), ("ListItems", {}), ("BatchGetItems", {"requests": [{"id": 1}]}),
                                    ("UpdateItem", {"item": {"id": 1, "a": label}})):
                answer = client.raw(method, request)
                row = answer if method in ("GetItem", "UpdateItem") else answer.items[0]
                self.assertEqual(row.mood, number, (method, row))
        wait_for(lambda: sum("reloaded" in line for line in server.lines) >= 3, "a reload for each label")

    def test_a_column_whose_type_grew(self):
        _, server, client = self.serve("grew", "--listen_notify=off")
        postgres().psql("grew", "ALTER TABLE item ADD COLUMN n integer")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reloaded" in server.log(), "a reload")
        postgres().psql("grew", "ALTER TABLE item ALTER COLUMN n TYPE bigint; UPDATE item SET n = 5000000000")
        self.assertEqual(client.call("GetItem", {"id": 1})["a"], "a")

    def test_what_is_gone_is_told(self):
        _, _, client = self.serve("told")
        postgres().psql("told", "ALTER TABLE item DROP COLUMN mood")
        with self.fails("INVALID_ARGUMENT"):
            client.call("ListItems", {"filter": 'mood = "calm"'})
        postgres().psql("told", "DROP TABLE item")
        with self.fails("UNIMPLEMENTED", "UNKNOWN_METHOD"):
            client.call("GetItem", {"id": 1})

    def test_an_error_within_a_session_asks_for_a_reload_too(self):
        _, _, client = self.serve("within", "--listen_notify=off")
        postgres().psql("within", "ALTER TABLE item DROP COLUMN mood")

        def get():
            session = Session(client, begin={})
            answer = session.send({"operation": operation("within.v1.GetItem", id=1)})
            session.rollback()
            return answer

        self.assertIn("error", get())
        wait_for(lambda: "response" in get(), "a session on the schema as it is")

    def test_a_reload_that_fails_for_a_passing_reason_is_tried_again(self):
        uri, server, _ = self.serve("again", "--listen_notify=off")
        postgres().psql("again", "ALTER DATABASE again SET statement_timeout = '300ms'; "
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'again' AND "
                        "pid <> pg_backend_pid()")
        postgres().psql("again", "CREATE TABLE late (id integer PRIMARY KEY)")
        with locked(uri, "pg_description"):
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "reload failed" in server.log(), "a reload that fails")
        postgres().psql("again", "ALTER DATABASE again RESET statement_timeout")
        client = Client(server, Contract(uri))
        wait_for(lambda: "reloaded" in server.log(), "the reload, which nobody asks for again", 20)
        self.assertEqual(client.call("ListLates", {}), {})

    def test_a_notify_that_came_while_the_database_was_away_is_made_up_for(self):
        cluster = Postgres()
        self.addCleanup(cluster.close)
        uri = cluster.create("away", SHOP)
        server = Server(uri)
        self.addCleanup(server.close)
        wait_for(lambda: cluster.psql("away", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'") != "0",
                 "the listener")
        cluster.stop()
        time.sleep(4)  # until the pool no longer tries at short intervals
        cluster.start()
        cluster.psql("away", "CREATE TABLE late (id integer PRIMARY KEY); NOTIFY protogres")
        client = Client(server, Contract(uri))
        wait_for(lambda: "reloaded" in server.log(), "a reload", 20)
        self.assertEqual(client.call("ListLates", {}), {})

    def test_on_a_standby_listen_is_not_tried_for_ever(self):
        cluster = Postgres("log_connections=on", "log_min_error_statement=error")
        self.addCleanup(cluster.close)
        uri = cluster.create("standby", SHOP)
        cluster.stop()
        with open(os.path.join(cluster.data, "standby.signal"), "w"):
            pass
        cluster.start()
        server = Server(uri)
        self.addCleanup(server.close)
        client = Client(server, Contract(uri))
        self.assertEqual(client.call("GetItem", {"id": 1})["a"], "a")
        wait_for(lambda: "LISTEN" in server.log(), "the server to say so")
        time.sleep(5)
        with open(os.path.join(cluster.dir, "log")) as log:
            self.assertEqual(log.read().count("cannot execute LISTEN"), 1)
        self.assertEqual(sum("LISTEN" in line for line in server.all_lines()), 1, server.log())


class FirstLoad(TestCase):
    def test_sigterm_is_heeded(self):
        uri = postgres().create("first_load", SHOP)
        with locked(uri, "pg_description"):
            server = Server(uri, ready=False)
            self.addCleanup(server.close)
            wait_for(lambda: postgres().psql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                                             "'first_load' AND wait_event_type = 'Lock'") != "0", "the load to wait")
            begin = time.monotonic()
            self.assertEqual(server.terminate(), 0)
            self.assertLess(time.monotonic() - begin, 5 * PATIENCE)

    def test_sigterm_is_heeded_where_the_database_does_not_answer(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(8)
            port = silent.getsockname()[1]
            process = subprocess.Popen([BINARY, "serve",
                                        f"--database=host=127.0.0.1 port={port} user=u dbname=d sslmode=disable",
                                        "--listen=127.0.0.1:0"], stderr=subprocess.DEVNULL)
            self.addCleanup(process.kill)
            connection, _ = silent.accept()
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20 * PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, 5 * PATIENCE)
            connection.close()

    def test_before_the_catalog_is_read_transactions_are_unavailable(self):
        uri = postgres().create("not_ready", SHOP)
        contract = Contract(uri)
        with locked(uri, "pg_description"):
            server = Server(uri, ready=False)
            self.addCleanup(server.close)
            client = Client(server, contract)
            for method in ("Transact", "GetItem", "CreateEntry"):
                with self.fails("UNAVAILABLE", "NOT_READY"):
                    client.raw(method, b"")
            session = client.channel.stream_stream("/protogres.v1.TransactionService/Session")(iter([b""]), timeout=20)
            with self.fails("UNAVAILABLE", "NOT_READY"):
                list(session)
        wait_for(lambda: server._find(r"serving (\d+) tables"), "the server to serve", 20)
        self.assertEqual(client.call("GetItem", {"id": 1})["a"], "a")


if __name__ == "__main__":
    unittest.main()
