#include "crud/plan_check.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/hash.h"

namespace protogres::crud {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::chrono::seconds kRemembered{60};
constexpr std::size_t kMostRemembered = 1000;

// What autovacuum and ANALYZE last found. Before, a row is taken for 100 bytes.
constexpr char kRowsSql[] =
    "SELECT CASE WHEN c.reltuples > 0 THEN c.reltuples ELSE pg_catalog.pg_relation_size(c.oid) / 100 END "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1 AND c.relname = $2";

const Value* Find(const Struct& node, const char* name) {
  const auto it = node.fields().find(name);
  return it == node.fields().end() ? nullptr : &it->second;
}

std::string Text(const Struct& node, const char* name) {
  const Value* const value = Find(node, name);
  return value != nullptr ? value->string_value() : "";
}

double Rows(const Struct& node) {
  const Value* const value = Find(node, "Plan Rows");
  return value != nullptr ? std::max(1.0, value->number_value()) : 1;
}

// A node that has all rows of those below it before it gives its first.
bool Collects(const std::string& type) {
  for (const char* collecting : {"Sort", "Aggregate", "Hash", "SetOp", "WindowAgg", "ModifyTable"}) {
    if (type == collecting) return true;
  }
  return false;
}

bool IsFullScan(const Struct& node, const std::string& type) {
  if (type == "Seq Scan") return true;
  return (type == "Index Scan" || type == "Index Only Scan") && Find(node, "Index Cond") == nullptr;
}

// False: the node runs for rows of its own, as the inner side of a join and a subplan do.
bool Feeds(const Struct& child) {
  const std::string relationship = Text(child, "Parent Relationship");
  return relationship == "Outer" || relationship == "Member" || relationship == "Subquery";
}

// `part` is the part of the node's rows that is asked for.
void Visit(const Struct& node, double part, std::vector<FullScan>* scans) {
  const std::string type = Text(node, "Node Type");
  if (IsFullScan(node, type)) scans->push_back({Text(node, "Schema"), Text(node, "Relation Name"), part});
  if (Collects(type)) part = 1;
  const Value* const below = Find(node, "Plans");
  if (below == nullptr) return;
  for (const Value& value : below->list_value().values()) {
    const Struct& child = value.struct_value();
    const double asked = type == "Limit" ? part * std::min(1.0, Rows(node) / Rows(child)) : part;
    Visit(child, Feeds(child) ? asked : 1, scans);
  }
}

absl::Status TooMany(const FullScan& scan, double rows, std::int64_t most) {
  return status::Error(
      absl::StatusCode::kFailedPrecondition,
      fmt::format(
          "it would read about {:.0f} rows of {}.{} without an index, and --require_index={} is the most: filter "
          "or order by columns that an index begins with, or add an index",
          rows, scan.schema, scan.table, most),
      status::kIndexRequired, {{"table", scan.table}});
}

}  // namespace

absl::StatusOr<std::vector<FullScan>> FullScansOf(std::string_view json) {
  google::protobuf::ListValue plans;
  const auto parsed = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &plans);
  if (!parsed.ok() || plans.values_size() != 1) return status::Internal("EXPLAIN gave no plan");
  const Value* const plan = Find(plans.values(0).struct_value(), "Plan");
  if (plan == nullptr) return status::Internal("EXPLAIN gave no plan");
  std::vector<FullScan> scans;
  Visit(plan->struct_value(), 1, &scans);
  return scans;
}

absl::Status PlanCheck::Check(db::Session& session, const sql::Statement& statement) {
  const std::uint64_t hash = text::Hash<std::uint64_t>().AddText(session.role()).AddText(statement.text).value();
  {
    std::lock_guard lock(mutex_);
    const auto it = verdicts_.find(hash);
    if (it != verdicts_.end() && Clock::now() < it->second.until) return it->second.status;
  }
  absl::Status verdict = Judge(session, statement);
  // Other errors are of this request.
  if (!verdict.ok() && status::ReasonOf(verdict) != status::kIndexRequired) return verdict;
  std::lock_guard lock(mutex_);
  if (verdicts_.size() >= kMostRemembered) verdicts_.clear();
  verdicts_[hash] = {verdict, Clock::now() + kRemembered};
  return verdict;
}

absl::Status PlanCheck::Judge(db::Session& session, const sql::Statement& statement) const {
  ASSIGN_OR_RETURN(const db::Rows explained,
                   session.Read("EXPLAIN (VERBOSE, FORMAT JSON) " + statement.text, statement.params));
  std::string json;
  for (std::int64_t row = 0; row < explained.size(); ++row) json += explained.Cell(row, 0).value_or("");
  ASSIGN_OR_RETURN(const std::vector<FullScan> scans, FullScansOf(json));
  for (const FullScan& scan : scans) {
    const db::Param names[] = {scan.schema, scan.table};
    ASSIGN_OR_RETURN(const db::Rows counted, session.Read(kRowsSql, names));
    const double rows = counted.size() == 0 ? 0 : std::atof(std::string(counted.Cell(0, 0).value_or("0")).c_str());
    const double read = std::ceil(rows * scan.part);
    if (read >= static_cast<double>(rows_)) return TooMany(scan, read, rows_);
  }
  return absl::OkStatus();
}

}  // namespace protogres::crud
