// The Executor: the bounded queue in front of the pool, which is the only place where a request waits, and the threads
// that take Tasks from it. It knows neither gRPC nor SQL.
#ifndef PROTOGRES_SERVICE_RPC_EXECUTOR_H_
#define PROTOGRES_SERVICE_RPC_EXECUTOR_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "rpc/fair_queue.h"
#include "rpc/task.h"

namespace protogres::rpc {

// Thread-safe. Tasks take turns as the FairQueue says. The first free worker takes Tasks with the same key together, as
// one group, if they may group. Only a few groups of one key run at a time, unless these are slow or enough Tasks for a
// whole group wait (see GroupSize). So groups form where there is much to do and they save time, and where there is
// little to do nobody waits.
class Executor {
 public:
  struct Options {
    int workers = 1;
    int queue_size = 1024;
    std::chrono::milliseconds queue_timeout{30000};
    // See FairQueue::Options.
    int max_group_size = 256;
    int groups_at_once = 2;
    bool wait_for_groups = false;
    std::size_t max_idle_keys = 1024;
    // How many connections may be held by others before the workers get fewer: see Hold.
    int spare = 0;
  };

  explicit Executor(const Options& options);
  // Does what Stop does.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // RESOURCE_EXHAUSTED, reason QUEUE_FULL, with RetryInfo: there is no room for the Task (see FairQueue). A Task that a
  // worker has taken before is never refused so: it comes back in order to run alone. UNAVAILABLE: the Executor is
  // closed. Never blocks.
  absl::Status Submit(Task& task);
  // The caller has no more Tasks to submit for now, so no Task waits for a group any longer. Cheap where none does.
  void Dispatch();
  // The caller has more Tasks to submit. Does the same as Dispatch if a Task has waited for a group for some
  // milliseconds.
  void DispatchLate();
  // True: the Task was still waiting and belongs to the caller again; neither Run nor Refuse will be called.
  bool Remove(Task& task);
  // Others hold so many connections more, or less if negative. Beyond Options::spare, Tasks get no worker for whom
  // there would be no connection.
  void Hold(int connections);
  // The number of Tasks that wait.
  int waiting() const;
  // Refuses the Tasks that wait and those that are submitted later. Tasks that run go on.
  void Close();
  // Closes the Executor and blocks until all Tasks that run have ended. A second call does nothing. For one thread.
  void Stop();

 private:
  using Time = std::chrono::steady_clock::time_point;

  // The worker that became idle last is called first: the data that it works with is still in the cache of a
  // processor. If the workers took turns, each of them would find its data gone.
  struct Worker {
    std::condition_variable wake;
    bool called = false;
    std::thread thread;
  };

  void Work(Worker& worker);
  // Blocks until there is a Task to take, and returns its queue. Null: the Executor stops.
  KeyQueue* Await(Worker& worker, std::unique_lock<std::mutex>& lock);
  // Chooses an idle worker, which the caller wakes after it has released the mutex. `start`: when a Task may run that
  // no worker was called for. Null: no worker is idle, or none is needed, because nothing may run now and one worker
  // watches, or no time is known.
  Worker* CallWorker(Time start, Time now);
  // The same for the Tasks that wait already.
  Worker* CallWorkerForWaiting(Time now);
  // Refuses Tasks that waited longer than queue_timeout, even while all workers are blocked.
  void Watch();
  // Refuses the Tasks that have waited since `limit` or longer. Releases the lock meanwhile.
  void RefuseSince(Time limit, const absl::Status& status, std::unique_lock<std::mutex>& lock);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable stop_;
  FairQueue queue_;
  std::atomic<bool> some_wait_for_group_{false};  // Tasks may wait for a group
  std::atomic<Time::rep> waiting_since_{0};       // the time when the first of these came
  int held_ = 0;                                  // connections, by others
  int free_ = 0;                                  // the number of workers without a Task, called or not
  std::vector<Worker*> idle_;                     // the free workers that are not called
  bool watched_ = false;  // an idle worker wakes when the next Task may run, even if nobody calls it
  bool closed_ = false;
  bool stopped_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::thread watch_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_EXECUTOR_H_
