// A Catalog as text, for golden files.
#ifndef PROTOGRES_TESTS_SUPPORT_CATALOG_TEXT_H_
#define PROTOGRES_TESTS_SUPPORT_CATALOG_TEXT_H_

#include <string>

#include "catalog/catalog.h"

namespace protogres::testing {

// All of `catalog`, a line for each thing and indented lines for its parts. Two Catalogs of one schema have the same
// text, on any server: types stand there by name instead of by OID, and the database's name and the server's version
// are left out. Names are quoted as in C.
std::string CatalogText(const catalog::Catalog& catalog);

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_SUPPORT_CATALOG_TEXT_H_
