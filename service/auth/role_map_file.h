// The file of --role_map, which is read again when it changes.
#ifndef PROTOGRES_SERVICE_AUTH_ROLE_MAP_FILE_H_
#define PROTOGRES_SERVICE_AUTH_ROLE_MAP_FILE_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "auth/file.h"
#include "auth/role_map.h"

namespace protogres::auth {

// Thread-safe. A thread of its own looks at the file.
class RoleMapFile {
 public:
  using Map = std::shared_ptr<const RoleMap>;

  // Reads the file, and again each `interval`. INVALID_ARGUMENT: it cannot be read, or is no map (see RoleMap::Parse).
  static absl::StatusOr<std::unique_ptr<RoleMapFile>> Open(const std::string& path, std::chrono::milliseconds interval);

  // The same object until the map changes. Where the file is no map any more, the last one stays, and the log says so.
  Map Get() const;

 private:
  RoleMapFile(std::string path, std::string text, Map map, std::chrono::milliseconds interval);
  void Look();

  const std::string path_;
  std::string text_;  // what was read last, map or not; used only by the thread, once there is one
  mutable std::mutex mutex_;
  Map map_;
  std::optional<Repeater> watch_;  // the last, so that it ends before what it uses
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_ROLE_MAP_FILE_H_
