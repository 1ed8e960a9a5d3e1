// Create (AIP-133) and BatchCreate (AIP-233).
#include <algorithm>
#include <bit>
#include <utility>

#include "crud/group.h"
#include "crud/match.h"
#include "crud/methods.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

// The extended protocol counts parameters in 16 bits (PostgreSQL manual, "Message Formats", Bind).
constexpr std::size_t kMaxParams = 65535;
// Rows of one statement of a group.
constexpr std::size_t kMaxRowsTogether = 64;

class CreateOperation : public WriteOperation {
 public:
  CreateOperation(const BoundTable& bound, const wire::Request& request, sql::Row row)
      : WriteOperation(request, bound.EncodesBeforeCommit()), bound_(bound), row_(std::move(row)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const View& view = bound_.whole();
    const sql::Statement statement = sql::Insert(bound_.table(), {row_}, view.projection);
    auto rows = session.Write(statement.text, statement.params);
    if (!rows.ok()) return bound_.Locate(rows.status(), row_);
    rows = bound_.Stored(session, *std::move(rows));
    if (!rows.ok()) return rows.status();
    std::string response;
    // A trigger or rule may have kept the row from being stored.
    if (rows->empty()) return response;
    if (auto status = bound_.Encode(view, *rows, 0, &response); !status.ok()) return status;
    return response;
  }

  const sql::Row& row() const { return row_; }

 private:
  const BoundTable& bound_;
  const sql::Row row_;
};

absl::StatusOr<sql::Row> PlanRow(const BoundTable& bound, const wire::Request& request) {
  auto row = bound.RowOf(request);
  if (!row.ok()) return row.status();
  const auto masked = bound.CreateMasked(request.mask);
  if (!masked.ok()) return masked.status();
  return bound.Inserted(*std::move(row), *masked, bound.table().row_field);
}

class CreateMethod : public UnaryMethod {
 public:
  CreateMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto request = bound_.Decode(contract::MethodKind::kCreate, bytes);
    if (!request.ok()) return request.status();
    auto row = PlanRow(bound_, *request);
    if (!row.ok()) return row.status();
    return std::make_unique<CreateOperation>(bound_, *request, *std::move(row));
  }

  Grouping grouping() const override { return GroupingOfWrites(bound_); }
  void RunGroup(std::span<GroupMember> members, db::Pool& pool, const db::Cancellation& cancellation) const override {
    auto group = PlanGroup(*this, members);
    std::ranges::stable_sort(group, [](const GroupedWrite& a, const GroupedWrite& b) {
      return std::ranges::lexicographical_compare(RowOf(a), RowOf(b), {}, &sql::Assignment::field,
                                                  &sql::Assignment::field);
    });
    CommitGroup(std::move(group), pool, cancellation, [this](std::vector<GroupedWrite>& writes, db::Session& session) {
      std::size_t begin = 0;
      while (begin < writes.size()) {
        const std::size_t size = NextStatement(std::span(writes).subspan(begin));
        if (!InsertTogether(std::span(writes).subspan(begin, size), session)) return false;
        begin += size;
      }
      return true;
    });
  }

 private:
  static const sql::Row& RowOf(const GroupedWrite& write) {
    return static_cast<const CreateOperation&>(*write.operation).row();
  }

  // A statement's text depends on the columns, and on the number of rows.
  static bool SameColumns(const GroupedWrite& a, const GroupedWrite& b) {
    return std::ranges::equal(RowOf(a), RowOf(b), {}, &sql::Assignment::field, &sql::Assignment::field);
  }

  // How many of `writes`, which are in order of their columns, the next statement takes: rows with the same columns, in
  // round numbers (1 to 8, 10, 12, 14, 16, 20, ...), so that a few prepared statements do for all groups.
  static std::size_t NextStatement(std::span<const GroupedWrite> writes) {
    const std::size_t columns = RowOf(writes.front()).size();
    const std::size_t most = std::min(kMaxRowsTogether, kMaxParams / std::max<std::size_t>(1, columns));
    std::size_t alike = 1;
    while (alike < std::min(writes.size(), most) && SameColumns(writes.front(), writes[alike])) ++alike;
    return alike - alike % std::max<std::size_t>(1, std::bit_floor(alike) / 4);
  }

  // False: it failed, or it is not known which row is whose.
  bool InsertTogether(std::span<GroupedWrite> writes, db::Session& session) const {
    std::vector<sql::Row> rows;
    rows.reserve(writes.size());
    for (const GroupedWrite& write : writes) rows.push_back(RowOf(write));
    const sql::Statement statement = sql::Insert(bound_.table(), rows, bound_.whole().projection);
    const auto stored = session.Write(statement.text, statement.params);
    if (!stored.ok() || !IsInOrder(bound_.table(), rows, *stored)) return false;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      auto encoded = bound_.Encode(bound_.whole(), *stored, static_cast<std::int64_t>(i), &*writes[i].response);
      if (!encoded.ok()) return false;
    }
    return true;
  }

  const BoundTable& bound_;
};

class BatchCreateOperation : public WriteOperation {
 public:
  BatchCreateOperation(const BoundTable& bound, const wire::Request& request, std::vector<sql::Row> rows)
      : WriteOperation(request, /*explicit_transaction=*/true), bound_(bound), rows_(std::move(rows)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const std::size_t chunk = std::max<std::size_t>(1, kMaxParams / std::max<std::size_t>(1, widest()));
    std::string response;
    for (std::size_t begin = 0; begin < rows_.size(); begin += chunk) {
      const std::size_t end = std::min(rows_.size(), begin + chunk);
      if (auto status = InsertRange(session, begin, end, &response); !status.ok()) return status;
    }
    return response;
  }

 private:
  std::size_t widest() const {
    std::vector<bool> used(bound_.table().fields.size(), false);
    for (const auto& row : rows_) {
      for (const auto& assignment : row) used[static_cast<std::size_t>(assignment.field)] = true;
    }
    return static_cast<std::size_t>(std::ranges::count(used, true));
  }

  // In one statement. Where that does not tell which row is whose, or which one it failed for, it is undone, and they
  // are inserted one by one.
  absl::Status InsertRange(db::Session& session, std::size_t begin, std::size_t end, std::string* response) {
    // Of a partitioned table's rows RETURNING does not know the etags after a savepoint.
    if (end - begin == 1 || bound_.table().relation == catalog::RelationKind::kPartitioned) {
      return InsertEach(session, begin, end, response);
    }
    if (auto saved = session.Write("SAVEPOINT protogres_batch", {}); !saved.ok()) return saved.status();
    const std::vector<sql::Row> range(rows_.begin() + static_cast<std::ptrdiff_t>(begin),
                                      rows_.begin() + static_cast<std::ptrdiff_t>(end));
    const sql::Statement statement = sql::Insert(bound_.table(), range, bound_.whole().projection);
    const auto rows = session.Write(statement.text, statement.params);
    if (!rows.ok() && !IsOfARow(rows.status())) return rows.status();
    if (rows.ok() && IsInOrder(bound_.table(), range, *rows)) {
      for (std::int64_t i = 0; i < rows->size(); ++i) {
        auto status = bound_.EncodeElement(bound_.whole(), *rows, i, response);
        if (!status.ok()) return status::Within(PartPath(begin + static_cast<std::size_t>(i)), status);
      }
      return session.Write("RELEASE SAVEPOINT protogres_batch", {}).status();
    }
    for (const char* undo : {"ROLLBACK TO SAVEPOINT protogres_batch", "RELEASE SAVEPOINT protogres_batch"}) {
      if (auto undone = session.Write(undo, {}); !undone.ok()) return rows.ok() ? undone.status() : rows.status();
    }
    return InsertEach(session, begin, end, response);
  }

  absl::Status InsertEach(db::Session& session, std::size_t begin, std::size_t end, std::string* response) {
    for (std::size_t i = begin; i < end; ++i) {
      const sql::Statement statement = sql::Insert(bound_.table(), {rows_[i]}, bound_.whole().projection);
      auto rows = session.Write(statement.text, statement.params);
      if (!rows.ok()) return status::Within(PartPath(i), bound_.Locate(rows.status(), rows_[i]));
      rows = bound_.Stored(session, *std::move(rows));
      if (!rows.ok()) return rows.status();
      // A trigger may have kept the row from being stored: it is answered as empty, so that the others keep their
      // place.
      if (rows->empty()) {
        wire::AppendBytesField(contract::number::kRows, "", response);
        continue;
      }
      auto status = bound_.EncodeElement(bound_.whole(), *rows, 0, response);
      if (!status.ok()) return status::Within(PartPath(i), status);
    }
    return absl::OkStatus();
  }

  static bool IsOfARow(const absl::Status& error) {
    return error.code() == absl::StatusCode::kInvalidArgument || error.code() == absl::StatusCode::kAlreadyExists ||
           error.code() == absl::StatusCode::kFailedPrecondition;
  }

  const BoundTable& bound_;
  const std::vector<sql::Row> rows_;
};

class BatchCreateMethod : public UnaryMethod {
 public:
  BatchCreateMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const auto batch = bound_.Decode(contract::MethodKind::kBatchCreate, bytes);
    if (!batch.ok()) return batch.status();
    if (auto status = CheckBatch(*batch, bound_.limits()); !status.ok()) return status;
    std::vector<sql::Row> rows;
    rows.reserve(batch->requests.size());
    for (std::size_t i = 0; i < batch->requests.size(); ++i) {
      const auto part = bound_.Decode(contract::MethodKind::kCreate, batch->requests[i]);
      if (!part.ok()) return status::Within(PartPath(i), part.status());
      if (auto status = CheckPart(*part, i); !status.ok()) return status;
      auto row = PlanRow(bound_, *part);
      if (!row.ok()) return status::Within(PartPath(i), row.status());
      rows.push_back(*std::move(row));
    }
    return std::make_unique<BatchCreateOperation>(bound_, *batch, std::move(rows));
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeCreate(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<CreateMethod>(bound, names);
}
std::unique_ptr<Method> MakeBatchCreate(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<BatchCreateMethod>(bound, names);
}

}  // namespace protogres::crud
