// Fuzzes what sql/ reads from callers: filter, order_by and page_token. The
// first byte chooses. Beyond not crashing: an accepted filter binds every
// parameter that its SQL names, and none of its text reaches the SQL.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sql/filter.h"
#include "sql/page.h"
#include "unit/sql/fixture.h"

namespace {

using namespace protogres;

void Check(bool holds) {
  if (!holds) std::abort();
}

void FuzzFilter(const contract::Contract& contract, std::string_view text) {
  const auto statement = sql::CompileFilter(contract, contract.tables[0], text);
  if (!statement.ok()) return;
  for (std::size_t n = 1; n <= statement->params.size(); ++n) {
    Check(statement->params[n - 1].has_value());
    Check(statement->text.find("$" + std::to_string(n)) != std::string::npos);
  }
  Check(statement->text.find("$" + std::to_string(statement->params.size() + 1) + ":") == std::string::npos);
  int depth = 0;
  for (const char c : statement->text) {
    Check(static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f && c != ';');
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    Check(depth >= 0);
  }
  Check(depth == 0);
}

void FuzzToken(const contract::Contract& contract, std::string_view text) {
  (void)sql::DecodeToken(text, 0, 2);
  // Also what has a right checksum: the text as the values of a real token.
  const sql::Position position{{std::string(text.substr(0, text.size() / 2)), std::nullopt}};
  const auto decoded = sql::DecodeToken(sql::EncodeToken(0, position), 0, 2);
  if (decoded.ok()) Check(*decoded == position);
  const contract::Table& table = contract.tables[0];
  const auto named = sql::ParseOrderBy(contract, table, text);
  const auto order = sql::TotalOrder(table, named.ok() ? *named : std::vector<sql::OrderTerm>());
  (void)sql::Fingerprint(table, order, text, text, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const contract::Contract contract = sql::MakeRelatedContract();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      FuzzToken(contract, text);
      break;
    case 1:
      if (const auto order = sql::ParseOrderBy(contract, contract.tables[0], text); order.ok()) {
        (void)sql::TotalOrder(contract.tables[0], *order);
      }
      break;
    default:
      FuzzFilter(contract, text);
      break;
  }
  return 0;
}
