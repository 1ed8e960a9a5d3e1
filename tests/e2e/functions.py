"""Functions and procedures of each kind, and a table for them to read and write."""

SQL = r"""
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE account (id bigint PRIMARY KEY, owner text NOT NULL, balance numeric(12, 2) NOT NULL CHECK (balance >= 0),
                      mood mood, gone text, tags text[]);
ALTER TABLE account DROP COLUMN gone;
INSERT INTO account SELECT g, 'owner ' || g, 100 * g, 'ok', ARRAY['t' || g] FROM generate_series(1, 20) g;
CREATE TABLE log (id serial PRIMARY KEY, line text);

CREATE FUNCTION add(a int, b int DEFAULT 10) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS $$INSERT INTO log (line) VALUES ('nothing')$$;
CREATE FUNCTION many(a int DEFAULT 1, b text DEFAULT 'x', c bool DEFAULT true) RETURNS text STABLE LANGUAGE sql
  AS $$SELECT concat_ws(',', a, b, c)$$;
CREATE FUNCTION unnamed(int, text DEFAULT 'd', int DEFAULT 3) RETURNS text STABLE LANGUAGE sql
  AS $$SELECT concat_ws(',', $1, $2, $3)$$;
CREATE FUNCTION is_null(v text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT v IS NULL';
CREATE FUNCTION strictly(v int) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS 'SELECT v * 2';
CREATE FUNCTION total(VARIADIC amounts numeric[]) RETURNS numeric IMMUTABLE LANGUAGE sql
  AS 'SELECT coalesce(sum(v), 0) FROM unnest(amounts) v';
CREATE FUNCTION labelled(label text, VARIADIC parts text[] DEFAULT '{none}') RETURNS text IMMUTABLE LANGUAGE sql
  AS $$SELECT label || ':' || array_to_string(parts, '+')$$;
CREATE FUNCTION echo_types(i smallint, l bigint, n numeric, f float8, t text, b bytea, u uuid, at timestamptz, d date,
  j jsonb, m mood, p positive, c pair, ar int[], ma mood[], y money,
  OUT oi smallint, OUT ol bigint, OUT o_n numeric, OUT ofl float8, OUT ot text, OUT ob bytea, OUT ou uuid,
  OUT oat timestamptz, OUT od date, OUT oj jsonb, OUT om mood, OUT op positive, OUT oc pair, OUT oar int[],
  OUT oma mood[], OUT oy money)
  STABLE LANGUAGE sql AS 'SELECT i, l, n, f, t, b, u, at, d, j, m, p, c, ar, ma, y';
CREATE FUNCTION arrays() RETURNS text[] IMMUTABLE LANGUAGE sql AS $$SELECT ARRAY['a', 'b,c']$$;
CREATE FUNCTION null_value() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT NULL::int';
CREATE FUNCTION one_out(x int, OUT doubled int) IMMUTABLE LANGUAGE sql AS 'SELECT 2 * x';
CREATE FUNCTION swap(INOUT a int, INOUT b int) IMMUTABLE LANGUAGE sql AS 'SELECT b, a';
CREATE FUNCTION a_pair() RETURNS pair IMMUTABLE LANGUAGE sql AS $$SELECT (1, 'one')::pair$$;
CREATE FUNCTION find_account(id bigint) RETURNS account STABLE LANGUAGE sql
  AS 'SELECT * FROM account a WHERE a.id = find_account.id';
CREATE FUNCTION rich(lowest numeric DEFAULT 0) RETURNS SETOF account STABLE LANGUAGE sql
  AS 'SELECT * FROM account WHERE balance >= lowest ORDER BY id';
CREATE FUNCTION pairs(n int) RETURNS SETOF pair STABLE LANGUAGE sql
  AS $$SELECT g, 'p' || g FROM generate_series(1, n) g$$;
CREATE FUNCTION numbers(n int) RETURNS SETOF int STABLE LANGUAGE sql
  AS $$SELECT CASE WHEN g <> 2 THEN g END FROM generate_series(1, n) g$$;
CREATE FUNCTION listed(n int) RETURNS TABLE (id int, "the name" text) STABLE LANGUAGE sql
  AS $$SELECT g, 'n' || g FROM generate_series(1, n) g$$;
CREATE FUNCTION single_column() RETURNS TABLE (sole text) STABLE LANGUAGE sql AS $$VALUES ('a'), ('b')$$;
CREATE FUNCTION wide(n int) RETURNS TABLE (id int, body text) STABLE LANGUAGE sql ROWS 1000000
  AS $$SELECT g, repeat('x', 100) FROM generate_series(1, n) g$$;
CREATE FUNCTION spoken(anyelement) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'x'$$;
CREATE FUNCTION undeclared() RETURNS record STABLE LANGUAGE sql AS $$SELECT 1, 2$$;
CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE AGGREGATE my_sum(int) (sfunc = int4pl, stype = int);
CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION hidden() IS '@protogres omit';
CREATE FUNCTION oddly_named() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 7';
COMMENT ON FUNCTION oddly_named() IS E'Seven.\n@protogres name=Seven';

CREATE FUNCTION area(side int, other int, third int) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'three'$$;
CREATE FUNCTION area(side int, other int DEFAULT 2) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'int,int ' || other$$;
CREATE FUNCTION area(side text) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'text'$$;
CREATE FUNCTION volume(side numeric DEFAULT 0) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'numeric ' || side$$;
CREATE FUNCTION volume(side int) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'int'$$;
CREATE PROCEDURE paid(INOUT amount money) LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE PROCEDURE endless(INOUT at timestamptz) LANGUAGE plpgsql
  AS $$BEGIN INSERT INTO log (line) VALUES ('endless'); at := 'infinity'; END$$;
CREATE FUNCTION unsettles() RETURNS int STABLE LANGUAGE plpgsql
  AS $$BEGIN PERFORM set_config('search_path', 'pg_catalog', false); RETURN 1; END$$;
CREATE FUNCTION unsettling() RETURNS SETOF int LANGUAGE plpgsql
  AS $$BEGIN PERFORM set_config('search_path', 'pg_catalog', false); RETURN NEXT 1; END$$;
CREATE FUNCTION settled() RETURNS text STABLE LANGUAGE sql AS $$SELECT current_setting('search_path')$$;
CREATE FUNCTION get_account() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 42';
CREATE FUNCTION "Weird; DROP--""name"("a "" b" int, "ünï" text, filter text, request_id int, "select" int DEFAULT 5)
  RETURNS text VOLATILE LANGUAGE sql AS $$SELECT concat_ws(',', $1, $2, $3, $4, $5)$$;

CREATE FUNCTION transfer(a bigint, b bigint, amount numeric) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE left_over numeric;
BEGIN
  IF amount <= 0 THEN RAISE EXCEPTION 'amount must be positive' USING ERRCODE = 'PG003', HINT = 'give more', DETAIL = 'it was ' || amount; END IF;
  UPDATE account SET balance = balance - amount WHERE id = a RETURNING balance INTO left_over;
  IF NOT FOUND THEN RAISE SQLSTATE 'PG005' USING MESSAGE = 'no account ' || a; END IF;
  UPDATE account SET balance = balance + amount WHERE id = b;
  RETURN left_over;
END$$;
CREATE FUNCTION fail(code text, words text DEFAULT 'failed') RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', words USING ERRCODE = code; END$$;
CREATE SEQUENCE runs;
CREATE FUNCTION fail_once(code text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'run %', nextval('runs') USING ERRCODE = code; END$$;
CREATE FUNCTION strict_row(i bigint) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE o text; BEGIN SELECT owner INTO STRICT o FROM account WHERE id = i; RETURN o; END$$;
CREATE FUNCTION naps(seconds float8) RETURNS text LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log (line) VALUES ('napped'); PERFORM pg_sleep(seconds); RETURN 'woke'; END$$;
CREATE FUNCTION lying() RETURNS int STABLE LANGUAGE plpgsql AS $$BEGIN PERFORM nothing(); RETURN 1; END$$;
CREATE FUNCTION mode() RETURNS text STABLE LANGUAGE sql AS $$SELECT current_setting('transaction_read_only')$$;
CREATE FUNCTION infinite() RETURNS timestamptz LANGUAGE sql AS $$INSERT INTO log (line) VALUES ('infinite'); SELECT 'infinity'::timestamptz$$;
CREATE FUNCTION logged(n int) RETURNS SETOF log LANGUAGE sql
  AS $$INSERT INTO log (line) SELECT 'row ' || g FROM generate_series(1, n) g RETURNING *$$;

CREATE PROCEDURE note(line text DEFAULT 'noted') LANGUAGE sql AS $$INSERT INTO log (line) VALUES (line)$$;
CREATE PROCEDURE counted(INOUT n int, IN step int DEFAULT 1) LANGUAGE plpgsql AS $$BEGIN n := n + step; END$$;
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$BEGIN INSERT INTO log (line) VALUES ('half'); COMMIT; END$$;
"""
