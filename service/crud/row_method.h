// The methods that write one row, and their Batch methods: what makes a Method of a RowPlanner.
#ifndef PROTOGRES_SERVICE_CRUD_ROW_METHOD_H_
#define PROTOGRES_SERVICE_CRUD_ROW_METHOD_H_

#include <memory>

#include "contract/contract.h"
#include "crud/bound_table.h"
#include "crud/method.h"
#include "crud/row_write.h"

namespace protogres::crud {

// The method of this `kind` that writes one row, alone or in a group.
std::unique_ptr<Method> MakeRowMethod(const BoundTable& bound, const Method::Names& names, contract::MethodKind kind,
                                      RowPlanner plan);

// The Batch method `batch` whose elements are requests of `kind`. It runs their writes one after the other, in one
// transaction.
std::unique_ptr<Method> MakeBatchMethod(const BoundTable& bound, const Method::Names& names, contract::MethodKind batch,
                                        contract::MethodKind kind, RowPlanner plan);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_ROW_METHOD_H_
