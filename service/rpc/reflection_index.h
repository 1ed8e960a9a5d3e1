// What reflection answers from: the files of an Api and the fixed ones
// (health, reflection, google/rpc, google/protobuf), by name and by symbol.
#ifndef PROTOGRES_SERVICE_RPC_REFLECTION_INDEX_H_
#define PROTOGRES_SERVICE_RPC_REFLECTION_INDEX_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/api.h"

namespace protogres::rpc {

// Immutable; threads share it. It looks into the Api, which must outlive it.
class ReflectionIndex {
 public:
  // Null: the fixed files only.
  explicit ReflectionIndex(const api::Api* api);

  // Null: there is none. Lives as long as the index.
  const api::File* FindFile(std::string_view name) const;
  // The file that declares a message, enum, enum value, field, service or method by this full name.
  const api::File* FindSymbol(std::string_view symbol) const;
  // Full names, sorted.
  const std::vector<std::string>& services() const { return services_; }

 private:
  using Map = absl::flat_hash_map<std::string_view, const api::File*>;

  void Add(const std::vector<api::File>& files);

  Map by_name_;
  Map by_symbol_;  // without fields: those are looked for in their message's file
  std::vector<std::string> services_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_REFLECTION_INDEX_H_
