// How the requests of a function are read, and what statement they make. See function.h.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "crud/function.h"
#include "crud/operator_error.h"
#include "fmt/format.h"
#include "sql/filter.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::crud {
namespace {

using contract::Field;
using contract::ResultKind;

// The rows of a function have no etag, and no soft-deleted ones are hidden: the function has chosen them.
contract::Table RowsOf(const contract::Contract& contract, const contract::Function& function) {
  contract::Table table;
  if (function.kind == ResultKind::kRow) {
    table = contract.tables[static_cast<std::size_t>(function.result)];
    table.has_etag = false;
    table.soft_delete.reset();
    table.key.clear();
    table.methods.clear();
    table.notes = {};
    return table;
  }
  const std::size_t dot = function.row.rfind('.');
  table.package = function.row.substr(0, dot == std::string::npos ? 0 : dot);
  table.message = function.row.substr(dot == std::string::npos ? 0 : dot + 1);
  table.schema = function.schema;
  table.name = function.name;
  table.sql_name = function.sql_name;
  table.fields = function.values;
  if (function.kind == ResultKind::kComposite) {
    table.fields = contract.composites[static_cast<std::size_t>(function.result)].fields;
  }
  return table;
}

// The error of an operator in WHERE or ORDER BY. The function itself, before them, may not be found either.
absl::Status OfCondition(const absl::Status& error, const std::string& statement, const contract::Table& table) {
  const std::size_t conditions = std::min(statement.find(" WHERE "), statement.find(" ORDER BY "));
  const std::optional<std::size_t> at = PlaceOf(error, statement);
  return at.has_value() && *at >= conditions ? OfOperator(error, statement, table) : error;
}

}  // namespace

BoundFunction::BoundFunction(const contract::Contract& contract, const contract::Function& function,
                             const Limits& limits)
    : contract_(contract), function_(function), table_(RowsOf(contract, function)), rows_(contract, table_, limits) {
  for (std::size_t i = 0; i < function.arguments.size(); ++i) {
    // A pinned contract may have no field for an argument, which then takes its DEFAULT.
    if (function.arguments[i].out || function.arguments[i].field.number == 0) continue;
    fields_.push_back(function.arguments[i].field);
    places_.push_back(i);
  }
}

bool BoundFunction::EncodesBeforeCommit() const {
  return function_.kind != ResultKind::kNothing && rows_.EncodesBeforeCommit();
}

absl::StatusOr<std::vector<bool>> BoundFunction::Masked(const Mask& argument_mask) const {
  std::vector<bool> masked(fields_.size());
  for (const std::string& path : argument_mask.value_or(std::vector<std::string>{})) {
    const auto field = std::ranges::find(fields_, path, &Field::name);
    if (path == "*") {
      masked.assign(fields_.size(), true);
    } else if (field == fields_.end()) {
      return status::BadRequest("argument_mask", fmt::format("{} is no argument of {}", text::Excerpt(path),
                                                             text::Escaped(function_.schema + "." + function_.name)));
    } else {
      masked[static_cast<std::size_t>(field - fields_.begin())] = true;
    }
  }
  return masked;
}

absl::StatusOr<sql::Given> BoundFunction::Give(const wire::FunctionRequest& request) const {
  ASSIGN_OR_RETURN(const std::vector<bool> masked, Masked(request.options.argument_mask));
  sql::Given given(function_.arguments.size());
  for (const auto& [index, value] : request.arguments) given[places_[static_cast<std::size_t>(index)]] = value;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    auto& value = given[places_[i]];
    if (value.has_value()) continue;
    if (masked[i]) {
      value.emplace(std::nullopt);
    } else if (fields_[i].has_default) {
      continue;
    } else if (fields_[i].type.repeated) {
      value = sql::kEmptyArray;
    } else {
      return status::BadRequest(fields_[i].name,
                                "is required: the argument has no DEFAULT; to pass NULL, name it in argument_mask");
    }
  }
  return given;
}

absl::StatusOr<FunctionCall> BoundFunction::Plan(std::string_view bytes) const {
  ASSIGN_OR_RETURN(wire::FunctionRequest request, wire::DecodeFunctionRequest(contract_, function_, fields_, bytes));
  ASSIGN_OR_RETURN(const sql::Given given, Give(request));
  FunctionCall call;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i].has_value()) call.given.push_back(&function_.arguments[i].field);
  }
  ASSIGN_OR_RETURN(call.view, rows_.Masked(request.options.read_mask, /*etag_by_default=*/false));
  if (function_.procedure) {
    call.statement = sql::Call(function_, given);
  } else {
    const int depth = rows_.limits().max_depth;
    sql::CallRows rows{.table = table_, .projection = call.view.projection};
    ASSIGN_OR_RETURN(rows.condition, sql::CompileFilter(contract_, table_, request.options.filter,
                                                        {.first_param = sql::ParamsOf(given) + 1, .max_depth = depth}));
    ASSIGN_OR_RETURN(rows.order, sql::ParseOrderBy(contract_, table_, request.options.order_by, depth));
    call.statement = sql::SelectFrom(function_, given, rows);
  }
  call.options = std::move(request.options);
  return call;
}

absl::Status BoundFunction::Locate(const FunctionCall& call, const absl::Status& error) const {
  if (status::NoSuchOperator(error)) return OfCondition(error, call.statement.text, table_);
  if (error.code() != absl::StatusCode::kInvalidArgument || status::IsOfBegin(error)) return error;
  // PostgreSQL quotes the value that it could not take, but not the argument.
  const std::string message(error.message());
  const Field* found = nullptr;
  for (std::size_t i = 0; i < call.given.size(); ++i) {
    const sql::Param& value = call.statement.params[i];
    if (!value.has_value() || value->empty() || message.find("\"" + *value + "\"") == std::string::npos) continue;
    if (found != nullptr) return error;
    found = call.given[i];
  }
  return found == nullptr ? error : status::Within(found->name, error);
}

}  // namespace protogres::crud
