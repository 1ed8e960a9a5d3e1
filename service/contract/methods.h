// The kinds of methods: what each is called, which tables have it, and what its messages are. own_fields.h has the
// fields of these. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_METHODS_H_
#define PROTOGRES_SERVICE_CONTRACT_METHODS_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contract/contract.h"

namespace protogres::contract {

// What the message of a response is.
enum class ResponseShape {
  kRow,          // the row's message
  kOwn,          // a message of the method's own: ListCustomersResponse
  kDeletedRow,   // as kRow if deletes are soft, else google.protobuf.Empty
  kDeletedRows,  // as kOwn if deletes are soft, else google.protobuf.Empty
};

// Which side of a method sends many messages.
enum class Streaming { kNone, kClient, kServer };

// All that the Contract knows of a kind of method.
struct MethodInfo {
  MethodKind kind = MethodKind::kGet;
  // The name: List + Customers, Update + Customers + Where.
  const char* verb = "";
  bool plural = false;  // the table's plural follows the verb, else its message
  const char* tail = "";
  bool (*served)(const Table&) = nullptr;           // whether a table has the method
  bool keyed = false;                               // the request has the key's columns, at the numbers of the row
  std::optional<MethodKind> single = std::nullopt;  // of a Batch: the method whose requests it takes
  ResponseShape response = ResponseShape::kOwn;
  Streaming streaming = Streaming::kNone;
  const char* note = "";             // the comment
  const char* soft_note = nullptr;   // the comment if deletes are soft; null: the same
  const char* blind_note = nullptr;  // the comment if the role may not read the table; null: the same
};

// All kinds, in the order in which services list them.
std::span<const MethodInfo> Methods();
const MethodInfo& InfoOf(MethodKind kind);

// The name of a method: ListCustomers, for the message Customer and the plural Customers.
std::string MethodName(MethodKind kind, const std::string& message, const std::string& plural);

// The full name of the request's message: shop.v1.ListCustomersRequest.
std::string RequestName(MethodKind kind, const Table& table);

// True where the response is a message of the method's own, and neither a row nor google.protobuf.Empty.
bool HasOwnResponse(MethodKind kind, const Table& table);

// What `table` supports, in the order in which the service lists it.
std::vector<MethodKind> Supported(const Table& table);

// The method of `table` with its path and the names of its messages.
Method MakeMethod(MethodKind kind, const Table& table);

// The methods that Table::methods lists.
std::vector<Method> MethodsOf(const Table& table);

// Every name that a table takes in its package, whichever methods it has: its
// messages, its service, and what is generated for them.
std::vector<std::string> NamesOf(const std::string& message, const std::string& plural);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_METHODS_H_
