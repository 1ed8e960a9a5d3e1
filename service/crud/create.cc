// Create (AIP-133) and BatchCreate (AIP-233).
#include <optional>
#include <utility>

#include "crud/batch.h"
#include "crud/insert_rows.h"
#include "crud/masks.h"
#include "crud/methods.h"
#include "crud/nested.h"
#include "crud/nested_write.h"
#include "crud/row_error.h"
#include "crud/row_method.h"
#include "crud/row_write.h"
#include "crud/write_operation.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;

absl::StatusOr<RowWrite> PlanCreate(const BoundTable& bound, const wire::Request& request) {
  RowWrite write;
  write.kind = MethodKind::kCreate;
  wire::RelatedInput::Count count = {.most = static_cast<std::size_t>(bound.limits().max_batch_size - 1)};
  wire::RelatedInput related(&count);
  ASSIGN_OR_RETURN(wire::RowInput row, bound.RowOf(request, &related));
  ASSIGN_OR_RETURN(const std::vector<int> masked, CreateMasked(bound.table(), request.mask));
  ASSIGN_OR_RETURN(write.row, Inserted(bound.table(), std::move(row), masked, bound.table().row_field));
  if (related.empty()) return write;
  ASSIGN_OR_RETURN(write.nested, PlanNested(bound, std::move(write.row), related, bound.table().row_field));
  return write;
}

// Inserts its rows in chunks, each in one statement.
class BatchCreateOperation : public WriteOperation {
 public:
  BatchCreateOperation(const BoundTable& bound, const wire::Request& request, std::vector<sql::Row> rows)
      : WriteOperation(request, /*explicit_transaction=*/true), bound_(bound), rows_(std::move(rows)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    std::string response;
    const auto take = [&](std::size_t index, const db::Rows& rows, std::int64_t row) {
      return AppendRow(rows, row, index, &response);
    };
    const auto locate = [&](std::optional<std::size_t> index, const absl::Status& error) {
      if (!index.has_value()) return error;
      return status::Within(ElementPath(*index),
                            Locate(bound_.table(), error, rows_[*index], bound_.table().row_field));
    };
    RETURN_IF_ERROR(InsertRows(bound_, rows_, Several::kSavepoint, session, {.take = take, .locate = locate}).status());
    return response;
  }

 private:
  // Appends row `row` of `rows`, which answers the element at `index`. One that is not stored is answered as empty, so
  // that the others keep their place.
  absl::Status AppendRow(const db::Rows& rows, std::int64_t row, std::size_t index, std::string* response) const {
    if (row < 0) {
      wire::AppendBytesField(contract::number::kRows, "", response);
      return absl::OkStatus();
    }
    const absl::Status encoded = bound_.EncodeElement(bound_.whole(), rows, row, response);
    return encoded.ok() ? encoded : status::Within(ElementPath(index), encoded);
  }

  const BoundTable& bound_;
  const std::vector<sql::Row> rows_;
};

class BatchCreateMethod : public UnaryMethod {
 public:
  BatchCreateMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request batch, DecodeBatch(bound_, MethodKind::kBatchCreate, bytes));
    const auto most = static_cast<std::size_t>(bound_.limits().max_batch_size);
    std::size_t count = 0;
    bool nested = false;
    ASSIGN_OR_RETURN(auto writes, PlanElements(batch, [&](std::string_view element) -> absl::StatusOr<RowWrite> {
                       ASSIGN_OR_RETURN(RowWrite write, PlanElement(bound_, MethodKind::kCreate, PlanCreate, element));
                       nested = nested || write.nested != nullptr;
                       count += write.nested ? CountRows(*write.nested) : 1;
                       if (count > most) return TooManyRows(most);
                       return write;
                     }));
    if (nested) return MakeNestedOperation(batch, Joined(std::move(writes)), /*batch=*/true);
    std::vector<sql::Row> rows;
    rows.reserve(writes.size());
    for (RowWrite& write : writes) rows.push_back(std::move(write.row));
    return std::make_unique<BatchCreateOperation>(bound_, batch, std::move(rows));
  }

 private:
  absl::Status TooManyRows(std::size_t most) const {
    return status::BadRequest(
        bound_.table().row_field,
        fmt::format("makes more than {} rows in all, with those that belong to them (--max_batch_size)", most));
  }

  NestedRows Joined(std::vector<RowWrite> writes) const {
    NestedRows tree;
    tree.bound = &bound_;
    for (RowWrite& write : writes) {
      Merge(write.nested ? std::move(*write.nested) : OfOneRow(bound_, std::move(write.row)), &tree);
    }
    return tree;
  }

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
