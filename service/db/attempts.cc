// Makes connections. Each attempt has a thread of its own, so that the next attempt overtakes one that hangs.
#include <exception>
#include <system_error>

#include "db/pool_state.h"
#include "metrics/counts.h"
#include "spdlog/spdlog.h"
#include "status/status.h"

namespace protogres::db {
namespace {

using std::chrono::milliseconds;

// When an attempt lasts longer, another is started beside it: the first may wait for a packet that was lost, or for a
// host that has forgotten it, while a new one would succeed at once.
constexpr milliseconds kSlowAttempt{500};
// The most attempts at the same time. If one starts every kSlowAttempt and each ends after the default connect_timeout
// of 10 s, never more than 20 hang.
constexpr std::size_t kMostAttempts = 24;
// Somebody who wanted a connection no longer ago than this may come again.
constexpr milliseconds kDemand{3000};
// How long the end of the Pool waits for attempts. Those that hang are left to end by themselves.
constexpr milliseconds kFarewell{500};

// The server's own words may name its role, so they are only for the log.
absl::Status Crowded(const absl::Status& failed) {
  spdlog::debug("{}", std::string(failed.message()));
  return status::Error(absl::StatusCode::kResourceExhausted, "the database has no connection left for this server",
                       status::ReasonOf(failed), {{"sqlstate", status::MetadataOf(failed, "sqlstate")}});
}

}  // namespace

void Pool::State::ConnectLocked() {
  if (stopping || closed) return;
  const auto time = Clock::now();
  int fresh = 0;
  bool slow = false;
  for (const Attempt& attempt : attempts) {
    if (time - attempt.start < kSlowAttempt) {
      ++fresh;
    } else {
      slow = slow || attempt.successes == successes;
    }
  }
  int wanted = 0;
  if (failing) {
    wanted = time >= next_attempt && fresh == 0 ? 1 : 0;
  } else {
    const int room = capacity - lent - static_cast<int>(idle.size()) - fresh;
    wanted = std::min(static_cast<int>(waiters.size()) - fresh, room);
    if (slow) wanted = std::min(wanted, fresh == 0 ? 1 : 0);
    if (probe && fresh == 0) wanted = std::max(wanted, 1);
    probe = false;
  }
  for (; wanted > 0 && attempts.size() < kMostAttempts; --wanted) StartLocked();
}

void Pool::State::StartLocked() {
  // The generation is noted before the attempt, as an Invalidate meanwhile may concern its connection.
  const auto attempt = attempts.insert(attempts.end(), {Clock::now(), generation, successes});
  ++threads;
  try {
    std::thread([state = shared_from_this(), attempt] { state->Attempted(attempt); }).detach();
  } catch (const std::system_error& error) {
    spdlog::error("pool: no thread can be started to connect: {}", error.what());
    --threads;
    attempts.erase(attempt);
  }
  ScheduleLocked();
  // The watcher looks again when this attempt becomes slow.
  watcher_wake.notify_one();
}

void Pool::State::Attempted(AttemptPtr attempt) {
  absl::StatusOr<std::unique_ptr<Connection>> connection = absl::InternalError("");
  try {
    connection = factory();
  } catch (const std::exception& error) {
    connection = status::Internal(error.what());
  }
  if (connection.ok()) {
    Made(attempt, *std::move(connection));
  } else {
    Failed(attempt, connection.status());
  }
  Lock lock(mutex);
  --threads;
  threads_done.notify_all();
}

void Pool::State::Made(AttemptPtr attempt, std::unique_ptr<Connection> connection) {
  auto slot = std::make_shared<Slot>();
  slot->pool = this;
  slot->connection = std::move(connection);
  slot->expires = Clock::time_point::max();
  slot->proven = true;
  bool back = false;
  bool recovered = false;
  {
    Lock lock(mutex);
    slot->generation = attempt->generation;
    attempts.erase(attempt);
    if (options.pool_recycle.count() > 0) {
      std::uniform_real_distribution<double> shortened(0.9, 1.0);
      slot->expires = now() + std::chrono::duration_cast<Clock::duration>(options.pool_recycle * shortened(random));
    }
    ++successes;
    metrics::Counts::OfProcess().connections_made.Add();
    recovered = std::exchange(failing, false);
    cause = absl::OkStatus();
    delay = milliseconds(0);
    back = !std::exchange(available, true);
    Answered();
    const int stored = static_cast<int>(idle.size());
    const bool room = lent + stored < capacity && !stopping;
    if (room && !waiters.empty()) {
      GiveLocked(std::move(slot));
    } else if (room && stored < options.pool_size && CurrentLocked(*slot)) {
      slot->proven = false;
      idle.push_front(std::move(slot));
    }
    ConnectLocked();
  }
  slot.reset();
  if (back) {
    MarkBack();
  } else if (recovered) {
    spdlog::info("new database connections can be made again");
  }
}

void Pool::State::Failed(AttemptPtr attempt, const absl::Status& failed) {
  bool first = false;
  {
    Lock lock(mutex);
    const Attempt was = *attempt;
    attempts.erase(attempt);
    if (stopping) return;
    if (absl::IsResourceExhausted(failed)) {
      // The server is there, and its refusal holds for one request only.
      Answered();
      if (!waiters.empty()) {
        waiters.front()->refused = Crowded(failed);
        waiters.front()->wake.notify_one();
        waiters.pop_front();
      }
      ConnectLocked();
      return;
    }
    if (was.successes != successes) {
      // The failure of an attempt that began before the last success says nothing new.
      ConnectLocked();
      return;
    }
    first = !std::exchange(failing, true);
    cause = failed;
    ScheduleLocked();
    watcher_wake.notify_one();
  }
  Examine();
  if (!first) return;
  Lock lock(mutex);
  const bool others = available;
  lock.unlock();
  if (others) {
    spdlog::warn("no new database connection can be made; those that are open go on: {}",
                 std::string(failed.message()));
  }
}

// The time when an attempt becomes slow, or else, after a failure, when the next one is due. max(): there is none.
Clock::time_point Pool::State::NextAttemptLocked() const {
  auto next = Clock::time_point::max();
  if (closed || attempts.size() >= kMostAttempts) return next;
  const auto time = Clock::now();
  for (const Attempt& attempt : attempts) {
    if (time - attempt.start < kSlowAttempt) {
      next = std::min(next, attempt.start + kSlowAttempt);
    }
  }
  if (next == Clock::time_point::max() && failing) next = next_attempt;
  return next;
}

bool Pool::State::HangingLocked(Clock::duration longer_than) const {
  const auto limit = Clock::now() - longer_than;
  return std::ranges::any_of(
      attempts, [&](const Attempt& attempt) { return attempt.successes == successes && attempt.start <= limit; });
}

void Pool::State::DemandLocked() {
  last_demand = Clock::now();
  const auto soon = last_demand + options.backoff_min;
  if (next_attempt <= soon) return;
  next_attempt = soon;
  watcher_wake.notify_one();
}

// The delay is short as long as somebody wants a connection.
void Pool::State::ScheduleLocked() {
  if (!failing) return;
  const auto time = Clock::now();
  const bool wanted = !waiters.empty() || time - last_demand < kDemand;
  delay = wanted ? options.backoff_min : std::clamp(delay * 2, options.backoff_min, options.backoff_max);
  next_attempt = time + Jittered(delay);
}

milliseconds Pool::State::Jittered(milliseconds longest) {
  std::uniform_int_distribution<std::int64_t> jitter(longest.count() / 2, std::max<std::int64_t>(1, longest.count()));
  return milliseconds(jitter(random));
}

void Pool::State::Stop() {
  {
    Lock lock(mutex);
    stopping = true;
    watcher_wake.notify_one();
  }
  watcher.join();
  {
    std::lock_guard listening(listener_mutex);
    listener = nullptr;
  }
  std::deque<SlotPtr> rest;
  Lock lock(mutex);
  threads_done.wait_for(lock, kFarewell, [this] { return threads == 0; });
  rest.swap(idle);
  lock.unlock();
}

}  // namespace protogres::db
