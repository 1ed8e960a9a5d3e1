// What becomes of the rows of reader_sql.h's queries. How many queries there
// are does not depend on how many relations there are.
#include "catalog/reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "catalog/comparable.h"
#include "catalog/reader_sql.h"
#include "fmt/format.h"

namespace protogres::catalog {
namespace {

using Rows = std::vector<TextRow>;

constexpr int kOldestVersion = 130000;

// pg_relation_is_updatable()'s bits: 1 << CmdType.
constexpr int kUpdateBit = 1 << 2;
constexpr int kInsertBit = 1 << 3;
constexpr int kDeleteBit = 1 << 4;
constexpr int kAllBits = kUpdateBit | kInsertBit | kDeleteBit;

std::string Text(const std::optional<std::string>& cell) { return cell.value_or(""); }
bool Flag(const std::optional<std::string>& cell) { return cell == "t"; }

std::uint32_t Number(std::string_view cell) {
  std::uint32_t number = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return number;
}
std::uint32_t Number(const std::optional<std::string>& cell) { return cell ? Number(std::string_view(*cell)) : 0; }
int Int(const std::optional<std::string>& cell) { return static_cast<int>(Number(cell)); }

std::vector<int> Numbers(const std::optional<std::string>& cell) {
  std::vector<int> numbers;
  std::string_view rest = cell ? std::string_view(*cell) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    numbers.push_back(static_cast<int>(Number(rest.substr(0, end))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return numbers;
}

std::string List(const std::vector<Oid>& oids) { return fmt::format("{}", fmt::join(oids, ", ")); }

RelationKind RelationKindOf(const std::optional<std::string>& relkind) {
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

TypeKind TypeKindOf(const std::optional<std::string>& typtype, bool array) {
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
  if (!generated.empty()) return Generated::kStored;
  if (identity == "a") return Generated::kIdentityAlways;
  return identity == "d" ? Generated::kIdentityByDefault : Generated::kNo;
}

bool SystemSchema(const std::string& name) {
  return name.starts_with("pg_") || name == "information_schema" || name == "protogres";
}

// One reading: the query, and what its steps hand to each other.
class Reading {
 public:
  explicit Reading(const Query& query) : query_(query) {}

  absl::StatusOr<Catalog> Run(const std::vector<std::string>& schemas) {
    if (absl::Status status = ReadServer(); !status.ok()) return status;
    if (absl::Status status = ReadSchemas({schemas.begin(), schemas.end()}); !status.ok()) return status;
    if (!schema_oids_.empty()) {
      for (const auto step : {&Reading::ReadRelations, &Reading::ReadColumns, &Reading::ReadUpdatableColumns,
                              &Reading::ReadTypes, &Reading::ReadAttributes, &Reading::ReadLabels}) {
        if (absl::Status status = (this->*step)(); !status.ok()) return status;
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
    const absl::StatusOr<Rows> rows = query_(kServerSql);
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return absl::InternalError("the server did not say what it is");
    const TextRow& row = rows->front();
    catalog_.database = Text(row[1]);
    catalog_.server_version = Int(row[2]);
    catalog_.server_encoding = Text(row[3]);
    role_ = Text(row[4]);
    if (catalog_.server_version >= kOldestVersion) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("PostgreSQL {} is too old: version 13 or newer is needed", catalog_.server_version / 10000));
  }

  absl::Status ReadSchemas(const std::set<std::string>& wanted) {
    const absl::StatusOr<Rows> rows = query_(kSchemasSql);
    if (!rows.ok()) return rows.status();
    std::set<std::string> missing = wanted;
    for (const TextRow& row : *rows) {
      const std::string name = Text(row[1]);
      const bool usage = Flag(row[2]);
      if (wanted.empty() ? SystemSchema(name) || !usage : !wanted.contains(name)) continue;
      if (!usage) {
        return absl::FailedPreconditionError(
            fmt::format("role \"{}\" may not use schema \"{}\" of database \"{}\": GRANT USAGE ON SCHEMA", role_, name,
                        catalog_.database));
      }
      missing.erase(name);
      catalog_.schemas.push_back(name);
      schema_oids_.push_back(Number(row[0]));
    }
    std::ranges::sort(catalog_.schemas);
    if (missing.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("database \"{}\" has no schema \"{}\"", catalog_.database, fmt::join(missing, "\", \"")));
  }

  std::string RelationFilter() const { return fmt::format(kRelationFilter, List(schema_oids_)); }

  absl::Status ReadRelations() {
    const absl::StatusOr<Rows> rows = query_(kRelationsSql + RelationFilter());
    if (!rows.ok()) return rows.status();
    catalog_.relations.reserve(rows->size());
    for (const TextRow& row : *rows) {
      Relation& relation = catalog_.relations.emplace_back();
      relation.oid = Number(row[0]);
      relation.schema = Text(row[1]);
      relation.name = Text(row[2]);
      relation.kind = RelationKindOf(row[3]);
      relation.primary_key = Numbers(row[4]);
      Rights& rights = rights_.emplace_back();
      rights.events = Int(row[5]) & kAllBits;
      rights.any_column = Int(row[6]);
      rights.select = Flag(row[7]);
      rights.insert = Flag(row[8]);
      rights.update = Flag(row[9]);
      relation.insertable = (rights.events & kInsertBit) != 0 && rights.insert;
      relation.updatable = (rights.events & kUpdateBit) != 0 && rights.update;
      relation.deletable = (rights.events & kDeleteBit) != 0 && Flag(row[10]);
      relation.comment = Text(row[11]);
      index_[relation.oid] = catalog_.relations.size() - 1;
    }
    return absl::OkStatus();
  }

  absl::Status ReadColumns() {
    const absl::StatusOr<Rows> rows = query_(fmt::format(kColumnsSql, RelationFilter()));
    if (!rows.ok()) return rows.status();
    for (const TextRow& row : *rows) {
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
    column.generated = GeneratedOf(Text(row[8]), Text(row[9]));
    column.has_default = Flag(row[7]) || column.generated != Generated::kNo;
    column.readable = row[10] ? Flag(row[10]) : rights.select;
    column.insertable = (rights.events & kInsertBit) != 0 && (row[11] ? Flag(row[11]) : rights.insert);
    column.updatable = (rights.events & kUpdateBit) != 0 && (row[12] ? Flag(row[12]) : rights.update);
    column.comment = Text(row[13]);
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
    const absl::StatusOr<Rows> rows = query_(fmt::format(kUpdatableColumnsSql, List(views)));
    if (!rows.ok()) return rows.status();
    std::set<std::pair<Oid, int>> updatable;
    for (const TextRow& row : *rows) updatable.emplace(Number(row[0]), Int(row[1]));
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

  absl::Status ReadTypes() {
    const absl::StatusOr<Rows> rows = query_(fmt::format(kTypesSql, RelationFilter()));
    if (!rows.ok()) return rows.status();
    for (const TextRow& row : *rows) {
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
    }
    return absl::OkStatus();
  }

  absl::Status ReadAttributes() {
    if (composites_.empty()) return absl::OkStatus();
    std::vector<Oid> oids;
    for (const auto& [relation, type] : composites_) oids.push_back(relation);
    const absl::StatusOr<Rows> rows = query_(fmt::format(kAttributesSql, List(oids)));
    if (!rows.ok()) return rows.status();
    for (const TextRow& row : *rows) {
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
    const absl::StatusOr<Rows> rows = query_(fmt::format(kLabelsSql, List(oids)));
    if (!rows.ok()) return rows.status();
    for (const TextRow& row : *rows) catalog_.types[Number(row[0])].labels.push_back(Text(row[1]));
    return absl::OkStatus();
  }

  const Query& query_;
  Catalog catalog_;
  std::string role_;
  std::vector<Oid> schema_oids_;
  std::vector<Rights> rights_;                  // parallel to catalog_.relations until they are sorted
  std::unordered_map<Oid, std::size_t> index_;  // relation -> its index, likewise
  std::unordered_map<Oid, Oid> composites_;     // pg_type.typrelid -> the type
};

}  // namespace

absl::StatusOr<Catalog> Read(const Query& query, const std::vector<std::string>& schemas) {
  return Reading(query).Run(schemas);
}

}  // namespace protogres::catalog
