// Filters (AIP-160) made of typed expressions. Every value is quoted: a filter never means anything else than it says,
// whatever the values hold.
//
//   const auto kName = PROTOGRES_FIELD(shop::v1::Customer, full_name);
//   const auto kCity = PROTOGRES_FIELD(shop::v1::Customer, address().city);
//   Filter filter = kName.StartsWith("Li") && !(kCity == "Wien" || kCity.IsNull());
#ifndef PROTOGRES_FILTER_H_
#define PROTOGRES_FILTER_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "google/protobuf/generated_enum_reflection.h"
#include "google/protobuf/map_field.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace protogres {

// A condition on a row. Empty: every row.
class Filter {
 public:
  Filter() = default;
  // Of AIP-160 text that is taken as it is: values in it are the caller's to quote, by Quote.
  static Filter Text(std::string text) { return Filter(std::move(text), Kind::kUnknown); }
  // Of one comparison, which needs no parentheses.
  static Filter Comparison(std::string text) { return Filter(std::move(text), Kind::kOne); }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  // An empty filter is every row: && gives the other one, || an empty one. It has no negation: the server refuses that.
  friend Filter operator&&(const Filter& a, const Filter& b);
  friend Filter operator||(const Filter& a, const Filter& b);
  friend Filter operator!(const Filter& a);

 private:
  // What the text is made of, so that many terms stand side by side and not each in the other's parentheses, of which
  // the server takes 100.
  enum class Kind { kOne, kAll, kAny, kUnknown };
  Filter(std::string text, Kind kind) : text_(std::move(text)), kind_(kind) {}
  std::string Inside(Kind outer) const;

  std::string text_;
  Kind kind_ = Kind::kUnknown;
};

// A text as a literal of a filter. What has a NUL character or is no UTF-8 stays so, and the server refuses it.
std::string Quote(std::string_view text);

// Bytes, for a field of type bytes; such a field takes nothing else than this.
struct Bytes {
  std::string_view bytes;
};

namespace internal {

std::string Literal(std::string_view text);
std::string Literal(const Bytes& bytes);
std::string Literal(bool value);
std::string Literal(int64_t value);
std::string Literal(uint64_t value);
std::string Literal(double value);
std::string Literal(const google::protobuf::Timestamp& value);
// The path of a field of `message` as a filter has it, of what PROTOGRES_FIELD was given.
std::string Path(const google::protobuf::Descriptor* message, std::string_view accessors);
std::string KeyPath(const std::string& path, std::string_view key);

template <class T>
concept Enumeration = std::is_enum_v<T>;

template <Enumeration Enum>
std::string Literal(Enum value) {
  const auto* number = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(static_cast<int>(value));
  // One that this program does not know cannot be named, and so not be met: the server says that it is no value.
  return number == nullptr ? Quote(std::to_string(static_cast<int>(value))) : number->name();
}

template <class T>
struct ElementOf;
template <class T>
struct ElementOf<google::protobuf::RepeatedField<T>> {
  using Type = T;
};
template <class T>
struct ElementOf<google::protobuf::RepeatedPtrField<T>> {
  using Type = T;
};

template <class T>
concept Repeated = requires {
  typename ElementOf<T>::Type;
};
template <class T>
concept Text = std::convertible_to<const T&, std::string_view>;
template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

template <class T>
std::string ValueText(const T& value) {
  if constexpr (Text<T>)
    return Literal(std::string_view(value));
  else if constexpr (std::same_as<T, bool> || std::is_enum_v<T> || std::is_class_v<T>)
    return Literal(value);
  else if constexpr (std::floating_point<T>)
    return Literal(static_cast<double>(value));
  else if constexpr (std::unsigned_integral<T>)
    return Literal(static_cast<uint64_t>(value));
  else
    return Literal(static_cast<int64_t>(value));
}

// What a field of type T may be compared with: a text field, which may be a number, a date or bytes in the database,
// with texts, bytes and numbers; a number with numbers; anything else with its own type.
template <class Value, class T>
concept ComparesWith = (Text<T> && (Text<Value> || std::same_as<Value, Bytes> || Number<Value>)) ||
                       (Number<T> && Number<Value>) || std::same_as<T, Value>;

// What an element of an array, and a member of JSON, is compared with.
template <class Value, class T>
concept ElementLike = Repeated<T> && ComparesWith<Value, typename ElementOf<T>::Type>;
template <class Value, class T>
concept JsonLike = std::same_as<T, google::protobuf::Value> &&(Text<Value> || std::is_arithmetic_v<Value>);

}  // namespace internal

// A field, by its path in a message. A comparison with a field that is NULL is neither true nor false, and its row is
// not met, nor by its negation.
template <class T>
class Field {
 public:
  explicit Field(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Text is compared as it is: "*" means a star. A path into JSON compares by JSON's type.
  template <internal::ComparesWith<T> Value>
  Filter operator==(const Value& value) const {
    return Compare("=", value);
  }
  template <internal::ComparesWith<T> Value>
  Filter operator!=(const Value& value) const {
    return Compare("!=", value);
  }
  template <internal::ComparesWith<T> Value>
  Filter operator<(const Value& value) const {
    return Compare("<", value);
  }
  template <internal::ComparesWith<T> Value>
  Filter operator<=(const Value& value) const {
    return Compare("<=", value);
  }
  template <internal::ComparesWith<T> Value>
  Filter operator>(const Value& value) const {
    return Compare(">", value);
  }
  template <internal::ComparesWith<T> Value>
  Filter operator>=(const Value& value) const {
    return Compare(">=", value);
  }

  // One of these. Of none: no row is met.
  template <class Range>
  Filter In(const Range& values) const {
    Filter any;
    for (const auto& value : values) any = any.empty() ? *this == value : any || *this == value;
    return any.empty() ? IsNull() && IsNotNull() : any;
  }
  template <class Value>
  Filter In(std::initializer_list<Value> values) const {
    return In<std::initializer_list<Value>>(values);
  }

  Filter IsNull() const { return Filter::Comparison(path_ + " = null"); }
  Filter IsNotNull() const { return Filter::Comparison(path_ + " != null"); }

  Filter StartsWith(std::string_view text) const requires internal::Text<T> { return Wild("", text, "*"); }
  Filter EndsWith(std::string_view text) const requires internal::Text<T> { return Wild("*", text, ""); }
  Filter Contains(std::string_view text) const requires internal::Text<T> { return Wild("*", text, "*"); }

  // Of an array: it has this element.
  template <internal::ElementLike<T> Value>
  Filter Has(const Value& value) const {
    return Filter::Comparison(path_ + ":" + internal::ValueText(value));
  }

  // Of JSON: the value of this key, which may be compared with texts, numbers and bools.
  Field Key(std::string_view key) const requires std::same_as<T, google::protobuf::Value> {
    return Field(internal::KeyPath(path_, key));
  }
  template <internal::JsonLike<T> Value>
  Filter operator==(const Value& value) const {
    return Compare("=", value);
  }

  // Terms of order_by.
  std::string Ascending() const { return path_; }
  std::string Descending() const { return path_ + " desc"; }

 private:
  template <class Value>
  Filter Compare(const char* comparator, const Value& value) const {
    return Filter::Comparison(path_ + " " + comparator + " " + internal::ValueText(value));
  }
  Filter Wild(const char* before, std::string_view text, const char* after) const {
    const std::string quoted = Quote(text);
    return Filter::Comparison(path_ + " = \"" + before + quoted.substr(1, quoted.size() - 2) + after + "\"");
  }

  std::string path_;
};

// A field of a message, and of a composite in it: PROTOGRES_FIELD(Customer, address().city). A name that the message
// does not have is an error of the compiler's.
#define PROTOGRES_FIELD(Message, field)                                                    \
  protogres::Field<std::remove_cvref_t<decltype(std::declval<const Message&>().field())>>( \
      protogres::internal::Path(Message::descriptor(), #field))

}  // namespace protogres

#endif  // PROTOGRES_FILTER_H_
