// The Api: the snapshot that requests run against. The Contract of a Catalog, of which each table is bound to its SQL
// and its codecs when it is first called, and then stays so: of thousands of tables most are never called. Swapped
// whole on reload; a Call keeps the one that it began with.
#ifndef PROTOGRES_SERVICE_API_API_H_
#define PROTOGRES_SERVICE_API_API_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/functions.h"
#include "api/messages.h"
#include "api/on_demand.h"
#include "contract/contract.h"
#include "contract/table_index.h"
#include "crud/method.h"

namespace protogres::api {

// Thread-safe.
class Api {
 public:
  // Makes a Method that belongs to no table, for example Transact. The Api outlives the Method.
  using FixedMethod = std::unique_ptr<crud::Method> (*)(const Api&);

  // Serves the methods of `contract` and the `fixed` ones. Pure.
  static std::shared_ptr<const Api> Build(contract::Contract contract, const crud::Limits& limits,
                                          std::span<const FixedMethod> fixed = {});
  ~Api();

  // The Method of a gRPC path ("/shop.v1.CustomerService/GetCustomer"), of whatever kind. Null: there is none. The
  // first that is found of a table binds all of its methods, which takes some tenths of a millisecond. The Method lives
  // as long as the Api.
  const crud::Method* Find(std::string_view path) const;
  // The unary Method of a table or function whose request message has this full name. Null: there is none.
  const crud::UnaryMethod* FindByRequest(std::string_view type) const;

  const Messages& messages() const { return messages_; }
  const crud::Limits& limits() const { return limits_; }
  // Its `files` are moved out: see messages().
  const contract::Contract& contract() const { return contract_; }
  // Full names of the services, sorted.
  const std::vector<std::string>& services() const { return services_; }
  // The table whose service this is, by its index in contract().tables. -1: it is no table's.
  int TableOf(std::string_view service) const { return index_.FindService(service); }
  // The table which declares the message or service that `symbol` is or is in. -1: none does.
  int TableDeclaring(std::string_view symbol) const { return index_.FindAround(symbol); }
  // The names of the methods of one of `services`, in its order. Empty: it is neither a table's nor one of functions.
  std::vector<std::string> MethodNames(std::string_view service) const;
  // The number of methods of all tables, and of functions.
  std::size_t method_count() const;

 private:
  class Bound;

  Api(contract::Contract contract, const crud::Limits& limits);
  // The table's methods, bound by the first call.
  const Bound& Bind(int table) const;

  contract::Contract contract_;
  const crud::Limits limits_;
  const std::vector<std::string> services_;
  const std::vector<File> files_;  // Contract::files, which services_ is made of, too
  const contract::TableIndex index_{contract_.tables};
  const Functions functions_{contract_, limits_};
  const Messages messages_{contract_, index_, files_};
  std::vector<std::unique_ptr<crud::Method>> fixed_;
  OnDemand<Bound> bound_;  // by table
};

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_API_H_
