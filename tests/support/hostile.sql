-- A hostile schema: every built-in type with edge values, odd names, and every
-- kind of relation, key, default and comment. For psql, as superuser, on a fresh
-- UTF-8 database of PostgreSQL 13 or newer. It makes the role hostile_reader.
--
-- The rows of tables `value_*` can all be served exactly. Those of `refused_*`
-- hold what their fields cannot: reading one is a clear error, and in its
-- `..._text` column the same value is served in PostgreSQL's text form.
\set ON_ERROR_STOP on
\encoding UTF8
SET client_min_messages = warning;
SET timezone = 'UTC';
SET standard_conforming_strings = on;
SELECT current_setting('server_version_num')::int >= 140000 AS has_14 \gset
DO $$ BEGIN CREATE ROLE hostile_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- Built-in types, a table a family ----------------------------------------------
CREATE TABLE value_integers (id int PRIMARY KEY, s smallint, i integer, b bigint, o oid, f boolean);
INSERT INTO value_integers VALUES
  (1, 0, 0, 0, 0, false), (2, -32768, -2147483648, -9223372036854775808, 4294967295, true),
  (3, 32767, 2147483647, 9223372036854775807, 1, NULL), (-4, -1, -1, -1, 2147483648, true);
INSERT INTO value_integers (id) VALUES (5);

CREATE TABLE value_floats (id int PRIMARY KEY, r real, d double precision);
INSERT INTO value_floats VALUES
  (1, 0, 0), (2, '-0', '-0'), (3, 'NaN', 'NaN'), (4, 'Infinity', 'Infinity'), (5, '-Infinity', '-Infinity'),
  (6, 3.4028235e38, 1.7976931348623157e308), (7, 1.4e-45, 4.9e-324), (8, 0.1, 0.1),
  (9, 16777217, 9007199254740993);
INSERT INTO value_floats (id) VALUES (10);

CREATE TABLE value_numerics (id int PRIMARY KEY, n numeric, p numeric(10, 2), q numeric(1000, 500), m money);
INSERT INTO value_numerics VALUES
  (1, 0, 0, 0, 0::numeric::money), (2, 'NaN', 'NaN', 'NaN', NULL), (3, '-0.00', 0.005, 1e-500, (-0.01)::numeric::money),
  (4, ('1' || repeat('0', 1000))::numeric, 99999999.99, repeat('9', 500)::numeric, 92233720368547758.07::numeric::money),
  (5, ('0.' || repeat('0', 1000) || '1')::numeric, -99999999.99, -0.5, (-92233720368547758.08)::numeric::money),
  (6, 1.10, 1.10, 1.10, 1234567.89::numeric::money), (7, 1e100, 1e7, 1e-10, 5::numeric::money);
INSERT INTO value_numerics (id) VALUES (8);
\if :has_14
INSERT INTO value_numerics (id, n) VALUES (9, 'Infinity'), (10, '-Infinity');
\endif

CREATE TABLE value_texts (id int PRIMARY KEY, t text, v varchar(20), c char(5), n name, x "char", b bpchar,
                          tc text COLLATE "C");
INSERT INTO value_texts VALUES
  (1, '', '', '', '', '', '', ''), (2, 'plain', 'plain', 'ab', 'name', 'x', 'ab  ', 'C'),
  (3, E'tab\tnewline\ncr\rquote"apostrophe''backslash\\', 'NULL', 'null', repeat('n', 63), '\', ' x', 'é'),
  (4, E'\u00e9 \u4f60\u597d \U0001F418 \u200d \uFEFF \u202e', 'ünïcödé', 'ééééé', 'näme', E'\x01', '  ', '{}'),
  (5, repeat('long', 10000), '(a,b)', '{1}', '[1]', ' ', E'\n', E'\x7f'), (6, '%_*\%', '$1', '$$', '--', ';', '''', '"'),
  (7, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE value_binary (id int PRIMARY KEY, b bytea, b8 bit(8), vb bit varying, one bit);
INSERT INTO value_binary VALUES
  (1, '', B'00000000', B'', B'0'), (2, '\x00', B'11111111', B'1', B'1'), (3, '\x00ff10805c2722', B'10101010', B'0101', B'0'),
  (4, decode(repeat('00ff', 5000), 'hex'), B'00000001', repeat('10', 100)::varbit, B'1');
INSERT INTO value_binary (id) VALUES (5);

CREATE TABLE value_times (id int PRIMARY KEY, d date, t time, tz timetz, t0 time(0), ts timestamp, tsz timestamptz,
                          ts0 timestamp(0), i interval, iy interval year to month, i3 interval second(3));
INSERT INTO value_times VALUES
  (1, '1970-01-01', '00:00', '00:00+00', '00:00', '1970-01-01', '1970-01-01Z', '1970-01-01', '0', '0', '0'),
  (2, '0001-01-01', '24:00', '24:00:00+15:59', '24:00', '0001-01-01', '0001-01-01 00:00Z', '1969-12-31 23:59:59',
   '-178000000 years', '-1 month', '0.001 s'),
  (3, '9999-12-31', '23:59:59.999999', '23:59:59.999999-15:59:59', '12:34:56', '9999-12-31 23:59:59.999999',
   '9999-12-31 23:59:59.999999Z', '2000-02-29', '178000000 years 11 mons', '5 years 3 mons', '-59.999 s'),
  (4, '0044-03-15 BC', '12:00:00.000001', '12:00+05:30', '01:02:03', '1969-12-31 23:59:59.999999',
   '1969-12-31 23:59:59.000001Z', '2024-06-30 23:59:60', '1 mon -1 day +00:00:00.000001', '-5 years', '1 s'),
  (5, '5874897-12-31', '00:00:00.1', '00:00:00.1+00', '00:00:01', '2024-03-31 02:30', '2024-03-31 02:30+02', '2024-01-01',
   '-1 mon +1 day -23:59:59.5', '1 mon', '2 s'),
  (6, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, '2147483647 days', NULL, NULL),
  (7, '-infinity', NULL, NULL, NULL, NULL, NULL, NULL, '-2147483648 days', NULL, NULL);
INSERT INTO value_times (id, d) VALUES (8, '4714-11-24 BC');

CREATE TABLE value_json (id int PRIMARY KEY, j json, b jsonb, p jsonpath);
INSERT INTO value_json VALUES
  (1, '{}', '{}', '$'), (2, '[]', '[]', '$.a[*] ? (@.b > 1)'), (3, 'null', 'null', 'strict $.a'), (4, 'true', 'false', '$'),
  (5, '""', '"\u0001\"\\/\b\f\n\r\t\ud83d\ude00"', '$."q\"uote"'), (6, '0', '-1.5', NULL), (7, '0.1', '9007199254740991', NULL),
  (8, '{"a": {"b": [1, "two", null, {"c": []}]}, "": "empty key"}', '{"a": {"b": [1, "two", null]}, "": {}}', NULL),
  (9, (repeat('[', 50) || repeat(']', 50))::json, (repeat('{"k":', 50) || '1' || repeat('}', 50))::jsonb, NULL);
INSERT INTO value_json (id) VALUES (10);

CREATE TABLE value_network (id int PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8, u uuid);
INSERT INTO value_network VALUES
  (1, '0.0.0.0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '00000000-0000-0000-0000-000000000000'),
  (2, '255.255.255.255/8', '10.0.0.0/8', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  (3, '::', '::/0', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
  (4, '2001:db8::1/64', '2001:db8::/32', NULL, NULL, NULL), (5, '::ffff:1.2.3.4', '1.2.3.4/32', NULL, NULL, NULL);

CREATE TABLE value_geometry (id int PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle);
INSERT INTO value_geometry VALUES
  (1, '(0,0)', '{1,0,0}', '[(0,0),(0,0)]', '(0,0),(0,0)', '((0,0))', '((0,0))', '<(0,0),0>'),
  (2, '(-0,1e300)', '{1,-1,0.5}', '[(1,2),(3,4)]', '(3,4),(1,2)', '[(1,2),(3,4)]', '((0,0),(0,1),(1,1))', '<(1,2),3.5>'),
  (3, '(NaN,Infinity)', NULL, NULL, NULL, NULL, NULL, '<(1,2),Infinity>');

CREATE TABLE value_search (id int PRIMARY KEY, v tsvector, q tsquery, x xml);
INSERT INTO value_search VALUES
  (1, '', '', ''), (2, 'a:1A fat:2B,4C cat:5', 'fat & (rat | !cat) & super:*A', '<a b="c">&amp;<![CDATA[x]]></a>'),
  (3, '''quo''''te'' ''sp ace'':1', '''quo''''te'' <-> b', 'text <only/>');

CREATE TABLE value_ranges (id int PRIMARY KEY, i4 int4range, i8 int8range, n numrange, ts tsrange, tz tstzrange, d daterange);
INSERT INTO value_ranges VALUES
  (1, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty'), (2, '(,)', '(,)', '(,)', '(,)', '(,)', '(,)'),
  (3, '[1,10)', '[-5,-1]', '(0.1,0.2]', '[2020-01-01,infinity)', '[2020-01-01 00:00Z,2021-01-01 00:00Z]', '[2020-01-01,)');

-- The system's own types: some have no input or no order, all have a text form.
CREATE TABLE value_system (id int PRIMARY KEY, xi xid, x8 xid8, ci cid, ti tid, lsn pg_lsn, iv int2vector, ov oidvector,
  rp regproc, rpr regprocedure, ro regoper, ror regoperator, rc regclass, rco regcollation, rt regtype, rr regrole,
  rn regnamespace, rcf regconfig, rd regdictionary, acl aclitem, rcu refcursor, snap txid_snapshot, ps pg_snapshot,
  gts gtsvector, node pg_node_tree, nd pg_ndistinct, dep pg_dependencies, mcv pg_mcv_list);
INSERT INTO value_system VALUES
  (1, '0', '0', '0', '(0,0)', '0/0', '', '', '-', '-', '0', '0', '-', '-', '-', '-', '-', '-', '-',
   'postgres=r/postgres', '', '1:1:', '1:1:'),
  (2, '4294967295', '18446744073709551615', '4294967295', '(4294967295,65535)', 'FFFFFFFF/FFFFFFFF', '1 -2 3', '0 4294967295',
   'pg_catalog.now', 'lower(text)', 'pg_catalog.||/', '+(integer,integer)', 'pg_class', '"C"', 'timestamp with time zone',
   'pg_monitor', 'pg_catalog', 'english', 'simple', '=arwdDxt/postgres', 'cursor "1"', '10:20:10,14,15', '10:20:10,14,15');
INSERT INTO value_system (id) VALUES (3);

CREATE TABLE value_arrays (id int PRIMARY KEY, i int[], b bigint[], t text[], n numeric[], f boolean[], by bytea[], d date[],
                           ts timestamptz[], u uuid[], j jsonb[], r int4range[], v varchar(5)[], c "char"[], m money[], bo box[]);
INSERT INTO value_arrays VALUES
  (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (2, '{1,-2}', '{9223372036854775807}', ARRAY['', 'NULL', 'a,b', '{c}', 'q"uo\te', ' sp ', E'\n'], '{NaN,0.10}', '{t,f}',
   ARRAY['\x00'::bytea, '\xff', ''], '{2020-01-01,"0044-03-15 BC"}', '{"2020-01-01 12:00:00.5+00"}',
   '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', ARRAY['{"a": [1, "x"]}'::jsonb, 'null'], '{"[1,5)",empty}', '{abc}', '{a,"\\"}',
   ARRAY[1.5::numeric::money], '{(1,1),(0,0);(2,2),(0,0)}');
INSERT INTO value_arrays (id) VALUES (3);

-- What a field cannot hold exactly ----------------------------------------------
CREATE TABLE refused_timestamps (id int PRIMARY KEY, ts timestamp, tsz timestamptz, tsz_text timestamptz);
COMMENT ON COLUMN refused_timestamps.tsz_text IS '@protogres type=string';
INSERT INTO refused_timestamps VALUES (1, 'infinity', NULL, 'infinity'), (2, NULL, '-infinity', '-infinity'),
  (3, '4713-01-01 BC', NULL, '4713-01-01 BC'), (4, NULL, '294276-12-31 23:59:59.999999Z', '294276-12-31 23:59:59.999999Z');

CREATE TABLE refused_json (id int PRIMARY KEY, j json, b jsonb, b_text jsonb);
COMMENT ON COLUMN refused_json.b_text IS E'Kept as text.\n@protogres type=string';
INSERT INTO refused_json VALUES (1, NULL, '12345678901234567890', '12345678901234567890'), (2, NULL, '[1e400]', '[1e400]'),
  (3, '{"a":1,"a":2}', NULL, '{"a": 0.1000000000000000055511151231257827}'),
  (4, NULL, ('{"n": 1' || repeat('0', 1000) || '}')::jsonb, ('{"n": 1' || repeat('0', 1000) || '}')::jsonb),
  (5, (repeat('[', 2000) || repeat(']', 2000))::json, NULL, '1.0');

CREATE TABLE refused_arrays (id int PRIMARY KEY, i int[], t text[], t_text text[]);
COMMENT ON COLUMN refused_arrays.t_text IS '@protogres type=string';
INSERT INTO refused_arrays VALUES (1, '{1,NULL}', NULL, '{NULL}'), (2, '{{1,2},{3,4}}', NULL, '{{a},{b}}'),
  (3, '[2:3]={1,2}', NULL, '[0:1]={a,b}'), (4, NULL, '[-1:0][5:6]={{a,b},{c,d}}', '[-1:0][5:6]={{a,b},{c,d}}');

-- Enums, domains, composites, in a schema of their own ---------------------------
CREATE SCHEMA "Types & Co";
CREATE TYPE "Types & Co"."Mood" AS ENUM ('', 'happy', 'Happy', 'very-happy', 'very happy', '😀', 'unspecified', '1st', 'optional',
  'quo''te', '"', 'ЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖ', 'NULL', 'a,b', '{}');
ALTER TYPE "Types & Co"."Mood" ADD VALUE 'first' BEFORE '';
ALTER TYPE "Types & Co"."Mood" ADD VALUE 'middle' AFTER 'happy';
ALTER TYPE "Types & Co"."Mood" RENAME VALUE 'middle' TO 'renamed';
COMMENT ON TYPE "Types & Co"."Mood" IS 'How it feels. */ // /* "quoted" \ ';
CREATE TYPE empty_enum AS ENUM ();
CREATE TYPE status AS ENUM ('active', 'closed');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN required_email AS email NOT NULL;
CREATE DOMAIN defaulted AS int DEFAULT 7 CHECK (VALUE > 0);
CREATE DOMAIN matrix AS int[] CHECK (array_ndims(VALUE) = 1);
CREATE DOMAIN emails AS email[];
CREATE DOMAIN good_mood AS "Types & Co"."Mood" CHECK (VALUE <> '');
COMMENT ON DOMAIN email IS 'Has an @.';
CREATE TYPE empty_composite AS ();
CREATE TYPE money_amount AS (amount numeric(20, 4), "Currency Code" char(3), gone int, since timestamptz);
ALTER TYPE money_amount DROP ATTRIBUTE gone;
ALTER TYPE money_amount ADD ATTRIBUTE tags text[];
COMMENT ON COLUMN money_amount.amount IS 'Exact.';
CREATE TYPE nested AS (price money_amount, prices money_amount[], mood "Types & Co"."Mood", at email, data jsonb, raw bytea);
CREATE TYPE float_span AS RANGE (subtype = float8);
CREATE TABLE "Types & Co".row_source (id int PRIMARY KEY, gone text, label text);
ALTER TABLE "Types & Co".row_source DROP COLUMN gone;
INSERT INTO "Types & Co".row_source VALUES (1, 'one');

CREATE TABLE value_user_types (id int PRIMARY KEY, m "Types & Co"."Mood", ms "Types & Co"."Mood"[], e email, re required_email,
  df defaulted, mx matrix, es emails, gm good_mood, en empty_enum, ec empty_composite, ma money_amount, ne nested,
  nes nested[], rs "Types & Co".row_source, sp float_span);
INSERT INTO value_user_types VALUES
  (1, '', '{}', 'a@b', 'a@b', 1, '{1}', '{a@b}', 'happy', NULL, ROW(), ROW(1.5, 'EUR', '2020-01-01Z', '{a,"b c"}'),
   ROW(ROW(0.1, NULL, NULL, NULL), ARRAY[ROW(1, '", ', NULL, ARRAY['q"', '\', '(,)'])::money_amount], '😀', 'x@', '{"a": "b"}', '\x00'),
   NULL, ROW(1, 'one'), '[0.5,1.5)'),
  (2, 'first', ARRAY['', 'a,b', 'NULL', '{}', '"']::"Types & Co"."Mood"[], '@', 'b@c', DEFAULT, '{}', '{}', '1st', NULL, NULL,
   ROW(NULL, NULL, NULL, NULL), ROW(NULL, NULL, NULL, NULL, NULL, NULL), '{}', ROW(NULL, NULL), 'empty'),
  (3, 'renamed', NULL, NULL, '@', DEFAULT, NULL, NULL, NULL, NULL, NULL, ROW(1, '', NULL, '{}'), NULL,
   ARRAY[ROW(NULL, '{}', NULL, NULL, 'null', '')::nested], ROW(2, ''), NULL);
\if :has_14
CREATE TABLE value_multiranges (id int PRIMARY KEY, i int4multirange, n nummultirange, d datemultirange, ts tsmultirange,
                                tz tstzmultirange, i8 int8multirange, own float_span_multirange);
INSERT INTO value_multiranges VALUES (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (2, '{[1,3),[5,9)}', '{(,0.5]}', '{[2020-01-01,2021-01-01)}', '{(,)}', '{(,)}', '{[1,2)}', '{[0.5,1)}');
\endif

\ir hostile_relations.sql
