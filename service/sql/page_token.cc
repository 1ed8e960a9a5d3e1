// The page token: base64url of
//   version (1 byte), fingerprint (8), one more than the rows to skip (varint), number of values (varint),
//   each value: 0 for NULL, or 1, its length (varint) and its bytes; checksum (8) of all that.
// The checksum finds damage, it is no secret: a token can do nothing that a filter could not.
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "sql/lexer.h"
#include "sql/page.h"
#include "status/status.h"
#include "text/hash.h"

namespace protogres::sql {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kFixedBytes = 8;

using Hash = text::Hash<std::uint64_t>;

std::uint64_t Checksum(std::string_view bytes) { return Hash().Add(bytes).value(); }

void AppendFixed(std::uint64_t value, std::string* out) {
  for (std::size_t i = 0; i < kFixedBytes; ++i) *out += static_cast<char>(value >> (8 * i));
}

void AppendVarint(std::uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>(value | 0x80);
  *out += static_cast<char>(value);
}

bool ReadFixed(std::string_view* rest, std::uint64_t* value) {
  if (rest->size() < kFixedBytes) return false;
  *value = 0;
  for (std::size_t i = 0; i < kFixedBytes; ++i) {
    *value |= static_cast<std::uint64_t>(static_cast<unsigned char>((*rest)[i])) << (8 * i);
  }
  rest->remove_prefix(kFixedBytes);
  return true;
}

// Of at most 62 bits, so that a sum is none that overflows.
bool ReadVarint(std::string_view* rest, std::uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 63 && !rest->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest->front());
    rest->remove_prefix(1);
    *value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return *value < std::uint64_t{1} << 62;
  }
  return false;
}

bool ReadValue(std::string_view* rest, Param* value) {
  if (rest->empty()) return false;
  const char flag = rest->front();
  rest->remove_prefix(1);
  if (flag == 0) {
    value->reset();
    return true;
  }
  std::uint64_t length = 0;
  if (flag != 1 || !ReadVarint(rest, &length) || length > rest->size()) return false;
  const std::string_view text = rest->substr(0, length);
  if (!TextFault(text).empty()) return false;
  *value = std::string(text);
  rest->remove_prefix(length);
  return true;
}

// What follows the fingerprint, up to the checksum.
bool ReadPosition(std::string_view rest, std::size_t columns, Position* position) {
  std::uint64_t returned = 0, values = 0;
  if (!ReadVarint(&rest, &returned) || returned < 1 || !ReadVarint(&rest, &values)) return false;
  if (values != 0 && values != columns) return false;
  position->skip = static_cast<std::int64_t>(returned) - 1;
  for (std::size_t i = 0; i < values; ++i) {
    Param value;
    if (!ReadValue(&rest, &value)) return false;
    position->values.push_back(std::move(value));
  }
  return rest.empty();
}

absl::Status Invalid(const std::string& what) {
  return status::BadRequest("page_token", what, status::kInvalidPageToken);
}

absl::Status NoToken() {
  return Invalid("not a token of this method; expected the next_page_token of an answer, unchanged, or none");
}

}  // namespace

std::uint64_t Fingerprint(const contract::Table& table, std::string_view filter, std::string_view order_by,
                          bool show_deleted) {
  Hash hash;
  hash.AddText(table.sql_name);
  hash.AddText(filter);
  hash.AddText(order_by);
  hash.AddByte(show_deleted ? 1 : 0);
  // Only what the token's values stand for: a column that is added to a table with a key breaks no token.
  const auto parsed = ParseOrderBy(table, order_by);
  const std::vector<OrderTerm> named = parsed.ok() ? *parsed : std::vector<OrderTerm>();
  const RowOrder order = TotalOrder(table, named);
  for (const SortKey& key : order.keys) {
    if (key.field < 0) {
      hash.AddByte(static_cast<unsigned char>(key.by));
      continue;
    }
    const contract::Field& field = table.fields[static_cast<std::size_t>(key.field)];
    hash.AddText(field.column);
    hash.AddText(field.type.sql_type);
  }
  for (const int rest : order.rest) {
    const contract::Field& field = table.fields[static_cast<std::size_t>(rest)];
    hash.AddText(field.column);
    hash.AddText(field.type.sql_type);
  }
  return hash.value();
}

std::string EncodeToken(std::uint64_t fingerprint, const Position& position) {
  std::string bytes;
  bytes += kVersion;
  AppendFixed(fingerprint, &bytes);
  AppendVarint(static_cast<std::uint64_t>(position.skip) + 1, &bytes);
  AppendVarint(position.values.size(), &bytes);
  for (const Param& value : position.values) {
    bytes += value.has_value() ? '\1' : '\0';
    if (!value.has_value()) continue;
    AppendVarint(value->size(), &bytes);
    bytes += *value;
  }
  AppendFixed(Checksum(bytes), &bytes);
  std::string token = absl::WebSafeBase64Escape(bytes);
  return token;
}

absl::StatusOr<Position> DecodeToken(std::string_view token, std::uint64_t fingerprint, std::size_t columns) {
  const std::string text(token);
  std::string bytes;
  // Only what EncodeToken wrote: no blanks, no padding, no other alphabet.
  if (!absl::WebSafeBase64Unescape(text, &bytes) || absl::WebSafeBase64Escape(bytes) != text) return NoToken();
  if (bytes.size() < 1 + 2 * kFixedBytes || bytes.front() != kVersion) return NoToken();
  const std::string_view content = std::string_view(bytes).substr(0, bytes.size() - kFixedBytes);
  std::string_view tail = std::string_view(bytes).substr(content.size());
  std::string_view rest = content.substr(1);
  std::uint64_t checksum = 0, of_arguments = 0;
  if (!ReadFixed(&tail, &checksum) || checksum != Checksum(content)) return NoToken();
  if (!ReadFixed(&rest, &of_arguments)) return NoToken();
  if (of_arguments != fingerprint) {
    return Invalid(
        "the token is of a call with another table, filter, order_by or show_deleted; all pages are asked for "
        "with the same ones");
  }
  Position position;
  if (!ReadPosition(rest, columns, &position)) return NoToken();
  return position;
}

}  // namespace protogres::sql
