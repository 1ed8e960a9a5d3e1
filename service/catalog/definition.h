// What a view's definition shows of its rows, and whether a rule's action has RETURNING: read from PostgreSQL's own
// node trees (pg_rewrite.ev_action, in the form of nodeToString). Pure.
#ifndef PROTOGRES_SERVICE_CATALOG_DEFINITION_H_
#define PROTOGRES_SERVICE_CATALOG_DEFINITION_H_

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace protogres::catalog {

struct Definition {
  // Each row of the view is one row of this relation, and of each there is at most one; 0: that cannot be told.
  Oid table = 0;
  // Columns of which no two rows of the view have all alike (GROUP BY, DISTINCT), by attnum; empty: that cannot be
  // told.
  std::vector<int> distinct;
  // Columns that are nothing but a column of a relation, by attnum -> that relation and its attnum.
  std::map<int, std::pair<Oid, int>> origins;

  bool operator==(const Definition&) const = default;
};

// Of the action of a view's SELECT rule. What it does not understand tells nothing: a field that is missing, or
// another form than that of PostgreSQL 13 to 18, gives an empty Definition.
Definition ReadDefinition(std::string_view action);

// Of the action of an INSERT, UPDATE or DELETE rule: one of its statements has RETURNING.
bool HasReturning(std::string_view action);

// Of the action of a DELETE rule: it does something, but deletes nothing, so that PostgreSQL counts no rows
// (manual, 41.6, "Rules and Command Status").
bool DeletesOtherwise(std::string_view action);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_DEFINITION_H_
