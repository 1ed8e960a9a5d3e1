// Calls under which the catalog moves: they wait for a reload and run once more.
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "rpc/fixture.h"
#include "status/sqlstate.h"

namespace protogres::rpc {
namespace {

using grpc::StatusCode;

class RpcRenewalTest : public RpcTest {
 protected:
  RpcRenewalTest() { reload_ = 1; }

  // The first `count` statements meet a catalog that moved.
  void Move(int count) {
    database_.SetScript([this, count]() -> absl::StatusOr<db::Rows> {
      if (++statements_ > count) return Item("one");
      return status::ToStatus({.sqlstate = "42703", .message = "column \"x\" does not exist", .position = "8"});
    });
  }
  // A call that waits for the reload.
  std::future<Reply> Waiting(grpc::ClientContext* context = nullptr) {
    const int before = catalog_moved_;
    auto call = CallAsync(context);
    EXPECT_TRUE(Eventually([&] { return catalog_moved_ > before; }));
    return call;
  }

  std::atomic<int> statements_{0};
};

TEST_F(RpcRenewalTest, RunsOnceMoreOnTheApiThatTheReloadBrings) {
  Start();
  Move(1);
  auto call = Waiting();
  server_->SetApi(MakeApi({"item"}));
  server_->Reloaded(1);
  const Reply reply = call.get();
  EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(statements_, 2);
  EXPECT_EQ(catalog_moved_, 1);
}

TEST_F(RpcRenewalTest, AReloadThatBeganBeforeDoesNotCount) {
  Start();
  Move(1);
  reload_ = 2;
  auto call = Waiting();
  server_->SetApi(MakeApi({"item"}));
  server_->Reloaded(1);
  EXPECT_EQ(call.wait_for(milliseconds(100)), std::future_status::timeout);
  server_->Reloaded(2);
  EXPECT_TRUE(call.get().status.ok());
}

TEST_F(RpcRenewalTest, WithoutANewApiTheErrorIsAnswered) {
  Start();
  Move(1);
  auto call = Waiting();
  server_->Reloaded(1);
  const Reply reply = call.get();
  EXPECT_EQ(reply.status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Reason(reply.status), "CATALOG_MOVED");
  EXPECT_EQ(statements_, 1);
}

TEST_F(RpcRenewalTest, AReloadThatNeverEndsIsNotAwaitedForEver) {
  Start();
  Move(1);
  const Reply reply = Waiting().get();
  EXPECT_EQ(reply.status.error_code(), StatusCode::FAILED_PRECONDITION);
}

TEST_F(RpcRenewalTest, TheSecondFailureIsAnswered) {
  Start();
  Move(2);
  auto call = Waiting();
  server_->SetApi(MakeApi({"item"}));
  server_->Reloaded(1);
  EXPECT_EQ(call.get().status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(statements_, 2);
  EXPECT_EQ(catalog_moved_, 2);
}

TEST_F(RpcRenewalTest, AMethodThatIsGoneIsUnknown) {
  Start();
  Move(1);
  auto call = Waiting();
  server_->SetApi(MakeApi({"other"}));
  server_->Reloaded(1);
  EXPECT_EQ(call.get().status.error_code(), StatusCode::UNIMPLEMENTED);
}

TEST_F(RpcRenewalTest, NoWorkerIsHeldMeanwhile) {
  options_.workers = 1;
  pool_options_.pool_size = 1;
  Start();
  Move(3);
  auto a = Waiting();
  auto b = Waiting();
  auto c = Waiting();
  EXPECT_TRUE(Call().status.ok());
  server_->SetApi(MakeApi({"item"}));
  server_->Reloaded(1);
  for (auto* call : {&a, &b, &c}) EXPECT_TRUE(call->get().status.ok());
}

TEST_F(RpcRenewalTest, ACancelEndsTheWait) {
  Start();
  std::shared_ptr<const api::Api> api = MakeApi({"item"});
  const std::weak_ptr<const api::Api> held = api;
  server_->SetApi(std::move(api));
  Move(1);
  grpc::ClientContext context;
  auto call = Waiting(&context);
  context.TryCancel();
  EXPECT_EQ(call.get().status.error_code(), StatusCode::CANCELLED);
  server_->SetApi(MakeApi({"item"}));
  // The client knows that it has cancelled before the server does. The call's Api goes when the call has ended there.
  EXPECT_TRUE(Eventually([&] { return held.expired(); }));
  server_->Reloaded(1);
  EXPECT_TRUE(Call().status.ok());
  EXPECT_EQ(statements_, 2) << "the cancelled one did not run again";
}

TEST_F(RpcRenewalTest, TheEndOfTheServerEndsTheWait) {
  Start();
  Move(2);
  auto call = Waiting();
  auto streamed = std::async(std::launch::async, [this] {
    ClientStream stream(channel_, "/shop.v1.ItemService/StreamItems");
    std::string message;
    EXPECT_TRUE(stream.Write(""));
    EXPECT_FALSE(stream.Read(&message));
    return stream.Finish();
  });
  EXPECT_TRUE(Eventually([&] { return catalog_moved_ == 2; }));
  const auto start = std::chrono::steady_clock::now();
  server_->Drain(milliseconds(100));
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
  for (const grpc::Status& status : {call.get().status, streamed.get()}) {
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
    EXPECT_EQ(Reason(status), "SHUTTING_DOWN");
  }
}

}  // namespace
}  // namespace protogres::rpc
