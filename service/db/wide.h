// Which statements have had rows too large to be read whole before: hashes of their texts. Thread-safe.
#ifndef PROTOGRES_SERVICE_DB_WIDE_H_
#define PROTOGRES_SERVICE_DB_WIDE_H_

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>

namespace protogres::db {

class Wide {
 public:
  // The one of all connections. A connection that has met such rows may be gone when they are read again.
  static Wide& OfProcess() {
    static Wide wide;
    return wide;
  }

  bool Contains(const std::string& sql) {
    const std::lock_guard lock(mutex_);
    return !hashes_.empty() && hashes_.contains(std::hash<std::string>()(sql));
  }
  void Add(const std::string& sql) {
    const std::lock_guard lock(mutex_);
    if (hashes_.size() >= kMost) hashes_.clear();
    hashes_.insert(std::hash<std::string>()(sql));
  }

 private:
  static constexpr std::size_t kMost = 1000;
  std::mutex mutex_;
  std::unordered_set<std::size_t> hashes_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_WIDE_H_
