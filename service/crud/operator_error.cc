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

// The operand of the operator at `at`: the column before it, or behind `= ANY(`.
std::string ColumnAt(std::string_view text, std::size_t at) {
  const std::size_t next = text.find(kColumn, at);
  const std::size_t any = text.find("ANY(", at);
  const bool behind = any != std::string_view::npos && next == any + 4;
  const std::size_t column = behind ? next : text.rfind(kColumn, at);
  return column == std::string_view::npos ? "" : text::UnquoteName(text.substr(column + kColumn.size() - 1));
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

absl::Status OfOperator(const absl::Status& error, const std::string& statement, const contract::Table& table) {
  if (!error.ok() && !status::IsOfBegin(error) && IsOfArgument(error, statement)) {
    return Invalid(error, "filter", std::string(error.message()), status::kInvalidFilter);
  }
  if (!status::NoSuchOperator(error) || status::IsOfBegin(error)) return error;
  const std::optional<std::size_t> at = PlaceOf(error, statement);
  if (!at.has_value()) return error;
  const auto field = std::ranges::find(table.fields, ColumnAt(statement, *at), &contract::Field::column);
  if (field == table.fields.end()) return error;
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
