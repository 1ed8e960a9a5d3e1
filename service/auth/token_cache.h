// Tokens that were verified, and whose they are. Of a bounded size.
#ifndef PROTOGRES_SERVICE_AUTH_TOKEN_CACHE_H_
#define PROTOGRES_SERVICE_AUTH_TOKEN_CACHE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/identity.h"

namespace protogres::auth {

// For one thread at a time. The tokens are in two halves: those that were asked for since the newer half was begun are
// in it. When it is full, the older half goes, with all that nobody has asked for meanwhile.
class TokenCache {
 public:
  using Time = std::chrono::system_clock::time_point;

  // The most tokens, and the most bytes of tokens and their claims, of each half.
  explicit TokenCache(std::size_t most_tokens = 4096, std::size_t most_bytes = 8 * 1024 * 1024)
      : most_tokens_(most_tokens), most_bytes_(most_bytes) {}

  // Null: the token is not known, or has expired.
  std::shared_ptr<const Identity> Find(std::string_view token, Time now);
  void Insert(std::string_view token, std::shared_ptr<const Identity> identity, Time expires);
  void Clear();
  std::size_t size() const { return newer_.size() + older_.size(); }

 private:
  struct Entry {
    std::shared_ptr<const Identity> identity;
    Time expires;
  };
  // A token is looked up without a copy of it.
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Tokens = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

  const std::size_t most_tokens_;
  const std::size_t most_bytes_;
  Tokens newer_;
  Tokens older_;
  std::size_t bytes_ = 0;  // of the newer half
};

}  // namespace protogres::auth

#endif  // PROTOGRES_SERVICE_AUTH_TOKEN_CACHE_H_
