// How a cancel reaches a running statement: CancellableRun says what runs, the
// Canceller's thread asks the server to stop it. Knows no sessions.
#ifndef PROTOGRES_SERVICE_DB_CANCELLER_H_
#define PROTOGRES_SERVICE_DB_CANCELLER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "db/connection.h"

namespace protogres::db {

// What one Cancellation can stop: at most one statement at a time. Thread-safe.
class CancellableRun {
 public:
  // A statement starts on `connection`, which must live until End. False: cancelled already, it must not start.
  bool Begin(Connection& connection);
  // The statement has returned. Waits for a cancel in flight, at most the time of
  // Connection::Cancel. True: at least one was sent while it ran.
  bool End();

  // Nothing starts any more. True: a statement runs and this is the first call, so it is to be given to the Canceller.
  bool Cancel();
  bool cancelled() const;

  // For the Canceller: cancels the statement that runs. False: none does.
  bool Send();

 private:
  mutable std::mutex mutex_;
  std::condition_variable sent_done_;
  Connection* running_ = nullptr;
  bool cancelled_ = false;
  bool sending_ = false;
  bool sent_ = false;
};

// One thread for the process, started at the first use. A cancel may overtake
// the statement that it is for, and then does nothing: it is sent again, less and less often, until the
// statement has returned.
class Canceller {
 public:
  static Canceller& Get();
  ~Canceller();

  // Does not block.
  void Add(std::shared_ptr<CancellableRun> run);

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::shared_ptr<CancellableRun> run;
    Clock::time_point next;
    std::chrono::milliseconds delay;
  };

  Canceller();
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_CANCELLER_H_
