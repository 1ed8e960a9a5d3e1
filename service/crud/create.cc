// Create (AIP-133) and BatchCreate (AIP-233).
#include <algorithm>
#include <utility>

#include "crud/batch.h"
#include "crud/masks.h"
#include "crud/match.h"
#include "crud/methods.h"
#include "crud/row_method.h"
#include "crud/row_write.h"
#include "crud/write_operation.h"
#include "status/macros.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

absl::StatusOr<RowWrite> PlanCreate(const BoundTable& bound, const wire::Request& request) {
  RowWrite write;
  write.kind = MethodKind::kCreate;
  ASSIGN_OR_RETURN(wire::RowInput row, bound.RowOf(request));
  ASSIGN_OR_RETURN(const std::vector<int> masked, CreateMasked(bound.table(), request.mask));
  ASSIGN_OR_RETURN(write.row, Inserted(bound.table(), std::move(row), masked, bound.table().row_field));
  return write;
}

// Inserts its rows in chunks, each in one statement.
class BatchCreateOperation : public WriteOperation {
 public:
  BatchCreateOperation(const BoundTable& bound, const wire::Request& request, std::vector<sql::Row> rows)
      : WriteOperation(request, /*explicit_transaction=*/true), bound_(bound), rows_(std::move(rows)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const std::size_t chunk =
        std::max<std::size_t>(1, sql::kMaxStatementParams / std::max<std::size_t>(1, CountColumns()));
    std::string response;
    for (std::size_t begin = 0; begin < rows_.size(); begin += chunk) {
      RETURN_IF_ERROR(InsertChunk(session, begin, std::min(rows_.size(), begin + chunk), &response));
    }
    return response;
  }

 private:
  // The columns that some row assigns.
  std::size_t CountColumns() const {
    std::vector<bool> used(bound_.table().fields.size(), false);
    for (const auto& row : rows_) {
      for (const auto& assignment : row) used[static_cast<std::size_t>(assignment.field)] = true;
    }
    return static_cast<std::size_t>(std::ranges::count(used, true));
  }

  // In one statement. Where that does not tell which row is whose, or for which one it failed, the statement is undone,
  // and the rows are inserted one by one.
  absl::Status InsertChunk(db::Session& session, std::size_t begin, std::size_t end, std::string* response) const {
    // Of a partitioned table's rows RETURNING does not know the etags after a savepoint. Those of a sharded table come
    // back in another order.
    const contract::Table& table = bound_.table();
    if (end - begin == 1 || table.relation == catalog::RelationKind::kPartitioned || table.sharded()) {
      return InsertEach(session, begin, end, response);
    }
    RETURN_IF_ERROR(session.Write("SAVEPOINT protogres_batch", {}).status());
    const std::vector<sql::Row> chunk(rows_.begin() + static_cast<std::ptrdiff_t>(begin),
                                      rows_.begin() + static_cast<std::ptrdiff_t>(end));
    const sql::Statement statement = sql::Insert(bound_.table(), chunk, bound_.whole().projection);
    const auto rows = session.Write(statement.text, statement.params);
    if (!rows.ok() && !IsOfARow(rows.status())) return rows.status();
    if (rows.ok() && IsInOrder(bound_.table(), chunk, *rows)) {
      for (std::size_t i = begin; i < end; ++i) RETURN_IF_ERROR(AppendRow(*rows, i - begin, i, response));
      return session.Write("RELEASE SAVEPOINT protogres_batch", {}).status();
    }
    for (const char* undo : {"ROLLBACK TO SAVEPOINT protogres_batch", "RELEASE SAVEPOINT protogres_batch"}) {
      if (auto undone = session.Write(undo, {}); !undone.ok()) return rows.ok() ? undone.status() : rows.status();
    }
    return InsertEach(session, begin, end, response);
  }

  absl::Status InsertEach(db::Session& session, std::size_t begin, std::size_t end, std::string* response) const {
    for (std::size_t i = begin; i < end; ++i) {
      const auto rows = InsertRow(bound_, rows_[i], session);
      if (!rows.ok()) return status::Within(ElementPath(i), rows.status());
      // A trigger may have kept the row from being stored: it is answered as empty, so that the others keep their
      // place.
      if (rows->empty()) {
        wire::AppendBytesField(contract::number::kRows, "", response);
      } else {
        RETURN_IF_ERROR(AppendRow(*rows, 0, i, response));
      }
    }
    return absl::OkStatus();
  }

  // Appends row `row` of `rows`, which answers the element at `index`.
  absl::Status AppendRow(const db::Rows& rows, std::size_t row, std::size_t index, std::string* response) const {
    const absl::Status encoded = bound_.EncodeElement(bound_.whole(), rows, static_cast<std::int64_t>(row), response);
    return encoded.ok() ? encoded : status::Within(ElementPath(index), encoded);
  }

  // It may be that one of the rows is to blame.
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
    ASSIGN_OR_RETURN(const wire::Request batch, DecodeBatch(bound_, MethodKind::kBatchCreate, bytes));
    ASSIGN_OR_RETURN(auto rows, PlanElements(batch, [this](std::string_view element) -> absl::StatusOr<sql::Row> {
                       ASSIGN_OR_RETURN(RowWrite write, PlanElement(bound_, MethodKind::kCreate, PlanCreate, element));
                       return std::move(write.row);
                     }));
    return std::make_unique<BatchCreateOperation>(bound_, batch, std::move(rows));
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeCreate(const BoundTable& bound, const Method::Names& names) {
  return MakeRowMethod(bound, names, MethodKind::kCreate, PlanCreate);
}
std::unique_ptr<Method> MakeBatchCreate(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<BatchCreateMethod>(bound, names);
}

}  // namespace protogres::crud
