// Where the PostgreSQL server's programs are on this machine.
#ifndef PROTOGRES_SERVICE_DEV_INSTALL_H_
#define PROTOGRES_SERVICE_DEV_INSTALL_H_

#include <string>

#include "absl/status/statusor.h"

namespace protogres::dev {

// The folder of `initdb` and `postgres`: `chosen` unless it is empty, else the
// newest of the distribution's usual ones, then PATH, then what pg_config says.
// `major` (e.g. "15") is preferred where it is installed; empty: the newest.
// NOT_FOUND: there is none; the message says what to install.
absl::StatusOr<std::string> FindServer(const std::string& chosen, const std::string& major);

}  // namespace protogres::dev

#endif  // PROTOGRES_SERVICE_DEV_INSTALL_H_
