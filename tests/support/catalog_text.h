// A Catalog as text, for golden files.
#ifndef PROTOGRES_TESTS_SUPPORT_CATALOG_TEXT_H_
#define PROTOGRES_TESTS_SUPPORT_CATALOG_TEXT_H_

#include <string>

#include "catalog/catalog.h"

namespace protogres::testing {

// All of `catalog`, a line for each thing and indented lines for its parts. Two Catalogs of one schema have the same
// text on any server: types stand there by name instead of by OID, and what is the server's own is left out, such as
// its version, the database's name, and the comments of PostgreSQL's types. Names are quoted as in C.
std::string CatalogText(const catalog::Catalog& catalog);

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_SUPPORT_CATALOG_TEXT_H_
