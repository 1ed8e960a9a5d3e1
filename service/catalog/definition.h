// Reads PostgreSQL's own node trees (pg_rewrite.ev_action, in the form of nodeToString): what the definition of a view
// says of its rows, and whether the action of a rule has RETURNING. Pure.
#ifndef PROTOGRES_SERVICE_CATALOG_DEFINITION_H_
#define PROTOGRES_SERVICE_CATALOG_DEFINITION_H_

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace protogres::catalog {

struct Definition {
  // Each row of the view is one row of this relation, which the view shows at most once. 0: that cannot be told.
  Oid table = 0;
  // The attnums of columns whose values together are different in each row of the view (GROUP BY, DISTINCT). Empty:
  // that cannot be told.
  std::vector<int> distinct;
  // The columns that are just a column of a relation: their attnum, and that relation and the attnum there.
  std::map<int, std::pair<Oid, int>> origins;

  bool operator==(const Definition&) const = default;
};

// Reads the action of a view's SELECT rule. If it does not understand something, because a field is missing or the form
// is not that of PostgreSQL 13 to 18, the Definition is empty.
Definition ReadDefinition(std::string_view action);

// `action` is of an INSERT, UPDATE or DELETE rule. True: one of its statements has RETURNING.
bool HasReturning(std::string_view action);

// `action` is of a DELETE rule. True: it does something but deletes nothing, so that PostgreSQL counts no rows (manual,
// 41.6, "Rules and Command Status").
bool DeletesOtherwise(std::string_view action);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_DEFINITION_H_
