#include "api/role_view.h"

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

using Name = std::pair<std::string_view, std::string_view>;

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
  RETURN_IF_ERROR(session->Commit());
  absl::flat_hash_set<Name> names;
  for (std::int64_t row = 0; row < rows.size(); ++row) {
    names.insert({rows.Cell(row, 0).value_or(""), rows.Cell(row, 1).value_or("")});
  }
  std::vector<bool> usable;
  for (const contract::Table& table : api.contract().tables)
    usable.push_back(names.contains({table.schema, table.name}));
  return RoleView(std::move(usable));
}

bool RoleView::ShowsService(const Api& api, std::string_view service) const {
  const int table = api.TableOf(service);
  return table < 0 || usable_[static_cast<std::size_t>(table)];
}

std::optional<File> RoleView::Shown(const Api& api, File file) const {
  const auto& tables = api.contract().tables;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i].file.empty() && tables[i].file == file.name) {
      return usable_[i] ? std::optional(std::move(file)) : std::nullopt;
    }
    if (tables[i].rows_apart && contract::RowsFileName(tables[i].package) == file.name) {
      return ToFile(contract::RowsFile(api.contract(), tables[i].package, &usable_));
    }
  }
  return file;
}

bool RoleView::ShowsSymbol(const Api& api, std::string_view symbol) const {
  const int table = api.TableDeclaring(symbol);
  if (table < 0 || !api.contract().tables[static_cast<std::size_t>(table)].rows_apart) return true;
  return usable_[static_cast<std::size_t>(table)];
}

}  // namespace protogres::api
