// Tasks of one lane, which an Executor runs together.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "contract/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/executor.h"
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
  std::unique_ptr<Group> MakeGroup() const override { return std::make_unique<Together>(); }
  int together() const { return together_; }

 private:
  class Together final : public Group {
   public:
    void Run(std::span<Task* const> tasks) override {
      for (Task* task : tasks) {
        static_cast<LaneTask*>(task)->together_ = static_cast<int>(tasks.size());
        task->Run();
      }
    }
  };

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

TEST(ExecutorLaneTest, WhatWaitsInALaneRunsTogether) {
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

TEST(ExecutorLaneTest, ALaneRunsInFewGroupsAndTheOthersGoOn) {
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

TEST(ExecutorLaneTest, HeldTasksWaitForDispatchOrForAFullGroup) {
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
  EXPECT_EQ(contract::ReasonOf(executor.Submit(refused)), "QUEUE_FULL");
  EXPECT_TRUE(executor.Submit(task).ok());
  filled.Open();
  EXPECT_TRUE(waiting.Await());
  executor.Stop();
}

TEST(ExecutorLaneTest, TasksOfALaneCanBeRemovedAndExpire) {
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
