// The makers of the bound methods, one a kind (file <kind>.cc). Each returns a
// Method that borrows `binding`, which must outlive it.
#ifndef PROTOGRES_SERVICE_CRUD_METHODS_H_
#define PROTOGRES_SERVICE_CRUD_METHODS_H_

#include <memory>

#include "crud/binding.h"
#include "crud/method.h"

namespace protogres::crud {

std::unique_ptr<Method> MakeGet(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeBatchGet(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeList(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeCreate(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeBatchCreate(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeUpdate(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeBatchUpdate(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeUpdateWhere(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeDelete(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeBatchDelete(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeDeleteWhere(const Binding& binding, const Method::Names& names);
std::unique_ptr<Method> MakeUndelete(const Binding& binding, const Method::Names& names);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_METHODS_H_
