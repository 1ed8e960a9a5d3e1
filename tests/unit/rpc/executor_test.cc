#include "rpc/executor.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"
#include "unit/rpc/test_task.h"

namespace protogres::rpc {
namespace {

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
  EXPECT_EQ(status::ReasonOf(full), "QUEUE_FULL");
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
    EXPECT_EQ(status::ReasonOf(task->refused()), "POOL_TIMEOUT");
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

}  // namespace
}  // namespace protogres::rpc
