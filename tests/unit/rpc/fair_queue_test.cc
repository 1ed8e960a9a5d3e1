#include "rpc/fair_queue.h"

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using Time = FairQueue::Time;

class KeyTask final : public Task {
 public:
  KeyTask(const TaskKey& key, bool may_group) : key_(key), may_group_(may_group) {}
  void Run() override {}
  void Refuse(const absl::Status&) override {}
  TaskKey key() const override { return key_; }
  bool may_group() const override { return may_group_; }
  char name() const { return *static_cast<const char*>(key_.work); }

 private:
  const TaskKey key_;
  const bool may_group_;
};

// Works are named by letters, and Tasks by their work.
class FairQueueTest : public testing::Test {
 protected:
  struct Run {
    KeyQueue* queue;
    FairQueue::Taken taken;
    std::vector<Task*> tasks;
    char name() const { return static_cast<KeyTask*>(tasks[0])->name(); }
  };

  explicit FairQueueTest(int places = 12, int room = 64) : queue_({.room = room, .places = places}) {}

  static TaskKey Key(char work, int user = 0) {
    static const std::string letters = "abcdefghijklmnopqrstuvwxyz";
    return {&letters[static_cast<std::size_t>(work - 'a')], nullptr, static_cast<std::uint64_t>(user)};
  }
  absl::Status Add(const TaskKey& key, bool may_group = false) { return AddTask(tasks_.emplace_back(key, may_group)); }
  absl::Status AddTask(KeyTask& task) {
    Time start;
    return queue_.Add(task, 0, now_, &start);
  }
  // Adds until one is refused, and returns how many were not.
  int Fill(const TaskKey& key) {
    for (int count = 0;; ++count) {
      if (!Add(key).ok()) return count;
    }
  }
  bool Next(Run* run) {
    Time start;
    run->queue = queue_.Next(now_, &start);
    if (run->queue == nullptr) return false;
    run->taken = queue_.Take(*run->queue, now_, &run->tasks);
    return true;
  }
  // The names of those that begin to run, until no more may.
  std::string Begin() {
    std::string names;
    while (Next(&runs_.emplace_back())) names += runs_.back().name();
    runs_.pop_back();
    return names;
  }
  void End(char name) {
    for (auto run = runs_.begin(); run != runs_.end(); ++run) {
      if (run->name() != name) continue;
      queue_.Ended(*run->queue, run->taken, now_);
      runs_.erase(run);
      return;
    }
    FAIL() << name << " does not run";
  }

  FairQueue queue_;
  std::deque<KeyTask> tasks_;
  std::deque<Run> runs_;
  Time now_ = std::chrono::steady_clock::now();
};

TEST_F(FairQueueTest, KeysTakeTurns) {
  for (const char work : std::string("aaabbc")) ASSERT_TRUE(Add(Key(work)).ok());
  EXPECT_EQ(Begin(), "abcaba");
  EXPECT_EQ(queue_.waiting(), 0);
}

TEST_F(FairQueueTest, UsersTakeTurnsHoweverManyKeysTheyHave) {
  for (const char work : std::string("abcd")) ASSERT_TRUE(Add(Key(work, 1)).ok());
  for (const char work : std::string("xy")) ASSERT_TRUE(Add(Key(work, 2)).ok());
  EXPECT_EQ(Begin(), "axbycd");
}

TEST_F(FairQueueTest, WhoIsAloneHasThreeQuartersOfThePlaces) {
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(Add(Key('a')).ok());
  EXPECT_EQ(Begin(), "aaaaaaaaa");
  ASSERT_TRUE(Add(Key('b')).ok());
  EXPECT_EQ(Begin(), "b");
  End('b');
  EXPECT_EQ(Begin(), "");
  End('a');
  EXPECT_EQ(Begin(), "a");
}

TEST_F(FairQueueTest, PlacesComeToBeSharedEqually) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Add(Key('a')).ok());
  EXPECT_EQ(Begin(), "aaaaaaaaa");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Add(Key('b')).ok());
  EXPECT_EQ(Begin(), "bb");
  for (int i = 0; i < 4; ++i) End('a');
  EXPECT_EQ(Begin(), "abb");
  // Two others who are new still find a place, one after the other.
  ASSERT_TRUE(Add(Key('c')).ok());
  ASSERT_TRUE(Add(Key('d')).ok());
  EXPECT_EQ(Begin(), "cd");
}

TEST_F(FairQueueTest, AUserWithManyKeysLeavesPlacesToOthers) {
  for (char work = 'a'; work <= 'l'; ++work) {
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(Add(Key(work, 1)).ok());
  }
  EXPECT_EQ(Begin().size(), 11);
  ASSERT_TRUE(Add(Key('a', 2)).ok());
  EXPECT_EQ(Begin(), "a");
  // The user has more than a share: only a key with nothing that runs may have one more, and the last is for others.
  for (const char work : std::string("cd")) End(work);
  EXPECT_EQ(Begin(), "l");
  ASSERT_TRUE(Add(Key('z', 3)).ok());
  EXPECT_EQ(Begin(), "z");
}

TEST_F(FairQueueTest, TokensOfOneUserHaveOneShare) {
  const std::vector<int> owners(12);
  TaskKey key = Key('a', 1);
  for (const int& owner : owners) {
    key.owner = &owner;
    ASSERT_TRUE(Add(key).ok());
  }
  EXPECT_LE(Begin().size(), 11);
  ASSERT_TRUE(Add(Key('a', 2)).ok());
  EXPECT_EQ(Begin(), "a");
}

TEST_F(FairQueueTest, FewerPlacesAreShared) {
  queue_.set_places(4);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Add(Key('a')).ok());
  EXPECT_EQ(Begin(), "aaa");
  queue_.set_places(1);
  ASSERT_TRUE(Add(Key('b')).ok());
  EXPECT_EQ(Begin(), "");
  for (int i = 0; i < 2; ++i) End('a');
  EXPECT_EQ(Begin(), "");
  End('a');
  EXPECT_EQ(Begin(), "a");
  End('a');
  EXPECT_EQ(Begin(), "b");
}

class OnePlaceTest : public FairQueueTest {
 protected:
  OnePlaceTest() : FairQueueTest(1) {}
};

TEST_F(OnePlaceTest, IsTakenInTurns) {
  for (const char work : std::string("aaab")) ASSERT_TRUE(Add(Key(work)).ok());
  std::string order;
  for (int i = 0; i < 4; ++i) {
    const std::string begun = Begin();
    ASSERT_EQ(begun.size(), 1);
    order += begun;
    End(begun[0]);
  }
  EXPECT_EQ(order, "abaa");
}

class TwoPlacesTest : public FairQueueTest {
 protected:
  TwoPlacesTest() : FairQueueTest(2) {}
};

TEST_F(TwoPlacesTest, OneIsLeft) {
  for (const char work : std::string("aaa")) ASSERT_TRUE(Add(Key(work)).ok());
  EXPECT_EQ(Begin(), "a");
  ASSERT_TRUE(Add(Key('b')).ok());
  EXPECT_EQ(Begin(), "b");
}

TEST_F(FairQueueTest, RoomIsSharedLikePlaces) {
  EXPECT_EQ(Fill(Key('a')), 48);
  EXPECT_EQ(Fill(Key('b')), 12);
  EXPECT_EQ(Fill(Key('c')), 3);
  EXPECT_EQ(Fill(Key('d')), 1);
  EXPECT_EQ(Fill(Key('e')), 0);
  const absl::Status full = Add(Key('a'));
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(full), "QUEUE_FULL");
  EXPECT_TRUE(full.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  EXPECT_THAT(std::string(full.message()), testing::HasSubstr("64 requests wait already"));
}

TEST_F(FairQueueTest, TheRefusalOfAShareSaysSo) {
  Fill(Key('a'));
  EXPECT_THAT(std::string(Add(Key('a')).message()), testing::HasSubstr("48 requests of this method and caller"));
}

TEST_F(FairQueueTest, AUserWithManyKeysLeavesRoomToOthers) {
  int added = 0;
  for (char work = 'a'; work <= 'z'; ++work) added += Fill(Key(work, 1));
  EXPECT_LE(added, 64 - 64 / 8);
  EXPECT_GE(Fill(Key('a', 2)), 4);
  EXPECT_GE(Fill(Key('a', 3)), 1);
}

TEST_F(FairQueueTest, ManyUsersAreAllForgotten) {
  FairQueue queue({.room = 100, .places = 1, .max_idle = 4});
  for (int user = 1; user <= 1000; ++user) {
    KeyTask task(Key('a', user), true);
    Time start;
    ASSERT_TRUE(queue.Add(task, 0, now_, &start).ok());
    ASSERT_TRUE(queue.Remove(task));
    ASSERT_FALSE(queue.Remove(task));
  }
  EXPECT_EQ(queue.waiting(), 0);
}

TEST_F(FairQueueTest, WhatComesBackRunsFirstAndAloneAndIsNeverRefused) {
  KeyTask back(Key('a'), true);
  ASSERT_TRUE(AddTask(back).ok());
  EXPECT_EQ(Begin(), "a");
  while (Add(Key('a'), true).ok()) {
  }
  ASSERT_TRUE(AddTask(back).ok());
  Run run;
  ASSERT_TRUE(Next(&run));
  EXPECT_THAT(run.tasks, ElementsAre(&back));
  EXPECT_FALSE(run.taken.grouped);
  queue_.Ended(*run.queue, run.taken, now_);
  ASSERT_TRUE(Next(&run));
  EXPECT_TRUE(run.taken.grouped);
}

TEST_F(FairQueueTest, AGroupTakesOnePlace) {
  // Learns that groups of two are cheap.
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 2; ++j) ASSERT_TRUE(Add(Key('a'), true).ok());
    Run run;
    while (Next(&run)) queue_.Ended(*run.queue, run.taken, now_ + std::chrono::microseconds(10));
  }
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Add(Key('a'), true).ok());
  std::size_t tasks = 0;
  for (Run run; Next(&run); tasks += run.tasks.size()) {
  }
  EXPECT_GT(tasks, 9);
  EXPECT_TRUE(Add(Key('b')).ok());
  EXPECT_EQ(Begin(), "b");
}

TEST_F(FairQueueTest, TheOldestIsTakenFirstWhoseverItIs) {
  const Time begin = now_;
  for (const char work : std::string("ab")) {
    ASSERT_TRUE(Add(Key(work)).ok());
    now_ += milliseconds(10);
  }
  ASSERT_TRUE(Add(Key('a')).ok());
  EXPECT_EQ(queue_.Oldest(now_), begin);
  EXPECT_EQ(queue_.TakeSince(begin - milliseconds(1)), nullptr);
  EXPECT_EQ(queue_.TakeSince(begin), &tasks_[0]);
  EXPECT_EQ(queue_.TakeSince(begin + milliseconds(15)), &tasks_[1]);
  EXPECT_EQ(queue_.TakeSince(begin + milliseconds(15)), nullptr);
  EXPECT_EQ(queue_.waiting(), 1);
}

}  // namespace
}  // namespace protogres::rpc
