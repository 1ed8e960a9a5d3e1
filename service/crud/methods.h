// The makers of the bound methods, one for each kind of method that a table has (file <kind>.cc). Each returns a Method
// that borrows `bound`, which must outlive it.
#ifndef PROTOGRES_SERVICE_CRUD_METHODS_H_
#define PROTOGRES_SERVICE_CRUD_METHODS_H_

#include <memory>

#include "crud/bound_table.h"
#include "crud/method.h"

namespace protogres::crud {

std::unique_ptr<Method> MakeGet(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeBatchGet(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeList(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeStream(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeAggregate(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeCreate(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeBatchCreate(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeImport(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeUpdate(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeBatchUpdate(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeUpdateWhere(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeDelete(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeBatchDelete(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeDeleteWhere(const BoundTable& bound, const Method::Names& names);
std::unique_ptr<Method> MakeUndelete(const BoundTable& bound, const Method::Names& names);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_METHODS_H_
