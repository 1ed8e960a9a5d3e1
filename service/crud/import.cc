// Import: COPY behind a stream of messages, in one transaction. Takes constant memory. PostgreSQL copies nothing into a
// table whose policies hold for the role: there the rows are inserted, some at a time.
#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>
#include <vector>

#include "crud/masks.h"
#include "crud/methods.h"
#include "crud/row_error.h"
#include "crud/streaming.h"
#include "fmt/format.h"
#include "sql/copy.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

constexpr std::size_t kSendBytes = 64 * 1024;
// PostgreSQL, its buffers and the buffers of the socket hold fewer rows than this at one time.
constexpr std::size_t kMostRecent = 100'000;

// While PostgreSQL copies, everything that it says is taken for an error, so it must not send NOTICEs.
constexpr char kQuiet[] = "SELECT set_config('client_min_messages', 'error', true)";
// COPY reads money in the format of lc_monetary, and a COPY cannot cast.
constexpr char kMoneyIsPlain[] = "SELECT '-1234.56'::money = (-1234.56)::numeric::money";

// Whether the policies of a table hold for the role.
constexpr char kHasPolicies[] = "SELECT pg_catalog.row_security_active($1::pg_catalog.regclass)";
// The most rows of one INSERT.
constexpr std::size_t kInsertRows = 64;
constexpr char kSavepoint[] = "protogres_import";

// What a row takes in an INSERT, in bytes.
std::size_t SizeOf(const sql::Row& row) {
  std::size_t bytes = 0;
  for (const sql::Assignment& assignment : row) bytes += assignment.value ? assignment.value->size() : 0;
  return bytes;
}

bool HasMoney(const contract::Table& table) {
  return std::ranges::any_of(
      table.fields, [](const contract::Field& field) { return field.insertable && !field.type.write_cast.empty(); });
}

absl::Status MoneyIsNotPlain(const contract::Table& table) {
  return status::Error(absl::StatusCode::kFailedPrecondition,
                       fmt::format("{} has a column of type money, and the database's lc_monetary writes it in a way "
                                   "that COPY cannot be given: use BatchCreate",
                                   table.sql_name),
                       status::kMoneyNotPlain, {{"table", table.name}});
}

class RowImport final : public ClientStream {
 public:
  RowImport(const BoundTable& bound, const db::Access& access)
      : bound_(bound), access_(access), values_(bound.table().fields.size()) {}

  absl::Status Add(std::string_view message) override;
  absl::StatusOr<std::string> Finish() override;

 private:
  struct Message {
    std::int64_t index;
    std::int64_t first_row;  // the index of its first row in the import
  };

  absl::Status AddMessage(std::string_view message);
  absl::Status TakeMask(const wire::Request& request);
  absl::Status AddRow(const sql::Row& row);
  absl::StatusOr<std::string> Commit();
  absl::Status Open();
  // Begins a COPY of the columns `wanted_`.
  absl::Status Switch();
  absl::Status InsertDefaults();
  // Adds a row to those that the next INSERT takes.
  absl::Status AddInserted(const sql::Row& row);
  absl::Status InsertTogether();
  absl::Status Insert(const std::vector<sql::Row>& rows);
  absl::Status Send();
  absl::Status Close();
  // The error with the path of its row, and with what became of the import.
  absl::Status Failed(const absl::Status& error) const;
  absl::Status Locate(const absl::Status& error) const;

  const BoundTable& bound_;
  const db::Access& access_;
  std::unique_ptr<db::Session> session_;

  std::vector<int> masked_;  // the fields that the create_mask names
  std::int64_t messages_ = 0;
  std::int64_t rows_ = 0;        // the number of rows taken so far
  std::deque<Message> recent_;   // the messages whose rows PostgreSQL may not have read yet
  std::int64_t copy_begin_ = 0;  // the index of the first row of the COPY
  bool copying_ = false;
  std::vector<int> columns_;               // the columns of the COPY
  std::vector<int> wanted_;                // the columns of the current row
  std::vector<const sql::Param*> values_;  // the values of the current row, by field; null: it gives none
  std::string lines_;
  bool inserts_ = false;  // the table has policies
  std::vector<sql::Row> inserted_;
  std::size_t inserted_bytes_ = 0;
  std::int64_t affected_ = 0;
};

absl::Status RowImport::Add(std::string_view message) { return Failed(AddMessage(message)); }

absl::StatusOr<std::string> RowImport::Finish() {
  auto response = Commit();
  if (!response.ok()) return Failed(response.status());
  return response;
}

absl::Status RowImport::AddMessage(std::string_view message) {
  const std::string path = fmt::format("messages[{}]", messages_);
  const auto request = bound_.Decode(contract::MethodKind::kImport, message);
  if (!request.ok()) return status::Within(path, request.status());
  if (auto status = TakeMask(*request); !status.ok()) return status::Within(path, status);
  if (recent_.size() == kMostRecent) recent_.pop_front();
  recent_.push_back({messages_++, rows_});
  for (std::size_t i = 0; i < request->requests.size(); ++i) {
    auto decoded = wire::DecodeRow(bound_.contract(), bound_.table(), request->requests[i], "");
    const auto row = decoded.ok() ? Inserted(bound_.table(), *std::move(decoded), masked_, "") : decoded.status();
    if (!row.ok()) {
      return status::Within(fmt::format("{}.{}[{}]", path, bound_.table().rows_field, i), row.status());
    }
    RETURN_IF_ERROR(AddRow(*row));
  }
  return absl::OkStatus();
}

absl::Status RowImport::TakeMask(const wire::Request& request) {
  if (!request.mask.has_value()) return absl::OkStatus();
  if (messages_ > 0) return status::BadRequest("create_mask", "is of all rows: give it in the first message alone");
  ASSIGN_OR_RETURN(masked_, CreateMasked(bound_.table(), request.mask));
  return absl::OkStatus();
}

absl::Status RowImport::AddRow(const sql::Row& row) {
  if (!session_) RETURN_IF_ERROR(Open());
  if (inserts_) return AddInserted(row);
  std::ranges::fill(values_, nullptr);
  for (const sql::Assignment& assignment : row) values_[static_cast<std::size_t>(assignment.field)] = &assignment.value;
  wanted_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const contract::Field& field = bound_.table().fields[i];
    if (values_[i] != nullptr || (field.insertable && !field.has_default)) wanted_.push_back(static_cast<int>(i));
  }
  if (!copying_ || wanted_ != columns_) RETURN_IF_ERROR(Switch());
  ++rows_;
  if (columns_.empty()) return InsertDefaults();
  bool first = true;
  for (const int column : columns_) {
    if (!std::exchange(first, false)) lines_.push_back(sql::kCopyDelimiter);
    const sql::Param* value = values_[static_cast<std::size_t>(column)];
    if (value != nullptr && value->has_value()) {
      sql::AppendCopied(**value, &lines_);
    } else {
      lines_.append(sql::kCopyNull);
    }
  }
  lines_.push_back(sql::kCopyEnd);
  return lines_.size() < kSendBytes ? absl::OkStatus() : Send();
}

absl::StatusOr<std::string> RowImport::Commit() {
  std::string response;
  if (!session_) return response;
  RETURN_IF_ERROR(Close());
  RETURN_IF_ERROR(session_->Commit());
  if (affected_ > 0) {
    wire::AppendVarintField(contract::number::kAffected, static_cast<std::uint64_t>(affected_), &response);
  }
  return response;
}

absl::Status RowImport::Open() {
  ASSIGN_OR_RETURN(session_, access_.Open({.transaction = db::Transaction::kExplicit}));
  RETURN_IF_ERROR(session_->Read(kQuiet, {}).status());
  const std::vector<db::Param> table{bound_.table().sql_name};
  ASSIGN_OR_RETURN(const db::Rows policies, session_->Read(kHasPolicies, table));
  inserts_ = policies.Cell(0, 0) == "t";
  if (inserts_) return session_->Unlimited();
  if (!HasMoney(bound_.table())) return absl::OkStatus();
  ASSIGN_OR_RETURN(const db::Rows plain, session_->Read(kMoneyIsPlain, {}));
  return plain.Cell(0, 0) == "t" ? absl::OkStatus() : MoneyIsNotPlain(bound_.table());
}

absl::Status RowImport::Switch() {
  RETURN_IF_ERROR(Close());
  columns_ = wanted_;
  copy_begin_ = rows_;
  if (columns_.empty()) return absl::OkStatus();
  copying_ = true;
  return session_->OpenCopy(sql::CopyFrom(bound_.table(), columns_));
}

// COPY needs a column, but this row gives no value at all.
absl::Status RowImport::InsertDefaults() { return Insert({{}}); }

absl::Status RowImport::AddInserted(const sql::Row& row) {
  const auto differs = [&row](const sql::Row& other) {
    return !std::ranges::equal(row, other, {}, &sql::Assignment::field, &sql::Assignment::field);
  };
  if (!inserted_.empty() && differs(inserted_.front())) RETURN_IF_ERROR(InsertTogether());
  inserted_.push_back(row);
  inserted_bytes_ += SizeOf(row);
  ++rows_;
  const std::size_t most = std::min(kInsertRows, sql::kMaxStatementParams / std::max<std::size_t>(1, row.size()));
  const bool is_full = row.empty() || inserted_.size() >= most || inserted_bytes_ >= kSendBytes;
  return is_full ? InsertTogether() : absl::OkStatus();
}

// Where some rows together cannot be inserted, they are inserted one by one: the error is then of the row that it
// names.
absl::Status RowImport::InsertTogether() {
  const std::vector<sql::Row> rows = std::exchange(inserted_, {});
  inserted_bytes_ = 0;
  if (rows.size() > 1) {
    RETURN_IF_ERROR(session_->Savepoint(kSavepoint));
    if (Insert(rows).ok()) return session_->Write(fmt::format("RELEASE SAVEPOINT {}", kSavepoint), {}).status();
    RETURN_IF_ERROR(session_->Write(fmt::format("ROLLBACK TO SAVEPOINT {}", kSavepoint), {}).status());
  }
  copy_begin_ = rows_ - static_cast<std::int64_t>(rows.size());
  for (const sql::Row& row : rows) {
    if (auto inserted = Insert({row}); !inserted.ok()) return status::WithMetadata(inserted, "row", "1");
    ++copy_begin_;
  }
  return absl::OkStatus();
}

absl::Status RowImport::Insert(const std::vector<sql::Row>& together) {
  const sql::Statement statement = sql::Insert(bound_.table(), together, {});
  ASSIGN_OR_RETURN(const db::Rows rows, session_->Write(statement.text, statement.params));
  affected_ += rows.affected();
  return absl::OkStatus();
}

absl::Status RowImport::Send() {
  absl::Status sent = session_->PutCopy(lines_);
  lines_.clear();
  return sent;
}

absl::Status RowImport::Close() {
  if (!inserted_.empty()) RETURN_IF_ERROR(InsertTogether());
  if (!copying_) return absl::OkStatus();
  if (!lines_.empty()) RETURN_IF_ERROR(Send());
  copying_ = false;
  ASSIGN_OR_RETURN(const std::int64_t rows, session_->CloseCopy());
  affected_ += rows;
  return absl::OkStatus();
}

absl::Status RowImport::Failed(const absl::Status& error) const {
  if (error.ok() || status::InDoubt(error)) return error;
  const absl::Status located = Locate(error);
  return status::Reworded(located, std::string(located.message()) + "; nothing was imported");
}

absl::Status RowImport::Locate(const absl::Status& error) const {
  const std::string line = status::MetadataOf(error, "row");
  std::int64_t row = 0;
  if (std::from_chars(line.data(), line.data() + line.size(), row).ec != std::errc()) return error;
  row += copy_begin_ - 1;
  absl::Status located = status::WithMetadata(error, "row", std::to_string(row + 1));
  const auto after = std::ranges::upper_bound(recent_, row, {}, &Message::first_row);
  if (after == recent_.begin()) return status::Within(fmt::format("row {} of all", row + 1), located);
  if (const contract::Field* field = FieldInError(bound_.table(), error))
    located = status::Within(field->name, located);
  const Message& message = *std::prev(after);
  return status::Within(
      fmt::format("messages[{}].{}[{}]", message.index, bound_.table().rows_field, row - message.first_row), located);
}

class ImportMethod final : public ClientStreamMethod {
 public:
  ImportMethod(const BoundTable& bound, const Names& names) : ClientStreamMethod(names), bound_(bound) {}

  std::unique_ptr<ClientStream> Open(const db::Access& access) const override {
    return std::make_unique<RowImport>(bound_, access);
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeImport(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<ImportMethod>(bound, names);
}

}  // namespace protogres::crud
