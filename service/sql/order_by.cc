// order_by, by https://google.aip.dev/132#ordering: "age desc, name".
#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "sql/filter.h"
#include "sql/lexer.h"
#include "sql/suggest.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::sql {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr PathUse kUse = {"ordered by", "the order of its own rows is that of expand"};

absl::Status Invalid(const std::string& what) { return status::BadRequest("order_by", what, status::kInvalidOrderBy); }

// The words of one term.
std::vector<std::string_view> Words(std::string_view term) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = term.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(term.find_first_of(kSpace, begin), term.size());
    words.push_back(term.substr(begin, end - begin));
    term.remove_prefix(end);
  }
}

// What the path of a term leads to.
absl::StatusOr<OrderTerm> ParsePath(const contract::Contract& contract, const contract::Table& root,
                                    std::string_view path, int max_depth) {
  const auto named = TakeToOne(contract, root, path, max_depth, kUse);
  if (!named.ok()) return Invalid(std::string(named.status().message()));
  const std::string_view name = named->rest;
  const contract::Table& table = EndOf(named->hops, root);
  const auto field = std::ranges::find(table.fields, name, &contract::Field::name);
  if (field == table.fields.end()) {
    const std::string_view first = name.substr(0, name.find('.'));
    if (first.size() < name.size() &&
        std::ranges::find(table.fields, first, &contract::Field::name) != table.fields.end()) {
      return Invalid(
          fmt::format("expected a field's name, found the path {}; members cannot be ordered by", text::Excerpt(path)));
    }
    const std::string_view unknown = table.relations.empty() ? name : first;
    return Invalid(fmt::format("unknown field {}{}", text::Excerpt(unknown),
                               SuggestField(unknown, table.fields, table.relations)));
  }
  if (!field->readable) return Invalid(InputOnly(path));
  if (!field->type.orderable) {
    return Invalid(fmt::format("{} is of a type without an order ({})", path, field->type.sql_type));
  }
  return OrderTerm{static_cast<int>(field - table.fields.begin()), false, named->hops};
}

absl::StatusOr<OrderTerm> ParseTerm(const contract::Contract& contract, const contract::Table& table,
                                    std::string_view text, int max_depth) {
  const std::vector<std::string_view> words = Words(text);
  if (words.empty()) return Invalid("expected a field's name, found nothing (terms are separated by one comma)");
  const std::string_view name = words.front();
  ASSIGN_OR_RETURN(OrderTerm term, ParsePath(contract, table, name, max_depth));
  if (words.size() == 1) return term;
  term.descending = words[1] == "desc" || words[1] == "DESC";
  if (!term.descending && words[1] != "asc" && words[1] != "ASC") {
    return Invalid(
        fmt::format("expected asc, desc or a comma after {}, found {}", text::Excerpt(name), text::Excerpt(words[1])));
  }
  if (words.size() > 2) {
    return Invalid(
        fmt::format("expected a comma after {}, found {}", text::Excerpt(words[1]), text::Excerpt(words[2])));
  }
  return term;
}

}  // namespace

absl::StatusOr<std::vector<OrderTerm>> ParseOrderBy(const contract::Contract& contract, const contract::Table& table,
                                                    std::string_view order_by, int max_depth) {
  if (const std::string fault = TextFault(order_by); !fault.empty()) return Invalid(fault);
  std::vector<OrderTerm> order;
  std::size_t hops = 0;
  if (order_by.find_first_not_of(kSpace) == std::string_view::npos) return order;
  while (true) {
    const std::size_t comma = std::min(order_by.find(','), order_by.size());
    ASSIGN_OR_RETURN(const OrderTerm term, ParseTerm(contract, table, order_by.substr(0, comma), max_depth));
    const bool twice = std::ranges::any_of(
        order, [&term](const OrderTerm& other) { return other.field == term.field && other.path == term.path; });
    if (twice) {
      return Invalid(fmt::format("{} is named twice", text::Excerpt(Words(order_by.substr(0, comma)).front())));
    }
    hops += term.path.size();
    if (const absl::Status few = CheckHops(hops); !few.ok()) return Invalid(std::string(few.message()));
    order.push_back(term);
    if (comma == order_by.size()) return order;
    order_by.remove_prefix(comma + 1);
  }
}

}  // namespace protogres::sql
