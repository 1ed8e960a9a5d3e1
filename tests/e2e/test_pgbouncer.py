"""What the server makes of a PgBouncer between it and PostgreSQL: what it finds out, says, and promises."""

import concurrent.futures
import random
import subprocess
import threading
import time
import unittest

import grpc

from harness import BINARY, PATIENCE, Client, Contract, RpcFailure, Server, ServedTestCase, TestCase, postgres, wait_for
from pgbouncer import PgBouncer, ThroughPgBouncer
from test_in_doubt import Proxy
from transactions import Session, operation

UNPREPARED = "statements are no longer prepared"
TABLES = ("red", "green", "blue")
ROWS = 50
COLOURS = "".join(f"""
CREATE TABLE {name} (id integer PRIMARY KEY, name text NOT NULL, n integer NOT NULL DEFAULT 0);
INSERT INTO {name} SELECT i, '{name} ' || i FROM generate_series(1, {ROWS}) i;""" for name in TABLES)
PREPARED = "CREATE VIEW prepared AS SELECT name FROM pg_prepared_statements;"
# What a session finds unless it says otherwise; none of it is as the codecs need it.
FOREIGN = """
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET IntervalStyle = sql_standard', current_database());
  EXECUTE format('ALTER DATABASE %I SET DateStyle = ''German''', current_database());
  EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database());
  EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database());
  EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database());
END $$;
CREATE TABLE value (id integer PRIMARY KEY, day date, at timestamptz, lasts interval, ratio float8, raw bytea);
"""
VALUE = {"id": 1, "day": "2024-02-03", "at": "2024-02-03T04:05:06Z", "lasts": "P1Y2M3DT4H5M6S", "ratio": 0.1 + 0.2,
         "raw": "AAH/"}
LEFTOVERS = """
CREATE TABLE broom (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE NEW.what; RETURN NEW; END $$;
CREATE TRIGGER sweep BEFORE INSERT ON broom FOR EACH ROW EXECUTE FUNCTION sweep();
CREATE VIEW me AS SELECT current_user::text AS who, current_setting('search_path') AS path;
"""


class Mixed:
    """Calls of every kind on tables that differ only by name; what is wrong with an answer is told."""

    def __init__(self, client, seed, stop):
        self.client, self.random, self.stop = client, random.Random(seed), stop
        self.calls = 0
        self.wrong = []

    def run(self):
        while not self.stop.is_set():
            name = self.random.choice(TABLES)
            work = self.random.choice((self.get, self.batch, self.page, self.update, self.delete, self.transact))
            try:
                if not work(name, self.random.randint(1, ROWS)):
                    self.wrong.append((work.__name__, name))
            except grpc.RpcError as error:
                self.wrong.append((work.__name__, name, repr(RpcFailure(error))))
            self.calls += 1

    def get(self, name, i):
        return self.client.call(f"Get{name.title()}", {"id": i})["name"] == f"{name} {i}"

    def batch(self, name, i):
        ids = [1 + (i + k) % ROWS for k in range(3)]
        rows = self.client.call(f"BatchGet{name.title()}s", {"requests": [{"id": k} for k in ids]})
        return [row["name"] for row in next(iter(rows.values()))] == [f"{name} {k}" for k in ids]

    def page(self, name, i):
        rows = self.client.call(f"List{name.title()}s", {"filter": f"id <= {i}", "page_size": ROWS, "order_by": "id"})
        return [row["name"] for row in next(iter(rows.values()))] == [f"{name} {k}" for k in range(1, i + 1)]

    def update(self, name, i):
        row = self.client.call(f"Update{name.title()}", {name: {"id": i, "n": self.random.randint(1, 9)},
                                                         "update_mask": "n"})
        return row["name"] == f"{name} {i}"

    def delete(self, name, i):
        """Only of rows that are not there."""
        try:
            self.client.call(f"Delete{name.title()}", {"id": 1000 + i})
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.NOT_FOUND
        return False

    def transact(self, name, i):
        package = self.client.methods[f"Get{name.title()}"][0].rpartition(".")[0]
        answer = self.client.call("Transact", {"operations": [
            operation(f"{package}.Get{other.title()}", id=i) for other in TABLES], "max_attempts": 3})
        return [row["name"] for row in answer["responses"]] == [f"{other} {i}" for other in TABLES]


class OneForTwo(ThroughPgBouncer, ServedTestCase):
    """Two servers share fewer connections to PostgreSQL than each of them has to PgBouncer."""

    SQL = COLOURS + PREPARED
    POOL_SIZE = 4
    SECONDS = 5

    def hammer(self, *clients):
        stop = threading.Event()
        works = [Mixed(clients[i % len(clients)], i, stop) for i in range(12)]
        with concurrent.futures.ThreadPoolExecutor(len(works)) as threads:
            done = [threads.submit(work.run) for work in works]
            time.sleep(self.SECONDS)
            stop.set()
            for one in done:
                one.result(60 * PATIENCE)
        self.assertEqual([wrong for work in works for wrong in work.wrong], [])
        for name in TABLES:
            self.assertEqual(self.psql(f"SELECT count(*) FROM {name} WHERE name = '{name} ' || id"), str(ROWS))
        return sum(work.calls for work in works)

    def test_everybody_gets_their_own_answers(self):
        other = Server(self.uri, *self.OPTIONS)
        self.addCleanup(other.close)
        calls = self.hammer(self.client, Client(other, self.contract))
        print(f"{calls} calls through {self.POOL_SIZE} connections in {self.MODE} mode", flush=True)
        self.assertGreater(calls, 100)
        for _ in range(20):
            self.assertEqual(self.call("ListPrepareds"), {}, "statements that PostgreSQL's sessions keep")
        for server in (self.server, other):
            said = [line for line in server.all_lines() if "a pooler is between" in line]
            self.assertEqual(len(said), 1, said)
            self.check_words(said[0])

    def check_words(self, said):
        self.assertIn(UNPREPARED, said)
        self.assertIn("--statement_cache_size=0", said)
        self.assertRegex(said, r"names the process -?\d+, but the process \d+ has answered")


class OneForTwoUnprepared(OneForTwo):
    OPTIONS = ("--statement_cache_size=0",)

    def check_words(self, said):
        self.assertNotIn(UNPREPARED, said)
        self.assertNotIn("warn", said)


class OneForTwoInSessionMode(OneForTwo):
    MODE = "session"
    POOL_SIZE = 40


class SessionDefaults(ThroughPgBouncer, ServedTestCase):
    """PgBouncer refuses the startup parameter with which the server asks for them."""

    SQL = FOREIGN + LEFTOVERS
    POOL_SIZE = 1
    OPTIONS = ("--listen_notify=off",)

    def test_values_are_as_ever(self):
        self.call("CreateValue", {"value": VALUE})
        row = self.call("GetValue", {"id": 1})
        self.assertEqual({name: row[name] for name in VALUE}, VALUE)
        rows = self.call("ListValues", {"filter": 'lasts = "P1Y2M3DT4H5M6S" AND day = "2024-02-03"'})["values"]
        self.assertEqual(rows, [VALUE])
        self.assertEqual(self.psql("SELECT lasts FROM value"), "+1-2 +3 +4:05:06", "what other clients see")

    def test_no_call_finds_the_role_and_search_path_that_another_has_left(self):
        before = self.call("ListMes")
        for left in ("SET ROLE pg_monitor", "SET search_path = nowhere", "SET IntervalStyle = postgres"):
            self.call("CreateBroom", {"broom": {"what": left}})
            self.assertEqual(self.call("ListMes"), before, left)
            self.call("CreateBroom", {"broom": {"what": "SELECT 1"}})

    def test_a_call_waits_until_pgbouncer_has_a_connection_for_it(self):
        server = Server(self.uri, "--cancel_timeout=200ms", "--listen_notify=off")
        self.addCleanup(server.close)
        client = Client(server, self.contract)
        session = Session(client, {})
        self.addCleanup(session.cancel)
        waiting = client.stub("ListMes").future(client.request("ListMes", {}), timeout=60 * PATIENCE)
        time.sleep(1)
        self.assertFalse(waiting.done())
        session.rollback()
        waiting.result()


class OptionsIgnored(SessionDefaults):
    """PgBouncer takes that parameter and does nothing with it."""

    SETTINGS = {"ignore_startup_parameters": "options"}


class StatementTimeout(ThroughPgBouncer, ServedTestCase):
    """It is that of the server's calls alone, in sessions of PostgreSQL that others use too."""

    SQL = "CREATE TABLE pause (seconds float8 PRIMARY KEY); INSERT INTO pause VALUES (0.3), (30); " \
          "CREATE VIEW paused AS SELECT seconds, pg_sleep(seconds)::text AS slept FROM pause;"
    POOL_SIZE = 1
    OPTIONS = ("--statement_timeout=2s", "--listen_notify=off", "--pool_size=2", "--max_overflow=0")

    def other(self, sql):
        """What another client of PgBouncer is told, in the session that the server's calls have had."""
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", self.uri, "-c", sql], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def list(self, seconds):
        return self.call("ListPauseds", {"filter": f"seconds = {seconds}"})["pauseds"]

    def test_it_ends_a_call_that_takes_longer(self):
        for _ in range(2):
            with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
                self.list(30)
            self.assertEqual(len(self.list(0.3)), 1)
        with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
            self.call("Transact", {"operations": [operation(f"{self.database}.v1.ListPauseds", filter="seconds = 30")]})

    def test_others_do_not_have_it(self):
        self.list(0.3)
        self.assertEqual(self.other("SHOW statement_timeout"), "0")
        with self.fails("DEADLINE_EXCEEDED", "STATEMENT_TIMEOUT"):
            self.list(30)
        self.assertEqual(self.other("SHOW statement_timeout"), "0")

    def test_nor_has_a_call_what_another_client_has_left(self):
        self.other("SET statement_timeout = '100ms'")
        self.addCleanup(self.other, "RESET statement_timeout")
        self.assertEqual(len(self.list(0.3)), 1)
        self.assertEqual(self.other("SHOW statement_timeout"), "100ms")


class StatementTimeoutWhereOptionsAreIgnored(StatementTimeout):
    SETTINGS = {"ignore_startup_parameters": "options"}


class Reset(ThroughPgBouncer, ServedTestCase):
    SQL = LEFTOVERS
    OPTIONS = ("--reset_on_return=discard",)

    def test_what_discard_cannot_do_is_said_once(self):
        for _ in range(3):
            self.call("ListMes")
        said = [line for line in self.server.all_lines() if "server_reset_query_always" in line]
        self.assertEqual(len(said), 1, said)


class Listening(ThroughPgBouncer, ServedTestCase):
    SQL = "CREATE TABLE item (id integer PRIMARY KEY);"

    def test_by_way_of_pgbouncer_it_is_said_that_nothing_is_heard(self):
        said = wait_for(lambda: [line for line in self.server.all_lines() if "goes through a pooler" in line],
                        "the warning")
        self.assertEqual(len(said), 1, said)
        self.assertIn("--listen_database", said[0])

    def test_listen_database_leads_past_it(self):
        server = Server(self.uri, f"--listen_database={postgres().uri(self.database)}")
        self.addCleanup(server.close)
        wait_for(lambda: self.psql("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN protogres' AND "
                                   "datname = current_database() AND state = 'idle'") != "0", "LISTEN")
        self.psql("CREATE TABLE fresh (id integer PRIMARY KEY)")
        self.psql("NOTIFY protogres")
        wait_for(lambda: any("serving 2 tables" in line for line in server.all_lines()), "the reload")
        self.assertFalse(any("goes through a pooler" in line for line in server.all_lines()))

    def test_a_listen_database_that_is_gone_is_said(self):
        server = Server(self.uri, "--listen_database=host=/nowhere dbname=x")
        self.addCleanup(server.close)
        wait_for(lambda: any("LISTEN protogres failed" in line for line in server.all_lines()), "the warning")

    def test_a_malformed_listen_database_ends_the_start(self):
        done = subprocess.run([BINARY, "serve", f"--database={self.uri}", "--listen=127.0.0.1:0",
                               "--listen_database=nonsense"], capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("malformed", done.stderr)


class OwnOptions(ThroughPgBouncer, ServedTestCase):
    SQL = "CREATE TABLE item (id integer PRIMARY KEY);"

    def test_the_users_own_options_are_not_dropped_in_silence(self):
        done = subprocess.run([BINARY, "serve", f"--database={self.uri} options='-c work_mem=5MB'",
                               "--listen=127.0.0.1:0"], capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "unsupported startup parameter.* options")


class Losses(TestCase):
    SQL = """CREATE TABLE item (id int PRIMARY KEY, n int); INSERT INTO item SELECT i, i FROM generate_series(1, 5) i;
      CREATE VIEW slow AS SELECT pg_sleep(0.3)::text AS s, id FROM item WHERE id = 1;"""

    @classmethod
    def setUpClass(cls):
        cls.uri = postgres().create("losses", cls.SQL)

    def serve(self, uri, *options):
        server = Server(uri, "--backoff_max=200ms", *options)
        self.addCleanup(server.close)
        return Client(server, Contract(self.uri))

    def test_a_call_that_only_reads_is_never_in_doubt(self):
        pgbouncer = PgBouncer(postgres(), "transaction", 14)
        self.addCleanup(pgbouncer.close)
        proxy = Proxy(pgbouncer.dir)
        self.addCleanup(proxy.close)
        client = self.serve(f"host={proxy.dir} user=postgres dbname=losses")
        for method, request in (("GetItem", {"id": 2}), ("ListItems", {}), ("BatchGetItems", {"requests": [{"id": 1}]})):
            client.call(method, request)
            lost = proxy.lost
            proxy.lose = "before"
            with self.fails("UNAVAILABLE"):
                client.call(method, request)
            self.assertEqual(proxy.lost, lost + 1)
            wait_for(lambda: self.lives(client), "a connection")

    def lives(self, client):
        try:
            return client.call("GetItem", {"id": 1})
        except grpc.RpcError:
            return None

    def test_a_call_that_is_given_up_costs_its_connection_alone(self):
        pgbouncer = PgBouncer(postgres(), "transaction", 2, log_connections=1)
        self.addCleanup(pgbouncer.close)
        client = self.serve(pgbouncer.uri("losses"), "--pool_size=8", "--max_overflow=0", "--listen_notify=off")

        def logins_after_eight_at_once():
            with concurrent.futures.ThreadPoolExecutor(8) as threads:
                list(threads.map(lambda _: client.raw("ListSlows", {}), range(8)))
            return pgbouncer.log().count("login attempt")

        before = logins_after_eight_at_once()
        hold = "BEGIN; SELECT 1; SELECT pg_sleep(4); COMMIT"
        holders = [subprocess.Popen(["psql", "-X", "-q", "-d", pgbouncer.uri("losses"), "-c", hold],
                                    stdout=subprocess.DEVNULL) for _ in range(2)]
        wait_for(lambda: postgres().psql("losses", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' "
                                                   "AND pid <> pg_backend_pid() AND state = 'active'") == "2", "both held")
        with self.fails("DEADLINE_EXCEEDED"):
            client.call("GetItem", {"id": 1}, timeout=0.5)
        for holder in holders:
            holder.wait()
        self.assertLess(logins_after_eight_at_once() - before - len(holders), 4)


if __name__ == "__main__":
    unittest.main()
