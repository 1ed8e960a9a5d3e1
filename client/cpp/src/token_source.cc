#include "protogres/internal/token_source.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace protogres::internal {
namespace {

bool Same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

absl::Status Unreadable(const std::string& path, const std::string& why) {
  return absl::UnauthenticatedError("the token file " + path + " " + why);
}

}  // namespace

absl::StatusOr<std::string> TokenSource::Get() {
  if (const auto* text = std::get_if<TokenText>(&token_)) return text->text;
  if (const auto* file = std::get_if<TokenFile>(&token_)) return FromFile(file->path);
  if (const auto* callback = std::get_if<TokenCallback>(&token_)) return (*callback)();
  return std::string();
}

absl::StatusOr<std::string> TokenSource::FromFile(const std::string& path) {
  std::lock_guard lock(mutex_);
  struct stat now;
  if (stat(path.c_str(), &now) != 0) return Unreadable(path, std::string("cannot be read: ") + std::strerror(errno));
  if (!text_.empty() && Same(now, seen_)) return text_;
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return Unreadable(path, "cannot be read");
  text_ = std::string(absl::StripAsciiWhitespace(*text));
  // A file that was just written may be written again with the same time and size: it is read until it is older.
  const bool settled = absl::Now() - absl::TimeFromTimespec(now.st_mtim) > absl::Seconds(2);
  seen_ = {};
  if (settled) seen_ = now;
  if (text_.empty()) return Unreadable(path, "is empty");
  return text_;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file is no failure, though nothing could be taken from it.
  if (file && file.peek() == std::ifstream::traits_type::eof() && !file.bad()) return std::string();
  if (!file || !(text << file.rdbuf()))
    return absl::NotFoundError("the file " + path + " cannot be read: " + std::strerror(errno));
  return text.str();
}

}  // namespace protogres::internal
