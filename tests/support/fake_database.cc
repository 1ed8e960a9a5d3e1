#include "support/fake_database.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "status/sqlstate.h"
#include "support/eventually.h"

namespace protogres::db {
namespace {

class CellRows final : public Rows::Source {
 public:
  explicit CellRows(std::vector<std::vector<std::optional<std::string>>> rows) : rows_(std::move(rows)) {}
  std::int64_t rows() const override { return static_cast<std::int64_t>(rows_.size()); }
  int columns() const override { return rows_.empty() ? 0 : static_cast<int>(rows_.front().size()); }
  std::int64_t affected() const override { return rows(); }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const override {
    const auto& cell = rows_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
    return cell ? std::optional<std::string_view>(*cell) : std::nullopt;
  }

 private:
  const std::vector<std::vector<std::optional<std::string>>> rows_;
};

}  // namespace

struct FakeDatabase::State {
  std::mutex mutex;
  std::condition_variable changed;

  absl::Status connecting;
  Script script;
  Step ping;
  Act ask, shut;
  std::chrono::milliseconds patience = kTestPatience;

  int to_hang = 0;  // of the next attempts to connect
  bool end_hanging = false;
  int blocked = 0;  // statements in a blocking Script
  bool released = false;
  int running = 0;            // scripts of the test
  std::atomic<int> lost = 0;  // connections up to this id are

  Counts counts;

  // Runs a copy of `act` without the lock, since it may block or call the database. None: gives `otherwise`.
  template <typename Result>
  Result Run(const std::function<Result()>& act, std::unique_lock<std::mutex>& lock, Result otherwise) {
    const std::function<Result()> copy = act;
    if (!copy) return otherwise;
    const Running running_now(*this, lock);
    return copy();
  }
  void Run(const Act& act, std::unique_lock<std::mutex>& lock) {
    const Act copy = act;
    if (!copy) return;
    const Running running_now(*this, lock);
    copy();
  }

  // Unlocks while a script runs, and counts it, also where it throws.
  class Running {
   public:
    Running(State& state, std::unique_lock<std::mutex>& lock) : state_(state), lock_(lock) {
      ++state_.running;
      lock_.unlock();
    }
    ~Running() {
      lock_.lock();
      --state_.running;
      state_.changed.notify_all();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    State& state_;
    std::unique_lock<std::mutex>& lock_;
  };

  class FakeStopper final : public Stopper {
   public:
    explicit FakeStopper(std::shared_ptr<State> state) : state_(std::move(state)), patience_(state_->patience) {}
    void Ask() override {
      std::unique_lock lock(state_->mutex);
      state_->Run(state_->ask, lock);
      ++state_->counts.asked;
      state_->changed.notify_all();
    }
    void Shut() override {
      std::unique_lock lock(state_->mutex);
      state_->Run(state_->shut, lock);
    }
    std::chrono::milliseconds patience() const override { return patience_; }

   private:
    const std::shared_ptr<State> state_;
    const std::chrono::milliseconds patience_;
  };
};

Rows FakeRows(std::vector<std::vector<std::optional<std::string>>> rows) {
  return Rows(std::make_shared<const CellRows>(std::move(rows)));
}

absl::Status QueryCancelled() {
  return status::ToStatus({.sqlstate = "57014",
                           .message = "canceling statement due to user request",
                           .table = "",
                           .constraint = "",
                           .column = ""});
}

FakeDatabase::FakeDatabase() : state_(std::make_shared<State>()) {}

FakeDatabase::~FakeDatabase() {
  Release();
  EndHanging();
  std::unique_lock lock(state_->mutex);
  // They refer to what belongs to the test.
  state_->script = nullptr;
  state_->ping = nullptr;
  state_->ask = state_->shut = nullptr;
  state_->changed.wait(lock, [this] { return state_->running == 0 && state_->counts.hanging == 0; });
}

ConnectionFactory FakeDatabase::Factory() {
  return [state = state_]() -> absl::StatusOr<std::unique_ptr<Connection>> {
    std::unique_lock lock(state->mutex);
    ++state->counts.attempted;
    if (state->to_hang > 0) {
      --state->to_hang;
      ++state->counts.hanging;
      state->changed.wait(lock, [&] { return state->end_hanging; });
      --state->counts.hanging;
      state->changed.notify_all();
      return absl::UnavailableError("timeout expired");
    }
    if (!state->connecting.ok()) return state->connecting;
    state->counts.most_open = std::max(state->counts.most_open, ++state->counts.open);
    return std::make_unique<FakeConnection>(state, ++state->counts.made);
  };
}

void FakeDatabase::SetConnecting(const absl::Status& status) {
  std::lock_guard lock(state_->mutex);
  state_->connecting = status;
}

void FakeDatabase::SetHanging(int attempts) {
  std::lock_guard lock(state_->mutex);
  state_->to_hang = attempts;
}

void FakeDatabase::EndHanging() {
  std::lock_guard lock(state_->mutex);
  state_->to_hang = 0;
  state_->end_hanging = true;
  state_->changed.notify_all();
}

void FakeDatabase::SetScript(Script script) {
  std::lock_guard lock(state_->mutex);
  state_->script = std::move(script);
}

void FakeDatabase::SetPing(Step step) {
  std::lock_guard lock(state_->mutex);
  state_->ping = std::move(step);
}

void FakeDatabase::SetAsk(Act act) {
  std::lock_guard lock(state_->mutex);
  state_->ask = std::move(act);
}

void FakeDatabase::SetShut(Act act) {
  std::lock_guard lock(state_->mutex);
  state_->shut = std::move(act);
}

void FakeDatabase::SetPatience(std::chrono::milliseconds patience) {
  std::lock_guard lock(state_->mutex);
  state_->patience = patience;
}

void FakeDatabase::LoseConnections() {
  std::lock_guard lock(state_->mutex);
  state_->lost = state_->counts.made;
}

FakeDatabase::Script FakeDatabase::Blocking(Rows rows) {
  return [state = state_, rows = std::move(rows)]() -> absl::StatusOr<Rows> {
    std::unique_lock lock(state->mutex);
    ++state->blocked;
    state->changed.notify_all();
    const int asked = state->counts.asked;
    state->changed.wait(lock, [&] { return state->released || state->counts.asked > asked; });
    --state->blocked;
    if (state->released) return rows;
    return QueryCancelled();
  };
}

void FakeDatabase::Release() {
  std::lock_guard lock(state_->mutex);
  state_->released = true;
  state_->changed.notify_all();
}

bool FakeDatabase::AwaitBlocked(int count) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, kTestPatience, [&] { return state_->blocked >= count; });
}

FakeDatabase::Counts FakeDatabase::counts() const {
  std::lock_guard lock(state_->mutex);
  return state_->counts;
}

// The Factory holds the lock.
FakeConnection::FakeConnection(std::shared_ptr<FakeDatabase::State> database, int number)
    : id(number),
      database_(std::move(database)),
      stopper_(std::make_shared<FakeDatabase::State::FakeStopper>(database_)) {}

FakeConnection::~FakeConnection() {
  std::lock_guard lock(database_->mutex);
  --database_->counts.open;
  database_->counts.closed.push_back(id);
}

void FakeConnection::SetPing(const absl::Status& status) {
  std::lock_guard lock(database_->mutex);
  ping_ = status;
}

absl::StatusOr<Rows> FakeConnection::Execute(const std::string&, std::span<const Param>, bool) {
  std::unique_lock lock(database_->mutex);
  ++database_->counts.executed;
  return database_->Run(database_->script, lock, absl::StatusOr<Rows>(Rows()));
}

absl::Status FakeConnection::Rollback() {
  std::lock_guard lock(database_->mutex);
  ++database_->counts.rollbacks;
  return absl::OkStatus();
}

absl::Status FakeConnection::Ping() {
  std::unique_lock lock(database_->mutex);
  ++database_->counts.pings;
  if (ping_) return *ping_;
  return database_->Run(database_->ping, lock, absl::OkStatus());
}

bool FakeConnection::Alive() const { return !lost_ && id > database_->lost; }

}  // namespace protogres::db
