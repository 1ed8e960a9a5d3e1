#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "protogres/internal/page_token.pb.h"
#include "sql/lexer.h"
#include "sql/page.h"
#include "status/status.h"
#include "text/hash.h"

namespace protogres::sql {
namespace {

using Hash = text::Hash<std::uint64_t>;
using internal::PageToken;

// No listing comes so far, and a sum with it does not overflow.
constexpr std::int64_t kMaxSkip = std::int64_t{1} << 62;

// The token's text, with the checksum that it must have.
std::string Seal(PageToken token) {
  token.clear_checksum();
  token.set_checksum(Hash().Add(token.SerializeAsString()).value());
  return absl::WebSafeBase64Escape(token.SerializeAsString());
}

// False: `token` holds no position in an order of so many columns.
bool ReadPosition(const PageToken& token, std::size_t columns, Position* position) {
  if (token.skip() < 0 || token.skip() > kMaxSkip) return false;
  position->skip = token.skip();
  const auto count = static_cast<std::size_t>(token.values_size());
  if (count != 0 && count != columns) return false;
  for (const PageToken::Value& value : token.values()) {
    if (!TextFault(value.text()).empty()) return false;
    position->values.push_back(value.has_text() ? Param(value.text()) : std::nullopt);
  }
  return true;
}

absl::Status Invalid(const std::string& what) {
  return status::BadRequest("page_token", what, status::kInvalidPageToken);
}

absl::Status NoToken() {
  return Invalid("not a token of this method; expected the next_page_token of an answer, unchanged, or none");
}

}  // namespace

std::uint64_t Fingerprint(const contract::Table& table, const RowOrder& order, std::string_view filter,
                          std::string_view order_by, bool show_deleted) {
  Hash hash;
  hash.AddText(table.sql_name);
  hash.AddText(filter);
  hash.AddText(order_by);
  hash.AddByte(show_deleted ? 1 : 0);
  // Only what the token's values stand for: a column that is added to a table with a key breaks no token.
  for (const SortKey& key : order.keys) {
    if (key.field < 0) {
      hash.AddByte(static_cast<unsigned char>(key.by));
      continue;
    }
    for (const Hop& hop : order.joins.PathOf(key.join)) {
      hash.AddText(hop.target->sql_name);
      for (const int own : hop.relation->fields) hash.AddText(hop.table->field(own).column);
    }
    const contract::Field& field = SortField(table, order, key);
    hash.AddText(field.computed() ? field.function : field.column);
    hash.AddText(field.type.sql_type);
  }
  for (const int rest : order.rest) {
    const contract::Field& field = table.field(rest);
    hash.AddText(field.computed() ? field.function : field.column);
    hash.AddText(field.type.sql_type);
  }
  return hash.value();
}

std::string EncodeToken(std::uint64_t fingerprint, const Position& position) {
  PageToken token;
  token.set_fingerprint(fingerprint);
  token.set_skip(position.skip);
  for (const Param& text : position.values) {
    PageToken::Value* const value = token.add_values();
    if (text.has_value()) value->set_text(*text);
  }
  return Seal(std::move(token));
}

absl::StatusOr<Position> DecodeToken(std::string_view token, std::uint64_t fingerprint, std::size_t columns) {
  std::string bytes;
  PageToken content;
  if (!absl::WebSafeBase64Unescape(std::string(token), &bytes) || !content.ParseFromString(bytes)) return NoToken();
  content.DiscardUnknownFields();
  // Only what EncodeToken wrote: no other checksum, fields, order of fields, blanks, padding or alphabet.
  if (Seal(content) != token) return NoToken();
  if (content.fingerprint() != fingerprint) {
    return Invalid(
        "the token is of a call with another table, filter, order_by or show_deleted; all pages are asked for "
        "with the same ones");
  }
  Position position;
  if (!ReadPosition(content, columns, &position)) return NoToken();
  return position;
}

}  // namespace protogres::sql
