// A private directory for one run. It is made for its owner alone, and removed at the end. What a killed run has left
// behind is removed by the next run.
#ifndef PROTOGRES_SERVICE_DEV_RUN_DIRECTORY_H_
#define PROTOGRES_SERVICE_DEV_RUN_DIRECTORY_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dev/process.h"

namespace protogres::dev {

// Its path is <temporary folder>/protogres-XXXXXX, short enough for a Unix socket in it, and its mode is 0700. It is
// alive while somebody holds the lock on its file `lock`, which the system releases in whatever way the process ends.
class RunDirectory {
 public:
  // Removes the dead ones, then makes one that `owner` owns; without an owner, the user of this process. INTERNAL: the
  // system refused.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Make(const std::optional<User>& owner);
  // Removes the directory with all that is in it.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file that the owner can read.
  absl::Status Write(const std::string& name, const std::string& text) const;

 private:
  RunDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

}  // namespace protogres::dev

#endif  // PROTOGRES_SERVICE_DEV_RUN_DIRECTORY_H_
