// A node is {NAME :field value :field value}, a list (value value). Text has a backslash before each brace, parenthesis
// and blank that it contains, so that none of these needs to be told from those of the form (PostgreSQL, outfuncs.c,
// outToken).
#include "catalog/definition.h"

#include <charconv>
#include <set>
#include <utility>

namespace protogres::catalog {
namespace {

constexpr std::string_view kNone = "<>";
constexpr std::string_view kRelationEntry = "0";  // RTEKind: RTE_RELATION

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t'; }

void SkipBlanks(std::string_view* rest) {
  while (!rest->empty() && IsBlank(rest->front())) rest->remove_prefix(1);
}

// The next word, list or node, whole. Empty: there is none.
std::string_view Take(std::string_view* rest) {
  SkipBlanks(rest);
  int depth = 0;
  std::size_t end = 0;
  for (; end < rest->size(); ++end) {
    const char c = (*rest)[end];
    if (c == '\\') {
      ++end;
    } else if (c == '(' || c == '{') {
      ++depth;
    } else if (c == ')' || c == '}') {
      if (--depth <= 0) {
        end += depth == 0 ? 1 : 0;
        break;
      }
    } else if (depth == 0 && IsBlank(c)) {
      break;
    }
  }
  const std::string_view taken = rest->substr(0, end);
  rest->remove_prefix(taken.size());
  return taken;
}

// What stands between a list's parentheses.
std::vector<std::string_view> Items(std::string_view list) {
  std::vector<std::string_view> items;
  if (!list.starts_with('(') || !list.ends_with(')')) return items;
  std::string_view rest = list.substr(1, list.size() - 2);
  for (std::string_view item = Take(&rest); !item.empty(); item = Take(&rest)) items.push_back(item);
  return items;
}

// A node's fields, each with the first word of its value, which is all of it wherever this file looks.
class Node {
 public:
  Node(std::string_view text, std::string_view name) {
    if (!text.starts_with('{') || !text.ends_with('}')) return;
    std::string_view rest = text.substr(1, text.size() - 2);
    if (Take(&rest) != name) return;
    std::string_view word = Take(&rest);
    while (!word.empty()) {
      // A value may begin with a colon, too.
      const std::string_view value = Take(&rest);
      if (word.starts_with(':')) fields_.emplace(word.substr(1), value);
      do {
        word = Take(&rest);
      } while (!word.empty() && !word.starts_with(':'));
    }
  }

  // Empty: there is no such field, or the node is another.
  std::string_view operator[](std::string_view field) const {
    const auto it = fields_.find(field);
    return it == fields_.end() ? std::string_view() : it->second;
  }
  std::uint32_t Number(std::string_view field) const {
    std::uint32_t number = 0;
    const std::string_view text = (*this)[field];
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

 private:
  std::map<std::string_view, std::string_view> fields_;
};

std::vector<Node> TargetsOf(const Node& query) {
  std::vector<Node> targets;
  for (const std::string_view item : Items(query["targetList"])) targets.emplace_back(item, "TARGETENTRY");
  return targets;
}

// The one relation that a query reads, as it is: no join, function, subquery or the like. 0: it is not of that kind.
Oid OnlyRelation(const Node& query) {
  const auto from = Items(Node(query["jointree"], "FROMEXPR")["fromlist"]);
  if (from.size() != 1) return 0;
  const std::uint32_t index = Node(from.front(), "RANGETBLREF").Number("rtindex");
  const auto entries = Items(query["rtable"]);
  if (index < 1 || index > entries.size()) return 0;
  // "RTE" up to PostgreSQL 14.
  const std::string_view item = entries[index - 1];
  const Node entry(item, item.starts_with("{RTE ") ? "RTE" : "RANGETBLENTRY");
  return entry["rtekind"] == kRelationEntry ? entry.Number("relid") : 0;
}

bool Grouped(const Node& query) {
  return query["hasAggs"] != "false" || query["groupClause"] != kNone || query["havingQual"] != kNone;
}

// The columns of GROUP BY or DISTINCT, where all of them are columns of the view.
std::vector<int> ColumnsOf(const Node& query, std::string_view clause) {
  std::map<std::uint32_t, int> by_reference;
  for (const Node& target : TargetsOf(query)) {
    const std::uint32_t reference = target.Number("ressortgroupref");
    if (reference > 0 && target["resjunk"] == "false") {
      by_reference.emplace(reference, static_cast<int>(target.Number("resno")));
    }
  }
  std::set<int> columns;
  for (const std::string_view item : Items(query[clause])) {
    const auto column = by_reference.find(Node(item, "SORTGROUPCLAUSE").Number("tleSortGroupRef"));
    if (column == by_reference.end()) return {};
    columns.insert(column->second);
  }
  return {columns.begin(), columns.end()};
}

}  // namespace

Definition ReadDefinition(std::string_view action) {
  Definition definition;
  const auto queries = Items(action);
  if (queries.size() != 1) return definition;
  const Node query(queries.front(), "QUERY");
  // Functions in the select list that return sets, and UNION, make several rows of one.
  const bool one_to_one = query["commandType"] == "1" && query["hasTargetSRFs"] == "false" &&
                          query["setOperations"] == kNone && query["groupingSets"] == kNone;
  if (!one_to_one) return definition;
  if (query["distinctClause"] != kNone) {
    definition.distinct = ColumnsOf(query, "distinctClause");
  } else if (Grouped(query)) {
    definition.distinct = ColumnsOf(query, "groupClause");
  } else {
    definition.table = OnlyRelation(query);
  }
  for (const Node& target : TargetsOf(query)) {
    const Oid origin = target.Number("resorigtbl");
    if (origin == 0 || target["resjunk"] != "false") continue;
    definition.origins.emplace(static_cast<int>(target.Number("resno")),
                               std::pair(origin, static_cast<int>(target.Number("resorigcol"))));
  }
  return definition;
}

bool DeletesOtherwise(std::string_view action) {
  bool otherwise = false;
  for (const std::string_view item : Items(action)) {
    const std::string_view command = Node(item, "QUERY")["commandType"];
    if (command == "4") return false;                                 // CMD_DELETE
    otherwise |= command == "1" || command == "2" || command == "3";  // CMD_SELECT, CMD_UPDATE, CMD_INSERT
  }
  return otherwise;
}

bool HasReturning(std::string_view action) {
  for (const std::string_view item : Items(action)) {
    const std::string_view list = Node(item, "QUERY")["returningList"];
    if (!list.empty() && list != kNone) return true;
  }
  return false;
}

}  // namespace protogres::catalog
