#include "wire/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "status/status.h"
#include "text/excerpt.h"
#include "text/hex.h"
#include "text/number.h"
#include "text/timestamp.h"
#include "text/utf8.h"
#include "wire/array.h"
#include "wire/json.h"
#include "wire/kind.h"
#include "wire/writer.h"

namespace protogres::wire {

using contract::Kind;

Tag::Tag(int field_number, const contract::Type& type) : number(field_number) {
  const WireType wire_type = type.repeated ? WireType::kBytes : WireTypeOf(type.kind);
  const auto tag = static_cast<std::uint32_t>(field_number) << 3 | static_cast<std::uint32_t>(wire_type);
  size = static_cast<unsigned char>(WriteVarint(tag, data));
}

bool MayNotFit(const contract::Type& type) {
  if (type.repeated) return true;
  switch (type.kind) {
    case Kind::kTimestamp:
    case Kind::kJson:
    // They may have got labels and attributes since the Catalog was read.
    case Kind::kEnum:
    case Kind::kMessage:
      return true;
    default:
      return false;
  }
}

bool ValueEncoder::Fail(std::string why) {
  why_ = std::move(why);
  return false;
}

bool ValueEncoder::Cannot(const contract::Type& type, std::string_view text) {
  return Fail(fmt::format("{}, which {} cannot", text::Excerpt(text, '\''), TypeName(contract_, type)));
}

bool ValueEncoder::Strange(const contract::Type& type, std::string_view text) {
  moved_ = true;
  return Cannot(type, text);
}

absl::Status ValueEncoder::Refusal(const contract::Table& table, const std::string& column) const {
  return status::Error(
      absl::StatusCode::kFailedPrecondition,
      fmt::format(
          "column \"{}\" of {} holds {}; serve it as text with the column COMMENT line \"@protogres type=string\"",
          column, table.sql_name, why_),
      moved_ ? status::kCatalogMoved : status::kValueNotRepresentable, {{"table", table.name}, {"column", column}});
}

bool ValueEncoder::Append(const contract::Type& type, const Tag& tag, std::string_view text, int depth) {
  return type.repeated ? AppendArray(type, tag, text, depth) : AppendSingular(type, tag, text, depth);
}

bool ValueEncoder::AppendSingular(const contract::Type& type, const Tag& tag, std::string_view text, int depth) {
  switch (type.kind) {
    case Kind::kString:
      return AppendString(tag, text);
    case Kind::kTimestamp:
      return AppendTimestamp(tag, text) || Cannot(type, text);
    case Kind::kBytes: {
      const std::size_t begin = BeginBytesField(tag.number, out_);
      if (!text::AppendUnhexed(text, out_)) return Cannot(type, text);
      EndBytesField(begin, out_);
      return true;
    }
    case Kind::kJson: {
      const std::size_t begin = BeginBytesField(tag.number, out_);
      if (!EncodeJson(text, type.jsonb, depth + 1, out_, &why_)) return false;
      EndBytesField(begin, out_);
      return true;
    }
    case Kind::kMessage: {
      const std::size_t begin = BeginBytesField(tag.number, out_);
      const auto& composite = contract_.composites[static_cast<std::size_t>(type.index)];
      if (!AppendRecord(composite, text, depth + 1)) return false;
      EndBytesField(begin, out_);
      return true;
    }
    default:
      out_->append(tag.bytes());
      return AppendScalar(type, text);
  }
}

bool ValueEncoder::AppendScalar(const contract::Type& type, std::string_view text) {
  switch (type.kind) {
    case Kind::kInt32:
      return AppendInteger<std::int32_t>(type, text);
    case Kind::kInt64:
      return AppendInteger<std::int64_t>(type, text);
    case Kind::kUint32:
      return AppendInteger<std::uint32_t>(type, text);
    case Kind::kBool:
      if (text != "t" && text != "f") return Strange(type, text);
      out_->push_back(text == "t" ? '\1' : '\0');
      return true;
    case Kind::kFloat: {
      const auto value = text::ParseNumber<float>(text);
      if (!value) return Strange(type, text);
      AppendFixed(std::bit_cast<std::uint32_t>(*value), sizeof(*value), out_);
      return true;
    }
    case Kind::kDouble: {
      const auto value = text::ParseNumber<double>(text);
      if (!value) return Strange(type, text);
      AppendFixed(std::bit_cast<std::uint64_t>(*value), sizeof(*value), out_);
      return true;
    }
    case Kind::kEnum:
      return AppendEnum(type, text);
    default:
      return Strange(type, text);
  }
}

template <typename Int>
bool ValueEncoder::AppendInteger(const contract::Type& type, std::string_view text) {
  const auto value = text::ParseNumber<Int>(text);
  if (!value) return Strange(type, text);
  // A negative int32 takes ten bytes, as an int64 does.
  AppendVarint(static_cast<std::uint64_t>(static_cast<std::int64_t>(*value)), out_);
  return true;
}

bool ValueEncoder::AppendString(const Tag& tag, std::string_view text) {
  // A database with the encoding SQL_ASCII holds anything.
  if (!text::IsUtf8(text))
    return Fail(fmt::format("{}, which is not valid UTF-8, and a string cannot", text::Excerpt(text, '\'')));
  out_->append(tag.bytes());
  AppendVarint(text.size(), out_);
  out_->append(text);
  return true;
}

bool ValueEncoder::AppendTimestamp(const Tag& tag, std::string_view text) {
  text::Timestamp value;
  if (!text::ParseTimestamp(text, text::TimestampForm::kPostgres, &value)) return false;
  const std::size_t begin = BeginBytesField(tag.number, out_);
  if (value.seconds != 0) AppendVarintField(1, static_cast<std::uint64_t>(value.seconds), out_);
  if (value.nanos != 0) AppendVarintField(2, static_cast<std::uint64_t>(value.nanos), out_);
  EndBytesField(begin, out_);
  return true;
}

bool ValueEncoder::AppendEnum(const contract::Type& type, std::string_view label) {
  const contract::Enum& enumeration = contract_.enums[static_cast<std::size_t>(type.index)];
  const auto it = std::ranges::find(enumeration.values, label, &contract::EnumValue::label);
  if (it == enumeration.values.end()) {
    moved_ = true;
    return Fail(
        fmt::format("the label {}, which {} does not have (reload the server with SIGHUP or NOTIFY protogres, "
                    "and generate the clients again)",
                    text::Excerpt(label, '\''), enumeration.full_name));
  }
  AppendVarint(static_cast<std::uint64_t>(it->number), out_);
  return true;
}

bool ValueEncoder::AppendArray(const contract::Type& type, const Tag& tag, std::string_view text, int depth) {
  if (text == "{}") return true;
  const bool packed = IsPackable(type.kind);
  const std::size_t begin = packed ? BeginBytesField(tag.number, out_) : 0;
  ArrayReader reader(text, type.delimiter);
  while (reader.Next()) {
    const auto element = reader.element();
    if (!element.has_value()) return Fail("an array with a NULL in it, which a repeated field cannot");
    if (!(packed ? AppendScalar(type, *element) : AppendSingular(type, tag, *element, depth))) return false;
  }
  switch (reader.problem()) {
    case ArrayReader::Problem::kNone:
      break;
    case ArrayReader::Problem::kDimensions:
      return Fail(fmt::format("{}, an array of more than one dimension, which a repeated field cannot",
                              text::Excerpt(text, '\'')));
    case ArrayReader::Problem::kBounds:
      return Fail(fmt::format("{}, an array that does not begin at 1, which a repeated field cannot",
                              text::Excerpt(text, '\'')));
    case ArrayReader::Problem::kMalformed:
      return Fail(fmt::format("{}, which is no array in PostgreSQL's text form, and a repeated field cannot",
                              text::Excerpt(text, '\'')));
  }
  if (packed) EndBytesField(begin, out_);
  return true;
}

bool ValueEncoder::AppendRecord(const contract::Composite& composite, std::string_view text, int depth) {
  RecordReader reader(text);
  std::size_t count = 0;
  while (reader.Next()) {
    const auto attribute = reader.attribute();
    // A row of no attributes is "()", as is one of a single NULL.
    if (count == composite.fields.size()) {
      if (count == 0 && !attribute.has_value()) continue;
      ++count;
      break;
    }
    const contract::Field& field = composite.fields[count++];
    if (!attribute.has_value()) continue;
    if (!Append(field.type, Tag(field.number, field.type), *attribute, depth)) {
      return Fail(fmt::format("in its attribute \"{}\" {}", field.column, why_));
    }
  }
  if (reader.failed() || count != composite.fields.size()) {
    moved_ = true;
    return Fail(
        fmt::format("{}, which is no row of the {} attributes of {} (reload the server with SIGHUP or NOTIFY "
                    "protogres, and generate the clients again)",
                    text::Excerpt(text, '\''), composite.fields.size(), composite.full_name));
  }
  return true;
}

}  // namespace protogres::wire
