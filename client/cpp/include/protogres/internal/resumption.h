// How a coroutine goes on after something that ends on another thread.
#ifndef PROTOGRES_INTERNAL_RESUMPTION_H_
#define PROTOGRES_INTERNAL_RESUMPTION_H_

#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "protogres/options.h"

namespace protogres::internal {

// One wait. Both the awaiter and what will call Complete hold it. Thread-safe.
class Resumption : public std::enable_shared_from_this<Resumption> {
 public:
  explicit Resumption(Executor executor) : executor_(std::move(executor)) {}

  // For await_suspend, after the work was begun. False: it is complete already, and the coroutine, which has no
  // executor, goes on at once.
  bool Suspend(std::coroutine_handle<> handle);
  // The work is done: the coroutine goes on by its executor; here, where it has none.
  void Complete();
  // The awaiter is destroyed: the coroutine is not resumed any more. False: its wait was over before.
  bool Abandon();

 private:
  enum class State { kRunning, kSuspended, kComplete, kPosted, kResumed, kAbandoned };
  void Resume();

  const Executor executor_;
  std::mutex mutex_;
  State state_ = State::kRunning;
  std::coroutine_handle<> handle_;
};

// co_await Callback<T>(executor, begin, abandon): `begin` takes a function, which something calls once, later or at
// once, on any thread, with the result. `abandon` is called where the coroutine is destroyed before that; the function
// is still called then, and does nothing.
template <class T>
class Callback {
 public:
  using Begin = std::function<void(std::function<void(T)>)>;

  Callback(Executor executor, Begin begin, std::function<void()> abandon)
      : shared_(std::make_shared<Shared>(std::move(executor))),
        begin_(std::move(begin)),
        abandon_(std::move(abandon)) {}
  ~Callback() {
    if (shared_->resumption->Abandon()) abandon_();
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;

  bool await_ready() { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    // The awaiter may be gone as soon as the coroutine can be resumed.
    const std::shared_ptr<Shared> shared = shared_;
    begin_([shared](T value) {
      shared->value.emplace(std::move(value));
      shared->resumption->Complete();
    });
    return shared->resumption->Suspend(handle);
  }
  T await_resume() { return std::move(*shared_->value); }

 private:
  struct Shared {
    explicit Shared(Executor executor) : resumption(std::make_shared<Resumption>(std::move(executor))) {}
    std::shared_ptr<Resumption> resumption;
    std::optional<T> value;  // written before Complete, read after the wait
  };

  std::shared_ptr<Shared> shared_;
  Begin begin_;
  std::function<void()> abandon_;
};

}  // namespace protogres::internal

#endif  // PROTOGRES_INTERNAL_RESUMPTION_H_
