// The files of keys, each of which is read again when it changes.
#ifndef PROTOGRES_SERVICE_AUTH_KEY_FILES_H_
#define PROTOGRES_SERVICE_AUTH_KEY_FILES_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "auth/file.h"
#include "auth/key.h"

namespace protogres::auth {

// Thread-safe. A thread of its own looks at the files.
class KeyFiles {
 public:
  using Keys = std::shared_ptr<const std::vector<Key>>;

  // Reads all files, and again each `interval`. INVALID_ARGUMENT: one cannot be read, or has no keys (see ParseKeys).
  static absl::StatusOr<std::unique_ptr<KeyFiles>> Open(const std::vector<std::string>& paths,
                                                        std::chrono::milliseconds interval);

  // The keys of all files: the same object until they change. Those of a file that can no longer be read stay as they
  // were, and the log says so.
  Keys Get() const;

 private:
  struct File {
    std::string path;
    std::string text;       // what was read last, whether it has keys or not
    std::vector<Key> keys;  // of the last text that had some
  };

  KeyFiles(std::vector<File> files, std::chrono::milliseconds interval);
  void Look();
  // True: the keys of the file have changed.
  static bool ReadAgain(File& file);
  void Publish();

  std::vector<File> files_;  // used only by the thread, once there is one
  mutable std::mutex mutex_;
  Keys keys_;
  std::optional<Repeater> watch_;  // the last, so that it ends before what it uses
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_KEY_FILES_H_
