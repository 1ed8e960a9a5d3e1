#include "crud/row_error.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::Table;

// "shop.v1.Customer with id = 7".
std::string Describe(const Table& table, const sql::Key& key) {
  std::string text = table.FullMessage() + " with ";
  for (std::size_t i = 0; i < key.size(); ++i) {
    text += fmt::format("{}{} = {}", i == 0 ? "" : ", ", table.field(table.key[i]).name, key[i]);
  }
  return text;
}

absl::Status RowError(absl::StatusCode code, const Table& table, const std::string& message, const char* reason) {
  return status::Error(code, message, reason, {{"table", table.name}});
}

absl::Status EtagMismatch(const Table& table, const sql::Key& key) {
  return RowError(absl::StatusCode::kAborted, table,
                  Describe(table, key) + " has changed since its etag was read: read it again and retry",
                  status::kEtagMismatch);
}

absl::Status NotDeleted(const Table& table, const sql::Key& key) {
  return RowError(absl::StatusCode::kAlreadyExists, table,
                  Describe(table, key) + " is not deleted, so there is nothing to undelete", status::kRowNotDeleted);
}

// What a row is now.
struct RowState {
  bool exists = false;
  bool deleted = false;
  std::optional<std::string> etag;  // no value: the table has none
};

absl::StatusOr<RowState> Probe(const Table& table, const sql::Key& key, db::Session& session) {
  const sql::Statement probe = sql::Probe(table, key);
  ASSIGN_OR_RETURN(const db::Rows rows, session.Read(probe.text, probe.params));
  if (rows.empty()) return RowState{};
  RowState state;
  state.exists = true;
  state.deleted = rows.Cell(0, 1) == "t";
  if (const auto etag = rows.Cell(0, 0)) state.etag = *etag;
  return state;
}

absl::Status WithinField(std::string_view path, const contract::Field& field, const absl::Status& error) {
  return status::Within(path.empty() ? field.name : fmt::format("{}.{}", path, field.name), error);
}

}  // namespace

absl::Status NotFound(const Table& table, const sql::Key& key) {
  return RowError(absl::StatusCode::kNotFound, table, Describe(table, key) + " does not exist", status::kRowNotFound);
}

absl::Status NotFoundOrLocked(const Table& table, const sql::Key& key) {
  return RowError(absl::StatusCode::kNotFound, table,
                  Describe(table, key) + " does not exist, or is locked and was skipped", status::kRowNotFound);
}

absl::Status Missed(const Table& table, const sql::Key& key, const std::optional<std::string>& etag,
                    db::Session& session) {
  if (!etag.has_value()) return NotFound(table, key);
  ASSIGN_OR_RETURN(const auto state, Probe(table, key, session));
  return state.exists && !state.deleted ? EtagMismatch(table, key) : NotFound(table, key);
}

absl::Status MissedDeleted(const Table& table, const sql::Key& key, const std::optional<std::string>& etag,
                           db::Session& session) {
  ASSIGN_OR_RETURN(const auto state, Probe(table, key, session));
  if (!state.exists) return NotFound(table, key);
  if (etag.has_value() && state.etag != etag) return EtagMismatch(table, key);
  return NotDeleted(table, key);
}

const contract::Field* FieldInError(const Table& table, const absl::Status& error) {
  const std::string column = status::MetadataOf(error, "column");
  if (column.empty()) return nullptr;
  const std::string named = status::MetadataOf(error, "table");
  if (table.relation == catalog::RelationKind::kTable && !named.empty() && named != table.name) return nullptr;
  const auto field = std::ranges::find(table.fields, column, &contract::Field::column);
  return field == table.fields.end() || field->computed() ? nullptr : &*field;
}

absl::Status Locate(const Table& table, const absl::Status& error, const sql::Row& row, std::string_view path) {
  if (error.code() != absl::StatusCode::kInvalidArgument || status::IsOfBegin(error)) return error;
  if (const contract::Field* field = FieldInError(table, error)) return WithinField(path, *field, error);
  // PostgreSQL quotes the value that it could not take, but not the parameter's column.
  const std::string message(error.message());
  const contract::Field* found = nullptr;
  for (const sql::Assignment& assignment : row) {
    if (!assignment.value.has_value() || assignment.value->empty()) continue;
    if (message.find("\"" + *assignment.value + "\"") == std::string::npos) continue;
    if (found != nullptr) return error;
    found = &table.field(assignment.field);
  }
  return found == nullptr ? error : WithinField(path, *found, error);
}

}  // namespace protogres::crud
