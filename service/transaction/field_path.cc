#include "transaction/field_path.h"

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "fmt/format.h"

namespace protogres::transaction {
namespace {

namespace pb = google::protobuf;
using Cpp = pb::FieldDescriptor;

// A message of JSON contains itself, so a path could go on for as long as the request has bytes, and what is done to a
// message recurses. CodedInputStream::SetRecursionLimit has the same default.
constexpr std::size_t kMostFields = 100;

// "requests[3]" -> ("requests", 3), "etag" -> ("etag", -1). Nothing: the text is neither a name nor an element.
std::optional<std::pair<std::string, int>> Split(std::string_view step) {
  const auto bracket = step.find('[');
  if (bracket == std::string_view::npos) return std::pair(std::string(step), -1);
  int index = -1;
  const std::string_view digits = step.substr(bracket + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || index < 0 || std::string_view(end, digits.data() + digits.size()) != "]") return {};
  return std::pair(std::string(step.substr(0, bracket)), index);
}

bool WidensToInt64(const Cpp& from, const Cpp& to) {
  return to.cpp_type() == Cpp::CPPTYPE_INT64 &&
         (from.cpp_type() == Cpp::CPPTYPE_INT32 || from.cpp_type() == Cpp::CPPTYPE_UINT32);
}

std::string TypeName(const Cpp& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

// A field of a message, or an element of a repeated field.
struct Place {
  const Cpp* field;
  int index;  // -1: the field as a whole
};

std::int64_t Integer(const pb::Message& message, const Place& at) {
  const pb::Reflection& read = *message.GetReflection();
  switch (at.field->cpp_type()) {
    case Cpp::CPPTYPE_INT32:
      return at.index < 0 ? read.GetInt32(message, at.field) : read.GetRepeatedInt32(message, at.field, at.index);
    case Cpp::CPPTYPE_UINT32:
      return at.index < 0 ? read.GetUInt32(message, at.field) : read.GetRepeatedUInt32(message, at.field, at.index);
    case Cpp::CPPTYPE_ENUM:
      return at.index < 0 ? read.GetEnumValue(message, at.field)
                          : read.GetRepeatedEnumValue(message, at.field, at.index);
    default:
      return at.index < 0 ? read.GetInt64(message, at.field) : read.GetRepeatedInt64(message, at.field, at.index);
  }
}

// Sets the field `to`, or the element `to` of a repeated field; an element just beyond the end is added.
#define PROTOGRES_WRITE(Type, value)                              \
  do {                                                            \
    if (to.index < 0) {                                           \
      write.Set##Type(target, to.field, value);                   \
    } else if (to.index < write.FieldSize(*target, to.field)) {   \
      write.SetRepeated##Type(target, to.field, to.index, value); \
    } else {                                                      \
      write.Add##Type(target, to.field, value);                   \
    }                                                             \
  } while (false)

#define PROTOGRES_READ(Type) \
  (from.index < 0 ? read.Get##Type(source, from.field) : read.GetRepeated##Type(source, from.field, from.index))

void CopyOne(const pb::Message& source, const Place& from, pb::Message* target, const Place& to) {
  const pb::Reflection& read = *source.GetReflection();
  const pb::Reflection& write = *target->GetReflection();
  switch (to.field->cpp_type()) {
    case Cpp::CPPTYPE_INT32:
      PROTOGRES_WRITE(Int32, static_cast<std::int32_t>(Integer(source, from)));
      return;
    case Cpp::CPPTYPE_INT64:
      PROTOGRES_WRITE(Int64, Integer(source, from));
      return;
    case Cpp::CPPTYPE_UINT32:
      PROTOGRES_WRITE(UInt32, static_cast<std::uint32_t>(Integer(source, from)));
      return;
    case Cpp::CPPTYPE_ENUM:
      PROTOGRES_WRITE(EnumValue, static_cast<int>(Integer(source, from)));
      return;
    case Cpp::CPPTYPE_UINT64:
      PROTOGRES_WRITE(UInt64, PROTOGRES_READ(UInt64));
      return;
    case Cpp::CPPTYPE_DOUBLE:
      PROTOGRES_WRITE(Double, PROTOGRES_READ(Double));
      return;
    case Cpp::CPPTYPE_FLOAT:
      PROTOGRES_WRITE(Float, PROTOGRES_READ(Float));
      return;
    case Cpp::CPPTYPE_BOOL:
      PROTOGRES_WRITE(Bool, PROTOGRES_READ(Bool));
      return;
    case Cpp::CPPTYPE_STRING:
      PROTOGRES_WRITE(String, PROTOGRES_READ(String));
      return;
    case Cpp::CPPTYPE_MESSAGE: {
      const pb::Message& value = PROTOGRES_READ(Message);
      pb::Message* place = nullptr;
      if (to.index < 0) {
        place = write.MutableMessage(target, to.field);
      } else if (to.index < write.FieldSize(*target, to.field)) {
        place = write.MutableRepeatedMessage(target, to.field, to.index);
      } else {
        place = write.AddMessage(target, to.field);
      }
      place->CopyFrom(value);
      return;
    }
  }
}

#undef PROTOGRES_READ
#undef PROTOGRES_WRITE

}  // namespace

absl::StatusOr<FieldPath> FieldPath::Parse(const pb::Descriptor& type, const std::string& text) {
  FieldPath path;
  path.text_ = text;
  const pb::Descriptor* message = &type;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string step = text.substr(begin, end - begin);
    begin = end + 1;
    if (path.steps_.size() == kMostFields) {
      return absl::InvalidArgumentError(fmt::format("a path may have at most {} fields", kMostFields));
    }
    if (message == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("\"{}\" is no message: it has no field \"{}\"", path.last().field->name(), step));
    }
    const auto split = Split(step);
    const pb::FieldDescriptor* field = split ? message->FindFieldByName(split->first) : nullptr;
    if (field == nullptr) {
      return absl::InvalidArgumentError(fmt::format("{} has no field \"{}\"", message->full_name(), step));
    }
    const int index = split->second;
    if (field->is_map()) return absl::InvalidArgumentError(fmt::format("\"{}\" is a map, which has no paths", step));
    if (index >= 0 && !field->is_repeated()) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not repeated: it has no elements", split->first));
    }
    if (index < 0 && field->is_repeated() && end < text.size()) {
      return absl::InvalidArgumentError(
          fmt::format("\"{0}\" is repeated: name an element of it, as in \"{0}[0]\"", step));
    }
    path.steps_.push_back({field, index});
    message = field->message_type();
  }
  return path;
}

absl::Status FieldPath::CheckTakes(const FieldPath& from) const {
  const Cpp& mine = *last().field;
  const Cpp& theirs = *from.last().field;
  const std::string here = TypeName(mine);
  const std::string there = TypeName(theirs);
  if (WholeRepeated() != from.WholeRepeated()) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is {}, \"{}\" is {}", text_,
                                                  WholeRepeated() ? "repeated" : "a single " + here, from.text_,
                                                  from.WholeRepeated() ? "repeated" : "a single " + there));
  }
  if (here == there || (WidensToInt64(theirs, mine) && !WholeRepeated())) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("\"{}\" is {}, \"{}\" is {}", text_, here, from.text_, there));
}

absl::Status FieldPath::Copy(const FieldPath& from, const pb::Message& source, pb::Message* target) const {
  const auto missing = [](const std::string& text, const Step& step, int size) {
    return absl::FailedPreconditionError(
        fmt::format("\"{}\": \"{}\" has {} elements, there is no [{}]", text, step.field->name(), size, step.index));
  };
  const pb::Message* read = &source;
  for (const Step& step : from.steps_) {
    const pb::Reflection& reflection = *read->GetReflection();
    if (step.index >= 0 && step.index >= reflection.FieldSize(*read, step.field)) {
      return missing(from.text_, step, reflection.FieldSize(*read, step.field));
    }
    if (&step == &from.last()) break;
    read = step.index < 0 ? &reflection.GetMessage(*read, step.field)
                          : &reflection.GetRepeatedMessage(*read, step.field, step.index);
  }
  pb::Message* write = target;
  for (const Step& step : steps_) {
    const pb::Reflection& reflection = *write->GetReflection();
    const int size = step.index < 0 ? 0 : reflection.FieldSize(*write, step.field);
    if (step.index > size) return missing(text_, step, size);
    if (&step == &last()) break;
    if (step.index < 0) {
      write = reflection.MutableMessage(write, step.field);
    } else {
      write = step.index < size ? reflection.MutableRepeatedMessage(write, step.field, step.index)
                                : reflection.AddMessage(write, step.field);
    }
  }
  const Place to{last().field, last().index};
  Place at{from.last().field, from.last().index};
  if (WholeRepeated()) {
    write->GetReflection()->ClearField(write, to.field);
    const int size = read->GetReflection()->FieldSize(*read, at.field);
    for (int i = 0; i < size; ++i) CopyOne(*read, {at.field, i}, write, {to.field, i});
    return absl::OkStatus();
  }
  const bool set = at.index >= 0 || !at.field->has_presence() || read->GetReflection()->HasField(*read, at.field);
  if (!set && to.index < 0) {
    write->GetReflection()->ClearField(write, to.field);
    return absl::OkStatus();
  }
  CopyOne(*read, at, write, to);
  return absl::OkStatus();
}

}  // namespace protogres::transaction
