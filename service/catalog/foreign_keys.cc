#include "catalog/foreign_keys.h"

#include <unordered_map>

#include "catalog/cell.h"
#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::catalog {
namespace {

// Those that stand for themselves: the ones that PostgreSQL makes for partitions, on either side, have a parent. The
// sixth column says that an index keeps the referencing columns, or some of them, unique.
constexpr char kForeignKeysSql[] = R"(
SELECT k.conrelid, k.conname, k.confrelid, pg_catalog.array_to_string(k.conkey, ' '),
       pg_catalog.array_to_string(k.confkey, ' '),
       EXISTS (SELECT FROM pg_catalog.pg_index i
                WHERE i.indrelid = k.conrelid AND i.indisunique AND i.indisvalid AND i.indimmediate
                  AND NOT i.indisexclusion AND i.indpred IS NULL AND i.indexprs IS NULL
                  AND (i.indkey::int2[])[0:i.indnkeyatts - 1] <@ k.conkey),
       d.description
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0 {}
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = k.oid AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objsubid = 0
 WHERE {}
 ORDER BY k.conrelid, k.conname)";

// Keys of periods do not compare by `=`.
constexpr char kNoPeriod[] = "AND NOT k.conperiod";
constexpr int kPeriodVersion = 180000;

}  // namespace

absl::Status ReadForeignKeys(const Query& query, const std::string& filter, int server_version,
                             std::vector<Relation>* relations) {
  std::unordered_map<Oid, Relation*> by_oid;
  for (Relation& relation : *relations) by_oid[relation.oid] = &relation;
  ASSIGN_OR_RETURN(const TextRows rows,
                   query(fmt::format(kForeignKeysSql, server_version >= kPeriodVersion ? kNoPeriod : "", filter)));
  for (const TextRow& row : rows) {
    const auto own = by_oid.find(Number(row[0]));
    const Oid target = Number(row[2]);
    if (own == by_oid.end() || !by_oid.contains(target)) continue;
    own->second->foreign_keys.push_back({.name = Text(row[1]),
                                         .columns = Numbers(row[3]),
                                         .target = target,
                                         .target_columns = Numbers(row[4]),
                                         .unique = Flag(row[5]),
                                         .comment = Text(row[6])});
  }
  return absl::OkStatus();
}

}  // namespace protogres::catalog
