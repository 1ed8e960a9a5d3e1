// The methods of a table, which Client, AsyncClient, Transaction and AsyncTransaction share.
#ifndef PROTOGRES_INTERNAL_TABLE_CALLS_H_
#define PROTOGRES_INTERNAL_TABLE_CALLS_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "protogres/filter.h"
#include "protogres/internal/requests.h"
#include "protogres/table.h"

namespace protogres::internal {

// Each method exists for the rows whose service has it. What it returns is what Self::Call<Method>(request) returns: an
// absl::StatusOr of the method's answer, or a Task of one. `Self::Refuse<Method>(status)` is the same for a request
// that could not be made.
//
// The forms with a key take the values of its columns, in their order in GetXRequest; INVALID_ARGUMENT where they do
// not fit. Every other field of a request is set in the form that takes the request.
template <class Self>
class TableCalls {
 public:
  // The row with this key. NOT_FOUND, reason ROW_NOT_FOUND.
  template <HasGet Row>
  auto Get(const RequestOf<typename Table<Row>::Get>& request) const {
    return self().template Call<typename Table<Row>::Get>(request);
  }
  template <HasGet Row, KeyPart First, KeyPart... Rest>
  auto Get(const First& first, const Rest&... rest) const {
    return ByKey<typename Table<Row>::Get>({ToKeyValue(first), ToKeyValue(rest)...});
  }

  // Rows by their keys, all or none.
  template <HasBatchGet Row>
  auto BatchGet(const RequestOf<typename Table<Row>::BatchGet>& request) const {
    return self().template Call<typename Table<Row>::BatchGet>(request);
  }

  // One page of rows, with the token of the next one.
  template <HasList Row>
  auto ListPage(const RequestOf<typename Table<Row>::List>& request) const {
    return self().template Call<typename Table<Row>::List>(request);
  }

  // Inserts a row; the answer has it as it is stored.
  template <HasCreate Row>
  auto Create(const RequestOf<typename Table<Row>::Create>& request) const {
    return self().template Call<typename Table<Row>::Create>(request);
  }
  template <HasCreate Row>
  auto Create(const Row& row) const {
    RequestOf<typename Table<Row>::Create> request;
    MutableRow(&request)->CopyFrom(row);
    return self().template Call<typename Table<Row>::Create>(request);
  }

  // Inserts rows, all or none.
  template <HasBatchCreate Row>
  auto BatchCreate(const RequestOf<typename Table<Row>::BatchCreate>& request) const {
    return self().template Call<typename Table<Row>::BatchCreate>(request);
  }
  template <HasBatchCreate Row>
  auto BatchCreate(const std::vector<Row>& rows) const {
    RequestOf<typename Table<Row>::BatchCreate> request;
    for (const Row& row : rows) MutableRow(request.add_requests())->CopyFrom(row);
    return self().template Call<typename Table<Row>::BatchCreate>(request);
  }

  // Changes the row that has `row`'s key: the fields that `mask` names, unset ones to NULL; without a mask those that
  // are set. Where `row` has an etag, the stored one must still be it: ABORTED, reason ETAG_MISMATCH.
  template <HasUpdate Row>
  auto Update(const RequestOf<typename Table<Row>::Update>& request) const {
    return self().template Call<typename Table<Row>::Update>(request);
  }
  template <HasUpdate Row>
  auto Update(const Row& row, std::initializer_list<std::string> mask = {}) const {
    RequestOf<typename Table<Row>::Update> request;
    MutableRow(&request)->CopyFrom(row);
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return self().template Call<typename Table<Row>::Update>(request);
  }

  // Changes rows by their keys, all or none.
  template <HasBatchUpdate Row>
  auto BatchUpdate(const RequestOf<typename Table<Row>::BatchUpdate>& request) const {
    return self().template Call<typename Table<Row>::BatchUpdate>(request);
  }

  // Gives all rows that meet a filter the values that are set in `values`. The answer has how many there were.
  template <HasUpdateWhere Row>
  auto UpdateWhere(const RequestOf<typename Table<Row>::UpdateWhere>& request) const {
    return self().template Call<typename Table<Row>::UpdateWhere>(request);
  }
  template <HasUpdateWhere Row>
  auto UpdateWhere(const Filter& filter, const Row& values) const {
    RequestOf<typename Table<Row>::UpdateWhere> request;
    request.set_filter(filter.text());
    MutableRow(&request)->CopyFrom(values);
    return self().template Call<typename Table<Row>::UpdateWhere>(request);
  }

  // Deletes the row with this key. The answer of a soft delete is the row, else google.protobuf.Empty.
  template <HasDelete Row>
  auto Delete(const RequestOf<typename Table<Row>::Delete>& request) const {
    return self().template Call<typename Table<Row>::Delete>(request);
  }
  template <HasDelete Row, KeyPart First, KeyPart... Rest>
  auto Delete(const First& first, const Rest&... rest) const {
    return ByKey<typename Table<Row>::Delete>({ToKeyValue(first), ToKeyValue(rest)...});
  }

  // Deletes rows by their keys, all or none.
  template <HasBatchDelete Row>
  auto BatchDelete(const RequestOf<typename Table<Row>::BatchDelete>& request) const {
    return self().template Call<typename Table<Row>::BatchDelete>(request);
  }

  // Deletes all rows that meet a filter. The answer has how many there were.
  template <HasDeleteWhere Row>
  auto DeleteWhere(const RequestOf<typename Table<Row>::DeleteWhere>& request) const {
    return self().template Call<typename Table<Row>::DeleteWhere>(request);
  }
  template <HasDeleteWhere Row>
  auto DeleteWhere(const Filter& filter) const {
    RequestOf<typename Table<Row>::DeleteWhere> request;
    request.set_filter(filter.text());
    return self().template Call<typename Table<Row>::DeleteWhere>(request);
  }

  // Brings a row back that a soft delete has marked. ALREADY_EXISTS, reason ROW_NOT_DELETED.
  template <HasUndelete Row>
  auto Undelete(const RequestOf<typename Table<Row>::Undelete>& request) const {
    return self().template Call<typename Table<Row>::Undelete>(request);
  }
  template <HasUndelete Row, KeyPart First, KeyPart... Rest>
  auto Undelete(const First& first, const Rest&... rest) const {
    return ByKey<typename Table<Row>::Undelete>({ToKeyValue(first), ToKeyValue(rest)...});
  }

 protected:
  TableCalls() = default;
  ~TableCalls() = default;

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  template <class Method>
  auto ByKey(const std::vector<KeyValue>& key) const {
    RequestOf<Method> request;
    if (absl::Status status = SetKey(key, &request); !status.ok()) return self().template Refuse<Method>(status);
    return self().template Call<Method>(request);
  }
};

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_TABLE_CALLS_H_
