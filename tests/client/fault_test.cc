// Servers that are killed and started again, and connections that are cut, in the middle of what a client does.
#include <optional>
#include <set>
#include <thread>

#include "cutter.h"
#include "gmock/gmock.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using ::shop::v1::Customer;
using ::shop::v1::Order;
using ::shop::v1::Product;

// A server of its own on the demo's database, behind a network that can be cut.
class Faults : public ::testing::Test {
 protected:
  Faults() {
    Demo();
    StartServer();
    cutter_.emplace(server_->port());
    db_.emplace(ConnectTo(cutter_->address()));
  }

  void StartServer() {
    server_.emplace(std::vector<std::string>{"serve", "--database=" + DemoDatabase(), "--listen=127.0.0.1:0"});
    if (cutter_.has_value()) cutter_->SetServer(server_->port());
  }
  // Kills the server at once, and starts another one after a moment.
  void Restart() {
    server_->Kill();
    server_.reset();
    StartServer();
  }

  void CutTheNextAnswer() {
    // What gRPC says of windows and pings goes before.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cutter_->CutAfter(1);
  }

  std::optional<Process> server_;
  std::optional<Cutter> cutter_;
  std::optional<Client> db_;
};

TEST_F(Faults, AReadIsSentAgain) {
  ASSERT_TRUE(db_->Get<Product>(1).ok());
  std::thread reader([this] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(db_->Get<Product>(1).ok());
  });
  Restart();
  reader.join();
  EXPECT_TRUE(db_->Get<Product>(1).ok());
}

TEST_F(Faults, AWriteIsSentAgainOnlyWithARequestId) {
  ASSERT_TRUE(db_->Get<Product>(1).ok());
  server_->Kill();
  EXPECT_EQ(db_->Create(NewCustomer()).status().code(), absl::StatusCode::kUnavailable);
  ::shop::v1::CreateCustomerRequest request;
  *request.mutable_customer() = NewCustomer();
  request.set_request_id("one");
  absl::Status status;
  std::thread writer([&] { status = db_->Create<Customer>(request).status(); });
  server_.reset();
  StartServer();
  writer.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(Faults, AWriteWhoseAnswerIsCutIsDoneOnce) {
  ASSERT_TRUE(db_->Get<Product>(1).ok());
  const Customer customer = NewCustomer();
  CutTheNextAnswer();
  const auto made = db_->With({.make_request_id = true}).Create(customer);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(cutter_->cuts(), 1);
  EXPECT_EQ(made->email(), customer.email());
}

TEST_F(Faults, AStreamGoesOnAfterTheServerWasRestarted) {
  std::multiset<int64_t> ids;
  ::shop::v1::StreamOrdersRequest request;
  request.set_page_size(50);
  request.set_filter("id <= 3000");
  auto orders = db_->Stream<Order>(request);
  for (const Order& order : orders) {
    ids.insert(order.id());
    if (ids.size() == 120) Restart();
  }
  EXPECT_TRUE(orders.status().ok()) << orders.status();
  EXPECT_EQ(ids.size(), 3000u);
  EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), 3000u);
}

TEST_F(Faults, AListGoesOnAfterTheServerWasRestarted) {
  size_t count = 0;
  ::shop::v1::ListOrdersRequest request;
  request.set_page_size(500);
  request.set_filter("id <= 3000");
  auto orders = db_->List<Order>(request);
  for (const Order& order : orders) {
    count += order.has_id();
    if (count == 700) Restart();
  }
  EXPECT_TRUE(orders.status().ok()) << orders.status();
  EXPECT_EQ(count, 3000u);
}

// Cuts after any number of bytes: every row comes once.
TEST_F(Faults, AStreamSurvivesCuts) {
  ::shop::v1::StreamOrdersRequest request;
  request.set_page_size(40);
  request.set_filter("id <= 3000");
  std::multiset<int64_t> ids;
  auto orders = db_->Stream<Order>(request);
  cutter_->CutAfter(3000);
  for (const Order& order : orders) {
    ids.insert(order.id());
    if (ids.size() % 400 == 0) cutter_->CutAfter(1500 + static_cast<int64_t>(ids.size()) * 3);
  }
  EXPECT_TRUE(orders.status().ok()) << orders.status();
  EXPECT_EQ(ids.size(), 3000u);
  EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), 3000u);
  // How many there are depends on what is under way already when the next one is asked for.
  EXPECT_GE(cutter_->cuts(), 1);
}

TEST_F(Faults, AnAsyncStreamSurvivesCuts) {
  const auto read = [this](AsyncClient db) -> Task<size_t> {
    ::shop::v1::StreamOrdersRequest request;
    request.set_page_size(40);
    request.set_filter("id <= 3000");
    auto orders = db.Stream<Order>(request);
    // The first one comes for certain; later ones only where not all has come already.
    cutter_->CutAfter(3000);
    std::set<int64_t> ids;
    size_t count = 0;
    while (true) {
      auto rows = co_await orders.Next();
      EXPECT_TRUE(rows.ok()) << rows.status();
      if (!rows.ok() || rows->empty()) break;
      for (const Order& order : *rows) ids.insert(order.id());
      count += static_cast<size_t>(rows->size());
      if (count % 400 == 0) cutter_->CutAfter(1500);
    }
    EXPECT_EQ(ids.size(), count);
    co_return count;
  };
  EXPECT_EQ(Wait(read(db_->async())), 3000u);
  // How many there are depends on what is under way already when the next one is asked for.
  EXPECT_GE(cutter_->cuts(), 1);
}

TEST_F(Faults, ATransactionWhoseServerDiesIsRolledBack) {
  auto transaction = db_->Begin();
  ASSERT_TRUE(transaction.ok()) << transaction.status();
  const auto made = transaction->Create(NewCustomer());
  ASSERT_TRUE(made.ok());
  Restart();
  // The end is noticed before the commit is sent: nothing is in doubt.
  absl::Status status;
  for (int i = 0; i < 500 && status.ok(); ++i) {
    status = transaction->Get<Customer>(7).status();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(transaction->Commit().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(transaction->commit_sent());
  EXPECT_EQ(db_->Get<Customer>(made->id()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(Faults, ACommitWithoutAnAnswerIsInDoubt) {
  auto transaction = db_->Begin();
  ASSERT_TRUE(transaction->Create(NewCustomer()).ok());
  CutTheNextAnswer();
  const absl::Status status = transaction->Commit();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown) << status;
  EXPECT_EQ(Reason(status), kCommitInDoubt);
  EXPECT_TRUE(transaction->commit_sent());
}

TEST_F(Faults, RunInTransactionNeverRepeatsACommitInDoubt) {
  int runs = 0;
  const absl::Status status = db_->RunInTransaction([&](Transaction& transaction) -> absl::Status {
    ++runs;
    const auto made = transaction.Create(NewCustomer());
    CutTheNextAnswer();
    return made.status();
  });
  EXPECT_EQ(Reason(status), kCommitInDoubt) << status;
  EXPECT_EQ(runs, 1);
}

TEST_F(Faults, RunInTransactionBeginsAgainOnAnotherServer) {
  int runs = 0;
  const absl::StatusOr<Customer> made =
      db_->RunInTransaction([&](Transaction& transaction) -> absl::StatusOr<Customer> {
        absl::StatusOr<Customer> row = transaction.Create(NewCustomer());
        if (++runs == 1) {
          Restart();
          row = transaction.Create(NewCustomer());
        }
        return row;
      });
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(db_->Get<Customer>(made->id()).ok());
}

// Two transactions that read what the other writes: one is ABORTED, and done again.
TEST_F(Faults, RunInTransactionRepeatsWhatLost) {
  v1::TransactionOptions options;
  options.set_isolation(v1::ISOLATION_SERIALIZABLE);
  int runs = 0;
  const auto work = [&](Transaction& transaction) -> absl::StatusOr<Customer> {
    absl::StatusOr<Customer> customer = transaction.Get<Customer>(21);
    if (!customer.ok()) return customer;
    Customer change;
    change.set_id(21);
    change.set_full_name(customer->full_name() + "+");
    if (++runs == 1) {
      EXPECT_TRUE(Shop().Update(change).ok());
    }
    return transaction.Update(change);
  };
  const std::string before = Shop().Get<Customer>(21)->full_name();
  const absl::StatusOr<Customer> changed = db_->RunInTransaction(work, options);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(changed->full_name(), before + "++");

  int async_runs = 0;
  const auto async_work = [&](AsyncTransaction& transaction) -> Task<absl::StatusOr<Customer>> {
    absl::StatusOr<Customer> customer = co_await transaction.Get<Customer>(22);
    Customer change;
    change.set_id(22);
    change.set_full_name(customer->full_name() + "+");
    if (++async_runs == 1) (void)Shop().Update(change);
    co_return co_await transaction.Update(change);
  };
  EXPECT_TRUE(Wait(db_->async().RunInTransaction(async_work, options)).ok());
  EXPECT_EQ(async_runs, 2);
}

TEST_F(Faults, AnImportThatIsCutWritesNothing) {
  std::vector<Customer> rows;
  for (int i = 0; i < 5000; ++i) rows.push_back(NewCustomer());
  ImportOptions options;
  options.rows_per_message = 100;
  options.progress = [this](int64_t sent) {
    if (sent == 2000) cutter_->Cut();
  };
  const auto imported = db_->Import<Customer>(rows, options);
  EXPECT_FALSE(imported.ok());
  EXPECT_EQ(Psql("SELECT count(*) FROM shop.customer WHERE email = '" + rows[0].email() + "'"), "0");
  EXPECT_EQ(*db_->Import<Customer>(rows), 5000);
}

TEST_F(Faults, WithoutAServerACallEndsAtOnce) {
  cutter_->SetServer(0);
  cutter_->Cut();
  Options options;
  options.address = cutter_->address();
  options.retry.max_attempts = 2;
  const auto db = Client::Connect(options);
  EXPECT_EQ(db->Get<Product>(1).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(db->Begin().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Wait(db->async().Begin()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(db->WaitUntilConnected(absl::Milliseconds(100)).code(), absl::StatusCode::kDeadlineExceeded);
  auto rows = db->Stream<Product>();
  for (const Product& row : rows) ADD_FAILURE() << row.id();
  EXPECT_EQ(rows.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(Faults, BalancingFollowsTheServersHealth) {
  Options options;
  options.address = "ipv4:127.0.0.1:1," + cutter_->address();
  options.balance = true;
  options.retry.max_attempts = 30;
  const auto db = Client::Connect(options);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(db->Get<Product>(1).ok());
}

}  // namespace
}  // namespace protogres::testing
