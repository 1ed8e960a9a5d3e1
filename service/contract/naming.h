// Makes protobuf identifiers of SQL names. Pure. The same name always gives the same identifier. Knows neither which
// names are taken (scope.h) nor English (words.h).
#ifndef PROTOGRES_SERVICE_CONTRACT_NAMING_H_
#define PROTOGRES_SERVICE_CONTRACT_NAMING_H_

#include <string>
#include <string_view>

namespace protogres::contract {

// True: a letter or `_`, then letters, digits and `_`, all of ASCII, and at most kMaxIdentifier of them.
bool IsIdentifier(std::string_view name);

// True: identifiers with dots between them.
bool IsPackage(std::string_view name);

// A longer result of Fold is cut and ends in a hash of the whole, so that a file can still have the name.
inline constexpr std::size_t kMaxIdentifier = 180;

// Makes an identifier of any SQL name. ASCII letters, digits and `_` stay, and other ASCII becomes `_`. Any other code
// point, or a byte that is not UTF-8, becomes `uXXXX`, set off by `_`. A leading digit gets an `x` before it. If
// nothing but `_` would remain, ASCII is written as code points, too. Two names may give the same identifier.
std::string Fold(std::string_view sql_name);

// As Fold, but a name that is an identifier with a letter or digit stays exactly as it is.
std::string FieldName(std::string_view sql_name);

// The end of an enum value's name that a label gives: in upper case, perhaps with a leading digit. The empty label
// gives EMPTY.
std::string LabelName(std::string_view label);

// order_items, orderItems, ORDER_ITEMS -> OrderItems. Capitals within a word stay, unless all letters are capitals.
std::string Pascal(std::string_view identifier);
// OrderItem -> order_item, HTTPLog -> http_log.
std::string Snake(std::string_view identifier);

// What protobuf compares of the field names of a message: lower case, without `_`.
std::string Squash(std::string_view name);
// The same of the value names of an enum, without the enum's prefix: A_B and A__B are alike, AB is not.
std::string SquashLabel(std::string_view name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_NAMING_H_
