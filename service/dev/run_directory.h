// A private directory for one run: made for its owner alone, removed at the
// end; what a killed run left behind is removed by the next.
#ifndef PROTOGRES_SERVICE_DEV_RUN_DIRECTORY_H_
#define PROTOGRES_SERVICE_DEV_RUN_DIRECTORY_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dev/process.h"

namespace protogres::dev {

// <temporary folder>/protogres-XXXXXX, mode 0700, short enough for a Unix
// socket in it. It is alive while the lock on its file `lock` is held, which
// the system releases however the process ends.
class RunDirectory {
 public:
  // Makes one that `owner` owns (none: ourselves), after removing the dead ones.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Make(const std::optional<User>& owner);
  // Removes it with all that is in it.
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
