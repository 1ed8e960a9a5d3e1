#include "sql/through.h"

#include <algorithm>

#include "fmt/format.h"
#include "sql/clause.h"
#include "status/macros.h"
#include "text/excerpt.h"

namespace protogres::sql {

using contract::Contract;
using contract::Field;
using contract::Relation;
using contract::Table;

std::optional<Hop> FindHop(const Contract& contract, const Table& table, std::string_view name) {
  const auto relation = std::ranges::find(table.relations, name, &Relation::name);
  if (relation == table.relations.end()) return std::nullopt;
  return Hop{&table, &*relation, &contract.tables[static_cast<std::size_t>(relation->target)]};
}

std::string Belongs(const Hop& hop, std::string_view from, std::string_view to, bool show_deleted) {
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < hop.relation->fields.size(); ++i) {
    const Field& own = hop.table->field(hop.relation->fields[i]);
    const Field& other = hop.target->field(hop.relation->target_fields[i]);
    // PostgreSQL keeps a foreign key by the operator of what it refers to.
    const Field& referenced = hop.relation->reverse ? own : other;
    conditions.push_back(fmt::format("{} {} {}", Column(other, to), Operator(referenced.type, "="), Column(own, from)));
  }
  if (!show_deleted) conditions.push_back(Live(*hop.target, to));
  return And(conditions);
}

absl::StatusOr<ToOnePath> TakeToOne(const Contract& contract, const Table& table, std::string_view path, int max_depth,
                                    const PathUse& use) {
  ToOnePath taken{{}, path};
  const Table* at = &table;
  while (true) {
    const std::size_t dot = taken.rest.find('.');
    const std::optional<Hop> hop = FindHop(contract, *at, taken.rest.substr(0, dot));
    if (!hop.has_value()) return taken;
    const std::string& name = hop->relation->name;
    if (hop->relation->many) {
      return absl::InvalidArgumentError(
          fmt::format("{} is to many: rows are {} fields of their own or of relations to one; {}", text::Excerpt(name),
                      use.rows_are, use.instead));
    }
    if (hop->relation->constraint.empty()) {
      return absl::InvalidArgumentError(
          fmt::format("{} is declared by an annotation: rows are only {} what a foreign key keeps to one row",
                      text::Excerpt(name), use.rows_are));
    }
    if (static_cast<int>(taken.hops.size()) >= max_depth) {
      return absl::InvalidArgumentError(
          fmt::format("{} goes through more than {} relations (--max_depth)", text::Excerpt(path), max_depth));
    }
    if (dot == std::string_view::npos) {
      const std::string example = hop->target->fields.empty() ? "field" : hop->target->fields.front().name;
      return absl::InvalidArgumentError(fmt::format("{} is a relation: expected a field of {}, as {}.{}",
                                                    text::Excerpt(path), hop->target->message, name, example));
    }
    taken.hops.push_back(*hop);
    taken.rest.remove_prefix(dot + 1);
    at = hop->target;
  }
}

int Joins::Add(const std::vector<Hop>& path) {
  int last = -1;
  for (const Hop& hop : path) {
    const Join join{last, hop};
    const auto found = std::ranges::find(joins_, join);
    last = static_cast<int>(found - joins_.begin());
    if (found == joins_.end()) joins_.push_back(join);
  }
  return last;
}

std::vector<Hop> Joins::PathOf(int join) const {
  std::vector<Hop> path;
  for (; join >= 0; join = joins_[static_cast<std::size_t>(join)].parent) {
    path.insert(path.begin(), joins_[static_cast<std::size_t>(join)].hop);
  }
  return path;
}

std::string Joins::Alias(int join) { return join < 0 ? "t" : fmt::format("j{}", join + 1); }

std::string Joins::Sql(bool show_deleted) const {
  std::string sql;
  for (std::size_t i = 0; i < joins_.size(); ++i) {
    const std::string alias = Alias(static_cast<int>(i));
    sql += fmt::format(" LEFT JOIN {} AS {} ON {}", joins_[i].hop.target->sql_name, alias,
                       Belongs(joins_[i].hop, Alias(joins_[i].parent), alias, show_deleted));
  }
  return sql;
}

absl::Status CheckHops(std::size_t hops) {
  if (hops <= static_cast<std::size_t>(kMostHops)) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("goes through more than {} relations in all", kMostHops));
}

}  // namespace protogres::sql
