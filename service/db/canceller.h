// How a cancel reaches a running statement. A CancellableRun says what runs. The threads of the Canceller ask the
// server to stop it, and give up the connection if that does not help. This file knows no Sessions.
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

// What one Cancellation can stop, which is one statement at a time. Thread-safe.
class CancellableRun {
 public:
  // Says that a statement starts, which `stopper` can stop. False: it was cancelled already, and must not start.
  bool Begin(std::shared_ptr<Stopper> stopper);

  enum class Ended {
    kUntouched,
    // The server has taken a request to cancel the statement, and may still act on it.
    kAsked,
    // A request is still on its way, and may hit whatever runs next on the connection.
    kUncertain,
  };
  // Says that the statement has returned. Waits for a request that is on its way, for at most Stopper::patience.
  Ended End();

  // Lets no statement start any more. True: a statement runs and this is the first call, so the caller must give this
  // to the Canceller.
  bool Cancel();
  bool cancelled() const;

  // Gives up the statement that runs. Its connection is then lost.
  void Shut();

  // --- For the Canceller

  // How long the running statement may leave a request unanswered. Zero: nothing runs.
  std::chrono::milliseconds Patience() const;
  // Says that a request is being sent, until Asked is called, and returns what sends it. Null: nothing runs.
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

// There is one for the process. Its thread starts with the first use and never ends; others send the requests. A
// request may overtake the statement that it is for, and then does nothing. So it is sent again, less and less often,
// until the statement has returned. If that takes longer than Stopper::patience, the statement is given up. A request
// that gets no answer holds up one of a few threads, but no other request.
class Canceller {
 public:
  static Canceller& Get();

  // Stops the statement that runs. Does not block.
  void Add(std::shared_ptr<CancellableRun> run);

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::shared_ptr<CancellableRun> run;
    Clock::time_point next;           // when the next request is sent
    Clock::time_point give_up;        // when the statement is given up
    std::chrono::milliseconds delay;  // between the next request and the one after it
    bool asking = false;
  };

  Canceller();
  void Loop();
  // Does what is due for `job`, and makes `wake` no later than the next time when something is. False: the job is done.
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
