#include "catalog/catalog.h"

#include <algorithm>

namespace protogres::catalog {

const Column* Relation::FindColumn(int number) const {
  const auto it = std::ranges::find(columns, number, &Column::number);
  return it == columns.end() ? nullptr : &*it;
}

const Column* Relation::FindColumn(const std::string& wanted) const {
  const auto it = std::ranges::find(columns, wanted, &Column::name);
  return it == columns.end() ? nullptr : &*it;
}

const Type* Catalog::FindType(Oid oid) const {
  const auto it = types.find(oid);
  return it == types.end() ? nullptr : &it->second;
}

}  // namespace protogres::catalog
