// Blocking calls, their errors, filters and transactions, on a real server.
#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "protogres/client/error_details.pb.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using ::shop::v1::Customer;
using ::shop::v1::CustomerTotal;
using ::shop::v1::Order;
using ::shop::v1::OrderItem;
using ::shop::v1::Product;
using ::testing::HasSubstr;

// What a table has is known when the program is compiled.
static_assert(HasUndelete<Customer>);
static_assert(!HasUndelete<Product>);
static_assert(!HasCreate<CustomerTotal>);
static_assert(HasGet<CustomerTotal>);

TEST(Calls, ReadByKey) {
  const auto customer = Shop().Get<Customer>(7);
  ASSERT_TRUE(customer.ok()) << customer.status();
  EXPECT_EQ(customer->email(), "customer7@example.com");
  EXPECT_EQ(Shop().Get<OrderItem>(5, 1)->product_id(), 139);
  const absl::Status missing = Shop().Get<Customer>(70000).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Reason(missing), kRowNotFound);
}

TEST(Calls, KeysThatDoNotFitAreRefused) {
  EXPECT_THAT(Shop().Get<Customer>("x").status().ToString(),
              HasSubstr("shop.v1.GetCustomerRequest.id takes an integer"));
  EXPECT_THAT(Shop().Get<OrderItem>(1).status().ToString(), HasSubstr("a key of 2 fields, and was given 1"));
  EXPECT_THAT(Shop().Get<OrderItem>(1, int64_t{1} << 40).status().ToString(),
              HasSubstr("line_no takes an integer of 32"));
  EXPECT_THAT(Shop().Get<Customer>(std::numeric_limits<uint64_t>::max()).status().ToString(), HasSubstr("64 bits"));
}

TEST(Calls, WriteAndReadBack) {
  const Client db = Shop();
  const auto made = db.Create(NewCustomer());
  ASSERT_TRUE(made.ok()) << made.status();
  Customer change;
  change.set_id(made->id());
  change.set_full_name("Ada Again");
  EXPECT_EQ(db.Update(change)->full_name(), "Ada Again");
  change.clear_full_name();
  EXPECT_FALSE(db.Update(change, {"born"})->has_born());
  change.set_etag("1-(0,1)");
  EXPECT_EQ(Reason(db.Update(change, {"born"}).status()), kEtagMismatch);
  EXPECT_TRUE(db.Delete<Customer>(made->id())->has_deleted_at());
  EXPECT_FALSE(db.Undelete<Customer>(made->id())->has_deleted_at());
  const Filter mine = PROTOGRES_FIELD(Customer, email) == made->email();
  Customer values;
  values.set_newsletter(true);
  EXPECT_EQ(db.UpdateWhere(mine, values)->affected(), 1);
  EXPECT_EQ(db.DeleteWhere<Customer>(mine)->affected(), 1);
  EXPECT_EQ(db.BatchCreate<Customer>({NewCustomer(), NewCustomer()})->customers_size(), 2);
}

TEST(Calls, ErrorsHaveTheirDetails) {
  Customer customer = NewCustomer();
  customer.set_email("customer7@example.com");
  const Error twice(Shop().Create(customer).status());
  EXPECT_EQ(twice.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(twice.reason(), kUniqueViolation);
  EXPECT_EQ(twice.constraint(), "customer_email_key");
  EXPECT_EQ(twice.table(), "customer");
  EXPECT_EQ(twice.sqlstate(), "23505");
  customer.set_credit_limit("five");
  const Error bad(Shop().Create(customer).status());
  ASSERT_EQ(bad.violations().size(), 1u);
  EXPECT_EQ(bad.violations()[0].field, "customer.credit_limit");
  EXPECT_TRUE(Error(absl::OkStatus()).reason().empty());
}

TEST(Calls, OptionsOfOneCall) {
  const Client db = Shop();
  EXPECT_EQ(db.With({.timeout = -absl::Seconds(1)}).Get<Customer>(7).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(db.With({.stop = stop.get_token()}).Get<Customer>(7).status().code(), absl::StatusCode::kCancelled);
  const auto made = db.With({.make_request_id = true}).Create(NewCustomer());
  EXPECT_TRUE(made.ok()) << made.status();
}

TEST(Connect, SaysWhatIsWrong) {
  const auto error = [](const Options& options) { return Client::Connect(options).status().ToString(); };
  EXPECT_THAT(error({}), HasSubstr("address is empty"));
  EXPECT_THAT(error({.address = "db.example.org:443", .token = TokenText{"t"}}), HasSubstr("in plain text"));
  EXPECT_THAT(error({.address = "x:1", .tls = Tls{.authorities_file = "/nowhere/ca"}}), HasSubstr("/nowhere/ca"));
  EXPECT_THAT(error({.address = "x:1", .tls = Tls{.key_file = "/nowhere/key"}}), HasSubstr("only one of"));
  EXPECT_TRUE(Client::Connect({.address = "127.0.0.1:1", .token = TokenText{"t"}}).ok());
  Options forever;
  forever.address = Demo().address();
  forever.keepalive_time = forever.keepalive_timeout = forever.timeout = absl::InfiniteDuration();
  EXPECT_TRUE(Client::Connect(forever)->Get<Customer>(7).ok());
}

TEST(Filters, HostileValuesStayValues) {
  const Client db = Shop();
  const auto name = PROTOGRES_FIELD(Customer, full_name);
  for (const std::string hostile : {"\" OR id > 0 OR full_name = \"",
                                    "' OR 1=1 --",
                                    "\\",
                                    "\\\"",
                                    "*",
                                    "a*b",
                                    "%_",
                                    "null",
                                    "true",
                                    "12",
                                    "NOT",
                                    ")",
                                    "(",
                                    "\n\r\t",
                                    "-",
                                    "-5",
                                    "\xF0\x9F\x8E\x89",
                                    "AND",
                                    "a.b:c",
                                    "O'Brien",
                                    "\x01"}) {
    Customer customer = NewCustomer();
    customer.set_full_name(hostile);
    const auto made = db.Create(customer);
    ASSERT_TRUE(made.ok()) << made.status();
    int64_t rows = 0;
    auto same = db.List<Customer>(name == hostile && PROTOGRES_FIELD(Customer, email) == made->email());
    for (const Customer& row : same) rows += row.full_name() == hostile;
    EXPECT_TRUE(same.status().ok()) << same.status() << hostile;
    EXPECT_EQ(rows, 1) << hostile;
    auto all = db.List<Customer>(name == hostile);
    for (const Customer& row : all) EXPECT_EQ(row.full_name(), hostile);
    auto starts = db.List<Customer>(name.StartsWith(hostile) && name.Contains(hostile) && name.EndsWith(hostile));
    rows = 0;
    for (const Customer& row : starts) rows += row.full_name() == hostile;
    EXPECT_GE(rows, 1) << hostile << starts.status();
  }
  // What no text of PostgreSQL can hold is refused, not cut.
  for (const std::string& impossible : {std::string("a\0b", 3), std::string("\xFF")}) {
    auto rows = db.List<Customer>(name == impossible);
    rows.begin();
    EXPECT_FALSE(rows.status().ok());
  }
}

int Count(Rows<Product> rows) {
  int count = 0;
  for (const Product& product : rows) count += product.has_id();
  EXPECT_TRUE(rows.status().ok()) << rows.status();
  return count;
}

TEST(Filters, TypedExpressions) {
  const Client db = Shop();
  const auto price = PROTOGRES_FIELD(Product, price);
  const auto weight = PROTOGRES_FIELD(Product, weight_kg);
  const auto id = PROTOGRES_FIELD(Product, id);
  const auto attributes = PROTOGRES_FIELD(Product, attributes);
  const auto categories = PROTOGRES_FIELD(Product, categories);
  EXPECT_EQ(Count(db.List<Product>(id.In({1, 2, 3}))), 3);
  EXPECT_EQ(Count(db.List<Product>(id.In(std::vector<int64_t>()))), 0);
  std::vector<int64_t> many(300);
  for (int i = 0; i < 300; ++i) many[i] = i - 100;
  EXPECT_EQ(Count(db.List<Product>(id.In(many))), 199);
  EXPECT_EQ(Count(db.List<Product>(weight.IsNull() || weight >= 0.0)), 200);
  EXPECT_EQ(Count(db.List<Product>(weight > -1e300 && !(weight < 0.0))) + Count(db.List<Product>(weight.IsNull())),
            200);
  EXPECT_EQ(Count(db.List<Product>(price < "50" && attributes.Key("color") == "red")), 8);
  EXPECT_EQ(Count(db.List<Product>(price < 50 && attributes.Key("color") == "red")), 8);
  EXPECT_EQ(Count(db.List<Product>(attributes.Key("no \"such\" * key") == true)), 0);
  EXPECT_EQ(Count(db.List<Product>(categories.Has("kitchen"))), 80);
  EXPECT_EQ(Count(db.List<Product>(PROTOGRES_FIELD(Product, picture) == Bytes{"\x00\xff"})), 0);
  const auto status = PROTOGRES_FIELD(Order, status);
  auto paid = db.List<Order>(status == ::shop::v1::ORDER_STATUS_PAID &&
                             PROTOGRES_FIELD(Order, placed_at) < google::protobuf::Timestamp());
  for (const Order& order : paid) ADD_FAILURE() << order.ShortDebugString();
  EXPECT_TRUE(paid.status().ok()) << paid.status();
  auto city = db.List<Customer>(PROTOGRES_FIELD(Customer, address().city) == "Wien");
  for (const Customer& customer : city) EXPECT_EQ(customer.address().city(), "Wien");
  EXPECT_TRUE(city.status().ok()) << city.status();
}

// A column's accessor is in lower case, and ends in "_" where it is a word of C++'s.
TEST(Filters, FieldsHaveTheNamesOfTheContract) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("words.proto");
  google::protobuf::DescriptorProto* message = file.add_message_type();
  message->set_name("Words");
  int number = 0;
  for (const char* name : {"class", "createdAt", "plain_", "inner"}) {
    google::protobuf::FieldDescriptorProto* field = message->add_field();
    field->set_name(name);
    field->set_number(++number);
    field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  }
  message->mutable_field(3)->set_type(google::protobuf::FieldDescriptorProto::TYPE_MESSAGE);
  message->mutable_field(3)->set_type_name("Words");
  google::protobuf::DescriptorPool pool;
  const google::protobuf::Descriptor* words = pool.BuildFile(file)->message_type(0);
  EXPECT_EQ(internal::Path(words, "class_"), "class");
  EXPECT_EQ(internal::Path(words, "createdat"), "createdAt");
  EXPECT_EQ(internal::Path(words, "plain_"), "plain_");
  EXPECT_EQ(internal::Path(words, "inner() . inner().class_"), "inner.inner.class");
}

TEST(Transactions, CommitRollbackAndSavepoints) {
  const Client db = Shop();
  auto transaction = db.Begin();
  ASSERT_TRUE(transaction.ok()) << transaction.status();
  const auto kept = transaction->Create(NewCustomer());
  ASSERT_TRUE(kept.ok()) << kept.status();
  ASSERT_TRUE(transaction->Savepoint("before").ok());
  Customer twice = NewCustomer();
  twice.set_email(kept->email());
  EXPECT_EQ(Reason(transaction->Create(twice).status()), kUniqueViolation);
  EXPECT_TRUE(transaction->aborted());
  EXPECT_EQ(Reason(transaction->Get<Customer>(7).status()), "TRANSACTION_ABORTED");
  ASSERT_TRUE(transaction->RollbackTo("before").ok());
  EXPECT_FALSE(transaction->aborted());
  EXPECT_TRUE(transaction->Get<Customer>(7).ok());
  EXPECT_EQ(db.Get<Customer>(kept->id()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(transaction->Commit().ok());
  EXPECT_TRUE(db.Get<Customer>(kept->id()).ok());
  EXPECT_EQ(transaction->Get<Customer>(7).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Transactions, WhatIsNotCommittedIsRolledBack) {
  const Client db = Shop();
  int64_t id = 0;
  {
    auto transaction = db.Begin();
    id = transaction->Create(NewCustomer())->id();
  }
  EXPECT_EQ(db.Get<Customer>(id).status().code(), absl::StatusCode::kNotFound);
  auto transaction = db.Begin();
  id = transaction->Create(NewCustomer())->id();
  EXPECT_TRUE(transaction->Rollback().ok());
  EXPECT_EQ(db.Get<Customer>(id).status().code(), absl::StatusCode::kNotFound);
}

TEST(Transactions, ListsPageByPage) {
  auto transaction = Shop().Begin();
  ::shop::v1::ListProductsRequest request;
  request.set_page_size(60);
  EXPECT_EQ(Count(transaction->List<Product>(request)), 200);
}

absl::Status Exhausted(int retry_seconds) {
  absl::Status status = absl::ResourceExhaustedError("the queue is full");
  client::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_seconds);
  if (retry_seconds > 0)
    status.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord(retry.SerializeAsString()));
  return status;
}

TEST(Retries, WaitAtLeastAsLongAsTheyAreTold) {
  internal::Attempts attempts({.max_attempts = 4}, absl::InfiniteFuture());
  EXPECT_LE(*attempts.Next(absl::UnavailableError(""), std::nullopt), absl::Milliseconds(100));
  EXPECT_GE(*attempts.Next(Exhausted(7), std::nullopt), absl::Seconds(7));
  EXPECT_GE(*attempts.Next(absl::UnavailableError(""), absl::Seconds(9)), absl::Seconds(9));
  EXPECT_FALSE(attempts.Next(absl::UnavailableError(""), std::nullopt).has_value());
  internal::Attempts late({}, absl::Now() + absl::Seconds(5));
  EXPECT_FALSE(late.Next(Exhausted(7), std::nullopt).has_value());
}

TEST(Retries, OnlyOfWhatAnotherAttemptMayNotMeet) {
  EXPECT_TRUE(internal::Transient(absl::UnavailableError(""), std::nullopt));
  EXPECT_FALSE(internal::Transient(absl::UnavailableError(""), absl::Milliseconds(-1)));
  EXPECT_TRUE(internal::Transient(Exhausted(1), std::nullopt));
  EXPECT_TRUE(internal::Transient(Exhausted(0), absl::Milliseconds(5)));
  EXPECT_FALSE(internal::Transient(Exhausted(0), std::nullopt));  // such as an answer that is too large
  EXPECT_FALSE(internal::Transient(absl::AbortedError(""), std::nullopt));
  EXPECT_TRUE(internal::WorthRunningAgain(absl::AbortedError(""), false));
  EXPECT_FALSE(internal::WorthRunningAgain(absl::UnavailableError(""), true));
  EXPECT_FALSE(internal::WorthRunningAgain(internal::InDoubt(absl::UnavailableError("")), false));
}

}  // namespace
}  // namespace protogres::testing
