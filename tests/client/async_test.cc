// Coroutines: the same calls, executors, cancelling, and what is destroyed at the wrong moment.
#include <condition_variable>
#include <deque>
#include <thread>

#include "gmock/gmock.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using ::shop::v1::Customer;
using ::shop::v1::OrderItem;
using ::shop::v1::Product;

// An executor of one thread.
class Loop {
 public:
  Loop() : thread_([this] { Run(); }) {}
  ~Loop() {
    Post(nullptr);
    thread_.join();
  }
  Executor executor() {
    return [this](std::function<void()> work) { Post(std::move(work)); };
  }
  std::thread::id id() const { return thread_.get_id(); }
  // Runs it on the thread, and waits for it.
  void Do(const std::function<void()>& work) {
    std::mutex mutex;
    std::condition_variable ready;
    bool done = false;
    Post([&] {
      work();
      std::lock_guard lock(mutex);
      done = true;
      ready.notify_all();
    });
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return done; });
  }

 private:
  void Post(std::function<void()> work) {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    filled_.notify_one();
  }
  void Run() {
    while (true) {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return !queue_.empty(); });
      const std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      if (!work) return;
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> queue_;
  std::thread thread_;
};

Task<absl::Status> EveryCall(AsyncClient db) {
  absl::StatusOr<Customer> made = co_await db.Create(NewCustomer());
  if (!made.ok()) co_return made.status();
  absl::StatusOr<Customer> read = co_await db.Get<Customer>(made->id());
  EXPECT_EQ(read->email(), made->email());
  absl::StatusOr<Customer> again = co_await db.Create(*made);
  EXPECT_EQ(Reason(again.status()), kUniqueViolation);
  absl::StatusOr<OrderItem> misfit = co_await db.Get<OrderItem>(1);
  EXPECT_EQ(misfit.status().code(), absl::StatusCode::kInvalidArgument);
  absl::StatusOr<Customer> deleted = co_await db.Delete<Customer>(made->id());
  EXPECT_TRUE(deleted->has_deleted_at());
  absl::StatusOr<AsyncTransaction> transaction = co_await db.Begin();
  if (!transaction.ok()) co_return transaction.status();
  absl::StatusOr<Customer> inside = co_await transaction->Create(NewCustomer());
  absl::Status saved = co_await transaction->Savepoint("here");
  EXPECT_TRUE(saved.ok()) << saved;
  absl::StatusOr<Customer> twice = co_await transaction->Create(*inside);
  EXPECT_TRUE(transaction->aborted());
  absl::Status back = co_await transaction->RollbackTo("here");
  EXPECT_TRUE(back.ok()) << back;
  absl::Status committed = co_await transaction->Commit();
  EXPECT_TRUE(committed.ok()) << committed;
  absl::StatusOr<Customer> outside = co_await db.Get<Customer>(inside->id());
  co_return outside.status();
}

TEST(Async, EveryCallOnAnExecutorsThread) {
  Loop loop;
  EXPECT_TRUE(Wait(EveryCall(Shop().async(loop.executor()))).ok());
  EXPECT_TRUE(Wait(EveryCall(Shop().async())).ok());
  const auto where = [](AsyncClient db) -> Task<std::thread::id> {
    (void)co_await db.Get<Customer>(7);
    co_return std::this_thread::get_id();
  };
  EXPECT_EQ(Wait(where(Shop().async(loop.executor()))), loop.id());
}

template <class Pages>
Task<int> Count(Pages pages) {
  int count = 0;
  while (true) {
    auto rows = co_await pages.Next();
    EXPECT_TRUE(rows.ok()) << rows.status();
    if (!rows.ok() || rows->empty()) co_return count;
    count += rows->size();
  }
}

TEST(Async, PagesAndChunks) {
  ::shop::v1::ListProductsRequest list;
  list.set_page_size(70);
  EXPECT_EQ(Wait(Count(Shop().async().List<Product>(list))), 200);
  ::shop::v1::StreamProductsRequest stream;
  stream.set_page_size(7);
  EXPECT_EQ(Wait(Count(Shop().async().Stream<Product>(stream))), 200);
  // Destroyed in the middle.
  auto some = Shop().async().Stream<Product>(stream);
  EXPECT_EQ(Wait(some.Next())->size(), 7);
}

TEST(Async, Import) {
  std::vector<Customer> rows;
  for (int i = 0; i < 1200; ++i) rows.push_back(NewCustomer());
  std::vector<int64_t> steps;
  ImportOptions options;
  options.progress = [&](int64_t sent) { steps.push_back(sent); };
  EXPECT_EQ(*Wait(Shop().async().Import<Customer>(rows, options)), 1200);
  EXPECT_EQ(steps, (std::vector<int64_t>{500, 1000, 1200}));
  const auto again = Wait(Shop().async().Import<Customer>(rows));
  EXPECT_EQ(Reason(again.status()), kUniqueViolation);
}

TEST(Async, ManyAtOnce) {
  Loop loop;
  std::atomic<int> good = 0;
  std::atomic<int> ended = 0;
  constexpr int kCalls = 300;
  for (int i = 1; i <= kCalls; ++i) {
    Start(Shop().async(i % 2 ? loop.executor() : nullptr).Get<Product>(1 + i % 200), [&](auto product) {
      good += product.ok();
      ++ended;
    });
  }
  while (ended < kCalls) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(good, kCalls);
}

// Holds the lock of a row for as long as it lives.
Transaction Lock(int64_t id) {
  auto transaction = Shop().Begin();
  ::shop::v1::GetCustomerRequest request;
  request.set_id(id);
  request.set_lock("FOR UPDATE");
  EXPECT_TRUE(transaction->Get<Customer>(request).ok());
  return *std::move(transaction);
}

Customer Change(int64_t id) {
  Customer change;
  change.set_id(id);
  change.set_newsletter(true);
  return change;
}

TEST(Async, StopEndsACallThatWaits) {
  const Transaction lock = Lock(11);
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  EXPECT_EQ(Wait(Shop().async().With({.stop = stop.get_token()}).Update(Change(11))).status().code(),
            absl::StatusCode::kCancelled);
  stopper.join();
  std::stop_source other;
  std::thread second([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    other.request_stop();
  });
  EXPECT_EQ(Shop().With({.stop = other.get_token()}).Update(Change(11)).status().code(), absl::StatusCode::kCancelled);
  second.join();
}

// A coroutine whose frame its owner can destroy at any moment.
class Owned {
 public:
  struct promise_type {
    Owned get_return_object() { return Owned(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  explicit Owned(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~Owned() {
    if (handle_) handle_.destroy();
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

TEST(Async, DestroyingACoroutineThatWaitsCancelsItsCall) {
  Loop loop;
  const Transaction lock = Lock(12);
  bool resumed = false;
  loop.Do([&] {
    const auto work = [&](AsyncClient db) -> Owned {
      (void)co_await db.Update(Change(12));
      resumed = true;
    };
    const Owned waits = work(Shop().async(loop.executor()));
  });
  // The server hears of it: nobody waits for the row any more.
  while (Psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0")
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  loop.Do([] {});
  EXPECT_FALSE(resumed);
}

// Destroys coroutines on their executor's thread at every moment between begin and end, with answers on their way.
TEST(Async, DestroyingRacesWithTheAnswer) {
  Loop loop;
  for (int i = 0; i < 200; ++i) {
    std::optional<Owned> work;
    loop.Do([&] {
      const auto read = [](AsyncClient db) -> Owned {
        auto rows = db.Stream<Product>();
        (void)co_await db.Get<Product>(1);
        (void)co_await rows.Next();
        auto transaction = co_await db.Begin();
        if (transaction.ok()) (void)co_await transaction->Get<Product>(2);
        if (transaction.ok()) (void)co_await transaction->Commit();
      };
      work.emplace(read(Shop().async(loop.executor())));
    });
    std::this_thread::sleep_for(std::chrono::microseconds(i * 100));
    loop.Do([&] { work.reset(); });
  }
}

TEST(Async, StopRacesWithTheAnswer) {
  for (int i = 0; i < 200; ++i) {
    std::stop_source stop;
    std::atomic<bool> ended = false;
    Start(Shop().async().With({.stop = stop.get_token()}).Get<Product>(1), [&](auto product) {
      EXPECT_TRUE(product.ok() || product.status().code() == absl::StatusCode::kCancelled) << product.status();
      ended = true;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(i * 10));
    stop.request_stop();
    while (!ended) std::this_thread::yield();
  }
}

TEST(Async, CallsOutliveTheirClient) {
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> ended = 0;
    {
      const Client own = ConnectTo(Demo().address());
      for (int64_t id = 1; id <= 5; ++id)
        Start(own.async().Get<Product>(id), [&](auto product) { ended += product.ok() ? 1 : 100; });
    }
    while (ended < 5) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(ended, 5);
  }
}

TEST(Async, AnExceptionReachesWhoAwaits) {
  const auto throws = []() -> Task<int> {
    (void)co_await Shop().async().Get<Product>(1);
    throw std::runtime_error("mine");
    co_return 1;
  };
  EXPECT_THROW(Wait(throws()), std::runtime_error);
}

}  // namespace
}  // namespace protogres::testing
