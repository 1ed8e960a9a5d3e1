// Unary calls that run as a group. Their Handlers are destroyed as early as a Call may destroy them.
#include "rpc/unary.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "contract/contract.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/snapshot.h"
#include "unit/db/fake_pool.h"
#include "unit/rpc/fake_call.h"
#include "unit/rpc/test_task.h"

namespace protogres::rpc {
namespace {

using Time = FakeCall::Time;

// Answers each member with its own request; `meet` is called with the group's Cancellation meanwhile.
class EchoMethod final : public crud::UnaryMethod {
 public:
  explicit EchoMethod(std::function<void(const db::Cancellation&)> meet)
      : UnaryMethod({.path = "/shop.v1.ItemService/GetItem", .request = "Request", .response = "Response"}),
        meet_(std::move(meet)) {}

  absl::StatusOr<std::unique_ptr<crud::Operation>> Plan(std::string_view) const override {
    return absl::InvalidArgumentError("run alone");
  }
  crud::Grouping grouping() const override { return crud::Grouping::kStatement; }
  void RunGroup(std::span<crud::GroupMember> members, const db::Access& access) const override {
    if (meet_) meet_(access.cancellation);
    for (crud::GroupMember& member : members) member.response = std::string(member.request);
    largest_ = std::max(largest_.load(), members.size());
  }
  std::size_t largest() const { return largest_; }

 private:
  mutable std::atomic<std::size_t> largest_{0};
  const std::function<void(const db::Cancellation&)> meet_;
};

// Destroys its Handler as soon as the call is finished.
class UnaryCall final : public FakeCall {
 public:
  explicit UnaryCall(Time deadline) : FakeCall("ipv4:127.0.0.1:40404", deadline) {}

  void Answer(std::string message) override { End(absl::OkStatus(), std::move(message)); }
  void Finish(const absl::Status& status) override { End(status, ""); }

  bool Await() { return ended_.Await(); }
  const absl::Status& status() const { return status_; }
  const std::string& answer() const { return answer_; }

  std::unique_ptr<Handler> handler;

 private:
  void End(const absl::Status& status, std::string answer) {
    status_ = status;
    answer_ = std::move(answer);
    handler.reset();
    ended_.Open();
  }

  absl::Status status_;
  std::string answer_;
  Gate ended_;
};

class UnaryGroupTest : public db::FakePoolTest {
 protected:
  // Starts a call of `method_`, which then waits for a worker.
  UnaryCall& Start(Time deadline, std::string_view request) {
    if (!snapshot_) snapshot_ = std::make_shared<const Snapshot>(api::Api::Build(contract::Contract(), {}), "");
    UnaryCall& call = *calls_.emplace_back(std::make_unique<UnaryCall>(deadline));
    call.handler = MakeUnary(context_, snapshot_, *method_, call, nullptr);
    call.handler->OnRequest(request);
    return call;
  }

  // Until the executor has learned that the method is worth groups of `size`.
  void Learn(std::size_t size) {
    while (method_->largest() < size) {
      {
        Occupied occupied(executor_);
        for (std::size_t i = 0; i < size; ++i) Start(Time::max(), "");
      }
      for (auto& call : calls_) ASSERT_TRUE(call->Await());
      calls_.clear();
    }
  }

  std::function<void(const db::Cancellation&)> meet_;
  std::unique_ptr<EchoMethod> method_ = std::make_unique<EchoMethod>(
      [this](const db::Cancellation& cancellation) { return meet_ ? meet_(cancellation) : void(); });
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<std::unique_ptr<UnaryCall>> calls_;
  std::unique_ptr<db::Pool> pool_ = Make({.pool_size = 1});
  Executor executor_{{.workers = 1}};
  Current current_;
  Renewal renewal_{nullptr, seconds(1)};
  UnaryContext context_{executor_, *pool_, true, false, current_, renewal_};
};

TEST_F(UnaryGroupTest, TheFirstMayBeFinishedBeforeTheOthersRun) {
  Learn(4);
  const Time now = std::chrono::system_clock::now();
  {
    Occupied occupied(executor_);
    Start(now - seconds(1), "late");
    Start(Time::max(), "one");
    Start(now - seconds(1), "late, too");
    Start(Time::max(), "other");
  }
  for (auto& call : calls_) ASSERT_TRUE(call->Await());
  EXPECT_EQ(calls_[0]->status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(calls_[1]->answer(), "one");
  EXPECT_EQ(calls_[2]->status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(calls_[3]->answer(), "other");
}

TEST_F(UnaryGroupTest, AllMayBeFinishedBeforeAnyRuns) {
  {
    Occupied occupied(executor_);
    for (int i = 0; i < 3; ++i) Start(std::chrono::system_clock::now() - seconds(1), "late");
  }
  for (auto& call : calls_) {
    ASSERT_TRUE(call->Await());
    EXPECT_EQ(call->status().code(), absl::StatusCode::kDeadlineExceeded);
  }
}

TEST_F(UnaryGroupTest, TheStatementIsCancelledWhenTheLastHasLeft) {
  Learn(2);
  Gate running;
  std::atomic<bool> left{false};
  bool cancelled_early = true, cancelled = false;
  meet_ = [&](const db::Cancellation& cancellation) {
    running.Open();
    EXPECT_TRUE(Eventually([&] { return left.load(); }));
    cancelled_early = cancellation.cancelled();
    calls_[1]->handler->OnCancelled();
    cancelled = cancellation.cancelled();
  };
  {
    Occupied occupied(executor_);
    Start(Time::max(), "one");
    Start(Time::max(), "other");
  }
  ASSERT_TRUE(running.Await());
  calls_[0]->handler->OnCancelled();
  left = true;
  for (auto& call : calls_) ASSERT_TRUE(call->Await());
  EXPECT_FALSE(cancelled_early);
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace protogres::rpc
