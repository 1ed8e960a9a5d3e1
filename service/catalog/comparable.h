// Finds out which types have = and <, beyond those with an operator class of their own. Pure.
#ifndef PROTOGRES_SERVICE_CATALOG_COMPARABLE_H_
#define PROTOGRES_SERVICE_CATALOG_COMPARABLE_H_

#include "catalog/catalog.h"

namespace protogres::catalog {

// At first `comparable` and `orderable` are true for types that have an operator class of their own. This adds the
// types that PostgreSQL's polymorphic operator classes take: enums and ranges have both operators, an array has what
// its element has, a composite what all its attributes have, and a domain what its base type has. A domain over an enum
// has neither, as PostgreSQL finds no operator for it.
void ResolveComparable(Catalog* catalog);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_COMPARABLE_H_
