"""What the tests of transactions have in common: a database, and short words for requests."""

from harness import ServedTestCase, Session, operation

SHOP = """
CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, age integer,
  attrs jsonb, born timestamptz, scores integer[]);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL, note text);
CREATE TABLE order_item (order_id bigint REFERENCES orders, line integer, what text, PRIMARY KEY (order_id, line));
CREATE TABLE account (id integer PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
INSERT INTO account SELECT i, 1000 FROM generate_series(1, 20) i;
CREATE TABLE job (id integer PRIMARY KEY, state text NOT NULL DEFAULT 'new');
INSERT INTO job SELECT i FROM generate_series(1, 40) i;
CREATE TABLE deferred (id integer PRIMARY KEY, parent integer REFERENCES deferred DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE part (id integer PRIMARY KEY, what text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
"""


def reason(error):
    """Of the ErrorInfo of an error that a session has answered."""
    return next(detail["reason"] for detail in error["details"] if detail["@type"].endswith("ErrorInfo"))


class Transactions(ServedTestCase):
    SQL = SHOP
    OPTIONS = ("--pool_size=8", "--max_overflow=4", "--max_sessions=6", "--session_idle_timeout=20s")

    def name(self, method):
        return f"{self.database}.v1.{method}"

    def op(self, method, *bindings, **fields):
        return operation(self.name(method), bindings, **fields)

    def transact(self, *operations, **fields):
        return self.call("Transact", {"operations": list(operations), **fields})["responses"]

    def session(self, **begin):
        session = Session(self.client, begin)
        self.addCleanup(session.cancel)
        return session

    def run_in(self, session, method, **fields):
        return session.run(self.name(method), **fields)

    def open_transactions(self):
        return int(self.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                             "AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"))
