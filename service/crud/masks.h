// What the masks of requests name, and what a row's write assigns by them. Pure.
#ifndef PROTOGRES_SERVICE_CRUD_MASKS_H_
#define PROTOGRES_SERVICE_CRUD_MASKS_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/statement.h"
#include "wire/row.h"

namespace protogres::crud {

// The paths of a request's read_mask, create_mask or update_mask. No value: the request has no mask.
using Mask = std::optional<std::vector<std::string>>;

// The errors of all of these are INVALID_ARGUMENT with the path of the mask, or of the row's field. A path of a mask is
// the name of a field, or "*".

// The error of a field that a caller cannot insert, whose path in the request is `path`.
absl::Status NotInsertable(const contract::Table& table, const contract::Field& field, const std::string& path);

// The columns that a read_mask names, and the etag where it names that. "*" names all columns but computed ones, and
// the etag if `etag_by_default`. No value: it asks for just that, since there is no mask, it has no paths, or it has
// the path "*" and none that says more. Error: an unknown path, or a column that is input only.
absl::StatusOr<std::optional<sql::Projection>> ReadMasked(const contract::Table& table, const Mask& read_mask,
                                                          bool etag_by_default);

// The fields that a create_mask names, as indexes into Table::fields, in their order. "*" names the fields that can be
// NULL. Error: an unknown path, or a column that a caller cannot insert.
absl::StatusOr<std::vector<int>> CreateMasked(const contract::Table& table, const Mask& create_mask);

// What an INSERT of `row` assigns: the values that the row sets, and to each field of `masked` that it does not set
// NULL, or an empty array. Arrays that the row does not set and that cannot be left out are empty, too: those that must
// not be NULL and have no DEFAULT. Error: the row sets a column that a caller cannot insert; `path` is the path of the
// row in the request.
absl::StatusOr<sql::Row> Inserted(const contract::Table& table, wire::RowInput row, std::span<const int> masked,
                                  const std::string& path);

// What an UPDATE by `row` and an update_mask assigns. Without a mask, or without paths: the fields that the row sets.
// By a mask: the fields that it names, to which NULL (or an empty array) is assigned where the row does not set them;
// "*" names all columns that a caller can update, but not the key, and of input only ones those that the row sets. The
// key is assigned only `with_key`. Error: an unknown path, a column that a caller cannot update, or nothing to change.
absl::StatusOr<sql::Row> Updated(const contract::Table& table, const wire::RowInput& row, const Mask& update_mask,
                                 bool with_key);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_MASKS_H_
