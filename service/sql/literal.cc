#include "sql/literal.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "sql/suggest.h"
#include "text/ascii.h"
#include "text/excerpt.h"
#include "text/hex.h"
#include "text/number.h"
#include "text/timestamp.h"
#include "text/value.h"

namespace protogres::sql {
namespace {

using contract::Kind;
using contract::Type;

absl::Status Expected(const std::string& what, const Literal& literal) {
  return absl::InvalidArgumentError(fmt::format("expected {}, found {}", what, text::Excerpt(literal.text)));
}

// Without a leading plus, which from_chars does not take. One before a minus stays, so that +-5 is no number.
std::string_view Unsigned(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

absl::StatusOr<std::string> IntegerText(std::int64_t low, std::int64_t high, const Literal& literal) {
  const auto value = text::ParseNumber<std::int64_t>(Unsigned(literal.text));
  if (!value || *value < low || *value > high) {
    return Expected(fmt::format("an integer from {} to {}", low, high), literal);
  }
  return std::to_string(*value);
}

// NaN and the infinities, spelled as PostgreSQL takes them; empty: not one.
std::string SpecialNumber(std::string_view text) {
  const std::string lower = text::Lower(Unsigned(text));
  if (lower == "nan") return "NaN";
  if (lower == "inf" || lower == "infinity") return "Infinity";
  if (lower == "-inf" || lower == "-infinity") return "-Infinity";
  return "";
}

template <typename Float>
absl::StatusOr<std::string> FloatText(const Literal& literal) {
  if (std::string special = SpecialNumber(literal.text); !special.empty()) return special;
  if (!text::IsDecimal(literal.text)) return Expected("a number", literal);
  const std::string_view digits = Unsigned(literal.text);
  if (!text::ParseNumber<Float>(digits)) {
    return Expected(sizeof(Float) == 4 ? "a number that a float can hold" : "a number that a double can hold", literal);
  }
  return std::string(digits);
}

absl::StatusOr<std::string> NumericText(const Literal& literal) {
  if (std::string special = SpecialNumber(literal.text); !special.empty()) return special;
  if (!text::IsDecimal(literal.text)) return Expected("a number", literal);
  return literal.text;
}

absl::StatusOr<std::string> BoolText(const Literal& literal) {
  const std::string lower = text::Lower(literal.text);
  if (lower != "true" && lower != "false") return Expected("true or false", literal);
  return lower;
}

absl::StatusOr<std::string> UuidText(const Literal& literal) {
  const std::string& text = literal.text;
  if (!text::IsUuid(text)) return Expected("a uuid (like 123e4567-e89b-12d3-a456-426614174000)", literal);
  return text;
}

absl::StatusOr<std::string> EnumText(const contract::Enum& type, const Literal& literal) {
  const auto label = std::ranges::find(type.values, literal.text, &contract::EnumValue::label);
  if (label != type.values.end()) return label->label;
  const auto name = std::ranges::find(type.values, literal.text, &contract::EnumValue::name);
  if (name != type.values.end()) return name->label;
  std::vector<std::string_view> labels;
  for (const contract::EnumValue& value : type.values) labels.push_back(value.label);
  return absl::InvalidArgumentError(
      fmt::format("{} is no value of the enum{}", text::Excerpt(literal.text), Suggest(literal.text, labels)));
}

absl::StatusOr<std::string> TimestampText(const Literal& literal) {
  if (literal.text == "infinity" || literal.text == "-infinity") return literal.text;
  text::Timestamp value;
  if (!text::ParseTimestamp(literal.text, text::TimestampForm::kRfc3339, &value)) {
    return Expected("a timestamp to the microsecond (like \"2024-05-01T10:00:00Z\") or a date (like 2024-05-01)",
                    literal);
  }
  std::string text;
  text::AppendTimestamp(value, &text);
  return text;
}

absl::StatusOr<std::string> BytesText(const Literal& literal) {
  const std::string& text = literal.text;
  if (text.starts_with("\\x")) {
    if (text.size() % 2 != 0 || !std::all_of(text.begin() + 2, text.end(), text::IsHexDigit)) {
      return Expected("pairs of hexadecimal digits after \\x", literal);
    }
    return text;
  }
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) {
    return Expected("bytes in base64, or in hexadecimal after \\x", literal);
  }
  return text::ToHex(bytes);
}

}  // namespace

absl::StatusOr<std::string> LiteralText(const contract::Contract& contract, const Type& type, const Literal& literal) {
  switch (type.kind) {
    case Kind::kInt32:
      if (type.small) {
        return IntegerText(std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max(), literal);
      }
      return IntegerText(std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(), literal);
    case Kind::kInt64:
      return IntegerText(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), literal);
    case Kind::kUint32:
      return IntegerText(0, std::numeric_limits<std::uint32_t>::max(), literal);
    case Kind::kFloat:
      return FloatText<float>(literal);
    case Kind::kDouble:
      return FloatText<double>(literal);
    case Kind::kBool:
      return BoolText(literal);
    case Kind::kBytes:
      return BytesText(literal);
    case Kind::kTimestamp:
      return TimestampText(literal);
    case Kind::kEnum:
      return EnumText(contract.enums[static_cast<std::size_t>(type.index)], literal);
    case Kind::kString:
      if (type.text == contract::Text::kUuid) return UuidText(literal);
      if (type.text == contract::Text::kNumeric) return NumericText(literal);
      return literal.text;
    case Kind::kJson:
    case Kind::kMessage:
      return literal.text;
  }
  return literal.text;
}

bool IsJsonNumber(const Literal& literal) { return !literal.quoted && text::IsDecimal(literal.text); }

bool IsJsonBoolean(const Literal& literal) { return literal.Is("true") || literal.Is("false"); }

std::string LikePattern(const Literal& literal) {
  std::string pattern;
  auto star = literal.stars.begin();
  for (std::size_t i = 0; i < literal.text.size(); ++i) {
    const char c = literal.text[i];
    if (star != literal.stars.end() && *star == i) {
      pattern += '%';
      ++star;
      continue;
    }
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace protogres::sql
