// Keeps the Api in step with the database: loads it, again when asked, and
// hands each new one on. A load that fails keeps the Api that is there.
#ifndef PROTOGRES_SERVICE_API_RELOADER_H_
#define PROTOGRES_SERVICE_API_RELOADER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/api.h"
#include "api/load.h"
#include "db/pool.h"

namespace protogres::api {

class Reloader {
 public:
  using Publish = std::function<void(std::shared_ptr<const Api>)>;
  // A load is over, whatever it has brought. They are numbered in the order in which they begin, from 1.
  using Over = std::function<void(std::uint64_t load)>;

  // Starts a thread. `publish` is called on it with each Api that was loaded, then `over`. A load that fails for a
  // reason that may pass is tried again with backoff; until there is a first one (`loaded` false) so are all.
  // `pool` must outlive it.
  Reloader(db::Pool& pool, LoadOptions options, const crud::Limits& limits, bool loaded, Publish publish, Over over);
  // Ends the thread; a load in progress is cancelled.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Asks for a load that begins after this call, and gives its number; `cause` is for the log. Never blocks; from any
  // thread. Requests that come while one runs become one more load. One that runs for too long is cancelled.
  std::uint64_t Request(const std::string& cause);
  // The database is there again: what waits to be tried again is tried now.
  void Hurry();

 private:
  using Clock = std::chrono::steady_clock;

  void Loop();
  // False: it failed for a reason that may pass.
  bool Load(const std::string& cause, const db::Cancellation& cancellation);

  db::Pool& pool_;
  const LoadOptions options_;
  const crud::Limits limits_;
  const Publish publish_;
  const Over over_;
  std::mutex mutex_;  // guards all below but the thread's own
  std::condition_variable wake_;
  std::string cause_;  // not empty: a load was asked for
  bool hurry_ = false;
  bool stop_ = false;
  std::uint64_t begun_ = 0;  // loads
  std::shared_ptr<db::Cancellation> running_;
  Clock::time_point since_;  // it runs
  bool loaded_;              // the thread's own
  std::thread thread_;
};

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_RELOADER_H_
