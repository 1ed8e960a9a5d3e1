// Aggregate: counts, sums and the like of the rows that a filter keeps, by groups, in keyset pages. Only what was asked
// for is computed, by one statement.
#include "sql/aggregate.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "crud/listing.h"
#include "crud/methods.h"
#include "crud/operator_error.h"
#include "fmt/format.h"
#include "sql/clause.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "wire/encode.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

// Of the message of a group, below the response.
constexpr int kGroupDepth = 2;

// Where a column of the result stands in the message of a group.
struct Place {
  std::vector<int> messages;  // the numbers of those that it is in there, from the outermost on
  wire::Tag tag;
  contract::Type type;
  const contract::Table* table = nullptr;
  std::string column;    // of that table; empty: it is of none
  std::size_t cell = 0;  // in a row of the result
};

struct AggregatePlan {
  contract::Table groups;     // see sql::GroupsOf
  std::vector<Place> places;  // those in one message stand together
  Listing listing;            // of `groups`
  sql::Statement page;
  std::int64_t page_size = 0;
};

std::vector<Place> PlacesOf(const contract::Table& table, const sql::Aggregation& aggregation,
                            const contract::Table& groups) {
  std::vector<Place> places;
  for (const sql::GroupTerm& group : aggregation.groups) {
    const contract::Table& own = group.TableOf(table);
    const contract::Field& field = own.field(group.field);
    std::vector<int> messages = {contract::kGroupNumber};
    for (const sql::Hop& hop : group.path) messages.push_back(hop.relation->number);
    places.push_back(
        {std::move(messages), wire::Tag(field.number, field.type), field.type, &own, field.column, places.size()});
  }
  std::ranges::stable_sort(places, {}, &Place::messages);
  for (const sql::AggregateTerm& term : aggregation.aggregates) {
    const contract::Type& type = groups.fields[places.size()].type;
    const int number = static_cast<int>(term.kind);
    if (term.field < 0) {
      places.push_back({{}, wire::Tag(number, type), type, &table, "", places.size()});
    } else {
      const contract::Field& field = table.field(term.field);
      places.push_back({{number}, wire::Tag(field.number, type), type, &table, field.column, places.size()});
    }
  }
  return places;
}

// The field that the function at the error's place is called with, if it is min() or max(). Null: it is another one.
const contract::Field* FieldOfExtreme(const absl::Status& error, std::string_view statement,
                                      const contract::Table& table) {
  const std::optional<std::size_t> at = PlaceOf(error, std::string(statement));
  if (!at.has_value()) return nullptr;
  const std::size_t open = std::min(statement.find('(', *at), statement.size());
  const std::string_view function = statement.substr(*at, open - *at);
  if (!function.ends_with(".min") && !function.ends_with(".max")) return nullptr;
  const auto field = std::ranges::find_if(table.fields, [argument = statement.substr(open)](const auto& one) {
    return argument.starts_with(fmt::format("({})", sql::Column(one)));
  });
  return field == table.fields.end() ? nullptr : &*field;
}

class AggregateOperation : public Operation {
 public:
  AggregateOperation(const BoundTable& bound, AggregatePlan plan) : bound_(bound), plan_(std::move(plan)) {}

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    const absl::Status checked = bound_.CheckPlan(session, plan_.page);
    if (!checked.ok()) return Explained(checked);
    const auto rows = session.ReadSome(plan_.page.text, plan_.page.params, bound_.most_read());
    if (!rows.ok()) return Explained(rows.status());
    std::string response;
    ASSIGN_OR_RETURN(const std::int64_t end, EncodeGroups(*rows, &response));
    // Without groups there is one row, however large it is.
    if (!plan_.groups.key.empty() && (end < rows->size() || rows->cut())) {
      const std::string token = plan_.listing.TokenAfter(plan_.listing.ValuesOf(*rows, end - 1), end);
      wire::AppendBytesField(contract::number::kNextPageToken, token, &response);
    }
    return response;
  }

 private:
  // An error of PostgreSQL, with what of the request it is about.
  absl::Status Explained(const absl::Status& error) const {
    if (status::ReasonOf(error) == status::kValueOutOfRange) return status::Within("aggregates", error);
    if (!status::NoSuchOperator(error)) return error;
    const contract::Field* const field = FieldOfExtreme(error, plan_.page.text, bound_.table());
    if (field == nullptr) return OfOperator(error, plan_.page.text, bound_.table());
    return status::BadRequest(
        "aggregates", fmt::format("{} is of the type {}, of which PostgreSQL has no min() and max()", field->name,
                                  field->type.sql_type));
  }

  // Encodes groups until the page has enough groups or bytes. Returns the number of groups that are on it.
  absl::StatusOr<std::int64_t> EncodeGroups(const db::Rows& rows, std::string* response) const {
    const std::int64_t end = std::min(rows.size(), plan_.page_size);
    std::vector<wire::Cell> cells;
    std::int64_t row = 0;
    for (; row < end; ++row) {
      const std::size_t before = response->size();
      rows.Read(row, &cells);
      const std::size_t begin = wire::BeginBytesField(contract::number::kRows, response);
      wire::ValueEncoder encoder(bound_.contract(), response);
      RETURN_IF_ERROR(EncodePlaces(plan_.places, 0, cells, &encoder, response));
      wire::EndBytesField(begin, response);
      if (row > 0 && response->size() > static_cast<std::size_t>(bound_.limits().max_page_bytes)) {
        response->resize(before);
        return row;
      }
    }
    return row;
  }

  // Places that have the same first `depth` messages, which have been begun.
  absl::Status EncodePlaces(std::span<const Place> places, std::size_t depth, const std::vector<wire::Cell>& cells,
                            wire::ValueEncoder* encoder, std::string* response) const {
    while (!places.empty()) {
      const Place& first = places.front();
      if (first.messages.size() == depth) {
        RETURN_IF_ERROR(EncodeValue(first, cells[first.cell], encoder));
        places = places.subspan(1);
        continue;
      }
      const auto other = std::ranges::find_if(places, [&](const Place& place) {
        return place.messages.size() <= depth || place.messages[depth] != first.messages[depth];
      });
      const auto count = static_cast<std::size_t>(other - places.begin());
      const std::size_t before = response->size();
      const std::size_t begin = wire::BeginBytesField(first.messages[depth], response);
      RETURN_IF_ERROR(EncodePlaces(places.first(count), depth + 1, cells, encoder, response));
      // Without a value there may be no related row.
      if (depth > 0 && response->size() == begin) {
        response->resize(before);
      } else {
        wire::EndBytesField(begin, response);
      }
      places = places.subspan(count);
    }
    return absl::OkStatus();
  }

  static absl::Status EncodeValue(const Place& place, const wire::Cell& cell, wire::ValueEncoder* encoder) {
    const int depth = kGroupDepth + static_cast<int>(place.messages.size());
    if (!cell.has_value() || encoder->Append(place.type, place.tag, *cell, depth)) return absl::OkStatus();
    return encoder->Refusal(*place.table, place.column);
  }

  const BoundTable& bound_;
  const AggregatePlan plan_;
};

class AggregateMethod : public UnaryMethod {
 public:
  AggregateMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    const contract::Table& table = bound_.table();
    ASSIGN_OR_RETURN(const wire::Request& request, bound_.Decode(contract::MethodKind::kAggregate, bytes));
    ASSIGN_OR_RETURN(const auto aggregation, sql::ParseAggregation(bound_.contract(), table, request.group_by,
                                                                   request.aggregates, bound_.limits().max_depth));
    AggregatePlan plan;
    ASSIGN_OR_RETURN(sql::Statement condition, CompileFilter(bound_, request));
    plan.groups = sql::GroupsOf(table, aggregation, condition, request.show_deleted);
    plan.places = PlacesOf(table, aggregation, plan.groups);
    ASSIGN_OR_RETURN(plan.page_size, PageSize(bound_, request, bound_.limits().page_size));
    condition.text.clear();  // it stands in the SELECT of the groups
    RETURN_IF_ERROR(PlanPages(request, std::move(condition), plan.groups, &plan.listing));
    plan.page = plan.listing.Select(plan.groups, plan.page_size + 1);
    return std::make_unique<AggregateOperation>(bound_, std::move(plan));
  }

 private:
  // The pages of `groups`. `first` has the parameters of its SELECT.
  absl::Status PlanPages(const wire::Request& request, sql::Statement first, const contract::Table& groups,
                         Listing* listing) const {
    for (std::size_t i = 0; i < groups.fields.size(); ++i) {
      listing->view.projection.fields.push_back(static_cast<int>(i));
    }
    listing->condition = std::move(first);
    listing->show_deleted = true;  // its SELECT has seen to it
    ASSIGN_OR_RETURN(const auto order_by, sql::ParseOrderBy(bound_.contract(), groups, request.order_by));
    // Without a group there is one row.
    if (!groups.key.empty()) listing->order = sql::TotalOrder(groups, order_by);
    return PlanTokens(groups, request, listing);
  }

  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeAggregate(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<AggregateMethod>(bound, names);
}

}  // namespace protogres::crud
