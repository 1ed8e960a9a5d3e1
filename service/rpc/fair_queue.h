// The FairQueue: the Tasks that wait, and which of them runs next. It shares out the workers and the room in the queue
// by Method and Identity. It knows no threads.
#ifndef PROTOGRES_SERVICE_RPC_FAIR_QUEUE_H_
#define PROTOGRES_SERVICE_RPC_FAIR_QUEUE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "rpc/key_queue.h"
#include "rpc/task.h"

namespace protogres::rpc {

// Each key has a queue of its own, and the queues take turns: first the users, then the keys of a user. So how long
// somebody waits does not depend on how much others have to do.
//
// That is not enough where Tasks take long, because a worker that has begun cannot be taken back. So one rule holds for
// the places of the workers and for the room in the queue: a key may have at most three times as many as it leaves
// free, and a user five times as many; but the first one of each may be the last that is free. Who is alone has three
// quarters of all, two have three sevenths each, and so on: something is left for one who comes later, as long as few
// want all that they can get. A group takes one place, as it takes one connection.
//
// For one thread at a time. No function takes longer where more Tasks or keys wait; Next looks at no more queues than
// there are Tasks and groups that run.
class FairQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    // How many Tasks may wait.
    int room = 1024;
    // How many groups, and Tasks without one, may run at the same time. See set_places.
    int places = 1;
    // The most Tasks in one group.
    int max_group_size = 256;
    // The most groups of one key that run at the same time, unless they are slow or a whole group waits.
    int groups_at_once = 2;
    // A Task that may_group waits until Dispatch is called or there are enough Tasks for a whole group.
    bool wait_for_groups = false;
    // How many keys without a Task are remembered, with what was learned of the size of their groups.
    std::size_t max_idle = 1024;
  };

  struct Taken {
    bool grouped;  // the Tasks may_group, even if there is only one
    int live;      // how many have to run; the deadline of the others has passed, and they only have to be told
    Time since;
  };

  explicit FairQueue(const Options& options);
  ~FairQueue();
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  void set_places(int places) { places_ = places; }

  // The Task waits from now on. `free` workers are about to take a Task, so that many Tasks do not count as waiting.
  // RESOURCE_EXHAUSTED, reason QUEUE_FULL, with RetryInfo: there is no room, or none for this key or user. A Task that
  // was taken before is never refused. `start`: when it may run, see Next; also Time::max() if it waits for Dispatch.
  absl::Status Add(Task& task, int free, Time now, Time* start);
  // The Task no longer waits. False: it did not wait.
  bool Remove(Task& task);
  // No Task waits for a group any longer.
  void Dispatch();
  // Some wait for one.
  bool gathering() const { return !gathering_.empty(); }

  // The queue whose turn it is. Null: no Task may run now. Then one may at `*start`, or earlier if a Task is added, one
  // that runs ends, or there are more places; Time::max(): not before that.
  KeyQueue* Next(Time now, Time* start);
  // Takes the first Task of the queue, and with it as many others of its group as will be done before the first of
  // their deadlines. Ended must be called when they have run.
  Taken Take(KeyQueue& queue, Time now, std::vector<Task*>* tasks);
  // What Take has taken has run. The queue may be gone afterwards.
  void Ended(KeyQueue& queue, const Taken& taken, Time now);

  // Takes the Task that has waited longest, if it has waited since `limit` or longer. Null: there is none.
  Task* TakeSince(Time limit);
  // Since when the first Task waits; `now` if none does.
  Time Oldest(Time now) const { return all_.first() ? all_.first()->since_ : now; }
  int waiting() const { return all_.size(); }

 private:
  // How many a key has of something, how many its user has, how many are free, and how many there are.
  struct Stock {
    int key, user, free, all;
  };
  // True: one more is within its share.
  static bool Fits(const TaskKey& key, const Stock& stock);

  KeyQueue& QueueOf(const TaskKey& key);
  Stock PlacesOf(const KeyQueue& queue) const;
  absl::Status CheckRoom(const KeyQueue& queue, int free) const;
  static bool MayGroup(const KeyQueue& queue);
  // When a Task of the queue may run; Time::max(): not before another one ends.
  Time StartOf(const KeyQueue& queue, Time now) const;
  // Puts the queue at the end of `list`, and its user in the list where it belongs then.
  void Place(KeyQueue& queue, KeyQueues& list);
  // Places a queue that has become empty. It may be gone afterwards.
  void PlaceEmpty(KeyQueue& queue);
  void ForgetOldest();
  void Unlink(Task& task);

  struct KeyHash {
    std::size_t operator()(const TaskKey& key) const;
  };

  const Options options_;
  int places_;
  int running_ = 0;
  TaskList all_;
  std::unordered_map<TaskKey, KeyQueue, KeyHash> queues_;
  std::unordered_map<std::uint64_t, KeyUser> users_;
  // Each queue is in one of these lists, or in KeyUser::ready.
  KeyQueues gathering_;  // have Tasks, which wait for Dispatch
  KeyQueues busy_;       // have no Task that waits, but some that run
  KeyQueues idle_;       // have neither; the one that has been so for the longest time is the first
  // Each user is in one of these.
  KeyUsers ready_users_;  // have queues that are ready; the first is the next
  KeyUsers other_users_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_FAIR_QUEUE_H_
