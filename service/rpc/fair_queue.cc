#include "rpc/fair_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "status/status.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryFull{100};
// If all running groups of a key have taken this long (cold pages, a lock), another one starts: several that wait at
// the same time are done sooner.
constexpr milliseconds kSlowGroup{5};
// How many times as many as are left free a key and a user may have.
constexpr int kShareOfKey = 3;
constexpr int kShareOfUser = 5;
// Of so many, one is kept from the new keys of a user who has taken a whole share with others.
constexpr int kKept = 8;

absl::Status QueueFull(const std::string& what) {
  return status::WithRetry(
      status::Error(absl::StatusCode::kResourceExhausted, "the server is busy: " + what, status::kQueueFull),
      kRetryFull);
}

}  // namespace

// --- What it consists of

void TaskList::Append(Task& task) {
  task.*links_ = {.previous = last_, .next = nullptr};
  (last_ ? (last_->*links_).next : first_) = &task;
  last_ = &task;
  ++size_;
}

void TaskList::Unlink(Task& task) {
  const Task::Links links = task.*links_;
  (links.previous ? (links.previous->*links_).next : first_) = links.next;
  (links.next ? (links.next->*links_).previous : last_) = links.previous;
  --size_;
}

KeyQueue::KeyQueue(const TaskKey& of, KeyUser& whose, int max_group_size)
    : key(of), user(whose), again(&Task::in_queue_), fresh(&Task::in_queue_), group_size(max_group_size) {}

FairQueue::FairQueue(const Options& options) : options_(options), places_(options.places), all_(&Task::in_all_) {}

FairQueue::~FairQueue() = default;

std::size_t FairQueue::KeyHash::operator()(const TaskKey& key) const {
  const std::hash<const void*> hash;
  return hash(key.work) * 31 + hash(key.owner);
}

KeyQueue& FairQueue::QueueOf(const TaskKey& key) {
  if (const auto known = queues_.find(key); known != queues_.end()) return known->second;
  const auto [user, is_new] = users_.try_emplace(key.user);
  if (is_new) {
    other_users_.push_back(&user->second);
    user->second.list = &other_users_;
    user->second.place = std::prev(other_users_.end());
  }
  ++user->second.queues;
  KeyQueue& queue = queues_.try_emplace(key, key, user->second, options_.max_group_size).first->second;
  idle_.push_back(&queue);
  queue.list = &idle_;
  queue.place = std::prev(idle_.end());
  if (idle_.size() > std::max<std::size_t>(1, options_.max_idle)) ForgetOldest();
  return queue;
}

void FairQueue::ForgetOldest() {
  const KeyQueue& queue = *idle_.front();
  const TaskKey key = queue.key;
  KeyUser& user = queue.user;
  idle_.pop_front();
  queues_.erase(key);
  if (--user.queues > 0) return;
  user.list->erase(user.place);
  users_.erase(key.user);
}

void FairQueue::Place(KeyQueue& queue, KeyQueues& list) {
  list.splice(list.end(), *queue.list, queue.place);
  queue.list = &list;
  KeyUser& user = queue.user;
  KeyUsers& users = user.ready.empty() ? other_users_ : ready_users_;
  if (user.list == &users) return;
  users.splice(users.end(), *user.list, user.place);
  user.list = &users;
}

void FairQueue::PlaceEmpty(KeyQueue& queue) {
  if (queue.running > 0) return Place(queue, busy_);
  Place(queue, idle_);
  if (idle_.size() > options_.max_idle) ForgetOldest();
}

// --- Coming and going

bool FairQueue::Fits(const TaskKey& key, const Stock& stock) {
  const int left = stock.free - 1;
  if (left < 0) return false;
  if (!key) return true;
  const bool fits_user = key.user == 0 || stock.user == 0 || stock.user < kShareOfUser * left;
  if (stock.key == 0) return fits_user || left >= std::max(1, stock.all / kKept);
  return fits_user && stock.key < kShareOfKey * left;
}

absl::Status FairQueue::CheckRoom(const KeyQueue& queue, int free) const {
  const Stock room{.key = queue.waiting(),
                   .user = queue.user.waiting,
                   .free = options_.room + free - waiting(),
                   .all = options_.room};
  if (Fits(queue.key, room)) return absl::OkStatus();
  if (room.free <= 0) return QueueFull(fmt::format("{} requests wait already (--queue_size)", waiting()));
  return QueueFull(
      fmt::format("{} requests of this method and caller wait already, and others need the rest of --queue_size={}",
                  room.key, options_.room));
}

absl::Status FairQueue::Add(Task& task, int free, Time now, Time* start) {
  KeyQueue& queue = QueueOf(task.key());
  if (!task.taken_) {
    absl::Status room = CheckRoom(queue, free);
    if (!room.ok()) return room;
  }
  task.may_group_ = !task.taken_ && task.may_group();
  task.deadline_ = task.may_group_ ? task.deadline() : std::chrono::system_clock::time_point::max();
  task.since_ = now;
  task.queue_ = &queue;
  const bool was_empty = queue.waiting() == 0;
  (task.taken_ ? queue.again : queue.fresh).Append(task);
  all_.Append(task);
  ++queue.user.waiting;
  const bool whole = !task.may_group_ || queue.fresh.size() >= queue.next_size;
  if (whole ? was_empty || queue.list == &gathering_ : was_empty) {
    Place(queue, whole || !options_.wait_for_groups ? queue.user.ready : gathering_);
  }
  *start = queue.list == &gathering_ ? Time::max() : StartOf(queue, now);
  return absl::OkStatus();
}

void FairQueue::Unlink(Task& task) {
  KeyQueue& queue = *task.queue_;
  (task.taken_ ? queue.again : queue.fresh).Unlink(task);
  all_.Unlink(task);
  --queue.user.waiting;
  task.queue_ = nullptr;
}

bool FairQueue::Remove(Task& task) {
  KeyQueue* const queue = task.queue_;
  if (queue == nullptr) return false;
  Unlink(task);
  if (queue->waiting() == 0) PlaceEmpty(*queue);
  return true;
}

void FairQueue::Dispatch() {
  while (!gathering_.empty()) Place(*gathering_.front(), gathering_.front()->user.ready);
}

Task* FairQueue::TakeSince(Time limit) {
  Task* const task = all_.first();
  if (task == nullptr || task->since_ > limit) return nullptr;
  Remove(*task);
  return task;
}

// --- Running

FairQueue::Stock FairQueue::PlacesOf(const KeyQueue& queue) const {
  return {.key = queue.running, .user = queue.user.running, .free = places_ - running_, .all = places_};
}

bool FairQueue::MayGroup(const KeyQueue& queue) { return queue.again.size() == 0 && queue.fresh.first()->may_group_; }

FairQueue::Time FairQueue::StartOf(const KeyQueue& queue, Time now) const {
  if (!Fits(queue.key, PlacesOf(queue))) return Time::max();
  if (queue.running < options_.groups_at_once || !MayGroup(queue) || queue.fresh.size() >= queue.next_size) return now;
  return std::max(now, queue.started + kSlowGroup);
}

KeyQueue* FairQueue::Next(Time now, Time* start) {
  *start = Time::max();
  if (running_ >= places_) return nullptr;
  for (const KeyUser* user : ready_users_) {
    for (KeyQueue* queue : user->ready) {
      const Time time = StartOf(*queue, now);
      if (time <= now) return queue;
      *start = std::min(*start, time);
      // Then no other queue of the user may run either.
      if (time == Time::max() && queue->running == 0) break;
    }
  }
  return nullptr;
}

FairQueue::Taken FairQueue::Take(KeyQueue& queue, Time now, std::vector<Task*>* tasks) {
  const bool alone = !MayGroup(queue);
  const auto most = static_cast<std::size_t>(alone ? 1 : std::max(1, options_.max_group_size));
  const auto time = std::chrono::system_clock::now();
  auto deadline = std::chrono::system_clock::time_point::max();
  if (!alone) queue.next_size = queue.group_size.Limit(now);
  const int size = alone ? 1 : queue.next_size;
  int live = 0;
  tasks->clear();
  while (queue.waiting() > 0 && live < size && tasks->size() < most) {
    Task& task = queue.again.size() > 0 ? *queue.again.first() : *queue.fresh.first();
    if (task.deadline_ > time) {
      deadline = std::min(deadline, task.deadline_);
      if (live > 0 && queue.group_size.Expected(live + 1) > deadline - time) break;
      ++live;
    }
    tasks->push_back(&task);
    Unlink(task);
    task.taken_ = true;
  }
  ++running_;
  ++queue.running;
  ++queue.user.running;
  queue.started = now;
  Place(queue, queue.waiting() > 0 ? queue.user.ready : busy_);
  // Others come first now, as they do in the list of the queue.
  KeyUser& user = queue.user;
  user.list->splice(user.list->end(), *user.list, user.place);
  return {.grouped = !alone, .live = live, .since = now};
}

void FairQueue::Ended(KeyQueue& queue, const Taken& taken, Time now) {
  --running_;
  --queue.running;
  --queue.user.running;
  if (taken.grouped && taken.live > 0) {
    queue.group_size.Ran(taken.live, now - taken.since, now);
    queue.next_size = queue.group_size.Limit(now);
  }
  if (queue.waiting() == 0) PlaceEmpty(queue);
}

}  // namespace protogres::rpc
