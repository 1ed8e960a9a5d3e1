// Singular and plural of the English words that tables are named by. A word
// that the rules do not know for certain stays as it is. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_WORDS_H_
#define PROTOGRES_SERVICE_CONTRACT_WORDS_H_

#include <string>

namespace protogres::contract {

// Both take a name in PascalCase and change its last word only.
std::string Singular(const std::string& name);  // OrderItems -> OrderItem, News -> News
std::string Plural(const std::string& name);    // OrderItem -> OrderItems; a plural stays: OrderItems -> OrderItems

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_WORDS_H_
