#include "auth/token_cache.h"

#include <utility>

namespace protogres::auth {

std::shared_ptr<const Identity> TokenCache::Find(std::string_view token, Time now) {
  if (const auto found = newer_.find(token); found != newer_.end()) {
    if (found->second.expires > now) return found->second.identity;
    newer_.erase(found);
    return nullptr;
  }
  const auto found = older_.find(token);
  if (found == older_.end()) return nullptr;
  const Entry entry = std::move(found->second);
  older_.erase(found);
  if (entry.expires <= now) return nullptr;
  Insert(token, entry.identity, entry.expires);
  return entry.identity;
}

void TokenCache::Insert(std::string_view token, std::shared_ptr<const Identity> identity, Time expires) {
  const std::size_t bytes = token.size() + identity->claims.size();
  if (newer_.size() >= most_tokens_ || bytes_ + bytes > most_bytes_) {
    older_ = std::exchange(newer_, {});
    bytes_ = 0;
  }
  bytes_ += bytes;
  newer_.insert_or_assign(std::string(token), Entry{std::move(identity), expires});
}

void TokenCache::Clear() {
  newer_.clear();
  older_.clear();
  bytes_ = 0;
}

}  // namespace protogres::auth
