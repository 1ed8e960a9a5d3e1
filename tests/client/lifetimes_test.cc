// What becomes of a call, its task and its transaction when something else happens in between: an exception, a stop, a
// wait.
#include <atomic>
#include <chrono>
#include <ranges>
#include <stdexcept>
#include <thread>

#include "gmock/gmock.h"
#include "protogres/internal/unary.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using ::shop::v1::Customer;
using ::shop::v1::Product;

constexpr char kOpen[] =
    "SELECT count(*) FROM pg_stat_activity WHERE state LIKE '%in transaction%' OR query LIKE 'COPY%'";

// Whether a query of psql's comes to say this while somebody waits for it.
bool Becomes(const std::string& sql, const std::string& expected) {
  for (int i = 0; i < 500; ++i) {
    if (Psql(sql) == expected) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

// Rows, of which the one at `at` throws.
auto Throwing(int count, int at) {
  return std::views::iota(0, count) | std::views::transform([at](int i) {
           if (i == at) throw std::runtime_error("no such row");
           return NewCustomer();
         });
}

TEST(Lifetimes, AnImportWhoseRangeThrowsEndsAndWritesNothing) {
  const std::string count = "SELECT count(*) FROM shop.customer";
  const std::string before = Psql(count);
  EXPECT_THROW((void)Shop().Import<Customer>(Throwing(2000, 1700)), std::runtime_error);
  EXPECT_TRUE(Becomes(kOpen, "0"));
  EXPECT_THROW((void)Wait(Shop().async().Import<Customer>(Throwing(2000, 1700))), std::runtime_error);
  EXPECT_TRUE(Becomes(kOpen, "0"));
  EXPECT_EQ(Psql(count), before);
}

TEST(Lifetimes, AnImportsMessageHasARowAtLeast) {
  ImportOptions options;
  options.rows_per_message = 0;
  options.bytes_per_message = 0;
  EXPECT_EQ(*Shop().Import<Customer>(std::vector<Customer>{NewCustomer(), NewCustomer()}, options), 2);
}

TEST(Lifetimes, WorkThatThrowsIsRolledBack) {
  int64_t id = 0;
  const auto work = [&](Transaction& transaction) -> absl::Status {
    id = transaction.Create(NewCustomer())->id();
    throw std::runtime_error("mine");
  };
  EXPECT_THROW((void)Shop().RunInTransaction(work), std::runtime_error);
  EXPECT_TRUE(Becomes(kOpen, "0"));
  EXPECT_EQ(Shop().Get<Customer>(id).status().code(), absl::StatusCode::kNotFound);
  const auto async_work = [&](AsyncTransaction& transaction) -> Task<absl::Status> {
    id = (co_await transaction.Create(NewCustomer()))->id();
    throw std::runtime_error("mine");
  };
  EXPECT_THROW((void)Wait(Shop().async().RunInTransaction(async_work)), std::runtime_error);
  EXPECT_TRUE(Becomes(kOpen, "0"));
  EXPECT_EQ(Shop().Get<Customer>(id).status().code(), absl::StatusCode::kNotFound);
}

// A client that waits long before it does its work again.
Client Patient() {
  Options options;
  options.address = Demo().address();
  options.timeout = absl::Seconds(60);
  options.retry = {.max_attempts = 2, .initial_backoff = absl::Seconds(4), .max_backoff = absl::Seconds(4)};
  return *Client::Connect(options);
}

Customer Change(int64_t id) {
  Customer change;
  change.set_id(id);
  change.set_newsletter(true);
  return change;
}

TEST(Lifetimes, ATransactionHoldsNoLocksWhileItWaitsForItsNextAttempt) {
  const Client db = Patient();
  std::atomic<int> runs = 0;
  std::thread worker([&] {
    EXPECT_EQ(db.RunInTransaction([&](Transaction& transaction) -> absl::Status {
      if (absl::Status status = transaction.Update(Change(31)).status(); !status.ok()) return status;
      return ++runs == 1 ? absl::AbortedError("by nobody") : absl::OkStatus();
    }),
              absl::OkStatus());
  });
  while (runs == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(Shop().Update(Change(31)).ok());
  EXPECT_EQ(runs, 1);
  worker.join();
  std::atomic<int> async_runs = 0;
  const auto work = [&](AsyncTransaction& transaction) -> Task<absl::Status> {
    absl::Status status = (co_await transaction.Update(Change(32))).status();
    if (status.ok() && ++async_runs == 1) co_return absl::AbortedError("by nobody");
    co_return status;
  };
  std::atomic<bool> ended = false;
  Start(db.async().RunInTransaction(work), [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    ended = true;
  });
  while (async_runs == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(Shop().Update(Change(32)).ok());
  EXPECT_EQ(async_runs, 1);
  while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

TEST(Lifetimes, AStopThatCameBeforeEndsAWait) {
  std::stop_source stop;
  stop.request_stop();
  const absl::Time begin = absl::Now();
  EXPECT_FALSE(Wait(internal::SleepTask(nullptr, absl::Hours(1), stop.get_token())));
  EXPECT_LT(absl::Now() - begin, absl::Minutes(1));
  EXPECT_TRUE(Wait(internal::SleepTask(nullptr, absl::Milliseconds(1), {})));
}

// Says when it is gone, and takes its time for it.
struct Slow {
  std::atomic<bool>* gone;
  explicit Slow(std::atomic<bool>* flag) : gone(flag) {}
  Slow(Slow&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
  ~Slow() {
    if (gone == nullptr) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    *gone = true;
  }
};

Task<bool> Hold(AsyncClient db, Slow) { co_return (co_await db.Get<Product>(1)).ok(); }

TEST(Lifetimes, WhatATaskHoldsIsGoneWhenItsResultIsThere) {
  std::atomic<bool> gone = false;
  EXPECT_TRUE(Wait(Hold(Shop().async(), Slow(&gone))));
  EXPECT_TRUE(gone);
  std::atomic<bool> also_gone = false;
  std::atomic<bool> ended = false;
  Start(Hold(Shop().async(), Slow(&also_gone)), [&](bool good) {
    EXPECT_TRUE(good && also_gone);
    ended = true;
  });
  while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace protogres::testing
