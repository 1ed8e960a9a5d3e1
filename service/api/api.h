// The Api: the immutable snapshot that requests run against. The Contract of a
// Catalog with every method bound: its SQL and its codecs are ready. Swapped
// whole on reload; a Call keeps the one that it began with.
#ifndef PROTOGRES_SERVICE_API_API_H_
#define PROTOGRES_SERVICE_API_API_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/messages.h"
#include "contract/contract.h"
#include "crud/method.h"

namespace protogres::crud {
class BoundTable;
}

namespace protogres::api {

class Api {
 public:
  // Makes a Method that belongs to no table, for example Transact. The Api outlives the Method.
  using FixedMethod = std::unique_ptr<crud::Method> (*)(const Api&);

  // Binds every method of `contract` and makes the `fixed` ones. Pure. Takes at most about a second for 1,000 tables.
  static std::shared_ptr<const Api> Build(contract::Contract contract, const crud::Limits& limits,
                                          std::span<const FixedMethod> fixed = {});
  ~Api();

  // The Method of a gRPC path ("/shop.v1.CustomerService/GetCustomer"), of whatever kind. Null: there is none.
  // The Method lives as long as the Api.
  const crud::Method* Find(std::string_view path) const;
  // The unary Method of a table whose request message has this full name. Null: there is none.
  const crud::UnaryMethod* FindByRequest(std::string_view type) const;

  const Messages& messages() const { return messages_; }
  const crud::Limits& limits() const { return limits_; }
  // Its `files` are moved out: see files().
  const contract::Contract& contract() const { return contract_; }
  const std::vector<File>& files() const { return files_; }
  // Full names of the services, sorted.
  const std::vector<std::string>& services() const { return services_; }

 private:
  Api(contract::Contract contract, const crud::Limits& limits);
  void Add(std::unique_ptr<crud::Method> method);

  contract::Contract contract_;
  const crud::Limits limits_;
  std::vector<std::unique_ptr<crud::BoundTable>> tables_;  // by table
  std::vector<File> files_;
  Messages messages_{files_};
  std::vector<std::string> services_;
  std::vector<std::unique_ptr<crud::Method>> methods_;
  // The keys are views of the methods' own names.
  absl::flat_hash_map<std::string_view, const crud::Method*> by_path_;
  absl::flat_hash_map<std::string_view, const crud::UnaryMethod*> by_request_;
};

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_API_H_
