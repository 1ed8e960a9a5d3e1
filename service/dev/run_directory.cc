#include "dev/run_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace protogres::dev {
namespace {

constexpr char kPrefix[] = "protogres-";
constexpr char kLock[] = "lock";
constexpr char kLongestName[] = "/protogres-XXXXXX/.s.PGSQL.5432";
// A directory without a lock file is just being made, unless it is older than this.
constexpr time_t kGraceSeconds = 60;

// TMPDIR, or /tmp if the path of a socket in TMPDIR would be too long, or if this process is root and so the server's
// user may not reach TMPDIR.
std::string TemporaryFolder() {
  const char* folder = geteuid() == 0 ? nullptr : std::getenv("TMPDIR");
  struct stat status;
  if (folder == nullptr || folder[0] != '/' || stat(folder, &status) != 0) return "/tmp";
  return strlen(folder) + sizeof(kLongestName) > sizeof(sockaddr_un::sun_path) ? "/tmp" : folder;
}

bool IsDead(const std::string& path, const std::optional<User>& owner) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
  if (status.st_uid != geteuid() && !(owner && status.st_uid == owner->uid)) return false;
  const int lock = open((path + "/" + kLock).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return errno == ENOENT && time(nullptr) - status.st_mtime > kGraceSeconds;
  const bool dead = flock(lock, LOCK_EX | LOCK_NB) == 0;
  close(lock);
  return dead;
}

void RemoveDead(const std::string& folder, const std::optional<User>& owner) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().rfind(kPrefix, 0) != 0) continue;
    if (IsDead(entry.path().string(), owner)) std::filesystem::remove_all(entry.path(), error);
  }
}

absl::Status Failed(const std::string& path) {
  return absl::InternalError(fmt::format("cannot make {}: {}", path, strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::Make(const std::optional<User>& owner) {
  const std::string folder = TemporaryFolder();
  RemoveDead(folder, owner);
  std::string path = folder + "/" + kPrefix + "XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return Failed(path);
  const std::string lock_path = path + "/" + kLock;
  const std::string new_path = lock_path + ".new";
  const int lock = open(new_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  // From here on the destructor removes the directory.
  std::unique_ptr<RunDirectory> directory(new RunDirectory(path, lock));
  // The file gets the name by which others look for it only when it is locked.
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0 || rename(new_path.c_str(), lock_path.c_str()) != 0) {
    return Failed(lock_path);
  }
  if (owner && chown(path.c_str(), owner->uid, owner->gid) != 0) return Failed(path);
  return directory;
}

RunDirectory::~RunDirectory() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (lock_ >= 0) close(lock_);
}

absl::Status RunDirectory::Write(const std::string& name, const std::string& text) const {
  std::ofstream file(File(name));
  file << text;
  file.close();
  if (!file || chmod(File(name).c_str(), 0644) != 0) return Failed(File(name));
  return absl::OkStatus();
}

}  // namespace protogres::dev
