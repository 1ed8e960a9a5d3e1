// SQL names -> protobuf identifiers. Pure text, deterministic; knows nothing of
// which names are taken (scope.h) nor of English (words.h).
#ifndef PROTOGRES_SERVICE_CONTRACT_NAMING_H_
#define PROTOGRES_SERVICE_CONTRACT_NAMING_H_

#include <string>
#include <string_view>

namespace protogres::contract {

// A letter or `_`, then letters, digits and `_`, ASCII all, at most kMaxIdentifier long.
bool IsIdentifier(std::string_view name);

// Dotted identifiers.
bool IsPackage(std::string_view name);

// Longer results of folding are cut and end in a hash of the whole, so that a file can still have the name.
inline constexpr std::size_t kMaxIdentifier = 180;

// Any SQL name as an identifier: ASCII letters, digits and `_` stay, other
// ASCII becomes `_`, any other code point (or stray byte) `uXXXX` set off by
// `_`. A leading digit gets an `x` before it; where nothing but `_` would
// remain, the ASCII is spelled as code points too. Two names may fold to one.
std::string Fold(std::string_view sql_name);

// As Fold, but a name that is an identifier with a letter or digit stays exactly as it is.
std::string FieldName(std::string_view sql_name);

// An enum's label as the tail of a value's name: upper case, a leading digit allowed; EMPTY for the empty label.
std::string LabelName(std::string_view label);

// order_items, orderItems, ORDER_ITEMS -> OrderItems; inner capitals stay unless all is in capitals.
std::string Pascal(std::string_view identifier);
// OrderItem -> order_item, HTTPLog -> http_log.
std::string Snake(std::string_view identifier);

// What protobuf compares field names of one message by: lower case, without `_`.
std::string Squash(std::string_view name);
// What protobuf compares value names of one enum by, without the enum's prefix: A_B and A__B are one, AB another.
std::string SquashLabel(std::string_view name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_NAMING_H_
