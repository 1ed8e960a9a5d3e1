// The Executor: the bounded queue before the pool, the only place where a
// request waits, and the threads that take Tasks from it. It knows neither gRPC nor SQL.
#ifndef PROTOGRES_SERVICE_RPC_EXECUTOR_H_
#define PROTOGRES_SERVICE_RPC_EXECUTOR_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace protogres::rpc {

// A link of the queue itself, so that waiting costs no allocation. Its owner
// keeps it until one of the two was called or Remove has returned true.
class Task {
 public:
  // On a worker. May block.
  virtual void Run() = 0;
  // Instead of Run: it waited too long, or the Executor was closed. Must not block.
  virtual void Refuse(const absl::Status& status) = 0;

 protected:
  ~Task() = default;

 private:
  friend class Executor;
  Task* previous_ = nullptr;
  Task* next_ = nullptr;
  bool waiting_ = false;
  std::chrono::steady_clock::time_point since_;
};

// Thread-safe. First in, first out: so the first of the queue is the first to expire.
class Executor {
 public:
  struct Options {
    int workers = 1;
    int queue_size = 1024;
    std::chrono::milliseconds queue_timeout{30000};
  };

  explicit Executor(const Options& options);
  ~Executor();  // Stop
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // RESOURCE_EXHAUSTED, reason QUEUE_FULL, with RetryInfo; UNAVAILABLE once closed. Never blocks.
  absl::Status Submit(Task& task);
  // True: the task was waiting still and is the caller's again; neither Run nor Refuse will be called.
  bool Remove(Task& task);
  // Refuses what waits, and all that comes. Running Tasks go on.
  void Close();
  // Close, and blocks until the running Tasks have ended. Idempotent, for one thread.
  void Stop();

 private:
  void Work();
  // Refuses Tasks that waited longer than queue_timeout, also while every worker is blocked.
  void Watch();
  void Append(Task& task);
  void Unlink(Task& task);
  // Unlinks the Tasks that have waited since `limit` or longer; the list goes on by next_.
  Task* TakeSince(std::chrono::steady_clock::time_point limit);
  static void RefuseAll(Task* first, const absl::Status& status);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable work_, stop_;
  Task* first_ = nullptr;
  Task* last_ = nullptr;
  int waiting_ = 0;
  int idle_ = 0;  // workers without a Task
  bool closed_ = false;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_EXECUTOR_H_
