// Things that an Api makes when they are first asked for, since most of thousands never are.
#ifndef PROTOGRES_SERVICE_API_ON_DEMAND_H_
#define PROTOGRES_SERVICE_API_ON_DEMAND_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace protogres::api {

// Thread-safe. What is made stays for as long as the OnDemand.
template <typename T>
class OnDemand {
 public:
  explicit OnDemand(std::size_t size) : made_(size) {}

  // The thing with this index. The first call for it makes it, by `make`, which returns a std::unique_ptr<const T>.
  // Other first calls wait meanwhile.
  template <typename Make>
  const T& Get(std::size_t index, const Make& make) const {
    std::atomic<const T*>& made = made_[index];
    if (const T* own = made.load(std::memory_order_acquire)) return *own;
    const std::lock_guard lock(mutex_);
    // Another thread may have made it meanwhile.
    if (const T* own = made.load(std::memory_order_relaxed)) return *own;
    owned_.push_back(make());
    made.store(owned_.back().get(), std::memory_order_release);
    return *owned_.back();
  }

 private:
  mutable std::vector<std::atomic<const T*>> made_;      // by index; null: nobody has asked for it yet
  mutable std::mutex mutex_;                             // held while one is made
  mutable std::vector<std::unique_ptr<const T>> owned_;  // guarded by mutex_
};

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_ON_DEMAND_H_
