#include "contract/references.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "fmt/format.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::contract {
namespace {

using catalog::ForeignKey;

// Of the names that a warning lists.
constexpr std::size_t kMostListed = 300;

// Types of pg_catalog whose values `=` compares with each other as it compares them among themselves.
constexpr std::string_view kIntegers[] = {"int2", "int4", "int8"};
constexpr std::string_view kTexts[] = {"text", "varchar"};

template <std::size_t kSize>
bool AreBoth(const std::string_view (&names)[kSize], const catalog::Type& a, const catalog::Type& b) {
  const auto is_one = [&](const catalog::Type& type) {
    return type.schema == "pg_catalog" && std::ranges::find(names, type.name) != std::end(names);
  };
  return is_one(a) && is_one(b);
}

// "id, full_name": as a COMMENT has to write them.
std::string Listed(const std::vector<std::string>& names) {
  return text::Escaped(text::Shortened(fmt::format("{}", fmt::join(names, ", ")), kMostListed));
}

bool IsWithin(const std::vector<int>& key, const std::vector<int>& fields) {
  return !key.empty() &&
         std::ranges::all_of(key, [&](int field) { return std::ranges::find(fields, field) != fields.end(); });
}

class Finding {
 public:
  Finding(const catalog::Catalog& catalog, const std::vector<Draft>& drafts, Contract* contract)
      : catalog_(catalog), drafts_(drafts), contract_(*contract) {
    for (std::size_t i = 0; i < drafts.size(); ++i) by_oid_[drafts[i].relation->oid] = static_cast<int>(i);
  }

  std::vector<Reference> Run() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const int from = static_cast<int>(i);
      for (const ForeignKey& key : drafts_[i].relation->foreign_keys) AddForeignKey(from, key);
      for (const Annotations& line : drafts_[i].notes.relations) AddLine(from, line);
    }
    return std::move(references_);
  }

 private:
  const Table& TableAt(int index) const { return contract_.tables[static_cast<std::size_t>(index)]; }
  const catalog::Relation& RelationAt(int index) const { return *drafts_[static_cast<std::size_t>(index)].relation; }

  template <typename... Args>
  void Warn(const std::string& label, fmt::format_string<Args...> format, Args&&... args) const {
    contract_.warnings.push_back(
        fmt::format("{}: no relation is served, as {}", label, fmt::format(format, std::forward<Args>(args)...)));
  }

  void AddForeignKey(int from, const ForeignKey& key) {
    const catalog::Relation& relation = RelationAt(from);
    Reference reference;
    reference.from = from;
    // Rows of tables that inherit from it are no part of its unique indexes.
    reference.unique = key.unique && TableAt(from).key_unique;
    reference.constraint = key.name;
    reference.label = fmt::format("foreign key {} of {}", text::Escaped(text::QuoteName(key.name)), Label(relation));
    reference.notes = ReadComment(key.comment, Commented::kForeignKey);
    for (const std::string& problem : reference.notes.problems) {
      contract_.warnings.push_back(fmt::format("{}: {}", reference.label, problem));
    }
    const auto to = by_oid_.find(key.target);
    if (reference.notes.omit || to == by_oid_.end()) return;
    reference.to = to->second;
    if (IsInherited(reference)) return;
    if (Fields(reference.label, from, key.columns, &reference.fields) &&
        Fields(reference.label, reference.to, key.target_columns, &reference.to_fields)) {
      references_.push_back(std::move(reference));
    }
  }

  void AddLine(int from, const Annotations& line) {
    const Referenced& referenced = *line.references;
    const catalog::Relation& relation = RelationAt(from);
    const std::string schema = referenced.schema.empty() ? relation.schema : referenced.schema;
    Reference reference;
    reference.from = from;
    reference.label = fmt::format("{}, references={}", Label(relation),
                                  text::Escaped(fmt::format("{}.{}", schema, referenced.relation)));
    if (!referenced.columns.empty()) {
      reference.label += text::Escaped(fmt::format("({})", fmt::join(referenced.columns, ", ")));
    }
    reference.notes = line;
    const std::optional<int> to = FindTable(reference.label, schema, referenced.relation);
    if (!to.has_value()) return;
    reference.to = *to;
    if (IsInherited(reference)) return;
    std::vector<int> columns, target_columns;
    if (!Columns(reference.label, from, line.columns, &columns) ||
        !Columns(reference.label, *to, referenced.columns, &target_columns)) {
      return;
    }
    if (referenced.columns.empty()) {
      if (TableAt(*to).key.empty()) {
        Warn(reference.label, "{} has no key: name the columns that are referred to, as in shop.customer(id)",
             Label(RelationAt(*to)));
        return;
      }
      for (const int field : TableAt(*to).key) target_columns.push_back(TableAt(*to).field(field).number);
    }
    if (!Fields(reference.label, from, columns, &reference.fields) ||
        !Fields(reference.label, *to, target_columns, &reference.to_fields) || !Fits(reference)) {
      return;
    }
    reference.unique = TellsApart(from, reference.fields);
    references_.push_back(std::move(reference));
  }

  std::optional<int> FindTable(const std::string& label, const std::string& schema, const std::string& name) const {
    std::vector<std::string> others;
    for (std::size_t i = 0; i < contract_.tables.size(); ++i) {
      const Table& table = contract_.tables[i];
      if (table.schema == schema && table.name == name) return static_cast<int>(i);
      if (table.schema == schema || table.name == name) others.push_back(table.schema + "." + table.name);
    }
    Warn(label, "no table {} is served; {}", text::Escaped(schema + "." + name),
         others.empty() ? "name one with its schema: shop.customer(id)" : "there are: " + Listed(others));
    return std::nullopt;
  }

  // The attnums of the columns. False, with a warning: one of them does not exist.
  bool Columns(const std::string& label, int index, const std::vector<std::string>& names,
               std::vector<int>* columns) const {
    const catalog::Relation& relation = RelationAt(index);
    for (const std::string& name : names) {
      const catalog::Column* column = relation.FindColumn(name);
      if (column == nullptr) {
        std::vector<std::string> others;
        for (const catalog::Column& other : relation.columns) others.push_back(other.name);
        Warn(label, "{} has no column {}; it has: {}", Label(relation), text::Escaped(name), Listed(others));
        return false;
      }
      columns->push_back(column->number);
    }
    return true;
  }

  bool IsInherited(const Reference& reference) const {
    if (TableAt(reference.to).key_unique) return false;
    Warn(reference.label, "tables inherit from {}, so that several rows may have its key",
         text::Escaped(TableAt(reference.to).name));
    return true;
  }

  // False, with a warning: one of the columns cannot be compared by whoever reads.
  bool Fields(const std::string& label, int index, const std::vector<int>& columns, std::vector<int>* fields) const {
    const Table& table = TableAt(index);
    for (const int column : columns) {
      const int field = table.FieldIndex(column);
      const char* why = nullptr;
      if (field < 0) {
        why = "is not served";
      } else if (!table.field(field).readable) {
        why = "may not be read by the role";
      } else if (!table.field(field).type.comparable || table.field(field).type.repeated) {
        why = "has a type by which no relation is served";
      }
      if (why != nullptr) {
        const catalog::Column* named = RelationAt(index).FindColumn(column);
        Warn(label, "column {} of {} {}",
             text::Escaped(named == nullptr ? fmt::format("number {}", column) : named->name),
             text::Escaped(table.name), why);
        return false;
      }
      fields->push_back(field);
    }
    return true;
  }

  // What PostgreSQL proves of a foreign key. False, with a warning: it does not hold.
  bool Fits(const Reference& reference) const {
    const Table& from = TableAt(reference.from);
    const Table& to = TableAt(reference.to);
    if (reference.fields.size() != reference.to_fields.size()) {
      Warn(reference.label, "column= names {} columns, and {} are referred to: it takes one for each",
           reference.fields.size(), reference.to_fields.size());
      return false;
    }
    for (std::size_t i = 0; i < reference.fields.size(); ++i) {
      const catalog::Column& column = ColumnOf(reference.from, reference.fields[i]);
      const catalog::Column& to_column = ColumnOf(reference.to, reference.to_fields[i]);
      if (AreComparable(column.type, to_column.type)) continue;
      Warn(reference.label, "column {} of {} is {}, and {} of {} is {}: give them one type, by a cast in the view",
           text::Escaped(column.name), text::Escaped(from.name), text::Escaped(column.sql_type),
           text::Escaped(to_column.name), text::Escaped(to.name), text::Escaped(to_column.sql_type));
      return false;
    }
    if (TellsApart(reference.to, reference.to_fields)) return true;
    Warn(reference.label,
         "several rows of {} may have the same there: refer to its key, which of a view `@protogres key=` in its "
         "COMMENT "
         "may name",
         text::Escaped(to.name));
    return false;
  }

  const catalog::Column& ColumnOf(int index, int field) const {
    return *RelationAt(index).FindColumn(TableAt(index).field(field).number);
  }

  bool AreComparable(catalog::Oid a, catalog::Oid b) const {
    const catalog::Type* from = Underlying(a);
    const catalog::Type* to = Underlying(b);
    if (from == nullptr || to == nullptr) return false;
    return from == to || AreBoth(kIntegers, *from, *to) || AreBoth(kTexts, *from, *to);
  }

  // What a domain is over, all the way down.
  const catalog::Type* Underlying(catalog::Oid oid) const {
    const catalog::Type* type = catalog_.FindType(oid);
    while (type != nullptr && type->kind == catalog::TypeKind::kDomain) type = catalog_.FindType(type->base);
    return type;
  }

  // No two rows of the table are equal in all of the fields.
  bool TellsApart(int index, const std::vector<int>& fields) const {
    const Table& table = TableAt(index);
    return table.key_unique && (IsWithin(table.key, fields) || IsWithin(table.distinct, fields));
  }

  const catalog::Catalog& catalog_;
  const std::vector<Draft>& drafts_;
  Contract& contract_;
  std::unordered_map<catalog::Oid, int> by_oid_;
  std::vector<Reference> references_;
};

}  // namespace

std::vector<Reference> FindReferences(const catalog::Catalog& catalog, const std::vector<Draft>& drafts,
                                      Contract* contract) {
  return Finding(catalog, drafts, contract).Run();
}

}  // namespace protogres::contract
