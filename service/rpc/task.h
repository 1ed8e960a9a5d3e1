// A Task is one piece of work for the Executor. What Tasks of one key have in common: they share out the workers and
// the room in the queue with those of other keys (see FairQueue), and may run as a Group.
#ifndef PROTOGRES_SERVICE_RPC_TASK_H_
#define PROTOGRES_SERVICE_RPC_TASK_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"

namespace protogres::rpc {

class Task;
struct KeyQueue;

// What is done, and for whom. The parts are only compared.
struct TaskKey {
  const void* work = nullptr;   // null: the Task has no key
  const void* owner = nullptr;  // only Tasks of one owner run as one group
  std::uint64_t user = 0;       // one user has a share, however many owners there are of it; 0: there are no users

  explicit operator bool() const { return work != nullptr; }
  friend bool operator==(const TaskKey&, const TaskKey&) = default;
};

// Runs several Tasks that have waited at the same time. Each Task may be destroyed as soon as it is done, while the
// Group still runs the others. So everything that the Group needs must belong to the Group, or outlive the Executor.
class Group {
 public:
  virtual ~Group() = default;
  // Is called instead of Task::Run of each Task. Runs on a worker. May block.
  virtual void Run(std::span<Task* const> tasks) = 0;
};

// It is itself an element of the queue, so that waiting needs no allocation. Its owner keeps it until Run or Refuse was
// called, a Group has run it, or Remove has returned true.
class Task {
 public:
  // The neighbours in a list.
  struct Links {
    Task* previous = nullptr;
    Task* next = nullptr;
  };

  // Runs on a worker. May block.
  virtual void Run() = 0;
  // Is called instead of Run if the Task waited too long or the Executor was closed. Must not block.
  virtual void Refuse(const absl::Status& status) = 0;

  // Submit calls this once. What the key points to must live until the Task is done. A Task without a key takes what
  // there is, whatever the shares are.
  virtual TaskKey key() const { return {}; }
  // True: the Task may run in a group with others that have its key, and that say the same. Submit calls this once. A
  // Task that is submitted again runs alone, whatever it says.
  virtual bool may_group() const { return false; }
  // The time after which nobody wants the result of the Task. Submit calls this once, for a Task that may_group.
  virtual std::chrono::system_clock::time_point deadline() const {
    return std::chrono::system_clock::time_point::max();
  }
  // Makes what runs several Tasks with this key; never null for a Task that may_group. Is called for one of the Tasks,
  // before it runs. Runs on a worker.
  virtual std::unique_ptr<Group> MakeGroup() const { return nullptr; }

 protected:
  ~Task() = default;

 private:
  friend class FairQueue;
  friend struct KeyQueue;

  Links in_queue_;             // in the queue of its key
  Links in_all_;               // among all that wait
  KeyQueue* queue_ = nullptr;  // while it waits
  bool taken_ = false;         // a worker has taken the Task at least once, so it runs alone
  bool may_group_ = false;
  std::chrono::steady_clock::time_point since_;  // the Task waits
  std::chrono::system_clock::time_point deadline_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_TASK_H_
