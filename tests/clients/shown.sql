-- The rows of kinds.samples as JSON, which is what the clients compare with. Each value is text, and by psql's own account:
-- floats as the hexadecimal digits of their bits, timestamps as microseconds since 1970, bytes as hexadecimal digits, enums
-- as their numbers in the contract, documents as JSON text. What is NULL is null.
SET timezone = 'UTC';
SET intervalstyle = 'iso_8601';
SET bytea_output = 'hex';
WITH labels AS (
  SELECT enumlabel AS label, row_number() OVER (ORDER BY oid)::text AS number FROM pg_enum WHERE enumtypid = 'kinds.mood'::regtype
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'id', id::text, 'small', small::text, 'whole', whole::text, 'big', big::text, 'object_id', object_id::text,
  'narrow', encode(float4send(narrow), 'hex'), 'wide', encode(float8send(wide), 'hex'), 'truth', truth::text,
  'exact', exact::text, 'cash', cash::numeric::text, 'share', share::text, 'words', words, 'code', code, 'uid', uid::text,
  'address', address::text, 'flags', flags::text, 'span', span::text, 'raw', encode(raw, 'hex'),
  'moment', trunc(extract(epoch FROM moment) * 1000000)::text, 'wall', trunc(extract(epoch FROM wall) * 1000000)::text,
  'day', day::text, 'clock', clock::text, 'duration', duration::text, 'document', document::text, 'plain', plain::text,
  'mood', (SELECT number FROM labels WHERE label = mood::text)) || jsonb_build_object(
  'place', CASE WHEN place IS DISTINCT FROM NULL THEN jsonb_build_object('x', (place).x::text,
    'y', encode(float8send((place).y), 'hex'), 'label', (place).label) END,
  'numbers', to_jsonb(numbers::text[]), 'texts', to_jsonb(texts),
  'moods', (SELECT coalesce(jsonb_agg(number ORDER BY n), '[]') FROM unnest(moods) WITH ORDINALITY AS m(mood, n) JOIN labels ON label = mood::text),
  'places', (SELECT coalesce(jsonb_agg(jsonb_build_object('x', x::text, 'y', encode(float8send(y), 'hex'), 'label', label) ORDER BY n), '[]')
             FROM unnest(places) WITH ORDINALITY AS p(x, y, label, n))) ORDER BY id), '[]')
FROM kinds.samples
WHERE id BETWEEN :first AND :first + 999;
