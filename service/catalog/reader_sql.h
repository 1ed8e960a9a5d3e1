// The queries of the catalog reader, for PostgreSQL 13 and newer. Each is for all relations at once. Names are never
// put into them: {} is a list of oids, or the filter of relations, and {roles} an array of the oids of roles.
#ifndef PROTOGRES_SERVICE_CATALOG_READER_SQL_H_
#define PROTOGRES_SERVICE_CATALOG_READER_SQL_H_

namespace protogres::catalog {

// Whether one of the roles has a privilege: of has_<what>_privilege(), and its arguments after the role.
#define PROTOGRES_MAY(what, arguments)                                                                      \
  "EXISTS (SELECT FROM pg_catalog.unnest('{roles}'::pg_catalog.oid[]) AS r(oid) WHERE pg_catalog.has_" what \
  "_privilege(r.oid, " arguments "))"

// The search path is pinned for the transaction. So no relation or function of the user stands before one of the
// system, and format_type() always writes the schema. PostgreSQL expects so much work of some of the queries that it
// would compile them (JIT), which takes longer than they do.
inline constexpr char kServerSql[] = R"(
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.current_database(),
       pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_encoding'),
       current_user, pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL,
       (SELECT pg_catalog.array_agg(oid) FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user),
       (SELECT pg_catalog.array_agg(oid) FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'MEMBER')),
       pg_catalog.set_config('jit', 'off', true))";

inline constexpr char kSchemasSql[] =
    "SELECT n.oid, n.nspname, " PROTOGRES_MAY("schema", "n.oid, 'USAGE'") " FROM pg_catalog.pg_namespace n";

// Says which relations are read. {} is the list of the oids of schemas. The queries below use it, so that all of them
// are for the same relations.
inline constexpr char kRelationFilter[] =
    "c.relnamespace IN ({}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition "
    "AND c.relpersistence <> 't'";

// pg_relation_is_updatable() is not called for tables: it would wait for their locks, and the answer is known. Nor for
// foreign tables whose wrapper has no handler, for which it raises an error: nobody can read or write them. What
// INSTEAD OF triggers and unconditional INSTEAD rules do stands in a column of its own, as they take any column. The
// last column says that PostgreSQL has no ON CONFLICT here, because of rules or triggers for INSERT or UPDATE.
inline constexpr char kRelationsSql[] = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind,
       CASE WHEN c.relkind = 'v' OR (c.relkind = 'f' AND EXISTS (
                   SELECT FROM pg_catalog.pg_foreign_table t
                     JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
                     JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwhandler <> 0
                    WHERE t.ftrelid = c.oid)) THEN pg_catalog.pg_relation_is_updatable(c.oid, true)
            WHEN c.relkind IN ('m', 'f') THEN 0 ELSE 28 END,
       CASE WHEN c.relkind = 'v' THEN coalesce((
         SELECT pg_catalog.bit_or(e.bits) FROM (
           SELECT CASE WHEN t.tgtype::int & 4 <> 0 THEN 8 ELSE 0 END
                | CASE WHEN t.tgtype::int & 8 <> 0 THEN 16 ELSE 0 END
                | CASE WHEN t.tgtype::int & 16 <> 0 THEN 4 ELSE 0 END
             FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype::int & 64 <> 0
           UNION ALL
           SELECT CASE r.ev_type WHEN '2' THEN 4 WHEN '3' THEN 8 WHEN '4' THEN 16 ELSE 0 END
             FROM pg_catalog.pg_rewrite r
            WHERE r.ev_class = c.oid AND r.is_instead AND r.ev_qual::text = '<>') AS e(bits)), 0) ELSE 0 END,
       )" PROTOGRES_MAY("table", "c.oid, 'SELECT'") ", " PROTOGRES_MAY("table", "c.oid, 'INSERT'") ", " PROTOGRES_MAY(
    "table", "c.oid, 'UPDATE'") ", " PROTOGRES_MAY("table", "c.oid, 'DELETE'") R"(,
       d.description,
       (c.relhasrules AND EXISTS (
         SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ('2', '3')))
       OR (c.relkind = 'v' AND EXISTS (
         SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype::int & 64 <> 0
                                               AND t.tgtype::int & 20 <> 0))
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
 WHERE )";

// Privileges of a column are only asked for if it has some of its own; all other columns have those of their relation.
// The NOT NULL and DEFAULT of a domain are those of its columns.
inline constexpr char kColumnsSql[] = R"(
SELECT a.attrelid, a.attnum, a.attisdropped, a.attname, a.atttypid,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       c.relkind NOT IN ('v', 'm') AND (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)),
       c.relkind NOT IN ('v', 'm') AND a.attnotnull,
       a.atthasdef OR t.typdefault IS NOT NULL,
       a.attidentity, a.attgenerated,
       CASE WHEN a.attacl IS NOT NULL THEN )" PROTOGRES_MAY("column", "a.attrelid, a.attnum, 'SELECT'") R"( END,
       CASE WHEN a.attacl IS NOT NULL THEN )" PROTOGRES_MAY("column", "a.attrelid, a.attnum, 'INSERT'") R"( END,
       CASE WHEN a.attacl IS NOT NULL THEN )" PROTOGRES_MAY("column", "a.attrelid, a.attnum, 'UPDATE'") R"( END,
       d.description
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
 WHERE {}
 ORDER BY a.attrelid, a.attnum)";

// The INSTEAD rules for UPDATE, INSERT and DELETE. Their actions tell whether they have RETURNING, and whether they
// delete.
inline constexpr char kRulesSql[] = R"(
SELECT r.ev_class, r.ev_type, r.ev_qual::text = '<>', r.ev_action::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.is_instead AND r.ev_type IN ('2', '3', '4')
 WHERE {})";

inline constexpr char kUpdatableColumnsSql[] = R"(
SELECT attrelid, attnum FROM pg_catalog.pg_attribute
 WHERE attrelid IN ({}) AND attnum > 0 AND NOT attisdropped
   AND pg_catalog.pg_column_is_updatable(attrelid, attnum, true))";

// Says which functions are read: those of schemas ({schemas}, a list of oids) that one of the roles may call, that are
// of no extension, and whose types a caller can have values of. The types of triggers and handlers are none.
inline constexpr char kFunctionFilter[] =
    "p.pronamespace IN ({schemas}) AND p.prokind IN ('f', 'p') AND " PROTOGRES_MAY("function", "p.oid, 'EXECUTE'") R"(
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
                    WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid
                      AND x.deptype IN ('e', 'i'))
   AND NOT EXISTS (
         SELECT FROM pg_catalog.unnest(pg_catalog.array_prepend(
                       p.prorettype, coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]))) AS u(oid)
           JOIN pg_catalog.pg_type t ON t.oid = u.oid AND t.typtype = 'p' AND t.typnamespace = 11
          WHERE t.typname IN ('trigger', 'event_trigger', 'internal', 'cstring', 'language_handler', 'fdw_handler',
                              'index_am_handler', 'table_am_handler', 'tsm_handler', 'pg_ddl_command')))";

inline constexpr char kFunctionsSql[] = R"(
SELECT p.oid, n.nspname, p.proname, p.prokind, p.provolatile, p.proretset, p.prorettype,
       pg_catalog.format_type(p.prorettype, NULL),
       EXISTS (SELECT FROM pg_catalog.pg_proc o
                WHERE o.pronamespace = p.pronamespace AND o.proname = p.proname AND o.oid <> p.oid),
       d.description
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = p.oid AND d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objsubid = 0
 WHERE {})";

inline constexpr char kArgumentsSql[] = R"(
SELECT p.oid, coalesce(p.proargmodes[a.number], 'i'), p.proargnames[a.number], a.type,
       pg_catalog.format_type(a.type, NULL), pg_catalog.pg_get_function_arg_default(p.oid, a.number::pg_catalog.int4)
  FROM pg_catalog.pg_proc p
 CROSS JOIN LATERAL pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]))
            WITH ORDINALITY AS a(type, number)
 WHERE {}
 ORDER BY p.oid, a.number)";

// The types of the columns and of functions ({functions}), and all types that these reach. An array is known by its
// output function: int2vector and oidvector have elements, too, but another text form. An operator class counts if its
// operators have the names that a statement would use (hstore sorts by #<#). Casts to bytea do not count: such types
// have a cast to text as well, and = would be ambiguous.
inline constexpr char kTypesSql[] = R"(
WITH RECURSIVE reached(oid) AS (
  SELECT DISTINCT a.atttypid FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE {}
  UNION
  SELECT oid FROM pg_catalog.unnest('{functions}'::pg_catalog.oid[]) AS f(oid)
  UNION
  SELECT next.oid FROM reached r
    JOIN pg_catalog.pg_type t ON t.oid = r.oid
   CROSS JOIN LATERAL (
     SELECT t.typelem WHERE t.typelem <> 0 AND t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc
     UNION ALL
     SELECT t.typbasetype WHERE t.typtype = 'd'
     UNION ALL
     SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS next(oid)),
classes AS (
  SELECT o.opcintype, m.amname, r.oprnamespace FROM pg_catalog.pg_opclass o
    JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
    JOIN pg_catalog.pg_amop p ON p.amopfamily = o.opcfamily
     AND p.amoplefttype = o.opcintype AND p.amoprighttype = o.opcintype AND p.amopstrategy = 1
    JOIN pg_catalog.pg_operator r ON r.oid = p.amopopr
   WHERE o.opcdefault AND (m.amname, r.oprname) IN (('btree', '<'), ('hash', '='))),
usable AS (
  SELECT opcintype AS oid, amname, oprnamespace, false AS by_cast FROM classes
  UNION
  SELECT s.castsource, k.amname, k.oprnamespace, true FROM classes k
    JOIN pg_catalog.pg_cast s ON s.casttarget = k.opcintype AND s.castmethod = 'b' AND s.castcontext = 'i'
   WHERE s.casttarget <> 'pg_catalog.bytea'::pg_catalog.regtype),
summary AS (
  SELECT oid, pg_catalog.bool_or(amname = 'btree') AS ordered,
         (pg_catalog.array_agg(oprnamespace ORDER BY by_cast, amname))[1] AS operators
    FROM usable GROUP BY oid)
SELECT t.oid, n.nspname, t.typname, t.typtype, t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc,
       t.typelem, t.typbasetype, t.typrelid, s.oid IS NOT NULL, coalesce(s.ordered, false), d.description, t.typdelim,
       (SELECT o.nspname FROM pg_catalog.pg_namespace o WHERE o.oid = s.operators AND o.nspname <> 'pg_catalog')
  FROM reached r
  JOIN pg_catalog.pg_type t ON t.oid = r.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN summary s ON s.oid = t.oid
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = t.oid AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objsubid = 0)";

inline constexpr char kAttributesSql[] = R"(
SELECT a.attrelid, a.attnum, a.attisdropped, a.attname, a.atttypid, d.description
  FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
 WHERE a.attrelid IN ({}) AND a.attnum > 0
 ORDER BY a.attrelid, a.attnum)";

inline constexpr char kLabelsSql[] =
    "SELECT enumtypid, enumlabel FROM pg_catalog.pg_enum WHERE enumtypid IN ({}) ORDER BY enumtypid, oid";

#undef PROTOGRES_MAY

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_READER_SQL_H_
