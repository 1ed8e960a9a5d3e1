#include "crud/operator_error.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "fmt/format.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/quote.h"
#include "text/utf8.h"

namespace protogres::crud {
namespace {

constexpr std::string_view kColumn = "t.\"";
constexpr std::string_view kRow = "(t.*)";  // what the function of a computed column is given

const contract::Field* FieldOf(const contract::Table& table, const std::string& column) {
  const auto field = std::ranges::find_if(
      table.fields, [&column](const contract::Field& one) { return !one.computed() && one.column == column; });
  return field == table.fields.end() ? nullptr : &*field;
}

// The computed column whose call begins with `text`, or, if `ends`, ends it. Null: there is none.
const contract::Field* ComputedAt(const contract::Table& table, std::string_view text, bool ends) {
  const auto field = std::ranges::find_if(table.fields, [&](const contract::Field& one) {
    const std::string call = one.function + std::string(kRow);
    return one.computed() && (ends ? text.ends_with(call) : text.starts_with(call));
  });
  return field == table.fields.end() ? nullptr : &*field;
}

// The operand of the operator at `at`: the column before it, or behind `= ANY(`. Null: it is not of the table.
const contract::Field* OperandAt(const contract::Table& table, std::string_view text, std::size_t at) {
  if (const std::size_t any = text.find("ANY(", at); any != std::string_view::npos) {
    const std::string_view behind = text.substr(any + 4);
    if (const contract::Field* field = ComputedAt(table, behind, /*ends=*/false)) return field;
    if (text.find(kColumn, at) == any + 4) return FieldOf(table, text::UnquoteName(behind.substr(kColumn.size() - 1)));
  }
  const std::size_t column = text.rfind(kColumn, at);
  const std::size_t row = text.rfind(kRow, at);
  if (row != std::string_view::npos && (column == std::string_view::npos || column < row)) {
    return ComputedAt(table, text.substr(0, row + kRow.size()), /*ends=*/true);
  }
  if (column == std::string_view::npos) return nullptr;
  return FieldOf(table, text::UnquoteName(text.substr(column + kColumn.size() - 1)));
}

// The error is about an argument of a filter's function: a regular expression, or the name of a text search
// configuration, which stands in the statement as a literal or is a parameter of it.
bool IsOfArgument(const absl::Status& error, const std::string& statement) {
  if (status::BadPattern(error)) return true;
  if (!status::NoSuchObject(error) || statement.find("::pg_catalog.regconfig") == std::string::npos) return false;
  const std::optional<std::size_t> at = PlaceOf(error, statement);
  return !at.has_value() || statement.compare(*at, 1, "'") == 0;
}

absl::Status Invalid(const absl::Status& error, const char* path, const std::string& what, const char* reason) {
  return status::WithMetadata(status::BadRequest(path, what, reason), "sqlstate",
                              status::MetadataOf(error, "sqlstate"));
}

}  // namespace

std::optional<std::size_t> PlaceOf(const absl::Status& error, const std::string& statement) {
  const std::string counted = status::MetadataOf(error, "position");
  int position = 0;
  std::from_chars(counted.data(), counted.data() + counted.size(), position);
  if (position <= 0) return std::nullopt;
  return text::CharacterAt(statement, static_cast<std::size_t>(position) - 1);
}

absl::Status OfComputed(const absl::Status& error, const std::string& statement, const contract::Table& table) {
  if (error.code() != absl::StatusCode::kPermissionDenied || status::IsOfBegin(error)) return error;
  const auto computed = std::ranges::find_if(table.fields, [&statement](const contract::Field& field) {
    return field.computed() && statement.find(field.function + std::string(kRow)) != std::string::npos;
  });
  if (computed == table.fields.end()) return error;
  absl::Status explained(
      error.code(),
      fmt::format("{} ({} is computed by {}, for which a role needs EXECUTE on the function, and SELECT on "
                  "all columns of {})",
                  std::string(error.message()), computed->name, computed->function, table.sql_name));
  error.ForEachPayload([&explained](auto type, const absl::Cord& payload) { explained.SetPayload(type, payload); });
  return explained;
}

absl::Status OfOperator(const absl::Status& error, const std::string& statement, const contract::Table& table) {
  if (!error.ok() && !status::IsOfBegin(error) && IsOfArgument(error, statement)) {
    return Invalid(error, "filter", std::string(error.message()), status::kInvalidFilter);
  }
  if (!status::NoSuchOperator(error) || status::IsOfBegin(error)) return OfComputed(error, statement, table);
  const std::optional<std::size_t> at = PlaceOf(error, statement);
  if (!at.has_value()) return error;
  const contract::Field* const field = OperandAt(table, statement, *at);
  if (field == nullptr) return error;
  // An extension has moved to another schema: the statements name the one in which its operators were.
  if (!field->type.operator_schema.empty()) return error;
  const std::size_t sorted = statement.rfind(" ORDER BY ");
  const bool ordering = sorted != std::string::npos && sorted < *at;
  return Invalid(error, ordering ? "order_by" : "filter",
                 fmt::format("{} is of the type {}, for which PostgreSQL finds no such operator: {}", field->name,
                             field->type.sql_type, std::string(error.message())),
                 ordering ? status::kInvalidOrderBy : status::kInvalidFilter);
}

}  // namespace protogres::crud
