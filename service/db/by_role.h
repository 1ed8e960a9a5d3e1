// Statements that each role prepares for itself. PostgreSQL looks at the right to use a schema when it reads a
// statement, and at the right to EXECUTE a function that it computes or inlines when it plans one. What one role has
// prepared, another one could run without either. Pure.
#ifndef PROTOGRES_SERVICE_DB_BY_ROLE_H_
#define PROTOGRES_SERVICE_DB_BY_ROLE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace protogres::db {

// Whether OfRole makes another text of it.
bool IsByRole(std::string_view sql, std::string_view role);

// The text for one role: another one than that of any other role. `sql` itself, where the session has no role of its
// own (`role` is empty), or it is a text for a role. Positions in it stay what they are.
std::string OfRole(const std::string& sql, std::string_view role);
// The same of each statement. Empty: they stay as they are.
std::vector<Statement> AllOfRole(std::span<const Statement> statements, std::string_view role);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_BY_ROLE_H_
