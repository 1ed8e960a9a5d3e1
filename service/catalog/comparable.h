// Which types have = and <, beyond those with an operator class of their own.
// Pure.
#ifndef PROTOGRES_SERVICE_CATALOG_COMPARABLE_H_
#define PROTOGRES_SERVICE_CATALOG_COMPARABLE_H_

#include "catalog/catalog.h"

namespace protogres::catalog {

// Types come with `comparable` and `orderable` true where an operator class is
// declared for them. Extends that as PostgreSQL's polymorphic classes do: enums
// and ranges have both, arrays what their element has, composites what all
// their attributes have, domains what they are over has, but for domains over
// enums, for which PostgreSQL finds no operator.
void ResolveComparable(Catalog* catalog);

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_COMPARABLE_H_
