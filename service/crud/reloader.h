// Keeps the Api in step with the database: loads it, again when asked, and
// hands each new one on. A load that fails keeps the Api that is there.
#ifndef PROTOGRES_SERVICE_CRUD_RELOADER_H_
#define PROTOGRES_SERVICE_CRUD_RELOADER_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "crud/api.h"
#include "crud/load.h"
#include "db/pool.h"

namespace protogres::crud {

class Reloader {
 public:
  using Publish = std::function<void(std::shared_ptr<const Api>)>;

  // Starts a thread. `publish` is called on it with each Api that was loaded. Until
  // there is a first one (`loaded` false), it tries again every second by itself.
  // `pool` must outlive it.
  Reloader(db::Pool& pool, LoadOptions options, const Limits& limits, bool loaded, Publish publish);
  // Ends the thread; blocks until a load in progress is done.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Asks for a load; `cause` is for the log. Never blocks; from any thread.
  // Requests that come while one runs become one more load.
  void Request(const std::string& cause);

 private:
  void Loop();
  void Load(const std::string& cause);

  db::Pool& pool_;
  const LoadOptions options_;
  const Limits limits_;
  const Publish publish_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string cause_;  // guarded by mutex_; not empty: a load was asked for
  bool stop_ = false;  // guarded by mutex_
  bool loaded_;        // the thread's own
  std::thread thread_;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_RELOADER_H_
