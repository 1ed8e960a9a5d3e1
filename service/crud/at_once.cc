#include "crud/at_once.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "sql/fits.h"
#include "status/status.h"
#include "wire/array.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

// feature_not_supported (PostgreSQL manual, Appendix A): a rule has replaced a DELETE by statements that return
// nothing.
constexpr std::string_view kNotSupported = "0A000";
// insufficient_privilege: among others, of a role that may not call set_config.
constexpr std::string_view kDenied = "42501";

class OneRow : public db::Rows::Source {
 public:
  explicit OneRow(std::vector<std::optional<std::string>> cells) : cells_(std::move(cells)) {}

  std::int64_t rows() const override { return 1; }
  int columns() const override { return static_cast<int>(cells_.size()); }
  std::int64_t affected() const override { return 1; }
  std::optional<std::string_view> Cell(std::int64_t, int column) const override {
    return cells_[static_cast<std::size_t>(column)];
  }

 private:
  const std::vector<std::optional<std::string>> cells_;
};

// Of each column what says where its text belongs and how it is read: a field's number and its type, or the etag.
std::vector<std::string> ColumnsOf(const BoundTable& bound) {
  const sql::Projection& projection = bound.whole().projection;
  std::vector<std::string> columns;
  for (const int index : projection.fields) {
    const contract::Field& field = bound.table().field(index);
    columns.push_back(fmt::format("{}:{}.{}{}", field.number, static_cast<int>(field.type.kind),
                                  static_cast<int>(field.type.text), field.type.repeated ? "[]" : ""));
  }
  if (projection.etag) columns.emplace_back("etag");
  // The select list of no columns is one of a number.
  if (columns.empty()) columns.emplace_back("none");
  return columns;
}

std::string_view NumberOf(std::string_view column) { return column.substr(0, column.find(':')); }

}  // namespace

std::string KeptRowSql() {
  return fmt::format("pg_catalog.concat(pg_catalog.current_setting('{}', true))", sql::kKeptRow);
}

std::string ExpectRowSql() { return fmt::format("pg_catalog.set_config('{}', '{}', true)", sql::kKeptRow, kNoRow); }

std::string RowShape(const BoundTable& bound) { return absl::StrJoin(ColumnsOf(bound), ",") + '\n'; }

absl::StatusOr<db::Rows> ReadKeptRow(const BoundTable& bound, std::string_view kept) {
  const std::size_t end = std::min(kept.find('\n'), kept.size());
  const std::vector<std::string> then = absl::StrSplit(std::string(kept.substr(0, end)), ',');
  std::vector<std::optional<std::string>> cells;
  wire::RecordReader reader(kept.substr(std::min(end + 1, kept.size())));
  while (reader.Next()) cells.emplace_back(reader.attribute());
  if (reader.failed() || cells.size() != then.size()) return status::Internal("the recorded row cannot be read");
  std::vector<std::optional<std::string>> row;
  for (const std::string& column : ColumnsOf(bound)) {
    const auto same = std::ranges::find(then, column);
    if (same != then.end()) {
      row.push_back(std::move(cells[static_cast<std::size_t>(same - then.begin())]));
    } else if (std::ranges::any_of(then, [&](const std::string& one) { return NumberOf(one) == NumberOf(column); })) {
      return absl::FailedPreconditionError(
          fmt::format("the type of field {} of {} has changed since", NumberOf(column), bound.table().FullMessage()));
    } else {
      row.emplace_back();
    }
  }
  return db::Rows(std::make_shared<const OneRow>(std::move(row)));
}

std::optional<Operation::Checked> CheckedStatementOf(const BoundTable& bound, const RowWrite& write,
                                                     db::Statement statement) {
  const bool answers = AnswersARow(bound, write.kind);
  const bool unchecked = bound.EncodesBeforeCommit() && bound.check_of_fit().empty();
  if ((answers && unchecked) || bound.table().sharded()) return std::nullopt;
  Operation::Checked checked{.statement = std::move(statement), .counts = write.kind != MethodKind::kCreate};
  if (answers) checked.statement.sql += bound.check_of_fit();
  if (checked.counts) checked.statement.sql += (answers ? ", " : " RETURNING ") + sql::CountMet();
  return checked;
}

db::Statement KeepingStatementOf(const BoundTable& bound, Operation::Checked checked) {
  checked.statement.sql += sql::KeepRow(bound.table(), bound.whole().projection);
  return std::move(checked.statement);
}

db::Statement CheckOfMet(std::size_t statements) {
  sql::Statement check = sql::CheckMet(statements);
  return {.sql = std::move(check.text), .params = std::move(check.params), .writes = false};
}

bool MayNotFit(const absl::Status& error) { return status::MetadataOf(error, "sqlstate") == sql::kDoesNotFit; }

bool MaySucceedWithout(const absl::Status& error) {
  const std::string state = status::MetadataOf(error, "sqlstate");
  return MayNotFit(error) || state == kNotSupported || state == kDenied;
}

}  // namespace protogres::crud
