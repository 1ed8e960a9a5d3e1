// The queries for what tells rows apart. See reader_sql.h. {} is a condition on pg_class c, which says for which
// relations.
#ifndef PROTOGRES_SERVICE_CATALOG_KEYS_SQL_H_
#define PROTOGRES_SERVICE_CATALOG_KEYS_SQL_H_

namespace protogres::catalog {

// The definitions of the views, and of the views that they read, in whatever schema. A definition is NULL if it is a
// join without GROUP BY or DISTINCT, which tells nothing, or too large to be worth reading.
inline constexpr char kDefinitionsSql[] = R"(
WITH RECURSIVE reached(oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE {} AND c.relkind IN ('v', 'm')
  UNION
  SELECT d.refobjid FROM reached v
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid AND r.ev_type = '1'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid)
SELECT r.ev_class, CASE WHEN pg_catalog.length(r.ev_action::text) < 1000000 AND r.ev_action::text
                              ~ ':fromlist \({{RANGETBLREF :rtindex [0-9]+}}\)|:(group|distinct)Clause \('
                        THEN r.ev_action::text END
  FROM reached v
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid AND r.ev_type = '1')";

// The tables that others inherit from, or that have partitions. The second column says whether a foreign table is among
// those others, the third whether they inherit, and are not partitions.
inline constexpr char kFamiliesSql[] = R"(
WITH RECURSIVE family(root, oid) AS (
  SELECT c.oid, h.inhrelid FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_inherits h ON h.inhparent = c.oid
   WHERE {}
  UNION
  SELECT f.root, h.inhrelid FROM family f JOIN pg_catalog.pg_inherits h ON h.inhparent = f.oid)
SELECT f.root, pg_catalog.bool_or(m.relkind = 'f'), r.relkind <> 'p'
  FROM family f
  JOIN pg_catalog.pg_class m ON m.oid = f.oid
  JOIN pg_catalog.pg_class r ON r.oid = f.root
 GROUP BY f.root, r.relkind)";

// Columns that are declared NOT NULL, but may have NULLs: in rows from before the constraint (NOT VALID, PostgreSQL
// 18), in foreign tables, or in tables that inherit the column without the constraint.
inline constexpr char kLaxSql[] = R"(
WITH RECURSIVE family(root, oid) AS (
  SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE {} AND c.relkind IN ('r', 'p', 'f')
  UNION
  SELECT f.root, h.inhrelid FROM family f JOIN pg_catalog.pg_inherits h ON h.inhparent = f.oid)
SELECT DISTINCT f.root, p.attnum
  FROM family f
  JOIN pg_catalog.pg_attribute p ON p.attrelid = f.root AND p.attnum > 0 AND p.attnotnull AND NOT p.attisdropped
  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.oid AND a.attname = p.attname AND NOT a.attisdropped
  JOIN pg_catalog.pg_class m ON m.oid = f.oid
 WHERE NOT a.attnotnull OR m.relkind = 'f'
    OR (a.attrelid, a.attnum) IN (SELECT k.conrelid, k.conkey[1] FROM pg_catalog.pg_constraint k
                                   WHERE k.contype = 'n' AND NOT k.convalidated))";

// Primary keys, and UNIQUE constraints that are not deferrable and whose columns are NOT NULL. The key that is to be
// served comes first: the primary key, else the one with fewest columns. A unique index without a constraint may
// compare by another collation than the column. The columns of INCLUDE are left out. An index that is not valid yet
// proves nothing. A key WITHOUT OVERLAPS (PostgreSQL 18) is a key, too, as it has no empty ranges, but ON CONFLICT does
// not take its index, nor that of a deferrable key.
inline constexpr char kKeysSql[] = R"(
SELECT c.oid, i.indisprimary,
       (SELECT pg_catalog.string_agg(k.attnum::text, ' ' ORDER BY k.position)
          FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
         WHERE k.position <= i.indnkeyatts),
       i.indimmediate AND NOT i.indisexclusion
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid
 WHERE {} AND (i.indisprimary OR (
       i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
   AND EXISTS (SELECT FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = c.oid AND k.conindid = i.indexrelid AND k.contype = 'u')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
                      AND NOT a.attnotnull)))
 ORDER BY c.oid, i.indisprimary DESC, i.indnkeyatts, i.indkey::int2[])";

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_KEYS_SQL_H_
