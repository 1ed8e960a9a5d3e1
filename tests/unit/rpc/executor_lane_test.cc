// Tasks of one lane, which an Executor runs together.
#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/executor.h"
#include "status/status.h"
#include "unit/rpc/test_task.h"

namespace protogres::rpc {
namespace {

// A Task of a lane, which tells how many ran with it.
class LaneTask : public TestTask {
 public:
  LaneTask(
      const void* lane, std::function<void()> run = [] {})
      : TestTask(std::move(run)), lane_(lane) {}
  const void* lane() const override { return lane_; }
  std::unique_ptr<Group> MakeGroup() const override { return std::make_unique<Grouping>(); }
  std::chrono::system_clock::time_point deadline() const override { return deadline_; }
  void set_deadline(std::chrono::system_clock::time_point deadline) { deadline_ = deadline; }
  // Before a group that begins with it, of so many.
  void set_pause(std::function<void(int)> pause) { pause_ = std::move(pause); }
  void Run() override {
    if (together_ == 1 && pause_) pause_(1);
    TestTask::Run();
  }
  int grouping() const { return together_; }

 private:
  class Grouping final : public Group {
   public:
    void Run(std::span<Task* const> tasks) override {
      if (const auto& pause = static_cast<LaneTask*>(tasks[0])->pause_) pause(static_cast<int>(tasks.size()));
      for (Task* task : tasks) {
        static_cast<LaneTask*>(task)->together_ = static_cast<int>(tasks.size());
        task->Run();
      }
    }
  };

  const void* const lane_;
  std::function<void(int)> pause_;
  std::chrono::system_clock::time_point deadline_ = std::chrono::system_clock::time_point::max();
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

// Runs Tasks that take no time, until the lane knows that groups of `size` are cheap. Of an Executor that holds. On a
// busy machine one may seem to be slow, and is then tried again.
void Learn(Executor& executor, const void* lane, int size) {
  for (int together = 0, round = 0; together < size && round < 10'000; ++round) {
    auto tasks = SubmitToLane(executor, lane, size);
    executor.Dispatch();
    for (auto& task : tasks) {
      EXPECT_TRUE(task->Await());
      together = std::max(together, task->grouping());
    }
  }
}

TEST(ExecutorLaneTest, WhatWaitsInALaneRunsTogether) {
  Executor executor({.workers = 1, .max_together = 4, .hold = true});
  const int one = 0, other = 0;
  Learn(executor, &one, 4);
  std::vector<std::unique_ptr<LaneTask>> tasks, others;
  {
    Occupied occupied(executor);
    tasks = SubmitToLane(executor, &one, 6);
    others = SubmitToLane(executor, &other, 1);
    executor.Dispatch();
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  for (auto& task : others) EXPECT_TRUE(task->Await());
  executor.Stop();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(tasks[i]->grouping(), 4);
  EXPECT_EQ(others[0]->grouping(), 1);
}

TEST(ExecutorLaneTest, WhatTakesLongRunsAlone) {
  Executor executor({.workers = 1, .max_together = 64});
  const int lane = 0;
  std::vector<std::unique_ptr<LaneTask>> tasks;
  {
    Occupied occupied(executor);
    for (int i = 0; i < 20; ++i) {
      tasks.push_back(std::make_unique<LaneTask>(&lane, [] { std::this_thread::sleep_for(milliseconds(20)); }));
      EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
    }
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  executor.Stop();
  // Two are tried now and then, and more where the machine was busy when it was one.
  for (auto& task : tasks) EXPECT_LE(task->grouping(), 8);
}

TEST(ExecutorLaneTest, WhatTakesLongRunsOnAllWorkers) {
  Executor executor({.workers = 4, .lane_groups = 1, .hold = true});
  const int lane = 0;
  std::atomic<int> running{0};
  Gate all;
  std::vector<std::unique_ptr<LaneTask>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(std::make_unique<LaneTask>(&lane, [&] {
      if (++running == 4) all.Open();
      EXPECT_TRUE(all.Await());
    }));
    ASSERT_TRUE(executor.Submit(*tasks.back()).ok());
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  executor.Stop();
}

TEST(ExecutorLaneTest, AGroupEndsBeforeTheDeadlinesOfItsMembers) {
  Executor executor({.workers = 1, .max_together = 4, .hold = true});
  const int lane = 0;
  const auto submit = [&](int count) {
    std::vector<std::unique_ptr<LaneTask>> tasks;
    for (int i = 0; i < count; ++i) {
      tasks.push_back(std::make_unique<LaneTask>(&lane));
      // A long way to the database, which is worth a large group.
      tasks.back()->set_pause([](int size) { std::this_thread::sleep_for(milliseconds(200 + 20 * size)); });
      tasks.back()->set_deadline(std::chrono::system_clock::now() + milliseconds(250));
      EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
    }
    executor.Dispatch();
    for (auto& task : tasks) EXPECT_TRUE(task->Await());
    return tasks;
  };
  for (int i = 0; i < 2; ++i) submit(1);
  // Two of them will take longer than the deadlines let them, by what one has taken.
  for (auto& task : submit(2)) EXPECT_EQ(task->grouping(), 1);
  executor.Stop();
}

TEST(ExecutorLaneTest, ALaneRunsInFewGroupsAndTheOthersGoOn) {
  Executor executor({.workers = 4, .max_together = 64, .lane_groups = 1, .hold = true});
  const int lane = 0;
  Learn(executor, &lane, 16);
  Gate started, end;
  LaneTask first(&lane, [&] {
    started.Open();
    end.Await();
  });
  ASSERT_TRUE(executor.Submit(first).ok());
  executor.Dispatch();
  ASSERT_TRUE(started.Await());
  auto waiting = SubmitToLane(executor, &lane, 3);
  TestTask alone;
  ASSERT_TRUE(executor.Submit(alone).ok());
  EXPECT_TRUE(alone.Await());
  EXPECT_FALSE(waiting[0]->ran());
  executor.Dispatch();
  end.Open();
  for (auto& task : waiting) EXPECT_TRUE(task->Await());
  executor.Stop();
  EXPECT_EQ(waiting[0]->grouping(), 3);
}

TEST(ExecutorLaneTest, HeldTasksWaitForDispatchOrForAFullGroup) {
  Executor executor({.workers = 2, .max_together = 4, .lane_groups = 2, .hold = true});
  const int lane = 0;
  Learn(executor, &lane, 4);
  auto few = SubmitToLane(executor, &lane, 3);
  TestTask alone;
  ASSERT_TRUE(executor.Submit(alone).ok());
  EXPECT_TRUE(alone.Await()) << "only those of lanes are held";
  EXPECT_FALSE(few[0]->ran());
  executor.Dispatch();
  for (auto& task : few) EXPECT_TRUE(task->Await());
  EXPECT_EQ(few[0]->grouping(), 3);
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

TEST(ExecutorLaneTest, WhatIsHeldIsNotHeldForLong) {
  Executor executor({.workers = 1, .max_together = 4, .hold = true});
  const int lane = 0;
  Learn(executor, &lane, 4);
  executor.DispatchLate();  // nothing is held
  auto held = SubmitToLane(executor, &lane, 2);
  EXPECT_FALSE(held[0]->ran());
  // Whoever submits always has more to do.
  const auto begin = std::chrono::steady_clock::now();
  while (!held[1]->ran() && std::chrono::steady_clock::now() - begin < seconds(20)) executor.DispatchLate();
  for (auto& task : held) EXPECT_TRUE(task->Await());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1));
  executor.Stop();
}

TEST(ExecutorLaneTest, ASlowGroupDoesNotHoldUpItsLane) {
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

TEST(ExecutorLaneTest, ATaskThatNoOtherFollowsDoesNotWaitForASlowGroup) {
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

TEST(ExecutorLaneTest, ATaskThatARunHasGivenBackHasItsPlace) {
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
  EXPECT_EQ(status::ReasonOf(executor.Submit(refused)), "QUEUE_FULL");
  EXPECT_TRUE(executor.Submit(task).ok());
  filled.Open();
  EXPECT_TRUE(waiting.Await());
  executor.Stop();
}

TEST(ExecutorLaneTest, TasksOfALaneCanBeRemovedAndExpire) {
  Executor executor({.workers = 1, .queue_timeout = milliseconds(300)});
  const int lane = 0;
  Occupied occupied(executor);
  auto tasks = SubmitToLane(executor, &lane, 3);
  EXPECT_TRUE(executor.Remove(*tasks[1]));
  EXPECT_FALSE(executor.Remove(*tasks[1]));
  EXPECT_TRUE(tasks[0]->Await());
  EXPECT_TRUE(tasks[2]->Await());
  EXPECT_EQ(status::ReasonOf(tasks[0]->refused()), "POOL_TIMEOUT");
  EXPECT_FALSE(tasks[1]->ran());
}

}  // namespace
}  // namespace protogres::rpc
