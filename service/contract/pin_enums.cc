#include "contract/pin_enums.h"

#include <set>

#include "fmt/format.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

void CheckEnums(const DescriptorIndex& pinned, const DescriptorIndex& known, std::vector<std::string>* differences) {
  for (const auto& [name, type] : pinned.enums) {
    const auto found = known.enums.find(name);
    if (found == known.enums.end()) {
      differences->push_back(fmt::format("{}: the database has no such enum", name));
      continue;
    }
    std::set<int> numbers;
    for (const auto& value : type->value()) {
      const google::protobuf::EnumValueDescriptorProto* derived = FindValue(*found->second, value.name());
      if (derived == nullptr) {
        differences->push_back(fmt::format("{}.{}: the database has no such label", name, value.name()));
      } else if ((derived->number() == 0) != (value.number() == 0)) {
        differences->push_back(fmt::format("{}.{}: has number {}; 0 is for the unspecified value alone", name,
                                           value.name(), value.number()));
      }
      if (!numbers.insert(value.number()).second) {
        differences->push_back(
            fmt::format("{}.{}: has number {} as another value has", name, value.name(), value.number()));
      }
    }
  }
}

}  // namespace protogres::contract
