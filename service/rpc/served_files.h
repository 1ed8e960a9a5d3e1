// What reflection answers from: the files of an Api, and those that are compiled into the server (health, reflection,
// transactions, google/rpc, google/protobuf), by name and by symbol.
#ifndef PROTOGRES_SERVICE_RPC_SERVED_FILES_H_
#define PROTOGRES_SERVICE_RPC_SERVED_FILES_H_

#include <optional>
#include <string>
#include <vector>

#include "api/api.h"
#include "rpc/server.h"

namespace protogres::rpc {

// Immutable; threads share it. It looks into the Api, which must outlive it. An Api's own file hides a compiled one of
// the same name: a pinned contract may bring one.
class ServedFiles {
 public:
  // Null: there are only the compiled files.
  ServedFiles(const api::Api* api, Reflection reflection);

  // No value: there is no such file.
  std::optional<api::File> FindFile(const std::string& name) const;
  // The file that declares a message, enum, enum value, field, service or method by this full name. No value: none
  // does.
  std::optional<api::File> FindSymbol(const std::string& symbol) const;
  // The full names of all services, sorted. Reflection is one of them unless it is off.
  const std::vector<std::string>& services() const { return services_; }

 private:
  const api::Api* api_;
  std::vector<std::string> services_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_SERVED_FILES_H_
