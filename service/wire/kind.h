// What a contract::Kind is in protobuf's terms. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_KIND_H_
#define PROTOGRES_SERVICE_WIRE_KIND_H_

#include <string>

#include "contract/contract.h"
#include "wire/reader.h"

namespace protogres::wire {

// The wire type of one value.
constexpr WireType WireTypeOf(contract::Kind kind) {
  switch (kind) {
    case contract::Kind::kInt32:
    case contract::Kind::kInt64:
    case contract::Kind::kUint32:
    case contract::Kind::kBool:
    case contract::Kind::kEnum:
      return WireType::kVarint;
    case contract::Kind::kFloat:
      return WireType::kFixed32;
    case contract::Kind::kDouble:
      return WireType::kFixed64;
    default:
      return WireType::kBytes;
  }
}

// True: repeated values of this kind stand in one packed field.
constexpr bool IsPackable(contract::Kind kind) { return WireTypeOf(kind) != WireType::kBytes; }

// True: if a singular field of this kind stands in a message twice, the two are merged.
constexpr bool IsMessage(contract::Kind kind) {
  return kind == contract::Kind::kTimestamp || kind == contract::Kind::kJson || kind == contract::Kind::kMessage;
}

// The protobuf type of one value, for error messages: "int64", "shop.v1.OrderStatus".
inline std::string TypeName(const contract::Contract& contract, const contract::Type& type) {
  switch (type.kind) {
    case contract::Kind::kInt32:
      return "int32";
    case contract::Kind::kInt64:
      return "int64";
    case contract::Kind::kUint32:
      return "uint32";
    case contract::Kind::kFloat:
      return "float";
    case contract::Kind::kDouble:
      return "double";
    case contract::Kind::kBool:
      return "bool";
    case contract::Kind::kString:
      return "string";
    case contract::Kind::kBytes:
      return "bytes";
    case contract::Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case contract::Kind::kJson:
      return "google.protobuf.Value";
    case contract::Kind::kEnum:
      return contract.enums[static_cast<std::size_t>(type.index)].full_name;
    case contract::Kind::kMessage:
      return contract.composites[static_cast<std::size_t>(type.index)].full_name;
  }
  return "";
}

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_KIND_H_
