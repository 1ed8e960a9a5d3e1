// Tasks for an Executor, and what makes them wait for each other.
#ifndef PROTOGRES_TESTS_UNIT_RPC_TEST_TASK_H_
#define PROTOGRES_TESTS_UNIT_RPC_TEST_TASK_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "gtest/gtest.h"
#include "rpc/executor.h"

namespace protogres::rpc {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Gate {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool Await(milliseconds timeout = seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class TestTask : public Task {
 public:
  explicit TestTask(std::function<void()> run = [] {}) : run_(std::move(run)) {}
  void Run() override {
    run_();
    ran_ = true;
    ended_.Open();
  }
  void Refuse(const absl::Status& status) override {
    refused_ = status;
    ended_.Open();
  }
  bool Await() { return ended_.Await(); }
  bool ran() const { return ran_; }
  const absl::Status& refused() const { return refused_; }

 private:
  std::function<void()> run_;
  std::atomic<bool> ran_{false};
  absl::Status refused_;
  Gate ended_;
};

// Occupies the only worker until it is told to end.
class Occupied {
 public:
  explicit Occupied(Executor& executor)
      : task_([this] {
          started_.Open();
          end_.Await();
        }) {
    EXPECT_TRUE(executor.Submit(task_).ok());
    EXPECT_TRUE(started_.Await());
  }
  ~Occupied() {
    End();
    task_.Await();
  }
  void End() { end_.Open(); }

 private:
  Gate started_, end_;
  TestTask task_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_TESTS_UNIT_RPC_TEST_TASK_H_
