-- A table with a column of every kind of type, and rows with the values that clients get wrong most often.
CREATE SCHEMA kinds;

CREATE TYPE kinds.mood AS ENUM ('sad', 'content', 'happy');
CREATE TYPE kinds.place AS (x integer, y double precision, label text);
CREATE DOMAIN kinds.percentage AS numeric CHECK (value BETWEEN 0 AND 100);

CREATE TABLE kinds.samples (
  id         integer PRIMARY KEY,
  small      smallint,
  whole      integer,
  big        bigint,
  object_id  oid,
  narrow     real,
  wide       double precision,
  truth      boolean,
  exact      numeric,
  cash       money,
  share      kinds.percentage,
  words      text,
  code       varchar(20),
  uid        uuid,
  address    inet,
  flags      bit(4),
  span       int4range,
  raw        bytea,
  moment     timestamptz,
  wall       timestamp,
  day        date,
  clock      time,
  duration   interval,
  document   jsonb,
  plain      json,
  mood       kinds.mood,
  place      kinds.place,
  numbers    bigint[] NOT NULL DEFAULT '{}',
  texts      text[] NOT NULL DEFAULT '{}',
  moods      kinds.mood[] NOT NULL DEFAULT '{}',
  places     kinds.place[] NOT NULL DEFAULT '{}'
);

-- What is usual.
INSERT INTO kinds.samples VALUES (
  1, 7, 70000, 7000000000, 26, 1.5, 0.1, true, 12.50, 3.20, 99.9, 'Hello', 'A-1', '6f1c2b9e-5d2a-4c39-9a51-0f5d3c2b1a00',
  '192.168.0.0/16', B'1010', '[1,5)', '\x00ff10', '2026-03-04 05:06:07.890123+00', '2026-03-04 05:06:07.890123',
  '2026-03-04', '05:06:07.890123', 'P1Y2M3DT4H5M6.5S', '{"a": [1, 2.5, "x", null, true, {"b": {}}]}', '[1, "two", 3.0]',
  'happy', ROW(1, 2.5, 'here'), '{1,-2,3}', '{a,"b c",""}', '{sad,happy}', ARRAY[ROW(1, NULL, 'one'), ROW(NULL, 2, NULL)]::kinds.place[]);

-- The least and the greatest of each type, and the last microseconds of the years that a Timestamp can hold.
INSERT INTO kinds.samples (id, small, whole, big, object_id, narrow, wide, cash, exact, moment, wall, day, clock, numbers) VALUES
  (2, -32768, -2147483648, -9223372036854775808, 0, '-Infinity', '-Infinity', -92233720368547758.08,
   -1e-30, '0001-01-01 00:00:00.000001+00', '0001-01-01 00:00:00', '0001-01-01', '00:00:00',
   '{-9223372036854775808,9223372036854775807}'),
  (3, 32767, 2147483647, 9223372036854775807, 4294967295, 'Infinity', 'Infinity', 92233720368547758.07,
   1e30, '9999-12-31 23:59:59.999999+00', '9999-12-31 23:59:59.999999', '9999-12-31', '24:00:00', '{9007199254740993}'),
  (4, 0, 0, 9007199254740993, 2147483648, '3.4028235e38', 1.7976931348623157e308, 0, 'NaN',
   '1969-12-31 23:59:59.999999+00', '1583-10-15 12:00:00.000001', '1900-02-28', '23:59:59.999999', '{}'),
  (5, 1, 1, -9007199254740993, 1, '1e-45', 5e-324, 0.01, 0.10,
   '2262-04-11 23:47:16.854776+00', '2500-06-07 08:09:10.111213', '2000-02-29', '12:00:00', '{}'),
  (6, -1, -1, -1, 1, 'NaN', 'NaN', -0.01, -0.00, '1970-01-01 00:00:00+00', '1970-01-01 00:00:00.5', '1970-01-01', '12:00:00.5', '{0}'),
  (7, -1, -1, -1, 1, '-0', '-0', 0, 100, '1969-12-31 23:59:58.000001+00', '1969-12-31 23:59:59.5', '1969-12-31', '12:00', '{}');

-- Nothing in any column, and in each column what is empty but there.
INSERT INTO kinds.samples (id) VALUES (8);
INSERT INTO kinds.samples (id, small, whole, big, object_id, narrow, wide, truth, exact, cash, share, words, code, raw, span, document,
                           place, duration)
VALUES (9, 0, 0, 0, 0, 0, 0, false, 0, 0, 0, '', '', '', 'empty', '{}', ROW(NULL, NULL, NULL), '0');

-- Text beyond the Basic Multilingual Plane (but for U+10FFFF, which psql does not show), 100 digits, a mebibyte.
INSERT INTO kinds.samples (id, words, texts, exact, raw, place, document) VALUES
  (10, U&'\+01F600 \+01D4B3 e\0301 \200B\202E \FFFD \+10FFFD', ARRAY['😀', '漢字', '🏳️‍🌈'],
   12345678901234567890123456789012345678901234567890.09876543210987654321098765432109876543210987654321,
   (SELECT string_agg(sha256(n::text::bytea), '' ORDER BY n) FROM generate_series(1, 32768) AS n),
   ROW(0, 0, '😀"\,()'), '{"😀": "𝒳", "": "empty key", "quote\"": "\\ \n \t \u0001 /"}'),
  (11, E'line\nbreak\ttab\r"quotes" \\ ''single'' %s {}', '{NULL_,"null","NULL",","}', -0.5, '\x0a0d00', ROW(-1, -0.5, ''), '""');

-- JSON of every kind. JSON's null is not the absence of a value.
INSERT INTO kinds.samples (id, document, plain) VALUES
  (12, 'null', 'null'), (13, 'true', 'false'), (14, '0', '-0.5'), (15, '9007199254740991', '1e300'), (16, '"text"', '"\u00e9"'),
  (17, '[]', '{}'), (18, '[[], [[]], {}, [null]]', '{"a": {"b": {"c": [1, 2, {"d": null}]}}}');
