#include "crud/nested.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "crud/masks.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::crud {
namespace {

using contract::Relation;
using contract::Table;

NestedRows* FindRelation(const Relation& relation, NestedRows* level) {
  auto& relations = relation.reverse ? level->after : level->before;
  const auto found = std::ranges::find(relations, &relation, &NestedRows::relation);
  return found == relations.end() ? nullptr : &*found;
}

class NestedPlanner {
 public:
  NestedPlanner(const BoundTable& root, wire::RelatedInput::Count* count) : root_(root), count_(count) {}

  // Adds what is below row `above` of `level`.
  absl::Status AddBelow(const wire::RelatedInput& related, std::size_t above, int depth, NestedRows* level) {
    const Table& table = level->bound->table();
    for (const auto& [index, message] : related.one) {
      const Relation& relation = table.relations[static_cast<std::size_t>(index)];
      RETURN_IF_ERROR(Add(relation, message.bytes(), {.above = above, .index = 0}, depth, level));
    }
    std::vector<std::size_t> next(table.relations.size(), 0);
    for (const auto& [index, bytes] : related.many) {
      const auto number = static_cast<std::size_t>(index);
      RETURN_IF_ERROR(Add(table.relations[number], bytes, {.above = above, .index = next[number]++}, depth, level));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Add(const Relation& relation, std::string_view bytes, NestedRows::Place place, int depth,
                   NestedRows* level) {
    const absl::Status added = AddRow(relation, bytes, place, depth, level);
    return added.ok() ? added : status::Within(StepTo(relation, place.index), added);
  }

  absl::Status AddRow(const Relation& relation, std::string_view bytes, NestedRows::Place place, int depth,
                      NestedRows* level) {
    if (depth >= root_.limits().max_depth) {
      return status::BadRequest("",
                                fmt::format("is below more than {} relations (--max_depth)", root_.limits().max_depth));
    }
    ASSIGN_OR_RETURN(NestedRows* const rows, LevelOf(relation, level));
    const Table& table = rows->bound->table();
    wire::RelatedInput related(count_);
    ASSIGN_OR_RETURN(wire::RowInput input, wire::DecodeRow(root_.contract(), table, bytes, /*path=*/"", &related));
    ASSIGN_OR_RETURN(sql::Row row, Inserted(table, std::move(input), {}, /*path=*/""));
    rows->rows.push_back(std::move(row));
    rows->places.push_back(place);
    return related.empty() ? absl::OkStatus() : AddBelow(related, rows->rows.size() - 1, depth + 1, rows);
  }

  // The level of a relation, which is made for its first row.
  absl::StatusOr<NestedRows*> LevelOf(const Relation& relation, NestedRows* level) {
    if (NestedRows* const found = FindRelation(relation, level)) return found;
    const BoundTable& target = root_.Other(relation.target);
    if (std::ranges::find(target.table().methods, contract::MethodKind::kCreate) == target.table().methods.end()) {
      return status::BadRequest(
          "", fmt::format("cannot be written: this API has no Create of {}", target.table().FullMessage()));
    }
    const Table& referencing = relation.reverse ? target.table() : level->bound->table();
    for (const int field : relation.reverse ? relation.target_fields : relation.fields) {
      if (!referencing.field(field).insertable) return NotInsertable(referencing, referencing.field(field), "");
    }
    NestedRows& made = (relation.reverse ? level->after : level->before).emplace_back();
    made.relation = &relation;
    made.bound = &target;
    return &made;
  }

  const BoundTable& root_;
  wire::RelatedInput::Count* const count_;
};

}  // namespace

NestedRows OfOneRow(const BoundTable& bound, sql::Row row) {
  NestedRows tree;
  tree.bound = &bound;
  tree.rows.push_back(std::move(row));
  tree.places.emplace_back();
  return tree;
}

absl::StatusOr<std::unique_ptr<NestedRows>> PlanNested(const BoundTable& bound, sql::Row row,
                                                       const wire::RelatedInput& related, const std::string& path) {
  auto tree = std::make_unique<NestedRows>(OfOneRow(bound, std::move(row)));
  const absl::Status planned = NestedPlanner(bound, related.count).AddBelow(related, 0, /*depth=*/0, tree.get());
  if (!planned.ok()) return status::Within(path, planned);
  return tree;
}

std::size_t CountRows(const NestedRows& tree) {
  std::size_t count = tree.rows.size();
  for (const NestedRows& level : tree.before) count += CountRows(level);
  for (const NestedRows& level : tree.after) count += CountRows(level);
  return count;
}

void Merge(NestedRows from, NestedRows* into) {
  const std::size_t shift = into->rows.size();
  for (auto* relations : {&from.before, &from.after}) {
    for (NestedRows& level : *relations) {
      for (NestedRows::Place& place : level.places) place.above += shift;
      if (NestedRows* const same = FindRelation(*level.relation, into)) {
        Merge(std::move(level), same);
      } else {
        (level.relation->reverse ? into->after : into->before).push_back(std::move(level));
      }
    }
  }
  std::ranges::move(from.rows, std::back_inserter(into->rows));
  std::ranges::move(from.places, std::back_inserter(into->places));
}

std::string StepTo(const Relation& relation, std::size_t index) {
  return relation.many ? fmt::format("{}[{}]", relation.name, index) : relation.name;
}

}  // namespace protogres::crud
