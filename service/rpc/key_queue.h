// What the FairQueue has of each key and each user. Only it looks at them.
#ifndef PROTOGRES_SERVICE_RPC_KEY_QUEUE_H_
#define PROTOGRES_SERVICE_RPC_KEY_QUEUE_H_

#include <chrono>
#include <list>

#include "rpc/group_size.h"
#include "rpc/task.h"

namespace protogres::rpc {

struct KeyUser;
using KeyQueues = std::list<KeyQueue*>;
using KeyUsers = std::list<KeyUser*>;

// Tasks in the order in which they came.
class TaskList {
 public:
  // `links`: the part of a Task by which this list links it.
  explicit TaskList(Task::Links Task::*links) : links_(links) {}

  Task* first() const { return first_; }
  Task* next(const Task& task) const { return (task.*links_).next; }
  int size() const { return size_; }
  void Append(Task& task);
  void Unlink(Task& task);

 private:
  Task::Links Task::*const links_;
  Task* first_ = nullptr;
  Task* last_ = nullptr;
  int size_ = 0;
};

// The Tasks of one key.
struct KeyQueue {
  KeyQueue(const TaskKey& of, KeyUser& whose, int max_group_size);

  int waiting() const { return again.size() + fresh.size(); }

  const TaskKey key;
  KeyUser& user;
  TaskList again;  // were taken before, and run alone; they are the first
  TaskList fresh;  // were not
  int running = 0;
  std::chrono::steady_clock::time_point started;  // the time when the latest of those that run began
  GroupSize group_size;
  int next_size = 1;          // the size of a whole group
  KeyQueues* list = nullptr;  // where the queue is, and its place there
  KeyQueues::iterator place;
};

// The keys of one user.
struct KeyUser {
  int queues = 0;  // of the user; without one the user is forgotten
  int waiting = 0;
  int running = 0;
  KeyQueues ready;  // have Tasks that may run, as far as the shares go; the first is the next
  KeyUsers* list = nullptr;
  KeyUsers::iterator place;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_KEY_QUEUE_H_
