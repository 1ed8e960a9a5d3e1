// The Executor: the bounded queue before the pool, the only place where a
// request waits, and the threads that take Tasks from it. It knows neither gRPC nor SQL.
#ifndef PROTOGRES_SERVICE_RPC_EXECUTOR_H_
#define PROTOGRES_SERVICE_RPC_EXECUTOR_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "rpc/group_size.h"

namespace protogres::rpc {

class Task;

// Runs several Tasks that have waited together. A Task may be gone as soon as its own part is done, and the others run
// on: so whatever a Group needs is its own, or outlives the Executor.
class Group {
 public:
  virtual ~Group() = default;
  // Instead of Task::Run of each. On a worker. May block.
  virtual void Run(std::span<Task* const> tasks) = 0;
};

// A link of the queue itself, so that waiting costs no allocation. Its owner
// keeps it until Run or Refuse was called, a Group has run it, or Remove has returned true.
class Task {
 public:
  // On a worker. May block.
  virtual void Run() = 0;
  // Instead of Run: it waited too long, or the Executor was closed. Must not block.
  virtual void Refuse(const absl::Status& status) = 0;

  // Tasks that say the same can be run together; null: alone. Asked for once, by Submit.
  virtual const void* lane() const { return nullptr; }
  // Of those of a lane: when nobody wants its result any more. Asked for once, by Submit.
  virtual std::chrono::system_clock::time_point deadline() const {
    return std::chrono::system_clock::time_point::max();
  }
  // What runs several Tasks of this lane, never null. Asked of one of them, before it runs. On a worker.
  virtual std::unique_ptr<Group> MakeGroup() const { return nullptr; }

 protected:
  ~Task() = default;

 private:
  friend class Executor;
  Task* previous_ = nullptr;
  Task* next_ = nullptr;
  bool waiting_ = false;
  bool taken_ = false;  // by a worker, once at least
  const void* lane_ = nullptr;
  std::chrono::steady_clock::time_point since_;
  std::chrono::system_clock::time_point deadline_;
};

// Thread-safe. First in, first out, except that Tasks of one lane are taken
// together by the first worker that is free for them, and that of one lane only
// a few groups run at a time, unless they are slow or as large as they should be (see GroupSize): so groups form where
// there is much to do and they save time, and nobody waits where there is not.
class Executor {
 public:
  struct Options {
    int workers = 1;
    int queue_size = 1024;
    std::chrono::milliseconds queue_timeout{30000};
    // Tasks of a lane that are run together at the most, and groups of it that run at once.
    int max_together = 256;
    int lane_groups = 2;
    // Tasks of a lane wait for Dispatch, or for a whole group to be there: by themselves groups stay small, as the
    // first of those that come together is run before the others are there.
    bool hold = false;
  };

  explicit Executor(const Options& options);
  ~Executor();  // Stop
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // RESOURCE_EXHAUSTED, reason QUEUE_FULL, with RetryInfo, unless a worker has had the Task before: it comes again, to
  // be run alone. UNAVAILABLE once closed. Never blocks.
  absl::Status Submit(Task& task);
  // Whoever submits has, for now, no more. Cheap where nothing is held.
  void Dispatch();
  // It has more. Does the same for what has been held for some milliseconds.
  void DispatchLate();
  // True: the task was waiting still and is the caller's again; neither Run nor Refuse will be called.
  bool Remove(Task& task);
  // Refuses what waits, and all that comes. Running Tasks go on.
  void Close();
  // Close, and blocks until the running Tasks have ended. Idempotent, for one thread.
  void Stop();

 private:
  using Time = std::chrono::steady_clock::time_point;

  // A queue of its own. That of Tasks to be run alone is there always; one with a group running never goes.
  struct Lane {
    explicit Lane(int most_together) : size_of_groups(most_together) {}

    Task* first = nullptr;
    Task* last = nullptr;
    int size = 0;
    bool held = false;  // until Dispatch
    int running = 0;    // groups
    Time started;       // the latest of them
    GroupSize size_of_groups;
    int limit = 1;  // of the next
  };

  // Of those without a Task, the one that has been so shortest is called first: what it worked with is still in a
  // processor's cache. Taking turns they would all find theirs gone.
  struct Worker {
    std::condition_variable wake;
    bool called = false;
    std::thread thread;
  };

  void Work(Worker& worker);
  // Blocks until there is something to take; null: it is the end.
  Lane* Await(Worker& worker, std::unique_lock<std::mutex>& lock);
  // The worker that is to look, to be woken once the mutex is free; null: none is idle, or none needs to, as nothing
  // `may_start` and one watches.
  Worker* Call(bool may_start);
  // The same for all that waits and is not held; null also where nothing is.
  Worker* CallForWaiting();
  // Refuses Tasks that waited longer than queue_timeout, also while every worker is blocked.
  void Watch();
  // The lane whose first Task has waited longest, of those that a worker may take from now; null: none. Then `retry` is
  // when one may be taken from at the latest, unless a group ends or a Task comes: max() where none waits.
  Lane* NextLane(Time* retry);
  bool MayStart(const void* key, const Lane& lane, Time now) const;
  // Takes the first Task of a lane, and those that it is run together with: as many as are done before the first
  // deadline of them has passed. How many will have to be run; those past their deadline only have to be told.
  int Take(Lane& lane, std::vector<Task*>* tasks);
  Lane& LaneOf(const void* key) { return lanes_.try_emplace(key, options_.max_together).first->second; }
  void Append(Lane& lane, Task& task);
  void Unlink(Lane& lane, Task& task);
  // Unlinks the Tasks that have waited since `limit` or longer; the list goes on by next_. Drops lanes without Tasks.
  Task* TakeSince(Time limit);
  static void RefuseAll(Task* first, const absl::Status& status);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::unordered_map<const void*, Lane> lanes_;
  std::atomic<bool> holds_{false};        // some lane is held
  std::atomic<Time::rep> held_since_{0};  // the first of them
  int waiting_ = 0;
  int free_ = 0;               // workers without a Task, called or not
  std::vector<Worker*> idle_;  // of them, those not called
  bool watched_ = false;       // one of them sleeps no longer than until a lane that waits may start
  bool closed_ = false;
  bool stopped_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::thread watch_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_EXECUTOR_H_
