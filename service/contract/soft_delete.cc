#include "contract/soft_delete.h"

#include <algorithm>

#include "fmt/format.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

using catalog::Column;

constexpr char kSoftDeleteColumn[] = "deleted_at";

int FieldOfColumn(const Table& table, const std::string& column) {
  const auto it = std::ranges::find(table.fields, column, &Field::column);
  return it == table.fields.end() ? -1 : static_cast<int>(it - table.fields.begin());
}

// Why a column cannot tell deleted rows; empty: it can.
std::string NoSoftDelete(const Table& table, int index) {
  if (index < 0) return "there is no such column served";
  const Field& field = table.field(index);
  if (!field.readable) return "the role may not read it";
  if (std::ranges::find(table.key, index) != table.key.end()) return "it is part of the key";
  if (field.type.repeated || (field.type.kind != Kind::kTimestamp && field.type.kind != Kind::kBool)) {
    return "it is served neither as a timestamp nor as a boolean";
  }
  if (field.type.kind == Kind::kTimestamp && field.not_null)
    return "a timestamp that is not null can mark no row as live";
  if (field.generated) return "it is generated";
  return "";
}

// A table has a column that soft deletes would go by, had the role the right to read it.
bool HidesSoftDelete(const TypeMap& types, const catalog::Relation& relation) {
  const Column* column = relation.FindColumn(kSoftDeleteColumn);
  if (column == nullptr || column->readable || column->not_null || !catalog::IsStored(relation.kind)) return false;
  const auto type = types.Map(column->type);
  return type.has_value() && type->kind == Kind::kTimestamp && !type->repeated;
}

}  // namespace

bool FillSoftDelete(const TypeMap& types, bool by_default, Draft* draft, std::vector<std::string>* warnings) {
  const catalog::Relation& relation = *draft->relation;
  Table& table = draft->table;
  if (draft->notes.soft_delete.has_value()) {
    const std::string& column = *draft->notes.soft_delete;
    const int index = FieldOfColumn(table, column);
    const std::string why = NoSoftDelete(table, index);
    if (why.empty()) {
      table.soft_delete = index;
      if (!table.field(index).updatable) {
        warnings->push_back(fmt::format("{}: no Delete is served, as its soft-delete column {} cannot be updated",
                                        Label(relation), text::Escaped(column)));
      }
      return true;
    }
    warnings->push_back(
        fmt::format("{}: @protogres soft_delete={} declares no soft delete: {}; deleted rows are shown, "
                    "and no Delete is served",
                    Label(relation), text::Escaped(column), why));
    return false;
  }
  const bool is_table = catalog::IsStored(relation.kind);
  const int index = FieldOfColumn(table, kSoftDeleteColumn);
  // A view that nobody says anything of shows what its definition does: it may be one of deleted rows.
  if (!by_default || table.key.empty()) return true;
  if (HidesSoftDelete(types, relation)) {
    warnings->push_back(fmt::format("{}: deleted rows are shown, and no Delete is served, as the role may not read {}",
                                    Label(relation), kSoftDeleteColumn));
    return false;
  }
  if (index < 0 || (!is_table && (draft->notes.key.empty() || !relation.updatable))) return true;
  const Field& field = table.field(index);
  if (!is_table && !field.updatable) return true;
  if (field.type.kind == Kind::kTimestamp && NoSoftDelete(table, index).empty()) table.soft_delete = index;
  return true;
}

}  // namespace protogres::contract
