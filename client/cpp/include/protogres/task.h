// Coroutines: what the calls of an AsyncClient return.
#ifndef PROTOGRES_TASK_H_
#define PROTOGRES_TASK_H_

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace protogres {

// Work that begins when it is awaited, once, and gives a T. It can be awaited from a coroutine of any type.
//
// Lifetimes: a Task owns its coroutine, and what it was given by value. Destroying one that waits for a call cancels
// the call: what it awaited is never resumed. A Task may only be destroyed where its code cannot run at that moment: by
// its own executor, or before it began, or after its end.
template <class T>
class [[nodiscard]] Task {
 public:
  class promise_type {
   public:
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return Final(); }
    template <class Value>
    void return_value(Value&& value) {
      value_.emplace(std::forward<Value>(value));
    }
    void unhandled_exception() { exception_ = std::current_exception(); }

   private:
    friend class Task;
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().continuation_;
      }
      void await_resume() noexcept {}
    };

    std::coroutine_handle<> continuation_ = std::noop_coroutine();
    std::optional<T> value_;
    std::exception_ptr exception_;
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this == &other) return *this;
    if (handle_) handle_.destroy();
    handle_ = std::exchange(other.handle_, nullptr);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Begins, and gives the result, or throws what the coroutine threw. Nothing of this library throws.
  auto operator co_await() && noexcept { return Awaiter{handle_}; }
  auto operator co_await() & noexcept { return Awaiter{handle_}; }

 private:
  struct Awaiter {
    std::coroutine_handle<promise_type> handle;
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
      handle.promise().continuation_ = waiting;
      return handle;
    }
    T await_resume() {
      if (handle.promise().exception_) std::rethrow_exception(handle.promise().exception_);
      return std::move(*handle.promise().value_);
    }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace internal {

// A coroutine that nobody waits for, and which ends by itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

template <class T>
struct Result {
  std::mutex mutex;
  std::condition_variable ready;
  std::optional<T> value;
  std::exception_ptr exception;
  bool done = false;
};

template <class T>
Detached Deliver(Task<T> task, std::shared_ptr<Result<T>> result) {
  std::optional<T> value;
  std::exception_ptr exception;
  {
    // All that the task held is gone when whoever waits goes on.
    Task<T> own = std::move(task);
    try {
      value.emplace(co_await own);
    } catch (...) {
      exception = std::current_exception();
    }
  }
  std::lock_guard lock(result->mutex);
  result->value = std::move(value);
  result->exception = exception;
  result->done = true;
  result->ready.notify_all();
}

}  // namespace internal

// Begins `task` on this thread and returns when it first waits. `done` takes its result, on whichever thread it ends,
// when all that the task held is gone;
// it must not throw, nor the task: that ends the process.
template <class T, class Done>
internal::Detached Start(Task<T> task, Done done) {
  std::optional<T> value;
  {
    Task<T> own = std::move(task);
    value.emplace(co_await own);
  }
  done(*std::move(value));
}

// Begins `task` on this thread, and blocks until it has ended. Not from a thread that the task needs: one that its
// executor runs on, or where that is inline, one of gRPC's.
template <class T>
T Wait(Task<T> task) {
  const auto result = std::make_shared<internal::Result<T>>();
  internal::Deliver(std::move(task), result);
  std::unique_lock lock(result->mutex);
  result->ready.wait(lock, [&] { return result->done; });
  if (result->exception) std::rethrow_exception(result->exception);
  return std::move(*result->value);
}

}  // namespace protogres

#endif  // PROTOGRES_TASK_H_
