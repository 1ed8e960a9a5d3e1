// Statements that each role prepares for itself. PostgreSQL looks at the right to use a schema when it reads a
// statement, and at the right to EXECUTE a function that it computes or inlines when it plans one. What one role has
// prepared, another one could run without either. Pure.
#ifndef PROTOGRES_SERVICE_DB_BY_ROLE_H_
#define PROTOGRES_SERVICE_DB_BY_ROLE_H_

#include <string>
#include <string_view>

namespace protogres::db {

// Ends the text of such a statement, for a Session to see. PostgreSQL never does.
inline constexpr std::string_view kByRole = " -- by role";
// Stands in a statement that calls a function with a whole row, as computed columns do: it is such a statement, too.
inline constexpr std::string_view kWithRow = ".*)";

// Whether OfRole makes another text of it.
bool IsByRole(std::string_view sql, std::string_view role);

// The text for one role: another one than that of any other role. Where `sql` is no such statement, or the session has
// no role of its own (`role` is empty), what is left is the plain text. Positions in it stay what they are.
std::string OfRole(const std::string& sql, std::string_view role);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_BY_ROLE_H_
