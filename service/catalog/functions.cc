#include "catalog/functions.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "catalog/cell.h"
#include "catalog/reader_sql.h"
#include "fmt/format.h"
#include "status/macros.h"

namespace protogres::catalog {
namespace {

Volatility VolatilityOf(const Cell& provolatile) {
  switch (provolatile->front()) {
    case 'i':
      return Volatility::kImmutable;
    case 's':
      return Volatility::kStable;
    default:
      return Volatility::kVolatile;
  }
}

ArgumentMode ModeOf(const Cell& mode) {
  switch (mode->front()) {
    case 'o':
      return ArgumentMode::kOut;
    case 'b':
      return ArgumentMode::kInOut;
    case 'v':
      return ArgumentMode::kVariadic;
    case 't':
      return ArgumentMode::kTable;
    default:
      return ArgumentMode::kIn;
  }
}

// By what tells overloads apart, which an order by oids would not keep through a dump.
bool Before(const Function& a, const Function& b) {
  if (std::tie(a.schema, a.name) != std::tie(b.schema, b.name)) {
    return std::tie(a.schema, a.name) < std::tie(b.schema, b.name);
  }
  return std::ranges::lexicographical_compare(a.arguments, b.arguments, {}, &Argument::sql_type, &Argument::sql_type);
}

}  // namespace

absl::Status ReadFunctions(const Query& query, const std::string& filter, std::vector<Function>* functions) {
  ASSIGN_OR_RETURN(const TextRows rows, query(fmt::format(kFunctionsSql, filter)));
  std::unordered_map<Oid, std::size_t> index;
  functions->clear();
  functions->reserve(static_cast<std::size_t>(rows.size()));
  for (const TextRow& row : rows) {
    Function& function = functions->emplace_back();
    function.oid = Number(row[0]);
    function.schema = Text(row[1]);
    function.name = Text(row[2]);
    function.procedure = Text(row[3]) == "p";
    function.volatility = VolatilityOf(row[4]);
    function.set = Flag(row[5]);
    function.result = Number(row[6]);
    function.sql_result = Text(row[7]);
    function.overloaded = Flag(row[8]);
    function.comment = Text(row[9]);
    index[function.oid] = functions->size() - 1;
  }
  if (functions->empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const TextRows arguments, query(fmt::format(kArgumentsSql, filter)));
  for (const TextRow& row : arguments) {
    const auto it = index.find(Number(row[0]));
    if (it == index.end()) continue;
    Argument& argument = (*functions)[it->second].arguments.emplace_back();
    argument.mode = ModeOf(row[1]);
    argument.name = Text(row[2]);
    argument.type = Number(row[3]);
    argument.sql_type = Text(row[4]);
    argument.default_sql = Text(row[5]);
  }
  std::ranges::sort(*functions, Before);
  return absl::OkStatus();
}

}  // namespace protogres::catalog
