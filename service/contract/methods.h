// The methods of a table: which it has, and what they and their messages are
// called. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_METHODS_H_
#define PROTOGRES_SERVICE_CONTRACT_METHODS_H_

#include <string>
#include <vector>

#include "contract/contract.h"

namespace protogres::contract {

// ListCustomers, of message Customer and plural Customers.
std::string MethodName(MethodKind kind, const std::string& message, const std::string& plural);

// What `table` supports, in the order in which the service lists it.
std::vector<MethodKind> MethodsOf(const Table& table);

// The Method of `table`, which is `index` in Contract::tables, with its path and message names.
Method MakeMethod(MethodKind kind, const Table& table, int index);

// True where the Update of `table` may insert.
bool HasUpsert(const Table& table);

// Whether its rows can be locked by those who read them.
bool HasLock(const Table& table);

// Every name that a table takes in its package, whichever methods it has: its
// messages, its service, and what is generated for them.
std::vector<std::string> NamesOf(const std::string& message, const std::string& plural);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_METHODS_H_
