#include "catalog/keys.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "catalog/cell.h"
#include "catalog/definition.h"
#include "catalog/keys_sql.h"
#include "catalog/sharding.h"
#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::catalog {
namespace {

using Rows = TextRows;

// Views on views, at the most: deeper ones have no key.
constexpr int kMaxDepth = 32;

class KeyReading {
 public:
  KeyReading(const Query& query, const std::string& filter) : query_(query), scope_("(" + filter + ")") {}

  absl::Status Run(std::vector<Relation>* relations) {
    for (const Relation& relation : *relations) read_.insert(relation.oid);
    for (const auto step :
         {&KeyReading::ReadDefinitions, &KeyReading::ReadFamilies, &KeyReading::ReadLax, &KeyReading::ReadKeys}) {
      RETURN_IF_ERROR((this->*step)());
    }
    for (Relation& relation : *relations) {
      if (!definitions_.contains(relation.oid)) FillTable(&relation);
    }
    RETURN_IF_ERROR(ReadPartitionColumns(query_, relations));
    for (const Relation& relation : *relations) {
      for (const int column : relation.shard_by) shards_.emplace(relation.oid, column);
    }
    for (Relation& relation : *relations) {
      if (definitions_.contains(relation.oid)) FillView(&relation);
    }
    return absl::OkStatus();
  }

 private:
  // What is below a table.
  struct Family {
    bool foreign = false;    // a foreign table is
    bool inherited = false;  // tables that inherit from it are, which are no partitions
  };
  struct Key {
    std::vector<int> columns;  // attnums
    bool upsertable = true;
  };

  // Later queries are about the tables that views stand on, too.
  absl::Status ReadDefinitions() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kDefinitionsSql, scope_)));
    for (const TextRow& row : rows) definitions_[Number(row[0])] = ReadDefinition(Text(row[1]));
    std::set<Oid> others;
    for (const auto& [oid, definition] : definitions_) {
      const Oid table = definition.table;
      if (table != 0 && !read_.contains(table) && !definitions_.contains(table)) others.insert(table);
    }
    if (!others.empty()) scope_ = fmt::format("({} OR c.oid IN ({}))", scope_, fmt::join(others, ", "));
    return absl::OkStatus();
  }

  absl::Status ReadFamilies() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kFamiliesSql, scope_)));
    for (const TextRow& row : rows) families_[Number(row[0])] = {.foreign = Flag(row[1]), .inherited = Flag(row[2])};
    return absl::OkStatus();
  }

  absl::Status ReadLax() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kLaxSql, scope_)));
    for (const TextRow& row : rows) lax_.emplace(Number(row[0]), Int(row[1]));
    return absl::OkStatus();
  }

  absl::Status ReadKeys() {
    ASSIGN_OR_RETURN(const Rows rows, query_(fmt::format(kKeysSql, scope_)));
    for (const TextRow& row : rows) {
      const Oid oid = Number(row[0]);
      Key key{.columns = Numbers(row[2]), .upsertable = Flag(row[3])};
      const bool lax = std::ranges::any_of(key.columns, [&](int column) { return lax_.contains({oid, column}); });
      if (Flag(row[1]) || !lax) keys_.emplace(oid, std::move(key));
    }
    return absl::OkStatus();
  }

  void FillTable(Relation* relation) const {
    for (Column& column : relation->columns) column.never_null &= !lax_.contains({relation->oid, column.number});
    const Family family = FamilyOf(relation->oid);
    if (IsStored(relation->kind) && family.foreign) relation->sharding = Sharding::kForeign;
    relation->positioned = IsStored(relation->kind) && relation->selectable && relation->sharding == Sharding::kNone;
    if (const auto key = keys_.find(relation->oid); key != keys_.end()) {
      relation->key = key->second.columns;
      relation->upsertable &= key->second.upsertable;
    }
    relation->key_unique = !family.inherited;
  }

  Family FamilyOf(Oid oid) const {
    const auto family = families_.find(oid);
    return family == families_.end() ? Family{} : family->second;
  }

  void FillView(Relation* relation) const {
    relation->key = ViewKey(relation->oid);
    relation->upsertable &= !relation->key.empty() && keys_.at(TableOf(relation->oid)).upsertable;
    for (const int number : relation->key) {
      const auto column = std::ranges::find(relation->columns, number, &Column::number);
      if (column != relation->columns.end()) column->never_null = true;
    }
    const Definition& definition = definitions_.at(relation->oid);
    // Of a table's columns, so that they are the same in each statement, unlike now().
    const bool stored = std::ranges::all_of(definition.distinct, [&](int column) {
      return OriginOf({relation->oid, column}).first != 0;
    });
    if (stored) relation->distinct = definition.distinct;
    for (const Column& column : relation->columns) {
      if (shards_.contains(OriginOf({relation->oid, column.number}))) relation->shard_by.push_back(column.number);
    }
  }

  // The key of a view by attnums, if no two of its rows have the same and none has a NULL in it.
  std::vector<int> ViewKey(Oid view) const {
    const Oid table = TableOf(view);
    const auto found = keys_.find(table);
    if (found == keys_.end() || FamilyOf(table).inherited) return {};
    std::vector<int> key;
    for (const int number : found->second.columns) {
      const auto& origins = definitions_.at(view).origins;
      const auto own = std::ranges::find_if(origins, [&](const auto& origin) {
        return OriginOf({view, origin.first}) == std::pair(table, number);
      });
      if (own == origins.end()) return {};
      key.push_back(own->first);
    }
    return key;
  }

  // The table of which each row of the view is one row, through the views between; 0: there is none.
  Oid TableOf(Oid relation) const {
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      const auto view = definitions_.find(relation);
      if (view == definitions_.end()) return relation;
      relation = view->second.table;
    }
    return 0;
  }

  // The column of a table that a view's column is, through the views between; of relation 0: it is none.
  std::pair<Oid, int> OriginOf(std::pair<Oid, int> column) const {
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      const auto view = definitions_.find(column.first);
      if (view == definitions_.end()) return column;
      const auto origin = view->second.origins.find(column.second);
      if (origin == view->second.origins.end()) break;
      column = origin->second;
    }
    return {0, 0};
  }

  const Query& query_;
  std::string scope_;
  std::set<Oid> read_;
  std::unordered_map<Oid, Definition> definitions_;
  std::unordered_map<Oid, Family> families_;
  std::set<std::pair<Oid, int>> lax_;  // columns that may be NULL although they are declared not to be
  std::unordered_map<Oid, Key> keys_;
  std::set<std::pair<Oid, int>> shards_;  // the columns of `shard_by` of all tables
};

}  // namespace

absl::Status ReadKeys(const Query& query, const std::string& filter, std::vector<Relation>* relations) {
  return KeyReading(query, filter).Run(relations);
}

}  // namespace protogres::catalog
