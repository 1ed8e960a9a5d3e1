// The Executor: the bounded queue in front of the pool, which is the only place where a request waits, and the threads
// that take Tasks from it. It knows neither gRPC nor SQL.
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

// Runs several Tasks that have waited at the same time. Each Task may be destroyed as soon as it is done, while the
// Group still runs the others. So everything that the Group needs must belong to the Group, or outlive the Executor.
class Group {
 public:
  virtual ~Group() = default;
  // Is called instead of Task::Run of each Task. Runs on a worker. May block.
  virtual void Run(std::span<Task* const> tasks) = 0;
};

// One piece of work for a worker. It is itself an element of the queue, so that waiting needs no allocation. Its owner
// keeps it until Run or Refuse was called, a Group has run it, or Remove has returned true.
class Task {
 public:
  // Runs on a worker. May block.
  virtual void Run() = 0;
  // Is called instead of Run if the Task waited too long or the Executor was closed. Must not block.
  virtual void Refuse(const absl::Status& status) = 0;

  // Tasks with the same key can run as one group. Null: the Task runs alone. Submit calls this once.
  virtual const void* group_key() const { return nullptr; }
  // The time after which nobody wants the result of the Task. Submit calls this once, for a Task with a group key.
  virtual std::chrono::system_clock::time_point deadline() const {
    return std::chrono::system_clock::time_point::max();
  }
  // Makes what runs several Tasks with this group key; never null for a Task that has one. Is called for one of the
  // Tasks, before it runs. Runs on a worker.
  virtual std::unique_ptr<Group> MakeGroup() const { return nullptr; }

 protected:
  ~Task() = default;

 private:
  friend class Executor;
  Task* previous_ = nullptr;
  Task* next_ = nullptr;
  bool waiting_ = false;
  bool taken_ = false;  // a worker has taken the Task at least once
  const void* group_key_ = nullptr;
  std::chrono::steady_clock::time_point since_;  // the Task waits
  std::chrono::system_clock::time_point deadline_;
};

// Thread-safe. The Task that waited longest runs first, with two exceptions. The first free worker takes Tasks with the
// same group key together, as one group. And only a few groups of one key run at a time, unless these are slow or
// enough Tasks for a whole group wait (see GroupSize). So groups form where there is much to do and they save time, and
// where there is little to do nobody waits.
class Executor {
 public:
  struct Options {
    int workers = 1;
    int queue_size = 1024;
    std::chrono::milliseconds queue_timeout{30000};
    // The most Tasks in one group.
    int max_group_size = 256;
    // The most groups of one key that run at the same time.
    int groups_at_once = 2;
    // A Task with a group key waits until Dispatch is called or there are enough Tasks for a whole group. Without this,
    // groups stay small: of Tasks that are submitted one after the other, the first runs before the others are there.
    bool wait_for_groups = false;
  };

  explicit Executor(const Options& options);
  // Does what Stop does.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // RESOURCE_EXHAUSTED, reason QUEUE_FULL, with RetryInfo: the queue is full. A Task that a worker has taken before is
  // never refused so: it comes back in order to run alone. UNAVAILABLE: the Executor is closed. Never blocks.
  absl::Status Submit(Task& task);
  // The caller has no more Tasks to submit for now, so no Task waits for a group any longer. Cheap where none does.
  void Dispatch();
  // The caller has more Tasks to submit. Does the same as Dispatch if a Task has waited for a group for some
  // milliseconds.
  void DispatchLate();
  // True: the Task was still waiting and belongs to the caller again; neither Run nor Refuse will be called.
  bool Remove(Task& task);
  // The number of Tasks that wait.
  int waiting() const;
  // Refuses the Tasks that wait and those that are submitted later. Tasks that run go on.
  void Close();
  // Closes the Executor and blocks until all Tasks that run have ended. A second call does nothing. For one thread.
  void Stop();

 private:
  using Time = std::chrono::steady_clock::time_point;

  // The waiting Tasks that have the same group key, or none. The queue of Tasks without a key always exists. A queue is
  // not removed while a group of it runs.
  struct GroupQueue {
    explicit GroupQueue(int max_group_size) : group_size(max_group_size) {}

    Task* first = nullptr;
    Task* last = nullptr;
    int size = 0;
    bool waits_for_group = false;  // the Tasks stay in the queue until Dispatch, or until there is a whole group
    int running = 0;               // the number of groups that run
    Time started;                  // the time when the latest of these began
    GroupSize group_size;
    int next_size = 1;  // the size of a whole group
  };

  // The worker that became idle last is called first: the data that it works with is still in the cache of a
  // processor. If the workers took turns, each of them would find its data gone.
  struct Worker {
    std::condition_variable wake;
    bool called = false;
    std::thread thread;
  };

  void Work(Worker& worker);
  // Blocks until there is a Task to take, and returns its queue. Null: the Executor stops.
  GroupQueue* Await(Worker& worker, std::unique_lock<std::mutex>& lock);
  // Chooses an idle worker, which the caller wakes after it has released the mutex. Null: no worker is idle, or none is
  // needed, because nothing `may_start` now and one worker watches.
  Worker* CallWorker(bool may_start);
  // The same for the Tasks that wait already. Null also if none of them may be taken.
  Worker* CallWorkerForWaiting();
  // Refuses Tasks that waited longer than queue_timeout, even while all workers are blocked.
  void Watch();
  // Of the queues from which a worker may take now, the one whose first Task has waited longest. Null: there is none;
  // then a worker may take from a queue at `retry` at the latest, or earlier if a group ends or a Task is submitted.
  // `retry` is max() if no Task waits.
  GroupQueue* NextQueue(Time* retry);
  bool MayStart(const void* key, const GroupQueue& queue, Time now) const;
  // Takes the first Task of the queue, and with it as many others of its group as will be done before the first of
  // their deadlines. Returns how many of them have to run; the deadline of the others has passed, and they only have
  // to be told.
  int Take(GroupQueue& queue, std::vector<Task*>* tasks);
  GroupQueue& QueueOf(const void* key) { return queues_.try_emplace(key, options_.max_group_size).first->second; }
  void Append(GroupQueue& queue, Task& task);
  void Unlink(GroupQueue& queue, Task& task);
  // Unlinks the Tasks that have waited since `limit` or longer and returns them as a list, linked by next_. Removes
  // queues without Tasks.
  Task* TakeSince(Time limit);
  static void RefuseAll(Task* first, const absl::Status& status);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable stop_;
  std::unordered_map<const void*, GroupQueue> queues_;  // by group key
  std::atomic<bool> some_wait_for_group_{false};        // a queue may have waits_for_group
  std::atomic<Time::rep> waiting_since_{0};             // the time when the first of these queues got it
  int waiting_ = 0;                                     // the number of Tasks in all queues
  int free_ = 0;                                        // the number of workers without a Task, called or not
  std::vector<Worker*> idle_;                           // the free workers that are not called
  bool watched_ = false;  // an idle worker wakes when the next queue may start, even if nobody calls it
  bool closed_ = false;
  bool stopped_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::thread watch_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_EXECUTOR_H_
