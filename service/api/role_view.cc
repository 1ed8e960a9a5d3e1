#include "api/role_view.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "contract/descriptors.h"
#include "contract/table_names.h"
#include "status/macros.h"

namespace protogres::api {
namespace {

// A privilege on a column counts: a role may have no other.
constexpr char kUsableSql[] = R"(
SELECT n.nspname, c.relname
  FROM pg_catalog.pg_roles r
  JOIN pg_catalog.pg_namespace n ON pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
 WHERE r.rolname = $1 AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
   AND (pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE')
        OR pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE')))";

// Of overloads any.
constexpr char kCallableSql[] = R"(
SELECT n.nspname, p.proname
  FROM pg_catalog.pg_roles r
  JOIN pg_catalog.pg_namespace n ON pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
  JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.prokind IN ('f', 'p')
 WHERE r.rolname = $1 AND pg_catalog.pg_has_role(r.oid, 'MEMBER') AND n.nspname <> 'pg_catalog'
   AND pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE'))";

using Names = absl::flat_hash_set<std::pair<std::string_view, std::string_view>>;

// The names of both columns, which belong to `rows`.
Names NamesOf(const db::Rows& rows) {
  Names names;
  for (std::int64_t row = 0; row < rows.size(); ++row) {
    names.insert({rows.Cell(row, 0).value_or(""), rows.Cell(row, 1).value_or("")});
  }
  return names;
}

bool MayCall(const contract::FunctionService& service, const Names& names) {
  return std::ranges::any_of(service.functions, [&names](const contract::Function& function) {
    return names.contains({function.schema, function.name});
  });
}

}  // namespace

absl::StatusOr<RoleView> RoleView::Read(db::Pool& pool, const db::Cancellation& cancellation, const Api& api,
                                        const std::string& role) {
  // By name, as a pooler may give a session that another client has left with a role of its own.
  const std::vector<db::Setting> own{{"role", "none"}};
  ASSIGN_OR_RETURN(const auto session,
                   db::Session::Open(pool, cancellation,
                                     {.transaction = db::Transaction::kExplicit,
                                      .read_only = true,
                                      .settings = std::make_shared<const std::vector<db::Setting>>(own)}));
  RETURN_IF_ERROR(session->Unlimited());
  const db::Param params[] = {role};
  ASSIGN_OR_RETURN(const db::Rows rows, session->Read(kUsableSql, params));
  const auto& functions = api.contract().functions;
  db::Rows callable;
  if (!functions.empty()) {
    ASSIGN_OR_RETURN(callable, session->Read(kCallableSql, params));
  }
  RETURN_IF_ERROR(session->Commit());
  RoleView view;
  const Names tables = NamesOf(rows);
  for (const contract::Table& table : api.contract().tables) {
    view.usable_.push_back(tables.contains({table.schema, table.name}));
  }
  const Names names = NamesOf(callable);
  view.answered_ = view.usable_;
  for (const contract::FunctionService& service : functions) {
    view.callable_.push_back(MayCall(service, names));
    if (!view.callable_.back()) continue;
    for (const contract::Function& function : service.functions) {
      if (function.kind == contract::ResultKind::kRow) view.answered_[static_cast<std::size_t>(function.result)] = true;
    }
  }
  return view;
}

bool RoleView::ShowsService(const Api& api, std::string_view service) const {
  const int table = api.TableOf(service);
  if (table >= 0) return usable_[static_cast<std::size_t>(table)];
  const auto& functions = api.contract().functions;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    if (service == functions[i].package + "." + functions[i].name) return callable_[i];
  }
  return true;
}

std::optional<File> RoleView::Shown(const Api& api, File file) const {
  const auto& tables = api.contract().tables;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const bool has_row = !tables[i].rows_apart;
    if (!tables[i].file.empty() && tables[i].file == file.name) {
      return (has_row ? answered_ : usable_)[i] ? std::optional(std::move(file)) : std::nullopt;
    }
    if (!has_row && contract::RowsFileName(tables[i].package) == file.name) {
      return ToFile(contract::RowsFile(api.contract(), tables[i].package, &answered_));
    }
  }
  const auto& functions = api.contract().functions;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    if (!functions[i].file.empty() && functions[i].file == file.name && !callable_[i]) return std::nullopt;
  }
  return file;
}

bool RoleView::ShowsSymbol(const Api& api, std::string_view symbol) const {
  const int table = api.TableDeclaring(symbol);
  if (table < 0 || !api.contract().tables[static_cast<std::size_t>(table)].rows_apart) return true;
  return answered_[static_cast<std::size_t>(table)];
}

}  // namespace protogres::api
