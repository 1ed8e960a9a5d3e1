// A Pool on a fake clock and fake connections, for its tests.
#ifndef PROTOGRES_TESTS_UNIT_DB_FAKE_POOL_H_
#define PROTOGRES_TESTS_UNIT_DB_FAKE_POOL_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "db/pool.h"

namespace protogres::db {

inline constexpr auto kNever = Clock::time_point::max();

// What the fake connections of a test have in common: the server.
struct FakeServer {
  std::mutex mutex;
  absl::Status down;             // what connecting gives
  int hanging = 0;               // how many of the next attempts to connect get no answer until EndHanging
  std::atomic<int> waiting = 0;  // of them
  bool released = false;
  int attempted = 0;  // attempts to connect
  std::condition_variable answer;
  absl::Status ping;  // what a ping of any connection gives
  int made = 0;
  int alive = 0;
  int most = 0;
  int pings = 0;
  std::vector<int> closed;

  void SetDown(const absl::Status& status) {
    std::lock_guard lock(mutex);
    down = status;
  }
  void SetHanging(int attempts) {
    std::lock_guard lock(mutex);
    hanging = attempts;
  }
  // Those that hang fail.
  void EndHanging() {
    std::lock_guard lock(mutex);
    hanging = 0;
    released = true;
    answer.notify_all();
  }
  void SetPing(const absl::Status& status) {
    std::lock_guard lock(mutex);
    ping = status;
  }
  int Pings() {
    std::lock_guard lock(mutex);
    return pings;
  }
  int Attempted() {
    std::lock_guard lock(mutex);
    return attempted;
  }
  int Made() {
    std::lock_guard lock(mutex);
    return made;
  }
  int Alive() {
    std::lock_guard lock(mutex);
    return alive;
  }
};

class FakeConnection : public Connection {
 public:
  FakeConnection(FakeServer& server, int number) : id(number), server_(server) {}
  ~FakeConnection() override {
    std::lock_guard lock(server_.mutex);
    --server_.alive;
    server_.closed.push_back(id);
  }
  absl::StatusOr<Rows> Execute(const std::string&, std::span<const Param>, bool) override { return Rows(); }
  absl::Status OpenRows(const std::string&, std::span<const Param>) override { return absl::OkStatus(); }
  absl::StatusOr<bool> FetchRows(TakeRow) override { return false; }
  absl::Status OpenCopy(const std::string&) override { return absl::OkStatus(); }
  absl::Status PutCopy(std::string_view) override { return absl::OkStatus(); }
  absl::StatusOr<std::int64_t> CloseCopy() override { return 0; }
  absl::Status Abandon() override { return absl::OkStatus(); }
  absl::Status Begin(const std::string&) override { return absl::OkStatus(); }
  absl::Status Commit() override { return absl::OkStatus(); }
  absl::Status Rollback() override { return absl::OkStatus(); }
  absl::Status Ping() override {
    std::lock_guard lock(server_.mutex);
    ++server_.pings;
    return ping.ok() ? server_.ping : ping;
  }
  bool Idle() override { return idle; }
  bool Alive() const override { return idle; }
  bool Aborted() const override { return false; }
  const std::shared_ptr<Stopper>& stopper() const override { return stopper_; }
  absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds) override { return false; }

  const int id;
  std::atomic<bool> idle = true;
  absl::Status ping;

 private:
  FakeServer& server_;
  std::shared_ptr<Stopper> stopper_;  // none: what is done here ends at once
};

class FakePoolTest : public ::testing::Test {
 protected:
  ~FakePoolTest() override {
    server_.EndHanging();
    EXPECT_TRUE(Eventually([&] { return server_.waiting == 0; })) << "an attempt uses what is gone";
  }
  ConnectionFactory Factory() {
    return [this]() -> absl::StatusOr<std::unique_ptr<Connection>> {
      std::unique_lock lock(server_.mutex);
      ++server_.attempted;
      if (server_.hanging > 0 && --server_.hanging >= 0) {
        ++server_.waiting;
        server_.answer.wait(lock, [this] { return server_.released; });
        --server_.waiting;
        return absl::UnavailableError("timeout expired");
      }
      if (!server_.down.ok()) return server_.down;
      server_.most = std::max(server_.most, ++server_.alive);
      return std::make_unique<FakeConnection>(server_, ++server_.made);
    };
  }
  std::unique_ptr<Pool> Make(PoolOptions options) {
    return std::make_unique<Pool>(options, Factory(), [this] { return Clock::time_point(now_.load()); });
  }
  void Advance(Clock::duration by) { now_ = now_.load() + by; }

  static Lease Take(Pool& pool) {
    auto lease = pool.Acquire(kNever);
    EXPECT_TRUE(lease.ok()) << lease.status();
    return lease.ok() ? *std::move(lease) : Lease();
  }
  static FakeConnection& Fake(const Lease& lease) { return static_cast<FakeConnection&>(lease.connection()); }

  static bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  FakeServer server_;
  std::atomic<Clock::duration> now_ = Clock::now().time_since_epoch();
};

}  // namespace protogres::db

#endif  // PROTOGRES_TESTS_UNIT_DB_FAKE_POOL_H_
