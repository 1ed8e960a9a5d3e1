#include "protogres/internal/requests.h"

#include <limits>
#include <utility>

namespace protogres::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Fields from here on are the server's own; docs/types.md.
constexpr int kFirstOwnField = 2000;

std::vector<const FieldDescriptor*> KeyFields(const Message& request) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < request.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = request.GetDescriptor()->field(i);
    if (field->number() < kFirstOwnField) fields.push_back(field);
  }
  return fields;
}

absl::Status Misfit(const FieldDescriptor* field, const char* expected) {
  return absl::InvalidArgumentError("the key's field " + field->full_name() + " takes " + expected);
}

template <class Integer>
bool ToInteger(const KeyValue& value, Integer* result) {
  if (const auto* number = std::get_if<int64_t>(&value); number != nullptr && std::in_range<Integer>(*number)) {
    *result = static_cast<Integer>(*number);
    return true;
  }
  if (const auto* number = std::get_if<uint64_t>(&value); number != nullptr && std::in_range<Integer>(*number)) {
    *result = static_cast<Integer>(*number);
    return true;
  }
  return false;
}

template <class Integer, class Set>
absl::Status SetInteger(const KeyValue& value, const FieldDescriptor* field, const char* expected, Set set) {
  Integer number = 0;
  if (!ToInteger(value, &number)) return Misfit(field, expected);
  set(number);
  return absl::OkStatus();
}

absl::Status SetField(const KeyValue& value, const FieldDescriptor* field, Message* request) {
  const auto* reflection = request->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return SetInteger<int32_t>(value, field, "an integer of 32 bits",
                                 [&](int32_t n) { reflection->SetInt32(request, field, n); });
    case FieldDescriptor::CPPTYPE_INT64:
      return SetInteger<int64_t>(value, field, "an integer of 64 bits",
                                 [&](int64_t n) { reflection->SetInt64(request, field, n); });
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetInteger<uint32_t>(value, field, "an integer of 32 bits without sign",
                                  [&](uint32_t n) { reflection->SetUInt32(request, field, n); });
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetInteger<int32_t>(value, field, "a value of its enum",
                                 [&](int32_t n) { reflection->SetEnumValue(request, field, n); });
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!std::holds_alternative<bool>(value)) return Misfit(field, "a bool");
      reflection->SetBool(request, field, std::get<bool>(value));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_STRING:
      if (!std::holds_alternative<std::string>(value)) return Misfit(field, "a string");
      reflection->SetString(request, field, std::get<std::string>(value));
      return absl::OkStatus();
    default:
      return Misfit(field, "what only the request itself can hold: give the request in place of the key");
  }
}

}  // namespace

absl::Status SetKey(const std::vector<KeyValue>& key, Message* request) {
  const auto fields = KeyFields(*request);
  if (fields.size() != key.size())
    return absl::InvalidArgumentError(request->GetTypeName() + " has a key of " + std::to_string(fields.size()) +
                                      " fields, and was given " + std::to_string(key.size()));
  for (size_t i = 0; i < key.size(); ++i) {
    if (absl::Status status = SetField(key[i], fields[i], request); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Message* MutableRow(Message* request) {
  return request->GetReflection()->MutableMessage(request, request->GetDescriptor()->FindFieldByNumber(1));
}

}  // namespace protogres::internal
