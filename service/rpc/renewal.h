// Calls whose statement failed as the catalog had moved: they wait here, without a worker, for the Api that the next
// reload brings. It knows neither what a reload is nor what becomes of the calls.
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

// Asks for a reload that begins after the call, and gives its number: they are numbered in the order in which they
// begin, from 1. 0: there will be none. From any thread; does not block.
using RequestReload = std::function<std::uint64_t()>;

// Thread-safe.
class Renewal {
 public:
  class Waiter {
   public:
    // The reload is over, whatever it has brought, or took too long, or there will be none. Must not block.
    virtual void OnRenewal() = 0;

   protected:
    ~Waiter() = default;

   private:
    friend class Renewal;
    bool waiting_ = false;
    std::list<Waiter*>::iterator place_;
    std::uint64_t reload_ = 0;
    std::chrono::steady_clock::time_point until_;
  };

  // `longest`: how long a waiter waits at most.
  Renewal(RequestReload request, std::chrono::milliseconds longest);
  ~Renewal();
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

  // Asks for a reload for which nobody waits.
  void Request() const;
  // Asks for a reload; OnRenewal follows, perhaps before this returns. `waiter` must live until then, or until Leave
  // has returned true.
  void Wait(Waiter& waiter);
  // True: it was waiting still, and OnRenewal will not be called.
  bool Leave(Waiter& waiter);
  // The reload of this number is over, and with it those before.
  void Over(std::uint64_t reload);
  // There will be no more reloads: calls all that wait, and all that come at once.
  void Close();

 private:
  void Watch();
  // Takes those out whose wait is over, to be called without the mutex.
  template <typename Done>
  void Call(const Done& done);

  const RequestReload request_;
  const std::chrono::milliseconds longest_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Waiter*> waiters_;  // those that came first are at the front
  std::uint64_t over_ = 0;
  bool closed_ = false;
  bool stopping_ = false;
  std::thread watch_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_RENEWAL_H_
