// The Api: the immutable snapshot that requests run against. The Contract of a
// Catalog with every method bound: its SQL and its codecs are ready. Swapped
// whole on reload; a Call keeps the one that it began with.
#ifndef PROTOGRES_SERVICE_CRUD_API_H_
#define PROTOGRES_SERVICE_CRUD_API_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "contract/contract.h"
#include "crud/messages.h"
#include "crud/method.h"

namespace protogres::crud {

class Binding;

class Api {
 public:
  // Binds every method of `contract`. Pure; about a second for 1,000 tables at the very most.
  static std::shared_ptr<const Api> Build(contract::Contract contract, const Limits& limits);
  ~Api();

  // A unary method by gRPC path ("/shop.v1.CustomerService/GetCustomer"); null: there is none.
  // Lives as long as the Api.
  const Method* Find(std::string_view path) const;
  // The table whose Stream or Import has this path; null: it is none.
  const Binding* FindStream(std::string_view path) const;
  const Binding* FindImport(std::string_view path) const;
  // As Find, by the full name of the request message, of the tables' unary methods.
  const Method* FindByRequest(std::string_view type) const;

  const Messages& messages() const { return messages_; }
  const Limits& limits() const { return limits_; }
  // Its `files` are moved out: see files().
  const contract::Contract& contract() const { return contract_; }
  const std::vector<File>& files() const { return files_; }
  // Full names of the services, sorted.
  const std::vector<std::string>& services() const { return services_; }

 private:
  Api(contract::Contract contract, const Limits& limits);
  void Add(std::unique_ptr<Method> method);

  contract::Contract contract_;
  const Limits limits_;
  std::vector<std::unique_ptr<Binding>> bindings_;  // by table
  std::vector<File> files_;
  Messages messages_{files_};
  std::vector<std::string> services_;
  std::vector<std::unique_ptr<Method>> methods_;
  // Views of the methods' own names.
  absl::flat_hash_map<std::string_view, const Method*> by_path_;
  absl::flat_hash_map<std::string_view, const Method*> by_request_;
  // Views of the Contract's.
  absl::flat_hash_map<std::string_view, const Binding*> streams_;
  absl::flat_hash_map<std::string_view, const Binding*> imports_;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_API_H_
