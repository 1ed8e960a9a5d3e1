// Protogres' own fields in the messages of methods, beside the columns: one table has those of requests, the other
// those of responses. The descriptors, the names that columns must not have, and the decoder of requests are made from
// these tables. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_OWN_FIELDS_H_
#define PROTOGRES_SERVICE_CONTRACT_OWN_FIELDS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "contract/contract.h"
#include "contract/request.h"

namespace protogres::contract {

// A set of kinds of methods.
class KindSet {
 public:
  constexpr KindSet() = default;
  constexpr KindSet(std::initializer_list<MethodKind> kinds) {
    for (const MethodKind kind : kinds) bits_ |= Bit(kind);
  }

  constexpr bool contains(MethodKind kind) const { return (bits_ & Bit(kind)) != 0; }
  // True: both sets have a kind in common.
  constexpr bool Meets(KindSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr void Add(KindSet other) { bits_ |= other.bits_; }

 private:
  static constexpr std::uint32_t Bit(MethodKind kind) { return 1u << static_cast<unsigned>(kind); }

  std::uint32_t bits_ = 0;
};

// The member of a Request that a field fills. The type of the member says what the field's is: string, bool, int32,
// int64 ...
using MaskMember = std::optional<std::vector<std::string>> Request::*;  // ... google.protobuf.FieldMask ...
using TextsMember = std::vector<std::string> Request::*;                // ... repeated string ...
using RowMember = std::optional<std::string_view> Request::*;           // ... the row's message ...
using MessagesMember = std::vector<std::string_view> Request::*;        // ... repeated messages: rows, or requests ...
using ExpandMember = std::vector<Expand> Request::*;                    // ... or repeated messages Expand
using RequestMember =
    std::variant<std::string Request::*, bool Request::*, std::int32_t Request::*, std::int64_t Request::*, MaskMember,
                 TextsMember, RowMember, MessagesMember, ExpandMember>;

struct RequestField {
  KindSet kinds;     // the methods whose requests have it
  int number = 0;    // kOwnFirst to kOwnLast if the message has the key's columns, too; else 1 to 15
  const char* name;  // null: the table's own, which is row_field or rows_field
  RequestMember member;
  const char* note;                              // the comment
  bool (*served)(const Table& table) = nullptr;  // whether the messages of a table have it; null: those of all tables

  bool IsOf(const Table& table) const { return served == nullptr || served(table); }
};

struct ResponseField {
  KindSet kinds;
  int number = 0;
  const char* name;  // null: rows_field, of repeated rows; of kMessage: the repeated groups of Aggregate
  Kind kind = Kind::kMessage;
  const char* note;
  bool optional = false;  // unset is told from zero
};

// In the order in which a message has them.
std::span<const RequestField> RequestFields();
std::span<const ResponseField> ResponseFields();

// The field with this number in requests of `kind`, at the cost of a lookup in an array. Null: there is none. The
// messages of a table may lack the field (IsOf).
const RequestField* FindRequestField(MethodKind kind, int number);

// What the values of a field with this member are on the wire.
Kind KindOf(const RequestMember& member);

// The message of ExpandMember, in each package that has relations. Its fields have the numbers 1 to 4 in the order of
// Expand.
inline constexpr char kExpandMessage[] = "Expand";

// The name of the row message's own field, whose number is number::kEtag.
inline constexpr char kEtagName[] = "etag";

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_OWN_FIELDS_H_
