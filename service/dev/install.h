// Finds the programs of the PostgreSQL server on this machine.
#ifndef PROTOGRES_SERVICE_DEV_INSTALL_H_
#define PROTOGRES_SERVICE_DEV_INSTALL_H_

#include <string>

#include "absl/status/statusor.h"

namespace protogres::dev {

// Returns the folder of `initdb` and `postgres`: `chosen` unless it is empty, else the newest of the usual folders of
// distributions, else one on PATH, else the one that pg_config names. A folder of the version `major` (for example
// "15"; empty: none) is preferred. NOT_FOUND: there is none; the message says what to install.
absl::StatusOr<std::string> FindServer(const std::string& chosen, const std::string& major);

}  // namespace protogres::dev

#endif  // PROTOGRES_SERVICE_DEV_INSTALL_H_
