// A database whose connections do what a test says, instead of speaking to PostgreSQL. It is the only fake of
// db::Connection.
#ifndef PROTOGRES_TESTS_SUPPORT_FAKE_DATABASE_H_
#define PROTOGRES_TESTS_SUPPORT_FAKE_DATABASE_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/rows.h"

namespace protogres::db {

// Rows of these cells, all of them with the same number of columns; no value is NULL. It counts as touched by a write.
Rows FakeRows(std::vector<std::vector<std::optional<std::string>>> rows);

// SQLSTATE 57014, as PostgreSQL answers a statement that is cancelled.
absl::Status QueryCancelled();

class FakeConnection;

// Thread-safe. Its connections and their Stoppers may outlive it: then they do nothing.
class FakeDatabase {
 public:
  // Each runs on the thread that calls the connection, and may block.
  using Script = std::function<absl::StatusOr<Rows>()>;
  using Step = std::function<absl::Status()>;
  using Act = std::function<void()>;

  FakeDatabase();
  // Ends what blocks, and waits for the scripts that run.
  ~FakeDatabase();
  FakeDatabase(const FakeDatabase&) = delete;
  FakeDatabase& operator=(const FakeDatabase&) = delete;

  // Makes FakeConnections, numbered from 1.
  ConnectionFactory Factory();
  // What the attempts to connect give from now on; OK: a connection.
  void SetConnecting(const absl::Status& status);
  // So many of the next attempts to connect get no answer.
  void SetHanging(int attempts);
  // The attempts that hang fail, and no more will hang.
  void EndHanging();

  // Runs instead of each statement; none: no rows.
  void SetScript(Script script);
  // Runs instead of each ping; none: OK.
  void SetPing(Step step);
  // Run instead of Stopper::Ask and Stopper::Shut.
  void SetAsk(Act act);
  void SetShut(Act act);
  // Stopper::patience of connections that are made later: kTestPatience unless it is set.
  void SetPatience(std::chrono::milliseconds patience);
  // All connections that there are now are lost.
  void LoseConnections();

  // A Script that blocks until Release, which makes it give `rows`, or until a statement is cancelled.
  Script Blocking(Rows rows);
  void Release();
  // Blocks until so many statements are within a blocking Script. False: they were not within kTestPatience.
  bool AwaitBlocked(int count);

  // How often something has happened so far.
  struct Counts {
    int attempted = 0;        // attempts to connect, with those that hang
    int hanging = 0;          // attempts that hang now
    int made = 0;             // connections
    int open = 0;             // connections that are there now
    int most_open = 0;        // at a time
    std::vector<int> closed;  // the connections' ids, in the order of their end
    int executed = 0;         // statements
    int pings = 0;
    int rollbacks = 0;
    int asked = 0;  // calls of Stopper::Ask that have ended
  };
  Counts counts() const;

 private:
  friend class FakeConnection;
  struct State;
  const std::shared_ptr<State> state_;
};

class FakeConnection final : public Connection {
 public:
  FakeConnection(std::shared_ptr<FakeDatabase::State> database, int number);
  ~FakeConnection() override;

  // The connection is lost: it is neither idle nor alive any more.
  void Lose() { lost_ = true; }
  // What its pings give instead of the database's.
  void SetPing(const absl::Status& status);

  absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) override;
  absl::Status OpenRows(const std::string& sql, std::span<const Param> params) override {
    return Execute(sql, params, false).status();
  }
  absl::StatusOr<bool> FetchRows(TakeRow) override { return false; }
  absl::Status OpenCopy(const std::string&) override { return absl::OkStatus(); }
  absl::Status PutCopy(std::string_view) override { return absl::OkStatus(); }
  absl::StatusOr<std::int64_t> CloseCopy() override { return 0; }
  absl::Status Abandon() override { return absl::OkStatus(); }
  absl::Status Begin(const Opening&) override { return absl::OkStatus(); }
  absl::Status Commit() override { return absl::OkStatus(); }
  absl::Status Rollback() override;
  absl::Status Ping() override;
  bool ResetAsks(bool discard) const override { return discard; }
  bool Idle() override { return Alive(); }
  bool Alive() const override;
  bool Aborted() const override { return false; }
  const std::shared_ptr<Stopper>& stopper() const override { return stopper_; }
  absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds) override { return false; }

  const int id;

 private:
  const std::shared_ptr<FakeDatabase::State> database_;
  const std::shared_ptr<Stopper> stopper_;
  std::atomic<bool> lost_ = false;
  std::optional<absl::Status> ping_;  // by the database's lock
};

}  // namespace protogres::db

#endif  // PROTOGRES_TESTS_SUPPORT_FAKE_DATABASE_H_
