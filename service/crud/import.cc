#include "crud/import.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fmt/format.h"
#include "sql/copy.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

constexpr std::size_t kSendBytes = 64 * 1024;
// More rows than PostgreSQL, its buffers and the socket's can hold at once.
constexpr std::size_t kMostRecent = 100'000;

// PostgreSQL's NOTICEs would be taken for errors, which are all that it says while it copies.
constexpr char kQuiet[] = "SELECT set_config('client_min_messages', 'error', true)";
// COPY reads money as lc_monetary has it, and has no cast for it.
constexpr char kMoneyIsPlain[] = "SELECT '-1234.56'::money = (-1234.56)::numeric::money";

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

}  // namespace

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
    const auto row = decoded.ok() ? bound_.Inserted(*std::move(decoded), masked_, "") : decoded.status();
    if (!row.ok()) {
      return status::Within(fmt::format("{}.{}[{}]", path, bound_.table().rows_field, i), row.status());
    }
    if (auto added = AddRow(*row); !added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status RowImport::TakeMask(const wire::Request& request) {
  if (!request.mask.has_value()) return absl::OkStatus();
  if (messages_ > 0) return status::BadRequest("create_mask", "is of all rows: give it in the first message alone");
  auto masked = bound_.CreateMasked(request.mask);
  if (!masked.ok()) return masked.status();
  masked_ = *std::move(masked);
  return absl::OkStatus();
}

absl::Status RowImport::AddRow(const sql::Row& row) {
  std::ranges::fill(values_, nullptr);
  for (const sql::Assignment& assignment : row) values_[static_cast<std::size_t>(assignment.field)] = &assignment.value;
  wanted_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const contract::Field& field = bound_.table().fields[i];
    if (values_[i] != nullptr || (field.insertable && !field.has_default)) wanted_.push_back(static_cast<int>(i));
  }
  if (!copying_ || wanted_ != columns_) {
    if (auto switched = Switch(); !switched.ok()) return switched;
  }
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
  if (auto closed = Close(); !closed.ok()) return closed;
  if (auto committed = session_->Commit(); !committed.ok()) return committed;
  if (affected_ > 0) {
    wire::AppendVarintField(contract::number::kAffected, static_cast<std::uint64_t>(affected_), &response);
  }
  return response;
}

absl::Status RowImport::Open() {
  auto session = db::Session::Open(pool_, cancellation_, {.transaction = db::Transaction::kExplicit});
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  if (auto quiet = session_->Read(kQuiet, {}); !quiet.ok()) return quiet.status();
  if (!HasMoney(bound_.table())) return absl::OkStatus();
  const auto plain = session_->Read(kMoneyIsPlain, {});
  if (!plain.ok()) return plain.status();
  return plain->Cell(0, 0) == "t" ? absl::OkStatus() : MoneyIsNotPlain(bound_.table());
}

absl::Status RowImport::Switch() {
  if (!session_) {
    if (auto opened = Open(); !opened.ok()) return opened;
  }
  if (auto closed = Close(); !closed.ok()) return closed;
  columns_ = wanted_;
  copy_begin_ = rows_;
  if (columns_.empty()) return absl::OkStatus();
  copying_ = true;
  return session_->OpenCopy(sql::CopyFrom(bound_.table(), columns_));
}

// COPY needs a column, and this row gives none.
absl::Status RowImport::InsertDefaults() {
  const sql::Statement statement = sql::Insert(bound_.table(), {{}}, {});
  const auto rows = session_->Write(statement.text, statement.params);
  if (rows.ok()) affected_ += rows->affected();
  return rows.status();
}

absl::Status RowImport::Send() {
  absl::Status sent = session_->PutCopy(lines_);
  lines_.clear();
  return sent;
}

absl::Status RowImport::Close() {
  if (!copying_) return absl::OkStatus();
  if (!lines_.empty()) {
    if (auto sent = Send(); !sent.ok()) return sent;
  }
  copying_ = false;
  const auto rows = session_->CloseCopy();
  if (rows.ok()) affected_ += *rows;
  return rows.status();
}

absl::Status RowImport::Failed(const absl::Status& error) const {
  if (error.ok() || status::InDoubt(error)) return error;
  const absl::Status located = Locate(error);
  absl::Status result(located.code(), std::string(located.message()) + "; nothing was imported");
  located.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

absl::Status RowImport::Locate(const absl::Status& error) const {
  const std::string line = status::MetadataOf(error, "row");
  std::int64_t row = 0;
  if (std::from_chars(line.data(), line.data() + line.size(), row).ec != std::errc()) return error;
  row += copy_begin_ - 1;
  absl::Status located = status::WithMetadata(error, "row", std::to_string(row + 1));
  const auto after = std::ranges::upper_bound(recent_, row, {}, &Message::first_row);
  if (after == recent_.begin()) return status::Within(fmt::format("row {} of all", row + 1), located);
  const auto field =
      std::ranges::find(bound_.table().fields, status::MetadataOf(error, "column"), &contract::Field::column);
  if (field != bound_.table().fields.end()) located = status::Within(field->name, located);
  const Message& message = *std::prev(after);
  return status::Within(
      fmt::format("messages[{}].{}[{}]", message.index, bound_.table().rows_field, row - message.first_row), located);
}

}  // namespace protogres::crud
