// Gives each call its token.
#ifndef PROTOGRES_INTERNAL_TOKEN_SOURCE_H_
#define PROTOGRES_INTERNAL_TOKEN_SOURCE_H_

#include <sys/stat.h>

#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "protogres/options.h"

namespace protogres::internal {

// Thread-safe.
class TokenSource {
 public:
  explicit TokenSource(Token token) : token_(std::move(token)) {}

  // The token, or empty: there is none. Blocks to read a file that has changed, or as long as the callback does.
  // UNAUTHENTICATED: the file cannot be read, or is empty; else the callback's own error.
  absl::StatusOr<std::string> Get();

 private:
  absl::StatusOr<std::string> FromFile(const std::string& path);

  const Token token_;
  std::mutex mutex_;
  struct stat seen_ = {};  // of the file that `text_` was read from
  std::string text_;
};

// All of a file. NOT_FOUND, with the system's reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_TOKEN_SOURCE_H_
