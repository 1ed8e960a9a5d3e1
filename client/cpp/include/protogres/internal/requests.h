// Fills requests in whose fields have other names for each table, by their numbers, which all tables share.
#ifndef PROTOGRES_INTERNAL_REQUESTS_H_
#define PROTOGRES_INTERNAL_REQUESTS_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"

namespace protogres {

// A value of a key's column.
template <class T>
concept KeyPart = std::integral<std::remove_cvref_t<T>> || std::convertible_to<const T&, std::string_view>;

namespace internal {

using KeyValue = std::variant<int64_t, uint64_t, bool, std::string>;

template <KeyPart Part>
KeyValue ToKeyValue(const Part& part) {
  using Plain = std::remove_cvref_t<Part>;
  if constexpr (std::same_as<Plain, bool>)
    return part;
  else if constexpr (std::unsigned_integral<Plain>)
    return static_cast<uint64_t>(part);
  else if constexpr (std::signed_integral<Plain>)
    return static_cast<int64_t>(part);
  else
    return std::string(std::string_view(part));
}

// Sets the key's fields, in their order in the message. INVALID_ARGUMENT: there are more or fewer, or a value does not
// fit its field.
absl::Status SetKey(const std::vector<KeyValue>& key, google::protobuf::Message* request);

// Where the row of a Create or Update goes.
google::protobuf::Message* MutableRow(google::protobuf::Message* request);

// The rows of an answer, chunk or Import: field 1. What protobuf would rather have in place of this function can only
// copy.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <class Row, class Message>
google::protobuf::RepeatedPtrField<Row>* MutableRows(Message* message) {
  return message->GetReflection()->template MutableRepeatedPtrField<Row>(message,
                                                                         Message::descriptor()->FindFieldByNumber(1));
}
#pragma GCC diagnostic pop

}  // namespace internal
}  // namespace protogres

#endif  // PROTOGRES_INTERNAL_REQUESTS_H_
