// Servers that have no room for a call, and say when to come again.
#include <atomic>
#include <chrono>
#include <thread>

#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using ::shop::v1::Customer;
using ::shop::v1::ListProductsRequest;
using ::shop::v1::Product;

Client ClientOf(const Process& server, int max_attempts) {
  Options options;
  options.address = server.address();
  options.timeout = options.transaction_timeout = absl::Seconds(100);
  options.retry = {.max_attempts = max_attempts, .initial_backoff = absl::Milliseconds(1)};
  return *Client::Connect(options);
}

std::vector<std::string> Serve(const std::vector<std::string>& more) {
  std::vector<std::string> options = {"serve", "--database=" + DemoDatabase(), "--listen=127.0.0.1:0"};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

ListProductsRequest OneRow() {
  ListProductsRequest request;
  request.set_page_size(1);
  return request;
}

// Its one connection waits for a lock, and its queue is full.
class Full : public ::testing::Test {
 protected:
  Full() {
    ::shop::v1::GetCustomerRequest lock;
    lock.set_id(41);
    lock.set_lock("FOR UPDATE");
    EXPECT_TRUE(holder_->Get<Customer>(lock).ok());
    Customer change;
    change.set_id(41);
    change.set_newsletter(true);
    Wait(patient_.async().Update(change));
    while (refused_.code() != absl::StatusCode::kResourceExhausted) {
      // One after the other, until there is no room for the next.
      Wait(patient_.async().ListPage<Product>(OneRow()));
      refused_ = impatient_.With({.timeout = absl::Milliseconds(200)}).ListPage<Product>(OneRow()).status();
    }
  }
  ~Full() override {
    Free();
    while (ended_ < waiting_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(answered_, waiting_);
  }

  // Lets a call wait for its answer.
  template <class Row>
  void Wait(Task<absl::StatusOr<Row>> call) {
    ++waiting_;
    Start(std::move(call), [this](const auto& row) {
      answered_ += row.ok();
      ++ended_;
    });
  }
  void Free() { holder_ = absl::CancelledError(); }

  const Process server_{Serve({"--pool_size=1", "--max_overflow=0", "--queue_size=4", "--pool_timeout=90s"})};
  const Client patient_ = ClientOf(server_, 1000);
  const Client impatient_ = ClientOf(server_, 1);
  absl::StatusOr<Transaction> holder_ = Shop().Begin();
  absl::Status refused_;
  int waiting_ = 0;
  std::atomic<int> answered_ = 0;
  std::atomic<int> ended_ = 0;
};

TEST_F(Full, TheErrorSaysWhenToComeAgain) {
  const Error error(refused_);
  EXPECT_EQ(error.reason(), "QUEUE_FULL");
  ASSERT_TRUE(error.retry_delay().has_value());
  const auto stub =
      ::shop::v1::ProductService::NewStub(grpc::CreateChannel(server_.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  ::shop::v1::ListProductsResponse response;
  EXPECT_FALSE(stub->ListProducts(&context, OneRow(), &response).ok());
  EXPECT_EQ(internal::Pushback(context), error.retry_delay());
}

TEST_F(Full, ARefusedReadIsSentAgainWhenTheServerSays) {
  const absl::Time begin = absl::Now();
  absl::Time end;
  std::thread reader([&] {
    EXPECT_TRUE(patient_.ListPage<Product>(OneRow()).ok());
    end = absl::Now();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Free();
  reader.join();
  EXPECT_GE(end - begin, *Error(refused_).retry_delay());
}

TEST(Overload, ATransactionWaitsUntilThereIsRoomForIt) {
  const Process server(Serve({"--max_sessions=1"}));
  const Client patient = ClientOf(server, 1000);
  auto holder = patient.Begin();
  ASSERT_TRUE(holder.ok()) << holder.status();
  const Error refused(ClientOf(server, 1).Begin().status());
  EXPECT_EQ(refused.reason(), "TOO_MANY_SESSIONS");
  EXPECT_TRUE(refused.retry_delay().has_value());
  const auto work = [](Transaction& transaction) { return transaction.Get<Product>(1).status(); };
  const auto async_work = [](AsyncTransaction& transaction) -> Task<absl::Status> {
    co_return (co_await transaction.Get<Product>(1)).status();
  };
  std::thread blocking([&] { EXPECT_EQ(patient.RunInTransaction(work), absl::OkStatus()); });
  std::thread async(
      [&] { EXPECT_EQ(protogres::Wait(patient.async().RunInTransaction(async_work)), absl::OkStatus()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_TRUE(holder->Rollback().ok());
  blocking.join();
  async.join();
}

}  // namespace
}  // namespace protogres::testing
