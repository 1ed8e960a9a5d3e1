// How a cancel reaches a running statement: CancellableRun says what runs, the
// Canceller's threads ask the server to stop it, and give it up from our side where that does not help. Knows no
// sessions.
#ifndef PROTOGRES_SERVICE_DB_CANCELLER_H_
#define PROTOGRES_SERVICE_DB_CANCELLER_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "db/connection.h"

namespace protogres::db {

// What one Cancellation can stop: at most one statement at a time. Thread-safe.
class CancellableRun {
 public:
  // A statement starts, which `stopper` stops. False: cancelled already, it must not start.
  bool Begin(std::shared_ptr<Stopper> stopper);

  enum class Ended {
    kUntouched,
    // The server was asked to cancel it. It has taken the request, but may still act on it.
    kAsked,
    // A request is still on its way, and may hit whatever runs next on the connection.
    kUncertain,
  };
  // The statement has returned. Waits for a request on its way, at most Stopper::patience.
  Ended End();

  // Nothing starts any more. True: a statement runs and this is the first call, so it is to be given to the Canceller.
  bool Cancel();
  bool cancelled() const;

  // Gives up what runs.
  void Shut();

  // --- For the Canceller

  // How long what runs may leave a request unanswered; zero: nothing runs.
  std::chrono::milliseconds Patience() const;
  // A request is about to be sent, until Asked. Null: nothing runs.
  std::shared_ptr<Stopper> Ask();
  void Asked();

 private:
  mutable std::mutex mutex_;
  std::condition_variable asked_;
  std::shared_ptr<Stopper> running_;
  bool cancelled_ = false;
  bool shut_ = false;
  bool asking_ = false;
  bool touched_ = false;  // the server has been asked to stop it
};

// For the process; its threads start at the first use and never end. A request may overtake
// the statement that it is for, and then does nothing: it is sent again, less and less often, until the
// statement has returned. Where it has not returned within Stopper::patience it is given up. A request that gets
// no answer holds up one of a few threads, but no other request.
class Canceller {
 public:
  static Canceller& Get();

  // Does not block.
  void Add(std::shared_ptr<CancellableRun> run);

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::shared_ptr<CancellableRun> run;
    Clock::time_point next;  // request
    Clock::time_point give_up;
    std::chrono::milliseconds delay;
    bool asking = false;
  };

  Canceller();
  void Loop();
  // Does what is due for `job`. False: there is no more to do.
  bool Look(const std::shared_ptr<Job>& job, Clock::time_point* wake);
  void StartSender();
  void SendRequests();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Job>> jobs_;
  std::deque<std::shared_ptr<Job>> requests_;  // to be sent
  int senders_ = 0;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_CANCELLER_H_
