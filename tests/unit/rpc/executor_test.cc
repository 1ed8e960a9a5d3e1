#include "rpc/executor.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "contract/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::rpc {
namespace {

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

TEST(ExecutorTest, RunsInOrder) {
  Executor executor({.workers = 1, .queue_size = 100});
  std::vector<int> order;
  std::vector<std::unique_ptr<TestTask>> tasks;
  {
    Occupied occupied(executor);
    for (int i = 0; i < 50; ++i) {
      tasks.push_back(std::make_unique<TestTask>([&order, i] { order.push_back(i); }));
      ASSERT_TRUE(executor.Submit(*tasks.back()).ok());
    }
  }
  for (auto& task : tasks) ASSERT_TRUE(task->Await());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ExecutorTest, RunsOnAllWorkersAtOnce) {
  Executor executor({.workers = 4});
  std::atomic<int> running{0};
  Gate all;
  std::vector<std::unique_ptr<TestTask>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(std::make_unique<TestTask>([&] {
      if (++running == 4) all.Open();
      EXPECT_TRUE(all.Await());
    }));
    ASSERT_TRUE(executor.Submit(*tasks.back()).ok());
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
}

TEST(ExecutorTest, RefusesBeyondTheQueue) {
  Executor executor({.workers = 1, .queue_size = 2});
  Occupied occupied(executor);
  TestTask first, second, third;
  EXPECT_TRUE(executor.Submit(first).ok());
  EXPECT_TRUE(executor.Submit(second).ok());
  const absl::Status full = executor.Submit(third);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(contract::ReasonOf(full), "QUEUE_FULL");
  EXPECT_TRUE(full.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  occupied.End();
  EXPECT_TRUE(first.Await() && second.Await());
  EXPECT_FALSE(third.ran());
}

TEST(ExecutorTest, WithoutAQueueAFreeWorkerStillTakesATask) {
  Executor executor({.workers = 1, .queue_size = 0});
  TestTask task;
  absl::Status submitted;
  // The worker may not have come up yet.
  for (int i = 0; i < 1000; ++i) {
    submitted = executor.Submit(task);
    if (submitted.ok()) break;
    std::this_thread::sleep_for(milliseconds(5));
  }
  ASSERT_TRUE(submitted.ok()) << submitted;
  EXPECT_TRUE(task.Await());
}

TEST(ExecutorTest, ExpiresWhileAllWorkersAreBlocked) {
  Executor executor({.workers = 1, .queue_size = 10, .queue_timeout = milliseconds(60)});
  Occupied occupied(executor);
  const auto begin = std::chrono::steady_clock::now();
  TestTask first, second;
  ASSERT_TRUE(executor.Submit(first).ok());
  std::this_thread::sleep_for(milliseconds(20));
  ASSERT_TRUE(executor.Submit(second).ok());
  ASSERT_TRUE(first.Await());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(60));
  ASSERT_TRUE(second.Await());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(80));
  for (const auto* task : {&first, &second}) {
    EXPECT_FALSE(task->ran());
    EXPECT_EQ(task->refused().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(contract::ReasonOf(task->refused()), "POOL_TIMEOUT");
    EXPECT_THAT(std::string(task->refused().message()), testing::HasSubstr("60 ms"));
  }
}

TEST(ExecutorTest, ARemovedTaskIsNeitherRunNorRefused) {
  Executor executor({.workers = 1, .queue_size = 10});
  TestTask first, middle, last;
  {
    Occupied occupied(executor);
    for (auto* task : {&first, &middle, &last}) ASSERT_TRUE(executor.Submit(*task).ok());
    EXPECT_TRUE(executor.Remove(middle));
    EXPECT_FALSE(executor.Remove(middle));
    EXPECT_TRUE(executor.Remove(last));
    ASSERT_TRUE(executor.Submit(last).ok());
  }
  EXPECT_TRUE(first.Await() && last.Await());
  executor.Stop();
  EXPECT_FALSE(middle.ran());
  EXPECT_TRUE(middle.refused().ok());
  EXPECT_FALSE(executor.Remove(first));
}

TEST(ExecutorTest, StopRefusesWhatWaitsAndEverythingAfter) {
  Executor executor({.workers = 1, .queue_size = 10});
  TestTask waiting, late;
  std::optional<Occupied> occupied(std::in_place, executor);
  ASSERT_TRUE(executor.Submit(waiting).ok());
  std::thread stop([&] { executor.Stop(); });
  ASSERT_TRUE(waiting.Await());
  EXPECT_EQ(waiting.refused().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(executor.Submit(late).code(), absl::StatusCode::kUnavailable);
  occupied.reset();
  stop.join();
  EXPECT_FALSE(waiting.ran() || late.ran());
}

TEST(ExecutorTest, CloseLetsRunningTasksEnd) {
  Executor executor({.workers = 1, .queue_size = 10});
  Gate started, end;
  TestTask running([&] {
    started.Open();
    end.Await();
  });
  TestTask waiting;
  ASSERT_TRUE(executor.Submit(running).ok());
  ASSERT_TRUE(started.Await());
  ASSERT_TRUE(executor.Submit(waiting).ok());
  executor.Close();
  EXPECT_EQ(waiting.refused().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(running.ran());
  end.Open();
  EXPECT_TRUE(running.Await());
  EXPECT_TRUE(running.ran());
  executor.Close();
}

TEST(ExecutorTest, ATaskIsTakenExactlyOnceUnderLoad) {
  Executor executor({.workers = 3, .queue_size = 100000, .queue_timeout = milliseconds(1)});
  std::atomic<int> ended{0};
  struct Counted : Task {
    std::atomic<int>* ended = nullptr;
    void Run() override { ++*ended; }
    void Refuse(const absl::Status&) override { ++*ended; }
  };
  constexpr int kTasks = 20000;
  std::vector<Counted> tasks(kTasks);
  for (int i = 0; i < kTasks; ++i) {
    auto& task = tasks[static_cast<std::size_t>(i)];
    task.ended = &ended;
    ASSERT_TRUE(executor.Submit(task).ok());
    if (i % 3 == 0 && executor.Remove(task)) ++ended;
  }
  executor.Stop();
  EXPECT_EQ(ended.load(), kTasks);
}

// A Task of a lane, which tells how many ran with it.
class LaneTask : public TestTask {
 public:
  LaneTask(
      const void* lane, std::function<void()> run = [] {})
      : TestTask(std::move(run)), lane_(lane) {}
  const void* lane() const override { return lane_; }
  void RunTogether(std::span<Task* const> tasks) override {
    for (Task* task : tasks) {
      static_cast<LaneTask*>(task)->together_ = static_cast<int>(tasks.size());
      task->Run();
    }
  }
  int together() const { return together_; }

 private:
  const void* const lane_;
  int together_ = 1;
};

std::vector<std::unique_ptr<LaneTask>> SubmitToLane(Executor& executor, const void* lane, int count) {
  std::vector<std::unique_ptr<LaneTask>> tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(std::make_unique<LaneTask>(lane));
    EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
  }
  return tasks;
}

TEST(ExecutorTest, WhatWaitsInALaneRunsTogether) {
  Executor executor({.workers = 1, .max_together = 4});
  const int one = 0, other = 0;
  std::vector<std::unique_ptr<LaneTask>> tasks, others;
  {
    Occupied occupied(executor);
    tasks = SubmitToLane(executor, &one, 6);
    others = SubmitToLane(executor, &other, 1);
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  for (auto& task : others) EXPECT_TRUE(task->Await());
  executor.Stop();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(tasks[i]->together(), 4);
  for (int i = 4; i < 6; ++i) EXPECT_EQ(tasks[i]->together(), 2);
  EXPECT_EQ(others[0]->together(), 1);
}

TEST(ExecutorTest, ALaneRunsInFewGroupsAndTheOthersGoOn) {
  Executor executor({.workers = 4, .max_together = 64, .lane_groups = 1});
  const int lane = 0;
  Gate started, end;
  LaneTask first(&lane, [&] {
    started.Open();
    end.Await();
  });
  ASSERT_TRUE(executor.Submit(first).ok());
  ASSERT_TRUE(started.Await());
  auto waiting = SubmitToLane(executor, &lane, 3);
  TestTask alone;
  ASSERT_TRUE(executor.Submit(alone).ok());
  EXPECT_TRUE(alone.Await());
  EXPECT_FALSE(waiting[0]->ran());
  end.Open();
  for (auto& task : waiting) EXPECT_TRUE(task->Await());
  executor.Stop();
  EXPECT_EQ(waiting[0]->together(), 3);
}

TEST(ExecutorTest, HeldTasksWaitForDispatchOrForAFullGroup) {
  Executor executor({.workers = 2, .max_together = 4, .lane_groups = 2, .hold = true});
  const int lane = 0;
  auto few = SubmitToLane(executor, &lane, 3);
  TestTask alone;
  ASSERT_TRUE(executor.Submit(alone).ok());
  EXPECT_TRUE(alone.Await()) << "only those of lanes are held";
  EXPECT_FALSE(few[0]->ran());
  executor.Dispatch();
  for (auto& task : few) EXPECT_TRUE(task->Await());
  EXPECT_EQ(few[0]->together(), 3);
  auto many = SubmitToLane(executor, &lane, 5);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(many[i]->Await());
  executor.Dispatch();
  EXPECT_TRUE(many[4]->Await());
  auto removed = SubmitToLane(executor, &lane, 1);
  EXPECT_TRUE(executor.Remove(*removed[0]));
  auto rest = SubmitToLane(executor, &lane, 1);
  EXPECT_FALSE(rest[0]->ran());
  executor.Dispatch();
  EXPECT_TRUE(rest[0]->Await());
  executor.Stop();
}

TEST(ExecutorTest, ASlowGroupDoesNotHoldUpItsLane) {
  Executor executor({.workers = 2, .lane_groups = 1});
  const int lane = 0;
  Gate started, end;
  LaneTask slow(&lane, [&] {
    started.Open();
    end.Await();
  });
  ASSERT_TRUE(executor.Submit(slow).ok());
  ASSERT_TRUE(started.Await());
  std::this_thread::sleep_for(milliseconds(20));
  LaneTask next(&lane);
  ASSERT_TRUE(executor.Submit(next).ok());
  EXPECT_TRUE(next.Await());
  end.Open();
  EXPECT_TRUE(slow.Await());
  executor.Stop();
}

TEST(ExecutorTest, ATaskThatNoOtherFollowsDoesNotWaitForASlowGroup) {
  Executor executor({.workers = 3, .lane_groups = 1});
  const int lane = 0;
  Gate end;
  std::vector<std::unique_ptr<LaneTask>> slow;
  // Each is submitted while the lane may not start, and nothing comes later that would wake a worker.
  for (int i = 0; i < 2; ++i) {
    Gate started;
    slow.push_back(std::make_unique<LaneTask>(&lane, [&] {
      started.Open();
      end.Await();
    }));
    ASSERT_TRUE(executor.Submit(*slow.back()).ok());
    ASSERT_TRUE(started.Await());
  }
  LaneTask last(&lane);
  ASSERT_TRUE(executor.Submit(last).ok());
  EXPECT_TRUE(last.Await());
  end.Open();
  for (auto& task : slow) EXPECT_TRUE(task->Await());
  executor.Stop();
}

TEST(ExecutorTest, ATaskThatARunHasGivenBackHasItsPlace) {
  Executor executor({.workers = 1, .queue_size = 1});
  Gate started, filled;
  int runs = 0;
  TestTask task([&] {
    if (++runs > 1) return;
    started.Open();
    filled.Await();
  });
  ASSERT_TRUE(executor.Submit(task).ok());
  ASSERT_TRUE(started.Await());
  TestTask waiting, refused;
  ASSERT_TRUE(executor.Submit(waiting).ok());
  EXPECT_EQ(contract::ReasonOf(executor.Submit(refused)), "QUEUE_FULL");
  EXPECT_TRUE(executor.Submit(task).ok());
  filled.Open();
  EXPECT_TRUE(waiting.Await());
  executor.Stop();
}

TEST(ExecutorTest, TasksOfALaneCanBeRemovedAndExpire) {
  Executor executor({.workers = 1, .queue_timeout = milliseconds(50)});
  const int lane = 0;
  Occupied occupied(executor);
  auto tasks = SubmitToLane(executor, &lane, 3);
  EXPECT_TRUE(executor.Remove(*tasks[1]));
  EXPECT_FALSE(executor.Remove(*tasks[1]));
  EXPECT_TRUE(tasks[0]->Await());
  EXPECT_TRUE(tasks[2]->Await());
  EXPECT_EQ(contract::ReasonOf(tasks[0]->refused()), "POOL_TIMEOUT");
  EXPECT_FALSE(tasks[1]->ran());
}

}  // namespace
}  // namespace protogres::rpc
