// The functions of an Api, by what calls ask for. Each is bound to its SQL and its codecs when it is first called.
#ifndef PROTOGRES_SERVICE_API_FUNCTIONS_H_
#define PROTOGRES_SERVICE_API_FUNCTIONS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/on_demand.h"
#include "contract/contract.h"
#include "crud/method.h"

namespace protogres::api {

// Thread-safe.
class Functions {
 public:
  // Both must outlive it.
  Functions(const contract::Contract& contract, const crud::Limits& limits);
  ~Functions();

  // The Method of a gRPC path ("/shop.v1.FunctionService/Transfer"), and that whose request message has a full name.
  // Null: there is none.
  const crud::Method* Find(std::string_view path) const;
  const crud::Method* FindByRequest(std::string_view type) const;
  // The names of the methods of a service, by its full name. Empty: it is none of functions.
  std::vector<std::string> MethodNames(std::string_view service) const;
  std::size_t size() const { return functions_.size(); }

 private:
  class Bound;
  using Index = absl::flat_hash_map<std::string_view, std::size_t>;

  const crud::Method* Bind(const Index& index, std::string_view name) const;

  const contract::Contract& contract_;
  const crud::Limits& limits_;
  std::vector<const contract::Function*> functions_;
  Index by_path_;
  Index by_request_;
  OnDemand<Bound> bound_;  // by function
};

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_FUNCTIONS_H_
