// Finds tables by the names that calls and reflection know: of services, messages and files. What is asked for by one
// of a table's many names is found by the few that the table has itself, so that the index of ten thousand tables is
// small. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_TABLE_INDEX_H_
#define PROTOGRES_SERVICE_CONTRACT_TABLE_INDEX_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "contract/contract.h"

namespace protogres::contract {

// Immutable. Tables are told by their index in `tables`.
class TableIndex {
 public:
  // The tables must outlive it, and stay where they are.
  explicit TableIndex(const std::vector<Table>& tables);
  TableIndex(const TableIndex&) = delete;
  TableIndex& operator=(const TableIndex&) = delete;

  // The table whose service this is: shop.v1.CustomerService. -1: there is none.
  int FindService(std::string_view service) const;
  // The method whose requests are this message: shop.v1.GetCustomerRequest.
  struct TableMethod {
    int table = 0;
    MethodKind kind = MethodKind::kGet;
  };
  std::optional<TableMethod> FindRequest(std::string_view message) const;
  // The table whose file, Table::file, declares this message or service. -1: there is none.
  int FindDeclaring(std::string_view symbol) const;
  // The same of the message or service that `symbol` is or is in: a field or a method.
  int FindAround(std::string_view symbol) const;

 private:
  using Name = std::pair<std::string_view, std::string_view>;  // a package, and a name in it
  using Tables = absl::flat_hash_map<Name, int>;

  static Name Split(std::string_view full_name);
  // The table of the row's message `name`, and -1.
  int FindMessage(const Name& name) const;
  // The table that answers Aggregate with `message`, and -1.
  int FindAggregated(const Name& message) const;
  // The method whose name is what is before `tail` in `message`.
  std::optional<TableMethod> FindMethod(Name message, std::string_view tail) const;

  const std::vector<Table>& tables_;
  std::vector<std::string> services_;                      // by table: shop.v1.CustomerService
  absl::flat_hash_map<std::string_view, int> by_service_;  // what each call asks for
  Tables by_message_;                                      // shop.v1, Customer
  Tables by_plural_;                                       // shop.v1, Customers
};

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_TABLE_INDEX_H_
