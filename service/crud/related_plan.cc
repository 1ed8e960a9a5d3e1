#include "crud/related_plan.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "sql/filter.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::crud {
namespace {

using contract::kMostRelations;
using contract::Relation;
using contract::Table;
using status::BadRequest;

absl::Status BadPath(std::string_view path, const std::string& why) {
  return BadRequest("read_mask", fmt::format("{}: {}", text::Excerpt(path), why));
}

// The expand's field in the request, for errors.
std::string ExpandField(std::size_t index, const char* field) { return fmt::format("expand[{}].{}", index, field); }

class Planner {
 public:
  Planner(const contract::Contract& contract, const contract::Request& request, const Limits& limits)
      : contract_(contract), request_(request), limits_(limits) {}

  absl::StatusOr<RelatedPlan> Plan(const Table& table, bool etag_by_default) {
    RelatedPlan plan;
    for (const std::string& path : *request_.mask) {
      RETURN_IF_ERROR(AddPath(table, path, &plan));
      if (path == "*" && etag_by_default) plan.root.etag = table.has_etag;
    }
    RETURN_IF_ERROR(Expand(&plan.nodes));
    Finish(&plan.root, &plan.nodes);
    return plan;
  }

 private:
  absl::Status AddPath(const Table& root, std::string_view path, RelatedPlan* plan) {
    const Table* table = &root;
    sql::Projection* projection = &plan->root;
    std::vector<RelatedNode>* nodes = &plan->nodes;
    int depth = 0;
    for (std::size_t begin = 0;;) {
      const std::size_t dot = path.find('.', begin);
      const std::string name(path.substr(begin, dot == std::string_view::npos ? dot : dot - begin));
      const Relation* relation = table->FindRelation(name);
      if (relation == nullptr) {
        if (dot == std::string_view::npos) return AddField(*table, name, path, projection);
        return BadPath(path, table->FindField(name) == nullptr
                                 ? fmt::format("{} has no relation \"{}\"", table->FullMessage(), name)
                                 : fmt::format("\"{}\" is a column; name the whole column", name));
      }
      if (++depth > limits_.max_depth) {
        return BadPath(path, fmt::format("goes through more than {} relations (--max_depth)", limits_.max_depth));
      }
      ASSIGN_OR_RETURN(RelatedNode* const node, NodeOf(*table, *relation, path.substr(0, dot), nodes));
      table = node->rows.target;
      projection = &node->rows.projection;
      nodes = &node->nodes;
      if (dot == std::string_view::npos) return AddField(*table, "*", path, projection);
      begin = dot + 1;
    }
  }

  // The node of a relation, which is made where it is named first.
  absl::StatusOr<RelatedNode*> NodeOf(const Table& table, const Relation& relation, std::string_view path,
                                      std::vector<RelatedNode>* nodes) {
    const auto found =
        std::ranges::find_if(*nodes, [&](const RelatedNode& node) { return node.rows.relation == &relation; });
    if (found != nodes->end()) return &*found;
    if (++relations_ > kMostRelations) {
      return BadRequest("read_mask", fmt::format("names more than {} relations", kMostRelations));
    }
    RelatedNode& node = nodes->emplace_back();
    node.path = path;
    node.rows.table = &table;
    node.rows.relation = &relation;
    node.rows.target = &contract_.tables[static_cast<std::size_t>(relation.target)];
    node.rows.show_deleted = request_.show_deleted;
    return &node;
  }

  static absl::Status AddField(const Table& table, const std::string& name, std::string_view path,
                               sql::Projection* projection) {
    if (name == "*") {
      for (const int column : sql::Projection::All(table).fields) Insert(column, projection);
      return absl::OkStatus();
    }
    if (name == "etag" && table.has_etag) {
      projection->etag = true;
      return absl::OkStatus();
    }
    const contract::Field* field = table.FindField(name);
    if (field == nullptr) return BadPath(path, fmt::format("{} has no field \"{}\"", table.FullMessage(), name));
    if (!field->readable) return BadPath(path, "is input only: the server's role may write it, but not read it");
    Insert(static_cast<int>(field - table.fields.data()), projection);
    return absl::OkStatus();
  }

  static void Insert(int field, sql::Projection* projection) {
    const auto place = std::ranges::lower_bound(projection->fields, field);
    if (place == projection->fields.end() || *place != field) projection->fields.insert(place, field);
  }

  absl::Status Expand(std::vector<RelatedNode>* nodes) const {
    std::vector<const RelatedNode*> expanded;
    for (std::size_t i = 0; i < request_.expand.size(); ++i) {
      RelatedNode* const node = Find(request_.expand[i].path, nodes);
      if (node == nullptr) {
        return BadRequest(ExpandField(i, "path"),
                          fmt::format("read_mask names no relation {}", text::Excerpt(request_.expand[i].path)));
      }
      if (!node->rows.relation->many) {
        return BadRequest(ExpandField(i, "path"),
                          fmt::format("\"{}\" is to one: there is nothing to choose from", request_.expand[i].path));
      }
      if (std::ranges::find(expanded, node) != expanded.end()) {
        return BadRequest(ExpandField(i, "path"), fmt::format("\"{}\" is expanded twice", request_.expand[i].path));
      }
      expanded.push_back(node);
      RETURN_IF_ERROR(Choose(i, node));
    }
    return absl::OkStatus();
  }

  static RelatedNode* Find(std::string_view path, std::vector<RelatedNode>* nodes) {
    for (RelatedNode& node : *nodes) {
      if (node.path == path) return &node;
      if (path.size() > node.path.size() && path.starts_with(node.path) && path[node.path.size()] == '.') {
        return Find(path, &node.nodes);
      }
    }
    return nullptr;
  }

  absl::Status Choose(std::size_t index, RelatedNode* node) const {
    const contract::Expand& expand = request_.expand[index];
    const Table& target = *node->rows.target;
    auto condition = sql::CompileFilter(contract_, target, expand.filter,
                                        {.first_param = sql::FirstFilterParam(*node->rows.relation),
                                         .max_depth = limits_.max_depth,
                                         .show_deleted = request_.show_deleted});
    if (!condition.ok()) return status::Within(fmt::format("expand[{}]", index), condition.status());
    node->rows.condition = *std::move(condition);
    auto order_by = sql::ParseOrderBy(contract_, target, expand.order_by, limits_.max_depth);
    if (!order_by.ok()) return status::Within(fmt::format("expand[{}]", index), order_by.status());
    node->rows.order = sql::TotalOrder(target, *order_by);
    if (expand.page_size < 0) {
      return BadRequest(ExpandField(index, "page_size"), fmt::format("is {}; give 0 for all rows, or up to {}",
                                                                     expand.page_size, limits_.max_page_size));
    }
    if (expand.page_size > 0) node->rows.each = std::min(expand.page_size, limits_.max_page_size);
    return absl::OkStatus();
  }

  // Adds to each projection what the rows below are found by, and makes the encoders.
  void Finish(sql::Projection* projection, std::vector<RelatedNode>* nodes) const {
    for (const RelatedNode& node : *nodes) {
      for (const int field : node.rows.relation->fields) AddLink(field, projection);
    }
    for (RelatedNode& node : *nodes) {
      for (const int field : node.rows.relation->fields) node.links.push_back(projection->ColumnOf(field));
      const Table& target = *node.rows.target;
      if (node.rows.relation->many && node.rows.order.keys.empty()) node.rows.order = sql::TotalOrder(target, {});
      Finish(&node.rows.projection, &node.nodes);
      sql::Prepare(&node.rows);
      node.encoder = std::make_shared<const wire::RowEncoder>(contract_, target, node.rows.projection.fields,
                                                              node.rows.projection.etag);
    }
  }

  static void AddLink(int field, sql::Projection* projection) {
    if (std::ranges::find(projection->fields, field) != projection->fields.end()) return;
    if (std::ranges::find(projection->links, field) != projection->links.end()) return;
    projection->links.push_back(field);
  }

  const contract::Contract& contract_;
  const contract::Request& request_;
  const Limits& limits_;
  int relations_ = 0;
};

}  // namespace

bool NamesRelation(const Table& table, const Mask& read_mask) {
  if (table.relations.empty() || !read_mask.has_value()) return false;
  return std::ranges::any_of(*read_mask, [&](const std::string& path) {
    return table.FindRelation(path.substr(0, path.find('.'))) != nullptr;
  });
}

absl::StatusOr<RelatedPlan> PlanRelated(const contract::Contract& contract, const Table& table,
                                        const contract::Request& request, const Limits& limits, bool etag_by_default) {
  return Planner(contract, request, limits).Plan(table, etag_by_default);
}

}  // namespace protogres::crud
