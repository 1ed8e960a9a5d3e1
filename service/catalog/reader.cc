// What becomes of the rows of reader_sql.h's queries. How many queries there
// are does not depend on how many relations there are.
#include "catalog/reader.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "catalog/cell.h"
#include "catalog/comparable.h"
#include "catalog/definition.h"
#include "catalog/foreign_keys.h"
#include "catalog/functions.h"
#include "catalog/keys.h"
#include "catalog/reader_sql.h"
#include "catalog/sharding.h"
#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::catalog {
namespace {

using Rows = TextRows;

constexpr int kOldestVersion = 130000;

// pg_relation_is_updatable()'s bits: 1 << CmdType.
constexpr int kUpdateBit = 1 << 2;
constexpr int kInsertBit = 1 << 3;
constexpr int kDeleteBit = 1 << 4;
constexpr int kAllBits = kUpdateBit | kInsertBit | kDeleteBit;

std::string List(const std::vector<Oid>& oids) { return fmt::format("{}", fmt::join(oids, ", ")); }

RelationKind RelationKindOf(const Cell& relkind) {
  switch (relkind->front()) {
    case 'p':
      return RelationKind::kPartitioned;
    case 'v':
      return RelationKind::kView;
    case 'm':
      return RelationKind::kMaterializedView;
    case 'f':
      return RelationKind::kForeign;
    default:
      return RelationKind::kTable;
  }
}

TypeKind TypeKindOf(const Cell& typtype, bool array) {
  switch (typtype->front()) {
    case 'e':
      return TypeKind::kEnum;
    case 'c':
      return TypeKind::kComposite;
    case 'd':
      return TypeKind::kDomain;
    case 'r':
    case 'm':
      return TypeKind::kRange;
    case 'p':
      return TypeKind::kPseudo;
    default:
      return array ? TypeKind::kArray : TypeKind::kBase;
  }
}

Generated GeneratedOf(const std::string& identity, const std::string& generated) {
  if (!generated.empty()) return Generated::kExpression;
  if (identity == "a") return Generated::kIdentityAlways;
  return identity == "d" ? Generated::kIdentityByDefault : Generated::kNo;
}

bool SystemSchema(const std::string& name) {
  return name.starts_with("pg_") || name == "information_schema" || name == "protogres";
}

// One reading: the query, and what its steps hand to each other.
class Reading {
 public:
  Reading(const Query& query, Roles roles) : query_(query), whose_(roles) {}

  absl::StatusOr<Catalog> Run(const std::vector<std::string>& schemas, const std::vector<std::string>& search_path) {
    RETURN_IF_ERROR(ReadServer());
    RETURN_IF_ERROR(ReadSchemas({schemas.begin(), schemas.end()}, search_path));
    if (!schema_oids_.empty()) {
      for (const auto step :
           {&Reading::ReadRelations, &Reading::ReadColumns, &Reading::ReadUpdatableColumns, &Reading::ReadRules,
            &Reading::ReadShards, &Reading::ReadReferences, &Reading::ReadRoutines, &Reading::ReadTypes,
            &Reading::ReadAttributes, &Reading::ReadLabels}) {
        RETURN_IF_ERROR((this->*step)());
      }
    }
    ResolveComparable(&catalog_);
    std::ranges::sort(catalog_.relations, [](const Relation& a, const Relation& b) {
      return std::tie(a.schema, a.name) < std::tie(b.schema, b.name);
    });
    return std::move(catalog_);
  }

 private:
  // What the relation's row says that its columns need.
  struct Rights {
    int events = 0;      // what the relation supports
    int any_column = 0;  // of it, what a trigger or rule does for every column
    bool select = false, insert = false, update = false;
  };

  absl::Status ReadServer() {
    ASSIGN_OR_RETURN(const Rows rows, query_(kServerSql));
    if (rows.empty()) return absl::InternalError("the server did not say what it is");
    for (const TextRow& row : rows) {
      catalog_.database = Text(row[1]);
      catalog_.server_version = Int(row[2]);
      catalog_.server_encoding = Text(row[3]);
      role_ = Text(row[4]);
      has_citus_ = Flag(row[5]);
      roles_ = Text(whose_ == Roles::kConnecting ? row[6] : row[7]);
    }
    if (catalog_.server_version >= kOldestVersion) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("PostgreSQL {} is too old: version 13 or newer is needed", catalog_.server_version / 10000));
  }

  absl::Status ReadSchemas(const std::set<std::string>& wanted, const std::vector<std::string>& search_path) {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kSchemasSql, fmt::arg("roles", roles_))));
    // PostgreSQL itself passes over schemas of the search_path that do not exist: that would only show in triggers.
    std::set<std::string> needed = wanted;
    for (const std::string& name : search_path) {
      if (name != "$user" && name != "pg_temp") needed.insert(name);
    }
    for (const TextRow& row : rows) {
      const std::string name = Text(row[1]);
      const bool usage = Flag(row[2]);
      if (needed.erase(name) != 0 && !usage) {
        return absl::FailedPreconditionError(fmt::format(
            "role \"{}\"{} may not use schema \"{}\" of database \"{}\": GRANT USAGE ON SCHEMA", role_,
            whose_ == Roles::kConnecting ? "" : ", and those that it can become,", name, catalog_.database));
      }
      if (wanted.empty() ? SystemSchema(name) || !usage : !wanted.contains(name)) continue;
      catalog_.schemas.push_back(name);
      schema_oids_.push_back(Number(row[0]));
    }
    std::ranges::sort(catalog_.schemas);
    if (needed.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("database \"{}\" has no schema \"{}\", which --schemas or --search_path names", catalog_.database,
                    fmt::join(needed, "\", \"")));
  }

  std::string RelationFilter() const { return fmt::format(kRelationFilter, List(schema_oids_)); }

  absl::Status ReadRelations() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kRelationsSql, fmt::arg("roles", roles_)) + RelationFilter()));
    catalog_.relations.reserve(static_cast<std::size_t>(rows.size()));
    for (const TextRow& row : rows) {
      Relation& relation = catalog_.relations.emplace_back();
      relation.oid = Number(row[0]);
      relation.schema = Text(row[1]);
      relation.name = Text(row[2]);
      relation.kind = RelationKindOf(row[3]);
      Rights& rights = rights_.emplace_back();
      rights.events = Int(row[4]) & kAllBits;
      rights.any_column = Int(row[5]);
      rights.select = relation.selectable = Flag(row[6]);
      rights.insert = Flag(row[7]);
      rights.update = Flag(row[8]);
      relation.insertable = (rights.events & kInsertBit) != 0 && rights.insert;
      relation.updatable = (rights.events & kUpdateBit) != 0 && rights.update;
      relation.deletable = (rights.events & kDeleteBit) != 0 && Flag(row[9]);
      relation.comment = Text(row[10]);
      relation.upsertable = !Flag(row[11]);
      index_[relation.oid] = catalog_.relations.size() - 1;
    }
    return absl::OkStatus();
  }

  absl::Status ReadColumns() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kColumnsSql, RelationFilter(), fmt::arg("roles", roles_))));
    for (const TextRow& row : rows) {
      const auto it = index_.find(Number(row[0]));
      if (it == index_.end()) continue;
      Relation& relation = catalog_.relations[it->second];
      if (Flag(row[2])) {
        relation.dropped.push_back(Int(row[1]));
      } else {
        relation.columns.push_back(ColumnOf(row, rights_[it->second], &relation));
      }
    }
    return absl::OkStatus();
  }

  // Rights on single columns make the relation writable too.
  static Column ColumnOf(const TextRow& row, const Rights& rights, Relation* relation) {
    Column column;
    column.number = Int(row[1]);
    column.name = Text(row[3]);
    column.type = Number(row[4]);
    column.sql_type = Text(row[5]);
    column.not_null = Flag(row[6]);
    column.never_null = Flag(row[7]);
    column.generated = GeneratedOf(Text(row[9]), Text(row[10]));
    column.has_default = Flag(row[8]) || column.generated != Generated::kNo;
    column.readable = row[11] ? Flag(row[11]) : rights.select;
    column.insertable = (rights.events & kInsertBit) != 0 && (row[12] ? Flag(row[12]) : rights.insert);
    column.updatable = (rights.events & kUpdateBit) != 0 && (row[13] ? Flag(row[13]) : rights.update);
    column.comment = Text(row[14]);
    relation->insertable |= column.insertable;
    relation->updatable |= column.updatable;
    return column;
  }

  // Of a view's columns, only those that stand for a column of its table can be
  // written, unless a trigger or rule takes the write over.
  absl::Status ReadUpdatableColumns() {
    std::vector<Oid> views;
    for (std::size_t i = 0; i < catalog_.relations.size(); ++i) {
      if (catalog_.relations[i].kind == RelationKind::kView && rights_[i].events != 0) {
        views.push_back(catalog_.relations[i].oid);
      }
    }
    if (views.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kUpdatableColumnsSql, List(views))));
    std::set<std::pair<Oid, int>> updatable;
    for (const TextRow& row : rows) updatable.emplace(Number(row[0]), Int(row[1]));
    for (const Oid oid : views) {
      const std::size_t index = index_[oid];
      for (Column& column : catalog_.relations[index].columns) {
        const bool own = updatable.contains({oid, column.number});
        column.insertable &= own || (rights_[index].any_column & kInsertBit) != 0;
        column.updatable &= own || (rights_[index].any_column & kUpdateBit) != 0;
      }
    }
    return absl::OkStatus();
  }

  // One unconditional rule with RETURNING answers for all of an event (PostgreSQL manual, CREATE RULE).
  absl::Status ReadRules() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kRulesSql, RelationFilter())));
    std::map<std::pair<Oid, bool>, bool> returns;
    for (const TextRow& row : rows) {
      if (row[1] == "4") {
        if (DeletesOtherwise(Text(row[3]))) catalog_.relations[index_[Number(row[0])]].deletable = false;
        continue;
      }
      returns[{Number(row[0]), row[1] == "3"}] |= Flag(row[2]) && HasReturning(Text(row[3]));
    }
    for (const auto& [event, has] : returns) {
      Relation& relation = catalog_.relations[index_[event.first]];
      (event.second ? relation.insert_returns : relation.update_returns) = has;
    }
    return absl::OkStatus();
  }

  // What tells rows apart, and on which server they are.
  absl::Status ReadShards() {
    if (has_citus_) RETURN_IF_ERROR(ReadCitus(query_, &catalog_.relations));
    return ReadKeys(query_, RelationFilter(), &catalog_.relations);
  }

  absl::Status ReadReferences() {
    return ReadForeignKeys(query_, RelationFilter(), catalog_.server_version, &catalog_.relations);
  }

  absl::Status ReadRoutines() {
    const std::string filter =
        fmt::format(kFunctionFilter, fmt::arg("roles", roles_), fmt::arg("schemas", List(schema_oids_)));
    return ReadFunctions(query_, filter, &catalog_.functions);
  }

  absl::Status ReadTypes() {
    std::set<Oid> of_functions;
    for (const Function& function : catalog_.functions) {
      of_functions.insert(function.result);
      for (const Argument& argument : function.arguments) of_functions.insert(argument.type);
    }
    const std::string list = fmt::format("{{{}}}", fmt::join(of_functions, ","));
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kTypesSql, RelationFilter(), fmt::arg("functions", list))));
    for (const TextRow& row : rows) {
      Type& type = catalog_.types[Number(row[0])];
      type.oid = Number(row[0]);
      type.schema = Text(row[1]);
      type.name = Text(row[2]);
      type.kind = TypeKindOf(row[3], Flag(row[4]));
      if (type.kind == TypeKind::kArray) type.element = Number(row[5]);
      if (type.kind == TypeKind::kDomain) type.base = Number(row[6]);
      if (type.kind == TypeKind::kComposite) composites_[Number(row[7])] = type.oid;
      type.comparable = Flag(row[8]);
      type.orderable = Flag(row[9]);
      type.comment = Text(row[10]);
      type.delimiter = Text(row[11]).front();
      type.operator_schema = Text(row[12]);
    }
    return absl::OkStatus();
  }

  absl::Status ReadAttributes() {
    if (composites_.empty()) return absl::OkStatus();
    std::vector<Oid> oids;
    for (const auto& [relation, type] : composites_) oids.push_back(relation);
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kAttributesSql, List(oids))));
    for (const TextRow& row : rows) {
      Type& type = catalog_.types[composites_[Number(row[0])]];
      if (Flag(row[2])) {
        type.dropped.push_back(Int(row[1]));
      } else {
        type.attributes.push_back({Int(row[1]), Text(row[3]), Number(row[4]), Text(row[5])});
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadLabels() {
    std::vector<Oid> oids;
    for (const auto& [oid, type] : catalog_.types) {
      if (type.kind == TypeKind::kEnum) oids.push_back(oid);
    }
    if (oids.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kLabelsSql, List(oids))));
    for (const TextRow& row : rows) catalog_.types[Number(row[0])].labels.push_back(Text(row[1]));
    return absl::OkStatus();
  }

  const Query& query_;
  Catalog catalog_;
  std::string role_;
  bool has_citus_ = false;
  const Roles whose_;
  std::string roles_;  // whose privileges are asked for, as an array of oids
  std::vector<Oid> schema_oids_;
  std::vector<Rights> rights_;                  // parallel to catalog_.relations until they are sorted
  std::unordered_map<Oid, std::size_t> index_;  // relation -> its index, likewise
  std::unordered_map<Oid, Oid> composites_;     // pg_type.typrelid -> the type
};

}  // namespace

absl::StatusOr<Catalog> Read(const Query& query, const std::vector<std::string>& schemas,
                             const std::vector<std::string>& search_path, Roles roles) {
  return Reading(query, roles).Run(schemas, search_path);
}

}  // namespace protogres::catalog
