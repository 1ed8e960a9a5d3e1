#include "sql/suggest.h"

#include <algorithm>

#include "fmt/format.h"
#include "text/excerpt.h"
#include "text/nearest.h"

namespace protogres::sql {
namespace {

constexpr std::size_t kMaxNear = 3;
constexpr std::size_t kMaxListed = 12;

std::string List(const std::vector<std::string_view>& names, std::string_view before_last) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? before_last : ", ";
    list += text::Excerpt(names[i]);
  }
  return list;
}

}  // namespace

std::string Suggest(std::string_view unknown, const std::vector<std::string_view>& known) {
  const auto near = text::Nearest(unknown, known, kMaxNear);
  if (!near.empty()) return fmt::format("; did you mean {}?", List(near, " or "));
  if (known.empty() || known.size() > kMaxListed) return "";
  return fmt::format("; there {} {}", known.size() == 1 ? "is" : "are", List(known, " and "));
}

std::string SuggestField(std::string_view unknown, const std::vector<contract::Field>& fields,
                         const std::vector<contract::Relation>& relations) {
  const auto column = std::ranges::find(fields, unknown, &contract::Field::column);
  if (column != fields.end()) return fmt::format("; did you mean {}?", text::Excerpt(column->name));
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const contract::Field& field : fields) {
    if (field.readable) names.push_back(field.name);
  }
  std::vector<std::string_view> related;
  for (const contract::Relation& relation : relations) related.push_back(relation.name);
  const auto is_near = [unknown](const std::vector<std::string_view>& known) {
    return !text::Nearest(unknown, known, kMaxNear).empty();
  };
  return Suggest(unknown, !is_near(names) && is_near(related) ? related : names);
}

std::string InputOnly(std::string_view name) {
  return fmt::format("{} is input only: the server's role may write it, but not read it", text::Excerpt(name));
}

}  // namespace protogres::sql
