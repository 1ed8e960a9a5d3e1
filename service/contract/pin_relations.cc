#include "contract/pin_relations.h"

#include <utility>

#include "fmt/format.h"

namespace protogres::contract {
namespace {

const Table& TableAt(const Contract& contract, int index) { return contract.tables[static_cast<std::size_t>(index)]; }

// Finds the fields of `derived` in the pinned table by their names. False: one is missing.
bool MoveAll(const Table& derived, const Table& pinned, std::vector<int>* fields) {
  for (int& index : *fields) {
    const Field* field = pinned.FindField(derived.field(index).name);
    if (field == nullptr) return false;
    index = static_cast<int>(field - pinned.fields.data());
  }
  return true;
}

}  // namespace

void PinRelations(const DescriptorIndex& pinned, const Contract& derived, const std::map<int, int>& places,
                  Contract* result, std::vector<std::string>* differences) {
  for (const auto& [from, place] : places) {
    const Table& own = TableAt(derived, from);
    Table& table = result->tables[static_cast<std::size_t>(place)];
    for (Relation relation : own.relations) {
      const auto* field = FindField(*pinned.messages.at(own.FullMessage()), relation.name);
      const auto target = places.find(relation.target);
      // A target that is not in the contract is told of by the field's type.
      if (field == nullptr || target == places.end()) continue;
      relation.number = field->number();
      relation.target = target->second;
      if (MoveAll(own, table, &relation.fields) &&
          MoveAll(TableAt(derived, target->first), TableAt(*result, relation.target), &relation.target_fields)) {
        table.relations.push_back(std::move(relation));
      } else {
        const std::string by = relation.constraint.empty() ? "`@protogres references=`"
                                                           : fmt::format("foreign key \"{}\"", relation.constraint);
        differences->push_back(
            fmt::format("{}.{}: a column of its {} is not in the contract", own.FullMessage(), relation.name, by));
      }
    }
  }
}

}  // namespace protogres::contract
