#include "crud/operator_error.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "fmt/format.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/ascii.h"
#include "text/quote.h"
#include "text/utf8.h"

namespace protogres::crud {
namespace {

constexpr std::string_view kDot = ".\"";
constexpr std::size_t kLongestAlias = 4;    // j100
constexpr std::string_view kRow = "(t.*)";  // what the function of a computed column is given

// The computed column whose call begins with `text`, or, if `ends`, ends it. Null: there is none.
const contract::Field* ComputedAt(const contract::Table& table, std::string_view text, bool ends) {
  const auto field = std::ranges::find_if(table.fields, [&](const contract::Field& one) {
    const std::string call = one.function + std::string(kRow);
    return one.computed() && (ends ? text.ends_with(call) : text.starts_with(call));
  });
  return field == table.fields.end() ? nullptr : &*field;
}

// Where the column begins that has this dot: t."name", or of a related row t1."name" or j1."name". npos: none has it.
std::size_t BeginOf(std::string_view text, std::size_t dot) {
  std::size_t alias = dot;
  while (alias > 0 && text::IsDigit(text[alias - 1])) --alias;
  if (alias == 0 || (text[alias - 1] != 't' && text[alias - 1] != 'j')) return std::string_view::npos;
  --alias;
  const bool begins = alias == 0 || text[alias - 1] == ' ' || text[alias - 1] == '(' || text[alias - 1] == ',';
  return begins ? alias : std::string_view::npos;
}

// The first column from a place on.
std::size_t NextColumn(std::string_view text, std::size_t at) {
  for (std::size_t dot = text.find(kDot, at); dot != std::string_view::npos; dot = text.find(kDot, dot + 1)) {
    const std::size_t begin = BeginOf(text, dot);
    if (begin != std::string_view::npos && begin >= at) return begin;
  }
  return std::string_view::npos;
}

// The last column up to a place.
std::size_t LastColumn(std::string_view text, std::size_t at) {
  for (std::size_t dot = text.rfind(kDot, at + kLongestAlias); dot != std::string_view::npos && dot > 0;
       dot = text.rfind(kDot, dot - 1)) {
    const std::size_t begin = BeginOf(text, dot);
    if (begin != std::string_view::npos && begin <= at) return begin;
  }
  return std::string_view::npos;
}

// The operand of the operator at `at`: the column before it, or behind `= ANY(`. npos: there is none.
std::size_t OperandOf(std::string_view text, std::size_t at) {
  const std::size_t next = NextColumn(text, at);
  const std::size_t any = text.find("ANY(", at);
  return any != std::string_view::npos && next == any + 4 ? next : LastColumn(text, at);
}

// The same, where it is the call of a computed column. Null: it is none.
const contract::Field* ComputedOperand(const contract::Table& table, std::string_view text, std::size_t at) {
  if (const std::size_t any = text.find("ANY(", at); any != std::string_view::npos) {
    if (const contract::Field* field = ComputedAt(table, text.substr(any + 4), /*ends=*/false)) return field;
  }
  const std::size_t column = OperandOf(text, at);
  const std::size_t row = text.rfind(kRow, at);
  if (row == std::string_view::npos || (column != std::string_view::npos && column > row)) return nullptr;
  return ComputedAt(table, text.substr(0, row + kRow.size()), /*ends=*/true);
}

const contract::Field* OwnColumn(const contract::Table& table, const std::string& column) {
  const auto field = std::ranges::find_if(
      table.fields, [&column](const contract::Field& one) { return !one.computed() && one.column == column; });
  return field == table.fields.end() ? nullptr : &*field;
}

std::string NameOf(std::string_view column) { return text::UnquoteName(column.substr(column.find(kDot) + 1)); }

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

// `subject` PostgreSQL finds no such operator.
absl::Status NoOperator(const absl::Status& error, std::string_view statement, std::size_t at,
                        const std::string& subject) {
  const std::size_t sorted = statement.rfind(" ORDER BY ");
  const bool ordering = sorted != std::string_view::npos && sorted < at;
  return Invalid(error, ordering ? "order_by" : "filter",
                 fmt::format("{} PostgreSQL finds no such operator: {}", subject, std::string(error.message())),
                 ordering ? status::kInvalidOrderBy : status::kInvalidFilter);
}

// The error of a column of a related row. Of an operator with its schema, the extension has moved to another one.
absl::Status OfRelated(const absl::Status& error, std::string_view statement, std::size_t operand, std::size_t at) {
  const std::string_view op = statement.substr(at);
  if (op.starts_with("OPERATOR(") && !op.starts_with("OPERATOR(pg_catalog.")) return error;
  return NoOperator(error, statement, at, fmt::format("{} of a related row:", NameOf(statement.substr(operand))));
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
  return status::Reworded(
      error, fmt::format("{} ({} is computed by {}, for which a role needs EXECUTE on the function, and SELECT on "
                         "all columns of {})",
                         std::string(error.message()), computed->name, computed->function, table.sql_name));
}

absl::Status OfOperator(const absl::Status& error, const std::string& statement, const contract::Table& table) {
  if (!error.ok() && !status::IsOfBegin(error) && IsOfArgument(error, statement)) {
    return Invalid(error, "filter", std::string(error.message()), status::kInvalidFilter);
  }
  if (!status::NoSuchOperator(error) || status::IsOfBegin(error)) return OfComputed(error, statement, table);
  const std::optional<std::size_t> at = PlaceOf(error, statement);
  if (!at.has_value()) return error;
  const std::string_view text = statement;
  // A function by its name, which was dropped, or has got other arguments: no operator begins so.
  if (text.substr(*at).starts_with('"')) return error;
  const contract::Field* field = ComputedOperand(table, text, *at);
  if (field == nullptr) {
    const std::size_t operand = OperandOf(text, *at);
    if (operand == std::string_view::npos) return error;
    if (!text.substr(operand).starts_with("t.")) return OfRelated(error, text, operand, *at);
    field = OwnColumn(table, NameOf(text.substr(operand)));
  }
  if (field == nullptr) return error;
  // An extension has moved to another schema: the statements name the one in which its operators were.
  if (!field->type.operator_schema.empty()) return error;
  return NoOperator(error, statement, *at,
                    fmt::format("{} is of the type {}, for which", field->name, field->type.sql_type));
}

}  // namespace protogres::crud
