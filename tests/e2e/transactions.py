"""What the tests of transactions have in common: open sessions, short words for requests, a database."""

import queue

from google.protobuf import json_format

from harness import PATIENCE, TRANSACTIONS, ServedTestCase

class Session:
    """An open transaction: a stream whose requests are sent, and answered, one by one."""

    def __init__(self, client, begin=None, timeout=60):
        _, descriptor = client.methods["Session"]
        self.contract = client.contract
        self.request_type = client.contract.message("protogres.v1.SessionRequest")
        response = client.contract.message("protogres.v1.SessionResponse")
        self.requests = queue.SimpleQueue()
        self.stream = client.channel.stream_stream(
            f"/{TRANSACTIONS}/Session", request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=response.FromString)(iter(self.requests.get, None), timeout=timeout * PATIENCE)
        if begin is not None:
            self.send({"begin": begin})

    def put(self, fields):
        self.requests.put(json_format.ParseDict(fields, self.request_type(), descriptor_pool=self.contract.pool))

    def send(self, fields):
        """The answer as a dictionary; raises what the stream ends with."""
        self.put(fields)
        return json_format.MessageToDict(next(self.stream), preserving_proto_field_name=True,
                                         descriptor_pool=self.contract.pool)

    def run(self, kind, **fields):
        """The response of one operation; kind: "shop.v1.GetCustomer". AssertionError where it failed."""
        answer = self.send({"operation": operation(kind, **fields)})
        if "error" in answer:
            raise AssertionError(answer["error"])
        return {name: value for name, value in answer["response"].items() if name != "@type"}

    def error(self, kind, **fields):
        """The error of one operation."""
        return self.send({"operation": operation(kind, **fields)})["error"]

    def commit(self):
        self.send({"commit": {}})
        self.finish()

    def rollback(self):
        self.send({"rollback": {}})
        self.finish()

    def finish(self):
        """Half-closes, and raises what the stream ends with unless that is OK."""
        self.requests.put(None)
        for answer in self.stream:
            raise AssertionError(f"an answer too many: {answer}")

    def cancel(self):
        self.stream.cancel()


def operation(kind, bindings=(), **fields):
    """An operation of Transact or Session: operation("shop.v1.GetCustomer", id=1)."""
    made = {"request": {"@type": f"type.googleapis.com/{kind}Request", **fields}}
    if bindings:
        made["bindings"] = [{"field": field, "operation": index, "from": source} for field, index, source in bindings]
    return made


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
