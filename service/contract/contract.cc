#include "contract/contract.h"

#include <algorithm>

namespace protogres::contract {

const Field* Table::FindField(const std::string& field_name) const {
  const auto it = std::ranges::find(fields, field_name, &Field::name);
  return it == fields.end() ? nullptr : &*it;
}

int Table::FieldIndex(int number) const {
  const auto it = std::ranges::find(fields, number, &Field::number);
  return it == fields.end() ? -1 : static_cast<int>(it - fields.begin());
}

const Relation* Table::FindRelation(const std::string& relation_name) const {
  const auto it = std::ranges::find(relations, relation_name, &Relation::name);
  return it == relations.end() ? nullptr : &*it;
}

}  // namespace protogres::contract
