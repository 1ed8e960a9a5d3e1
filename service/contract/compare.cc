// Compare: pinned against derived, symbol by symbol. See pin.h.
#include <algorithm>
#include <map>
#include <set>

#include "contract/descriptor_index.h"
#include "contract/descriptors.h"
#include "contract/pin.h"
#include "fmt/format.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;

// What a symbol is, in words that are equal where the symbols are.
using Members = std::map<std::string, std::string>;

Members MembersOf(const pb::DescriptorProto& message) {
  Members members;
  for (const auto& field : message.field()) {
    members[field.name()] = fmt::format("{} = {}", TypeOf(field), field.number());
  }
  std::set<std::string> reserved(message.reserved_name().begin(), message.reserved_name().end());
  for (const auto& range : message.reserved_range()) {
    reserved.insert(fmt::format("{} to {}", range.start(), range.end() - 1));
  }
  if (!reserved.empty()) members["reserved"] = fmt::format("{}", fmt::join(reserved, ", "));
  return members;
}

Members MembersOf(const pb::EnumDescriptorProto& type) {
  Members members;
  for (const auto& value : type.value()) members[value.name()] = fmt::format("{}", value.number());
  return members;
}

Members MembersOf(const pb::ServiceDescriptorProto& service) {
  Members members;
  for (const auto& method : service.method()) members[method.name()] = SignatureOf(method);
  return members;
}

class Comparison {
 public:
  // Of what one side lacks, the members are not listed too.
  template <typename Symbols>
  void Add(const std::string& kind, const Symbols& pinned, const Symbols& derived) {
    for (const auto& [name, symbol] : pinned) {
      const auto it = derived.find(name);
      if (it == derived.end()) {
        lines_.push_back(fmt::format("{} {}: only in the contract", name, kind));
      } else {
        AddMembers(name, MembersOf(*symbol), MembersOf(*it->second));
      }
    }
    for (const auto& [name, symbol] : derived) {
      if (!pinned.contains(name)) lines_.push_back(fmt::format("{} {}: only in the database", name, kind));
    }
  }

  // Options matter to generated code: go_package and kin.
  void AddFiles(const pb::FileDescriptorSet& pinned, const pb::FileDescriptorSet& derived) {
    std::map<std::string, std::string> options;
    for (const auto& file : pinned.file()) options[file.name()] = file.options().ShortDebugString();
    for (const auto& file : derived.file()) {
      const auto it = options.find(file.name());
      if (it == options.end() || it->second == file.options().ShortDebugString()) continue;
      lines_.push_back(fmt::format("{}: options `{}` in the contract, `{}` from the database", file.name(), it->second,
                                   file.options().ShortDebugString()));
    }
  }

  std::vector<std::string> Sorted() && {
    std::ranges::sort(lines_);
    return std::move(lines_);
  }

 private:
  void AddMembers(const std::string& parent, const Members& pinned, const Members& derived) {
    for (const auto& [name, text] : pinned) {
      const auto it = derived.find(name);
      if (it == derived.end()) {
        lines_.push_back(fmt::format("{}.{}: only in the contract: {}", parent, name, text));
      } else if (it->second != text) {
        lines_.push_back(
            fmt::format("{}.{}: {} in the contract, {} from the database", parent, name, text, it->second));
      }
    }
    for (const auto& [name, text] : derived) {
      if (!pinned.contains(name)) {
        lines_.push_back(fmt::format("{}.{}: only in the database: {}", parent, name, text));
      }
    }
  }

  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> Compare(const pb::FileDescriptorSet& pinned, const Contract& derived) {
  const pb::FileDescriptorSet derived_files = AllFiles(derived);
  const DescriptorIndex from_file(pinned);
  const DescriptorIndex from_database(derived_files);
  Comparison comparison;
  comparison.Add("(message)", from_file.messages, from_database.messages);
  comparison.Add("(enum)", from_file.enums, from_database.enums);
  comparison.Add("(service)", from_file.services, from_database.services);
  comparison.AddFiles(pinned, derived_files);
  return std::move(comparison).Sorted();
}

}  // namespace protogres::contract
