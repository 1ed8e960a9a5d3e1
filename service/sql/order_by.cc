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

absl::StatusOr<OrderTerm> ParseTerm(const contract::Table& table, std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  if (words.empty()) return Invalid("expected a field's name, found nothing (terms are separated by one comma)");
  const std::string_view name = words.front();
  const auto field = std::ranges::find(table.fields, name, &contract::Field::name);
  if (field == table.fields.end()) {
    const std::string_view root = name.substr(0, name.find('.'));
    if (root.size() < name.size() &&
        std::ranges::find(table.fields, root, &contract::Field::name) != table.fields.end()) {
      return Invalid(
          fmt::format("expected a field's name, found the path {}; members cannot be ordered by", text::Excerpt(name)));
    }
    return Invalid(fmt::format("unknown field {}{}", text::Excerpt(name), SuggestField(name, table.fields)));
  }
  if (!field->readable) return Invalid(InputOnly(name));
  if (!field->type.orderable) {
    return Invalid(fmt::format("{} is of a type without an order ({})", field->name, field->type.sql_type));
  }
  OrderTerm term{static_cast<int>(field - table.fields.begin()), false};
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

absl::StatusOr<std::vector<OrderTerm>> ParseOrderBy(const contract::Table& table, std::string_view order_by) {
  if (const std::string fault = TextFault(order_by); !fault.empty()) return Invalid(fault);
  std::vector<OrderTerm> order;
  if (order_by.find_first_not_of(kSpace) == std::string_view::npos) return order;
  while (true) {
    const std::size_t comma = std::min(order_by.find(','), order_by.size());
    ASSIGN_OR_RETURN(const OrderTerm term, ParseTerm(table, order_by.substr(0, comma)));
    if (std::ranges::find(order, term.field, &OrderTerm::field) != order.end()) {
      return Invalid(fmt::format("{} is named twice", text::Excerpt(table.field(term.field).name)));
    }
    order.push_back(term);
    if (comma == order_by.size()) return order;
    order_by.remove_prefix(comma + 1);
  }
}

}  // namespace protogres::sql
