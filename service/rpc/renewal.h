// A call whose statement failed because the catalog has moved waits here, without a worker, for the Api that the next
// reload brings. A Renewal knows neither what a reload is nor what becomes of the calls.
#ifndef PROTOGRES_SERVICE_RPC_RENEWAL_H_
#define PROTOGRES_SERVICE_RPC_RENEWAL_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace protogres::rpc {

// Asks for a reload that begins after this call, and returns its number. Reloads are numbered from 1 in the order in
// which they begin. 0: there will be no reload. Any thread may call it. Does not block.
using RequestReload = std::function<std::uint64_t()>;

// Thread-safe.
class Renewal {
 public:
  class Waiter {
   public:
    // The wait is over: the reload has ended, well or badly, or has taken too long, or there will be none. `closed`:
    // there will be none because of Close. Must not block.
    virtual void OnRenewal(bool closed) = 0;

   protected:
    ~Waiter() = default;

   private:
    friend class Renewal;
    bool waiting_ = false;
    std::list<Waiter*>::iterator place_;
    std::uint64_t reload_ = 0;
    std::chrono::steady_clock::time_point until_;
  };

  // A waiter waits for at most `longest`.
  Renewal(RequestReload request, std::chrono::milliseconds longest);
  ~Renewal();
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

  // Asks for a reload for which no call waits.
  void Request() const;
  // Asks for a reload. Waiter::OnRenewal follows, perhaps before this function returns. `waiter` must live until then,
  // or until Leave has returned true.
  void Wait(Waiter& waiter);
  // Ends a wait. True: `waiter` was still waiting, and OnRenewal will not be called.
  bool Leave(Waiter& waiter);
  // Says that the reload with this number, and all reloads before it, are over.
  void Over(std::uint64_t reload);
  // Says that there will be no more reloads, as the server ends. Calls OnRenewal of all waiters, and of later ones at
  // once.
  void Close();

 private:
  void Watch();
  // Removes the waiters for which `done` is true, and calls OnRenewal of each without the mutex.
  template <typename Done>
  void Call(const Done& done);

  const RequestReload request_;
  const std::chrono::milliseconds longest_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Waiter*> waiters_;  // in the order in which they came
  std::uint64_t over_ = 0;
  bool closed_ = false;
  bool stopping_ = false;
  std::thread watch_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_RENEWAL_H_
