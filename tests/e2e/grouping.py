"""What the tests of --group_commit share: tables whose writes can be held up, and many calls that wait together."""

import contextlib

import grpc

from harness import PATIENCE, RpcFailure, wait_for

# A statement that inserts waits while its table is held.
SQL = """
CREATE TABLE held (name name);
CREATE FUNCTION wait_for_it() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    WHILE EXISTS (SELECT FROM held WHERE name = TG_TABLE_NAME) LOOP PERFORM pg_sleep(0.01); END LOOP;
    RETURN NULL;
  END $$;
CREATE TABLE turn (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TRIGGER held BEFORE INSERT ON turn FOR EACH STATEMENT EXECUTE FUNCTION wait_for_it();
CREATE TABLE item (id integer PRIMARY KEY, name text UNIQUE, n integer CHECK (n >= 0), tags text[], at timestamptz,
  made timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION edit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.name LIKE 'unwanted%' THEN RETURN NULL; END IF;
    IF NEW.name LIKE 'endless%' THEN NEW.at = 'infinity'; END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER edit BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION edit();
CREATE TRIGGER held BEFORE INSERT ON item FOR EACH STATEMENT EXECUTE FUNCTION wait_for_it();
CREATE TABLE line (id integer PRIMARY KEY, item integer REFERENCES item DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE note (id integer PRIMARY KEY, body text, deleted_at timestamptz);
CREATE TABLE serial (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text DEFAULT 'a', b integer DEFAULT 5);
CREATE TABLE part (id integer PRIMARY KEY, body text) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part_high PARTITION OF part FOR VALUES FROM (100) TO (1000);
CREATE VIEW item_name AS SELECT id, name FROM item;
"""
# While the only worker is busy all others wait, and then run together.
OPTIONS = ("--group_commit", "--workers=1")


class Group:
    """What both test cases do with many calls at once."""

    def future(self, method, timeout=30, **fields):
        return self.client.stub(method).future(self.client.request(method, fields), timeout=timeout * PATIENCE)

    def outcome(self, call):
        """The answer, or (code, reason)."""
        try:
            return call.result()
        except grpc.FutureCancelledError:
            return (grpc.StatusCode.CANCELLED, None)
        except grpc.RpcError as error:
            failure = RpcFailure(error)
            return (failure.code, failure.reason)

    def number(self, sql):
        return int(self.psql(sql))

    def hold(self, table):
        self.psql(f"INSERT INTO held VALUES ('{table}')")

    def release(self, table):
        self.psql(f"DELETE FROM held WHERE name = '{table}'")

    @contextlib.contextmanager
    def waiting(self):
        """What is sent within it waits, and then runs together."""
        self.hold("turn")
        call = self.future("CreateTurn", turn={})
        wait_for(lambda: self.running("turn"), "the worker to be busy")
        yield
        self.release("turn")
        call.result()

    def running(self, table):
        """The backends whose INSERT waits for release()."""
        return self.psql("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                         f"query LIKE 'INSERT INTO \"public\".\"{table}\"%' AND state = 'active'").split()
