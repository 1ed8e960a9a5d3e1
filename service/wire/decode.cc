#include "wire/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "text/excerpt.h"
#include "text/hex.h"
#include "text/quote.h"
#include "text/timestamp.h"
#include "text/utf8.h"
#include "text/value.h"
#include "wire/array.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/kind.h"

namespace protogres::wire {
namespace {

using contract::Kind;

// Most rows set no more fields than this.
constexpr std::size_t kUsuallySet = 16;

bool Mismatch(const contract::Contract& contract, const contract::Type& type, const Reader& reader, Fault* fault) {
  return fault->Set(fmt::format("wire type {} does not fit {}{}", static_cast<int>(reader.type()),
                                type.repeated ? "repeated " : "", TypeName(contract, type)));
}

bool AppendInRange(std::int64_t value, std::int64_t low, std::int64_t high, std::string_view what, std::string* out,
                   Fault* fault) {
  if (value < low || value > high) {
    return fault->Set(fmt::format("{} is out of range for {} ({} to {})", value, what, low, high));
  }
  out->append(std::to_string(value));
  return true;
}

bool AppendLabel(const contract::Enum& enumeration, std::int64_t number, std::string* out, Fault* fault) {
  const auto& values = enumeration.values;
  // Numbers of a derived Contract are 1, 2, 3 ...
  const bool usual = number >= 1 && number <= static_cast<std::int64_t>(values.size()) &&
                     values[static_cast<std::size_t>(number - 1)].number == number;
  const auto it =
      usual ? values.begin() + (number - 1)
            : std::ranges::find(values, number, [](const contract::EnumValue& value) { return value.number; });
  if (it != values.end() && number != 0) {
    out->append(it->label);
    return true;
  }
  constexpr std::size_t kMaxNamed = 20;
  std::string names;
  for (std::size_t i = 0; i < std::min(values.size(), kMaxNamed); ++i) {
    names += fmt::format("{}{} = {}", names.empty() ? "" : ", ", values[i].name, values[i].number);
  }
  if (values.size() > kMaxNamed) names += ", ...";
  return fault->Set(fmt::format("{} is not a value of {} that can be stored; it has {}",
                                number == 0 ? "0 (UNSPECIFIED)" : std::to_string(number), enumeration.full_name,
                                names));
}

bool AppendStringText(const contract::Type& type, std::string_view text, std::string* out, Fault* fault) {
  if (!text::IsUtf8(text)) return fault->Set("not valid UTF-8");
  if (text.find('\0') != std::string_view::npos)
    return fault->Set("PostgreSQL's text cannot hold the character U+0000");
  if (type.text == contract::Text::kUuid && !text::IsUuid(text)) {
    return fault->Set(
        fmt::format("{} is not a uuid, such as a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", text::Excerpt(text, '\'')));
  }
  if (type.text == contract::Text::kNumeric && !text::IsNumeric(text)) {
    return fault->Set(fmt::format("{} is not a decimal number, such as -12.50, 1e6 or NaN", text::Excerpt(text, '\'')));
  }
  out->append(text);
  return true;
}

bool AppendTimestampText(std::string_view bytes, std::string* out, Fault* fault) {
  text::Timestamp value;
  std::int64_t nanos = 0;
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.number() > 2) {
      return fault->Set(fmt::format("unknown field {} in google.protobuf.Timestamp", reader.number()));
    }
    if (reader.type() != WireType::kVarint) {
      return fault->Set(fmt::format("wire type {} does not fit field {} of google.protobuf.Timestamp",
                                    static_cast<int>(reader.type()), reader.number()));
    }
    (reader.number() == 1 ? value.seconds : nanos) = static_cast<std::int64_t>(reader.value());
  }
  if (reader.failed()) return fault->Set(kMalformedBytes);
  if (value.seconds < text::kMinSeconds || value.seconds > text::kMaxSeconds) {
    fault->Set(fmt::format("{} is out of the range of google.protobuf.Timestamp, the years 1 to 9999", value.seconds));
    return fault->Under("seconds");
  }
  if (nanos < 0 || nanos > 999'999'999) {
    fault->Set(fmt::format("{} is not within 0 to 999999999", nanos));
    return fault->Under("nanos");
  }
  if (nanos % 1000 != 0) {
    fault->Set(fmt::format("{} is finer than PostgreSQL's microseconds; it must be a multiple of 1000", nanos));
    return fault->Under("nanos");
  }
  value.nanos = static_cast<std::int32_t>(nanos);
  text::AppendTimestamp(value, out);
  return true;
}

bool AppendRecordText(const contract::Contract& contract, const contract::Composite& composite, std::string_view bytes,
                      int depth, std::string* out, Fault* fault) {
  if (depth > kMaxDepth) return fault->Set(fmt::format("nested deeper than {} messages", kMaxDepth));
  FieldCollector collector(contract, composite.fields, depth);
  Reader reader(bytes);
  while (reader.Next()) {
    const int index = FindByNumber(composite.fields, reader.number());
    if (index < 0) {
      return fault->Set(
          fmt::format("unknown field {} in {}; it has no such attribute (dropped, or newer than this server?)",
                      reader.number(), composite.full_name));
    }
    if (!collector.Add(index, reader, fault)) return false;
  }
  if (reader.failed()) return fault->Set(kMalformedBytes);
  std::vector<std::pair<int, std::string>> values;
  if (!collector.Finish(&values, fault)) return false;
  std::ranges::sort(values, {}, &std::pair<int, std::string>::first);
  out->push_back('(');
  std::size_t next = 0;
  for (std::size_t i = 0; i < composite.fields.size(); ++i) {
    if (i > 0) out->push_back(',');
    if (next < values.size() && static_cast<std::size_t>(values[next].first) == i)
      text::AppendQuotedElement(values[next++].second, out);
  }
  out->push_back(')');
  return true;
}

}  // namespace

int FindByNumber(const std::vector<contract::Field>& fields, int number) {
  std::size_t low = 0;
  std::size_t high = fields.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (fields[middle].number == number) return static_cast<int>(middle);
    if (fields[middle].number < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  // A pinned contract may have them in another order.
  const auto it = std::ranges::find(fields, number, &contract::Field::number);
  return it == fields.end() ? -1 : static_cast<int>(it - fields.begin());
}

bool AppendScalarText(const contract::Contract& contract, const contract::Type& type, std::uint64_t value,
                      std::string* out, Fault* fault) {
  const auto number = static_cast<std::int64_t>(value);
  switch (type.kind) {
    case Kind::kInt32:
      if (type.small) {
        return AppendInRange(number, std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max(),
                             "smallint", out, fault);
      }
      return AppendInRange(number, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(),
                           "int32", out, fault);
    case Kind::kInt64:
      out->append(std::to_string(number));
      return true;
    case Kind::kUint32:
      if (value > std::numeric_limits<std::uint32_t>::max()) {
        return fault->Set(fmt::format("{} is out of range for uint32 (0 to 4294967295)", value));
      }
      out->append(std::to_string(value));
      return true;
    case Kind::kBool:
      out->push_back(value != 0 ? 't' : 'f');
      return true;
    case Kind::kFloat:
      AppendFloat(std::bit_cast<float>(static_cast<std::uint32_t>(value)), out);
      return true;
    case Kind::kDouble:
      AppendDouble(std::bit_cast<double>(value), out);
      return true;
    case Kind::kEnum:
      return AppendLabel(contract.enums[static_cast<std::size_t>(type.index)], number, out, fault);
    default:
      return fault->Set(fmt::format("a number does not fit {}", TypeName(contract, type)));
  }
}

bool AppendBytesText(const contract::Contract& contract, const contract::Type& type, std::string_view bytes, int depth,
                     std::string* out, Fault* fault) {
  switch (type.kind) {
    case Kind::kString:
      return AppendStringText(type, bytes, out, fault);
    case Kind::kBytes:
      text::AppendHex(bytes, out);
      return true;
    case Kind::kTimestamp:
      return AppendTimestampText(bytes, out, fault);
    case Kind::kJson:
      return DecodeJson(bytes, type.jsonb, depth, out, fault);
    case Kind::kMessage:
      return AppendRecordText(contract, contract.composites[static_cast<std::size_t>(type.index)], bytes, depth, out,
                              fault);
    default:
      return fault->Set(fmt::format("bytes do not fit {}", TypeName(contract, type)));
  }
}

FieldCollector::Slot& FieldCollector::SlotOf(int index) {
  int& slot = slots_[static_cast<std::size_t>(index)];
  if (slot < 0) {
    if (set_.empty()) set_.reserve(std::min(fields_.size(), kUsuallySet));
    slot = static_cast<int>(set_.size());
    set_.emplace_back().index = index;
  }
  return set_[static_cast<std::size_t>(slot)];
}

bool FieldCollector::Add(int index, const Reader& reader, Fault* fault) {
  const contract::Field& field = fields_[static_cast<std::size_t>(index)];
  const contract::Type& type = field.type;
  const bool packed = type.repeated && IsPackable(type.kind) && reader.type() == WireType::kBytes;
  if (!packed && reader.type() != WireTypeOf(type.kind)) {
    Mismatch(contract_, type, reader, fault);
    return fault->Under(field.name);
  }
  // A packed field of no elements sets nothing, as protobuf has it.
  if (packed && reader.bytes().empty()) return true;
  Slot& slot = SlotOf(index);
  if (packed) return AddPacked(field, reader.bytes(), &slot, fault);
  if (type.repeated) return AddElement(field, reader, &slot, fault);
  if (IsMessage(type.kind)) {
    slot.message.Add(reader.bytes());
    return true;
  }
  slot.text.clear();
  const bool ok = IsPackable(type.kind)
                      ? AppendScalarText(contract_, type, reader.value(), &slot.text, fault)
                      : AppendBytesText(contract_, type, reader.bytes(), depth_ + 1, &slot.text, fault);
  return ok || fault->Under(field.name);
}

bool FieldCollector::AddElement(const contract::Field& field, const Reader& reader, Slot* slot, Fault* fault) {
  if (IsPackable(field.type.kind)) return AppendElement(field, reader.value(), slot, fault);
  std::string element;
  if (!AppendBytesText(contract_, field.type, reader.bytes(), depth_ + 1, &element, fault)) {
    return fault->Under(fmt::format("{}[{}]", field.name, slot->elements));
  }
  slot->text.push_back(slot->elements++ == 0 ? '{' : field.type.delimiter);
  text::AppendQuotedElement(element, &slot->text);
  return true;
}

bool FieldCollector::AddPacked(const contract::Field& field, std::string_view bytes, Slot* slot, Fault* fault) {
  const WireType type = WireTypeOf(field.type.kind);
  while (!bytes.empty()) {
    std::uint64_t value = 0;
    const bool taken = type == WireType::kVarint ? TakeVarint(&bytes, &value)
                                                 : TakeFixed(&bytes, type == WireType::kFixed32 ? 4 : 8, &value);
    if (!taken) {
      fault->Set(kMalformedBytes);
      return fault->Under(field.name);
    }
    if (!AppendElement(field, value, slot, fault)) return false;
  }
  return true;
}

bool FieldCollector::AppendElement(const contract::Field& field, std::uint64_t value, Slot* slot, Fault* fault) {
  slot->text.push_back(slot->elements == 0 ? '{' : field.type.delimiter);
  const bool label = field.type.kind == Kind::kEnum;  // a label may be anything
  std::string element;
  if (!AppendScalarText(contract_, field.type, value, label ? &element : &slot->text, fault)) {
    return fault->Under(fmt::format("{}[{}]", field.name, slot->elements));
  }
  if (label) text::AppendQuotedElement(element, &slot->text);
  ++slot->elements;
  return true;
}

bool FieldCollector::Finish(std::vector<std::pair<int, std::string>>* values, Fault* fault) {
  values->reserve(values->size() + set_.size());
  for (Slot& slot : set_) {
    const contract::Field& field = fields_[static_cast<std::size_t>(slot.index)];
    if (field.type.repeated) {
      slot.text.push_back('}');
    } else if (IsMessage(field.type.kind)) {
      if (!AppendBytesText(contract_, field.type, slot.message.bytes(), depth_ + 1, &slot.text, fault)) {
        return fault->Under(field.name);
      }
    }
    values->emplace_back(slot.index, std::move(slot.text));
  }
  return true;
}

}  // namespace protogres::wire
