#include "catalog/sharding.h"

#include <map>
#include <string>

#include "catalog/cell.h"
#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::catalog {
namespace {

// The tables that Citus distributes, each with the number of its distribution column, which stands in a tree of nodes.
// Citus knows of other tables, too, which stay on the coordinator: those are left out.
constexpr char kCitusSql[] = R"(
SELECT p.logicalrelid::oid, pg_catalog.substring(p.partkey, ':varattno ([0-9]+)')
  FROM pg_catalog.pg_dist_partition p
 WHERE p.partmethod <> 'n' OR p.repmodel = 't' OR p.colocationid <> 0)";

// The columns by which tables, and the partitions below them again, are partitioned. {} is a list of the tables' oids.
// An expression is a tree of nodes, and stands for each column in it. Partitions may have other numbers for a column.
constexpr char kPartitionColumnsSql[] = R"(
WITH RECURSIVE family(root, oid) AS (
  SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.oid IN ({})
  UNION
  SELECT f.root, h.inhrelid FROM family f JOIN pg_catalog.pg_inherits h ON h.inhparent = f.oid)
SELECT DISTINCT f.root, r.attnum
  FROM family f
  JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = f.oid
 CROSS JOIN LATERAL (
   SELECT pg_catalog.unnest(p.partattrs::int2[])
   UNION
   SELECT m.parts[1]::int2 FROM pg_catalog.regexp_matches(p.partexprs::text, ':varattno ([0-9]+)', 'g') AS m(parts)
   ) AS k(attnum)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.oid AND a.attnum = k.attnum AND a.attnum > 0
  JOIN pg_catalog.pg_attribute r ON r.attrelid = f.root AND r.attname = a.attname
 ORDER BY f.root, r.attnum)";

std::map<Oid, Relation*> ByOid(std::vector<Relation>* relations) {
  std::map<Oid, Relation*> by_oid;
  for (Relation& relation : *relations) by_oid[relation.oid] = &relation;
  return by_oid;
}

}  // namespace

absl::Status ReadCitus(const Query& query, std::vector<Relation>* relations) {
  ASSIGN_OR_RETURN(const TextRows rows, query(kCitusSql));
  const std::map<Oid, Relation*> by_oid = ByOid(relations);
  for (const TextRow& row : rows) {
    const auto found = by_oid.find(Number(row[0]));
    if (found == by_oid.end()) continue;
    found->second->sharding = Sharding::kCitus;
    if (row[1]) found->second->shard_by.push_back(Int(row[1]));
  }
  return absl::OkStatus();
}

absl::Status ReadPartitionColumns(const Query& query, std::vector<Relation>* relations) {
  std::map<Oid, Relation*> tables;
  std::vector<Oid> oids;
  for (Relation& relation : *relations) {
    if (relation.sharding != Sharding::kForeign) continue;
    tables[relation.oid] = &relation;
    oids.push_back(relation.oid);
  }
  if (oids.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const TextRows rows, query(fmt::format(kPartitionColumnsSql, fmt::join(oids, ", "))));
  for (const TextRow& row : rows) tables.at(Number(row[0]))->shard_by.push_back(Int(row[1]));
  return absl::OkStatus();
}

}  // namespace protogres::catalog
