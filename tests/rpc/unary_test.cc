// Unary calls through the real server: answers, errors, limits, deadlines, cancellation.
#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rpc/fixture.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

status::ServerError Sql(const std::string& sqlstate, const std::string& message) {
  return {.sqlstate = sqlstate, .message = message, .position = "8"};
}

class RpcUnaryTest : public RpcTest {};

TEST_F(RpcUnaryTest, Answers) {
  Start();
  const Reply reply = Call();
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_THAT(reply.message, testing::StartsWith(std::string("\x08\x01\x12\x03one")));
}

TEST_F(RpcUnaryTest, AnswersOfEverySizeAreWhole) {
  Start();
  for (const std::size_t size : {0, 1, 1000, 1014, 1015, 1016, 1023, 1024, 1025, 70000, 10'000'000}) {
    const std::string name(size, 'n');
    database_.SetScript([name] { return Item(name); });
    const Reply reply = Call();
    ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
    EXPECT_THAT(reply.message.size(), testing::Gt(size));
    EXPECT_NE(reply.message.find(name), std::string::npos);
  }
}

TEST_F(RpcUnaryTest, ManyAtOnceWhileTheApiIsSwapped) {
  options_.completion_queues = 2;
  pool_options_.pool_size = 4;
  Start();
  std::atomic<int> good{0};
  std::atomic<bool> end{false};
  std::vector<std::thread> clients;
  constexpr int kClients = 6, kCalls = 50;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      const auto channel = NewChannel();
      for (int j = 0; j < kCalls; ++j) good += CallUnary(channel, kGetItem, GetRequest()).status.ok();
    });
  }
  std::thread swap([&] {
    while (!end) {
      server_->SetApi(MakeApi({"item", "other"}));
      server_->SetApi(MakeApi({"item"}));
    }
  });
  for (auto& client : clients) client.join();
  end = true;
  swap.join();
  EXPECT_EQ(good, kClients * kCalls);
}

TEST_F(RpcUnaryTest, UnknownMethodsSayWhatThereIs) {
  Start();
  server_->SetApi(MakeApi({"item", "invoice", "zebra"}));
  Reply reply = Call("/shop.v1.ItemService/FetchItem");
  EXPECT_EQ(reply.status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Reason(reply.status), "UNKNOWN_METHOD");
  EXPECT_THAT(reply.status.error_message(),
              AllOf(HasSubstr("shop.v1.ItemService"), HasSubstr("\"FetchItem\""), HasSubstr("GetItem")));
  reply = Call("/shop.v1.ItemsService/GetItem");
  EXPECT_EQ(reply.status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(reply.status.error_message(), HasSubstr("the nearest are shop.v1.ItemService"));
  EXPECT_EQ(Call("/grpc.health.v1.Health/List").status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(Call("/grpc.health.v1.Health/List").status.error_message(), HasSubstr("it has Check, Watch"));
  for (const std::string& path : {std::string("/"), std::string("//"), std::string("/x"), std::string("/a/b/c/"),
                                  "/" + std::string(7000, 'x') + "/y"}) {
    EXPECT_EQ(Call(path).status.error_code(), StatusCode::UNIMPLEMENTED) << path;
  }
}

TEST_F(RpcUnaryTest, WithoutAnApiItSaysWhy) {
  Start();
  server_->SetApi(nullptr, "the database \"shop\" is not there");
  Reply reply = Call();
  EXPECT_EQ(reply.status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(reply.status.error_message(), "the database \"shop\" is not there");
  EXPECT_EQ(Reason(reply.status), "NOT_READY");
  for (const char* path : {"/protogres.v1.TransactionService/Session", "/protogres.v1.TransactionService/Transact",
                           "/protogres.v1.TransactionService/Of_A_Later_Version", "/grpc.v1.Schema/GetIt"}) {
    EXPECT_EQ(Call(path).status.error_code(), StatusCode::UNAVAILABLE) << path << ": a client takes others for final";
  }
  EXPECT_EQ(Call("/grpc.health.v1.Health/List").status.error_code(), StatusCode::UNIMPLEMENTED);
  server_->SetApi(MakeApi({"item"}));
  EXPECT_TRUE(Call().status.ok());
}

TEST_F(RpcUnaryTest, NoRequestIsAnError) {
  Start();
  ClientStream stream(channel_, kGetItem);
  stream.WritesDone();
  const auto status = stream.Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Reason(status), "NO_REQUEST");
  EXPECT_EQ(database_.counts().executed, 0);
}

TEST_F(RpcUnaryTest, FurtherRequestsAreIgnored) {
  Start();
  ClientStream stream(channel_, kGetItem);
  std::string message;
  EXPECT_TRUE(stream.Write(GetRequest()));
  stream.Write(GetRequest());
  EXPECT_TRUE(stream.Read(&message));
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(database_.counts().executed, 1);
}

TEST_F(RpcUnaryTest, MalformedBytesAreAnError) {
  Start();
  const Reply reply = Call(kGetItem, "\xff\xff\xff");
  EXPECT_EQ(reply.status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(database_.counts().executed, 0);
}

TEST_F(RpcUnaryTest, LimitsOnMessages) {
  options_.max_receive_message_bytes = 1000;
  options_.max_send_message_bytes = 5000;
  Start();
  Reply reply = Call(kGetItem, std::string(1001, 'x'));
  EXPECT_EQ(reply.status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << reply.status.error_message();
  EXPECT_THAT(reply.status.error_message(), HasSubstr("1001"));
  database_.SetScript([] { return Item(std::string(6000, 'x')); });
  reply = Call();
  EXPECT_EQ(reply.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Reason(reply.status), "ANSWER_TOO_LARGE");
  AnswerOne();
  EXPECT_TRUE(Call().status.ok());
}

TEST_F(RpcUnaryTest, ErrorsComeWithTheirDetails) {
  Start();
  database_.SetScript([]() -> absl::StatusOr<db::Rows> { return status::ToStatus(Sql("23505", "duplicate key\n%é")); });
  const Reply reply = Call();
  EXPECT_EQ(reply.status.error_code(), StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(reply.status.error_message(), HasSubstr("duplicate key\n%é"));
  EXPECT_THAT(Reason(reply.status), Not(""));
  EXPECT_EQ(catalog_moved_, 0);
}

TEST_F(RpcUnaryTest, AHugeErrorStillArrives) {
  Start();
  database_.SetScript(
      []() -> absl::StatusOr<db::Rows> { return status::BadRequest("filter", std::string(200'000, '\n'), "HUGE"); });
  const Reply reply = Call();
  EXPECT_EQ(reply.status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(reply.status.error_message(), testing::StartsWith("filter: "));
  EXPECT_EQ(Reason(reply.status), "HUGE");
}

TEST_F(RpcUnaryTest, AMovedCatalogIsReported) {
  Start();
  database_.SetScript([]() -> absl::StatusOr<db::Rows> { return status::ToStatus(Sql("42703", "no column \"x\"")); });
  EXPECT_EQ(Call().status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(catalog_moved_, 1);
}

TEST_F(RpcUnaryTest, AnExceptionEndsOneCallOnly) {
  Start();
  database_.SetScript([]() -> absl::StatusOr<db::Rows> { throw std::runtime_error("out of luck"); });
  EXPECT_EQ(Call().status.error_code(), StatusCode::INTERNAL);
  AnswerOne();
  EXPECT_TRUE(Call().status.ok());
}

TEST_F(RpcUnaryTest, WithoutTheDatabaseCallsFailAtOnce) {
  Start();
  database_.SetConnecting(absl::UnavailableError("no server there"));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Call().status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  database_.SetConnecting(absl::OkStatus());
  EXPECT_TRUE(Eventually([this] { return Call().status.ok(); }));
}

TEST_F(RpcUnaryTest, CancellingReachesTheStatement) {
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  grpc::ClientContext context;
  auto call = CallAsync(&context);
  ASSERT_TRUE(database_.AwaitBlocked(1));
  context.TryCancel();
  EXPECT_EQ(call.get().status.error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([this] { return database_.counts().asked > 0; }));
  AnswerOne();
  EXPECT_TRUE(Call().status.ok());
}

TEST_F(RpcUnaryTest, ADeadlineReachesTheStatement) {
  Start();
  database_.SetScript(database_.Blocking(Item("released")));
  // On a slow machine a deadline may pass before its statement has begun.
  EXPECT_TRUE(Eventually([this] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + milliseconds(200));
    EXPECT_EQ(CallAsync(&context).get().status.error_code(), StatusCode::DEADLINE_EXCEEDED);
    return database_.counts().asked > 0;
  }));
  AnswerOne();
  EXPECT_TRUE(Call().status.ok());
}

class RpcQueueTest : public RpcTest {
 protected:
  RpcQueueTest() {
    options_.workers = 1;
    options_.queue_size = 1;
  }
  // One call runs and blocks the only worker.
  void StartBlocked() {
    Start();
    database_.SetScript(database_.Blocking(Item("released")));
    running_ = CallAsync();
    ASSERT_TRUE(database_.AwaitBlocked(1));
  }
  void EndBlocked() {
    database_.Release();
    EXPECT_TRUE(running_.get().status.ok());
  }
  std::future<Reply> running_;
};

TEST_F(RpcQueueTest, AFullQueueRefuses) {
  StartBlocked();
  std::atomic<int> refused{0};
  std::vector<std::future<Reply>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::async(std::launch::async, [&] {
      Reply reply = Call();
      if (Reason(reply.status) == "QUEUE_FULL") ++refused;
      return reply;
    }));
  }
  EXPECT_TRUE(Eventually([&] { return refused == 2; }));
  EndBlocked();
  int good = 0;
  for (auto& call : calls) {
    const Reply reply = call.get();
    good += reply.status.ok();
    EXPECT_TRUE(reply.status.ok() || reply.status.error_code() == StatusCode::RESOURCE_EXHAUSTED);
  }
  EXPECT_EQ(good, 1);
}

TEST_F(RpcQueueTest, WaitingTooLongIsRefusedWhileTheWorkersAreBlocked) {
  options_.queue_timeout = milliseconds(100);
  StartBlocked();
  const Reply reply = Call();
  EXPECT_EQ(reply.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Reason(reply.status), "POOL_TIMEOUT");
  EndBlocked();
  EXPECT_EQ(database_.counts().executed, 1);
}

TEST_F(RpcQueueTest, ACancelledRequestLeavesTheQueueAtOnce) {
  StartBlocked();
  for (int i = 0; i < 5; ++i) {
    // Never QUEUE_FULL: each makes room for the next, though the server may learn of it a little later.
    EXPECT_TRUE(Eventually([&] {
      grpc::ClientContext next;
      next.set_deadline(std::chrono::system_clock::now() + milliseconds(50));
      return CallUnary(channel_, kGetItem, GetRequest(), &next).status.error_code() == StatusCode::DEADLINE_EXCEEDED;
    }));
  }
  EndBlocked();
  EXPECT_TRUE(Call().status.ok());
  // The last of the five may slip in: its deadline comes to the server a little later than to the client.
  EXPECT_LE(database_.counts().executed, 3);
}

}  // namespace
}  // namespace protogres::rpc
