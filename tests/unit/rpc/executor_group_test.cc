// Tasks with one group key, which an Executor runs as groups.
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

// A Task with a group key, which tells the size of the group in which it ran.
class GroupedTask : public TestTask {
 public:
  GroupedTask(
      const void* key, std::function<void()> run = [] {}, const void* owner = nullptr)
      : TestTask(std::move(run)), key_{key, owner} {}
  TaskKey key() const override { return key_; }
  bool may_group() const override { return true; }
  std::unique_ptr<Group> MakeGroup() const override { return std::make_unique<TestGroup>(); }
  std::chrono::system_clock::time_point deadline() const override { return deadline_; }
  void set_deadline(std::chrono::system_clock::time_point deadline) { deadline_ = deadline; }
  // `pause` is called, with the size of the group, before a group that begins with this Task.
  void set_pause(std::function<void(int)> pause) { pause_ = std::move(pause); }
  void Run() override {
    if (group_size_ == 1 && pause_) pause_(1);
    TestTask::Run();
  }
  int group_size() const { return group_size_; }

 private:
  class TestGroup final : public Group {
   public:
    void Run(std::span<Task* const> tasks) override {
      if (const auto& pause = static_cast<GroupedTask*>(tasks[0])->pause_) pause(static_cast<int>(tasks.size()));
      for (Task* task : tasks) {
        static_cast<GroupedTask*>(task)->group_size_ = static_cast<int>(tasks.size());
        task->Run();
      }
    }
  };

  const TaskKey key_;
  std::function<void(int)> pause_;
  std::chrono::system_clock::time_point deadline_ = std::chrono::system_clock::time_point::max();
  int group_size_ = 1;
};

std::vector<std::unique_ptr<GroupedTask>> SubmitWithKey(Executor& executor, const void* key, int count) {
  std::vector<std::unique_ptr<GroupedTask>> tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(std::make_unique<GroupedTask>(key));
    EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
  }
  return tasks;
}

// Runs Tasks that take no time, until the Executor knows that groups of `size` are cheap. It must be one that waits for
// groups. On a busy machine a group may seem to be slow, and is then tried again.
void Learn(Executor& executor, const void* key, int size) {
  for (int largest = 0, round = 0; largest < size && round < 10'000; ++round) {
    auto tasks = SubmitWithKey(executor, key, size);
    executor.Dispatch();
    for (auto& task : tasks) {
      EXPECT_TRUE(task->Await());
      largest = std::max(largest, task->group_size());
    }
  }
}

TEST(ExecutorGroupTest, OnlyTasksOfOneOwnerRunAsAGroup) {
  Executor executor({.workers = 1, .wait_for_groups = true});
  const int work = 0, one = 0, other = 0;
  for (int largest = 0, round = 0; largest < 2; ++round) {
    ASSERT_LT(round, 10'000);
    std::vector<std::unique_ptr<GroupedTask>> tasks;
    for (const void* owner : {&one, &other, &one, &other}) {
      tasks.push_back(std::make_unique<GroupedTask>(
          &work, [] {}, owner));
      EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
    }
    executor.Dispatch();
    for (auto& task : tasks) {
      ASSERT_TRUE(task->Await());
      EXPECT_LE(task->group_size(), 2);
      largest = std::max(largest, task->group_size());
    }
  }
}

TEST(ExecutorGroupTest, OfManyOwnersFewAreRemembered) {
  Executor executor({.workers = 1, .wait_for_groups = true, .max_idle_keys = 3});
  const int work = 0;
  const std::vector<int> owners(50);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<GroupedTask>> tasks;
    for (const int& owner : owners) {
      tasks.push_back(std::make_unique<GroupedTask>(
          &work, [] {}, &owner));
      EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
    }
    executor.Dispatch();
    for (auto& task : tasks) {
      ASSERT_TRUE(task->Await());
      EXPECT_EQ(task->group_size(), 1);
    }
  }
}

TEST(ExecutorGroupTest, WhatWaitsWithOneKeyRunsAsAGroup) {
  Executor executor({.workers = 1, .max_group_size = 4, .wait_for_groups = true});
  const int one = 0, other = 0;
  Learn(executor, &one, 4);
  std::vector<std::unique_ptr<GroupedTask>> tasks, others;
  {
    Occupied occupied(executor);
    tasks = SubmitWithKey(executor, &one, 6);
    others = SubmitWithKey(executor, &other, 1);
    executor.Dispatch();
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  for (auto& task : others) EXPECT_TRUE(task->Await());
  executor.Stop();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(tasks[i]->group_size(), 4);
  EXPECT_EQ(others[0]->group_size(), 1);
}

TEST(ExecutorGroupTest, WhatTakesLongRunsAlone) {
  Executor executor({.workers = 1, .max_group_size = 64});
  const int key = 0;
  std::vector<std::unique_ptr<GroupedTask>> tasks;
  {
    Occupied occupied(executor);
    for (int i = 0; i < 20; ++i) {
      tasks.push_back(std::make_unique<GroupedTask>(&key, [] { std::this_thread::sleep_for(milliseconds(20)); }));
      EXPECT_TRUE(executor.Submit(*tasks.back()).ok());
    }
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  executor.Stop();
  // Two are tried now and then, and more where the machine was busy when it was one.
  for (auto& task : tasks) EXPECT_LE(task->group_size(), 8);
}

TEST(ExecutorGroupTest, WhatTakesLongRunsOnMostWorkers) {
  Executor executor({.workers = 6, .groups_at_once = 1, .wait_for_groups = true});
  const int key = 0;
  std::atomic<int> running{0};
  Gate all;
  std::vector<std::unique_ptr<GroupedTask>> tasks;
  for (int i = 0; i < 4; ++i) {
    tasks.push_back(std::make_unique<GroupedTask>(&key, [&] {
      if (++running == 4) all.Open();
      EXPECT_TRUE(all.Await());
    }));
    ASSERT_TRUE(executor.Submit(*tasks.back()).ok());
  }
  for (auto& task : tasks) EXPECT_TRUE(task->Await());
  executor.Stop();
}

TEST(ExecutorGroupTest, AGroupEndsBeforeTheDeadlinesOfItsMembers) {
  Executor executor({.workers = 1, .max_group_size = 4, .wait_for_groups = true});
  const int key = 0;
  const auto submit = [&](int count) {
    std::vector<std::unique_ptr<GroupedTask>> tasks;
    for (int i = 0; i < count; ++i) {
      tasks.push_back(std::make_unique<GroupedTask>(&key));
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
  for (auto& task : submit(2)) EXPECT_EQ(task->group_size(), 1);
  executor.Stop();
}

TEST(ExecutorGroupTest, FewGroupsOfAKeyRunAtOnceAndTheOthersGoOn) {
  Executor executor({.workers = 4, .max_group_size = 64, .groups_at_once = 1, .wait_for_groups = true});
  const int key = 0;
  Learn(executor, &key, 16);
  Gate started, end;
  GroupedTask first(&key, [&] {
    started.Open();
    end.Await();
  });
  ASSERT_TRUE(executor.Submit(first).ok());
  executor.Dispatch();
  ASSERT_TRUE(started.Await());
  auto waiting = SubmitWithKey(executor, &key, 3);
  TestTask alone;
  ASSERT_TRUE(executor.Submit(alone).ok());
  EXPECT_TRUE(alone.Await());
  EXPECT_FALSE(waiting[0]->ran());
  executor.Dispatch();
  end.Open();
  for (auto& task : waiting) EXPECT_TRUE(task->Await());
  executor.Stop();
  EXPECT_EQ(waiting[0]->group_size(), 3);
}

TEST(ExecutorGroupTest, TasksWaitForDispatchOrForAFullGroup) {
  Executor executor({.workers = 2, .max_group_size = 4, .groups_at_once = 2, .wait_for_groups = true});
  const int key = 0;
  Learn(executor, &key, 4);
  auto few = SubmitWithKey(executor, &key, 3);
  TestTask alone;
  ASSERT_TRUE(executor.Submit(alone).ok());
  EXPECT_TRUE(alone.Await()) << "only Tasks with a key wait for a group";
  EXPECT_FALSE(few[0]->ran());
  executor.Dispatch();
  for (auto& task : few) EXPECT_TRUE(task->Await());
  EXPECT_EQ(few[0]->group_size(), 3);
  auto many = SubmitWithKey(executor, &key, 5);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(many[i]->Await());
  executor.Dispatch();
  EXPECT_TRUE(many[4]->Await());
  auto removed = SubmitWithKey(executor, &key, 1);
  EXPECT_TRUE(executor.Remove(*removed[0]));
  auto rest = SubmitWithKey(executor, &key, 1);
  EXPECT_FALSE(rest[0]->ran());
  executor.Dispatch();
  EXPECT_TRUE(rest[0]->Await());
  executor.Stop();
}

TEST(ExecutorGroupTest, NoTaskWaitsLongForAGroup) {
  Executor executor({.workers = 1, .max_group_size = 4, .wait_for_groups = true});
  const int key = 0;
  Learn(executor, &key, 4);
  executor.DispatchLate();  // no Task waits for a group
  auto waiting = SubmitWithKey(executor, &key, 2);
  EXPECT_FALSE(waiting[0]->ran());
  // Whoever submits always has more to do.
  const auto begin = std::chrono::steady_clock::now();
  while (!waiting[1]->ran() && std::chrono::steady_clock::now() - begin < seconds(20)) executor.DispatchLate();
  for (auto& task : waiting) EXPECT_TRUE(task->Await());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1));
  executor.Stop();
}

TEST(ExecutorGroupTest, ASlowGroupDoesNotKeepTheNextOneWaiting) {
  Executor executor({.workers = 2, .groups_at_once = 1});
  const int key = 0;
  Gate started, end;
  GroupedTask slow(&key, [&] {
    started.Open();
    end.Await();
  });
  ASSERT_TRUE(executor.Submit(slow).ok());
  ASSERT_TRUE(started.Await());
  std::this_thread::sleep_for(milliseconds(20));
  GroupedTask next(&key);
  ASSERT_TRUE(executor.Submit(next).ok());
  EXPECT_TRUE(next.Await());
  end.Open();
  EXPECT_TRUE(slow.Await());
  executor.Stop();
}

TEST(ExecutorGroupTest, ATaskThatNoOtherFollowsDoesNotWaitForASlowGroup) {
  Executor executor({.workers = 5, .groups_at_once = 1});
  const int key = 0;
  Gate end;
  std::vector<std::unique_ptr<GroupedTask>> slow;
  // Each is submitted while no group may start, and nothing comes later that would wake a worker.
  for (int i = 0; i < 2; ++i) {
    Gate started;
    slow.push_back(std::make_unique<GroupedTask>(&key, [&] {
      started.Open();
      end.Await();
    }));
    ASSERT_TRUE(executor.Submit(*slow.back()).ok());
    ASSERT_TRUE(started.Await());
  }
  GroupedTask last(&key);
  ASSERT_TRUE(executor.Submit(last).ok());
  EXPECT_TRUE(last.Await());
  end.Open();
  for (auto& task : slow) EXPECT_TRUE(task->Await());
  executor.Stop();
}

TEST(ExecutorGroupTest, ATaskThatARunHasGivenBackHasItsPlace) {
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

TEST(ExecutorGroupTest, TasksThatWaitForAGroupCanBeRemovedAndExpire) {
  Executor executor({.workers = 1, .queue_timeout = milliseconds(300)});
  const int key = 0;
  Occupied occupied(executor);
  auto tasks = SubmitWithKey(executor, &key, 3);
  EXPECT_TRUE(executor.Remove(*tasks[1]));
  EXPECT_FALSE(executor.Remove(*tasks[1]));
  EXPECT_TRUE(tasks[0]->Await());
  EXPECT_TRUE(tasks[2]->Await());
  EXPECT_EQ(status::ReasonOf(tasks[0]->refused()), "POOL_TIMEOUT");
  EXPECT_FALSE(tasks[1]->ran());
}

}  // namespace
}  // namespace protogres::rpc
