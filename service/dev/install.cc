#include "dev/install.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "dev/process.h"

namespace protogres::dev {
namespace {

constexpr const char* kFolders[] = {
    "/usr/lib/postgresql/*/bin",           // Debian, Ubuntu
    "/usr/pgsql-*/bin",                    // PostgreSQL's own RPMs
    "/usr/libexec/postgresql*",            // Alpine
    "/opt/homebrew/opt/postgresql@*/bin",  // Homebrew
    "/usr/local/opt/postgresql@*/bin",     // Homebrew on Intel
    "/usr/local/pgsql/bin",                // built from source
};

bool HoldsServer(const std::string& folder) {
  return access((folder + "/initdb").c_str(), X_OK) == 0 && access((folder + "/postgres").c_str(), X_OK) == 0;
}

std::vector<std::string> Glob(const char* pattern) {
  std::vector<std::string> paths;
  glob_t found;
  if (glob(pattern, 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
  }
  return paths;
}

// The first number in a folder's path; 0: none.
int Version(const std::string& folder) {
  const auto digit = folder.find_first_of("0123456789");
  int version = 0;
  if (digit != std::string::npos) std::from_chars(folder.data() + digit, folder.data() + folder.size(), version);
  return version;
}

std::optional<std::string> OnPath() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty() && HoldsServer(folder)) return folder;
  }
  return std::nullopt;
}

std::optional<std::string> FromPgConfig() {
  std::string folder;
  if (!Run({.args = {"pg_config", "--bindir"}}, &folder).ok()) return std::nullopt;
  folder = Tail(folder);
  return HoldsServer(folder) ? std::optional(folder) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::string> FindServer(const std::string& chosen, const std::string& major) {
  if (!chosen.empty()) {
    if (HoldsServer(chosen)) return chosen;
    return absl::NotFoundError(
        fmt::format("no PostgreSQL server is in '{}': it must hold initdb and postgres", chosen));
  }
  std::string newest;
  for (const char* pattern : kFolders) {
    for (const std::string& folder : Glob(pattern)) {
      if (!HoldsServer(folder)) continue;
      if (!major.empty() && std::to_string(Version(folder)) == major) return folder;
      if (newest.empty() || Version(folder) > Version(newest)) newest = folder;
    }
  }
  if (!newest.empty()) return newest;
  if (auto folder = OnPath()) return *folder;
  if (auto folder = FromPgConfig()) return *folder;
  return absl::NotFoundError(
      "no PostgreSQL server is installed here: no folder with initdb and postgres under /usr/lib/postgresql, "
      "/usr/pgsql-*, /usr/local/pgsql or on PATH. On Debian and Ubuntu: apt-get install postgresql");
}

}  // namespace protogres::dev
