// The tree of rows that a Create with related rows writes.
#include "crud/nested.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "status/status.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kOrders = 100'000;
constexpr int kCustomer = 100'001;

contract::Field Field(const std::string& name, int number) {
  contract::Field field;
  field.name = field.column = name;
  field.number = number;
  field.type.kind = contract::Kind::kInt64;
  field.type.sql_type = field.type.element_sql_type = R"("pg_catalog"."int8")";
  field.insertable = true;
  return field;
}

contract::Table MakeTable(const std::string& message, const std::vector<std::string>& fields) {
  contract::Table table;
  table.name = table.row_field = message;
  table.sql_name = "\"" + message + "\"";
  table.package = "shop.v1";
  table.message = message;
  table.key = {0};
  table.methods = {contract::MethodKind::kCreate};
  int number = 0;
  for (const std::string& field : fields) table.fields.push_back(Field(field, ++number));
  return table;
}

std::string Value(int number, std::uint64_t value) {
  std::string bytes;
  wire::AppendVarintField(number, value, &bytes);
  return bytes;
}
std::string Message(int number, const std::string& message) {
  std::string bytes;
  wire::AppendBytesField(number, message, &bytes);
  return bytes;
}

// Customer (id, name) and Order (id, customer_id, n), which refers to it.
contract::Contract MakeContract() {
  contract::Contract contract;
  contract.tables = {MakeTable("Customer", {"id", "name"}), MakeTable("Order", {"id", "customer_id", "n"})};
  contract::Relation& orders = contract.tables[0].relations.emplace_back();
  orders.name = "orders";
  orders.number = kOrders;
  orders.target = 1;
  orders.many = orders.reverse = true;
  orders.fields = {0};
  orders.target_fields = {1};
  contract::Relation& customer = contract.tables[1].relations.emplace_back();
  customer.name = "customer";
  customer.number = kCustomer;
  customer.fields = {1};
  customer.target_fields = {0};
  return contract;
}

class NestedTest : public testing::Test {
 protected:
  // The tree of an Order of these bytes.
  absl::StatusOr<std::unique_ptr<NestedRows>> Plan(const std::string& bytes) {
    wire::RelatedInput::Count count = {.most = 10};
    wire::RelatedInput related(&count);
    const auto row = wire::DecodeRow(contract_, contract_.tables[1], bytes, "order", &related);
    if (!row.ok()) return row.status();
    return PlanNested(order_, {{.field = 2, .value = "1"}}, related, "order");
  }
  std::string Error(const std::string& bytes) { return std::string(Plan(bytes).status().message()); }

  contract::Contract contract_ = MakeContract();
  Limits limits_;
  BoundTable order_{contract_, contract_.tables[1], limits_};
};

TEST_F(NestedTest, RowsOfARelationAreOneLevel) {
  const std::string orders = Message(kOrders, Value(3, 7)) + Message(kOrders, Value(3, 8));
  const auto tree = Plan(Message(kCustomer, orders + Value(1, 5)));
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(CountRows(**tree), 4u);
  EXPECT_THAT((*tree)->after, SizeIs(0));
  ASSERT_THAT((*tree)->before, SizeIs(1));
  const NestedRows& customer = (*tree)->before[0];
  EXPECT_EQ(customer.rows[0][0].value, "5");
  EXPECT_THAT(customer.before, SizeIs(0));
  ASSERT_THAT(customer.after, SizeIs(1));
  ASSERT_THAT(customer.after[0].rows, SizeIs(2));
  EXPECT_EQ(customer.after[0].rows[1][0].value, "8");
  EXPECT_EQ(customer.after[0].places[1].index, 1u);
}

TEST_F(NestedTest, TreesOfABatchBecomeOne) {
  const auto one = Plan(Message(kCustomer, Value(1, 5)));
  const auto other = Plan(Message(kCustomer, Value(1, 6) + Message(kOrders, "")));
  ASSERT_TRUE(one.ok() && other.ok());
  NestedRows tree;
  tree.bound = &order_;
  Merge(OfOneRow(order_, {}), &tree);
  Merge(std::move(**one), &tree);
  Merge(std::move(**other), &tree);
  EXPECT_THAT(tree.rows, SizeIs(3));
  ASSERT_THAT(tree.before, SizeIs(1));
  const NestedRows& customers = tree.before[0];
  ASSERT_THAT(customers.rows, SizeIs(2));
  EXPECT_EQ(customers.places[0].above, 1u);
  EXPECT_EQ(customers.places[1].above, 2u);
  ASSERT_THAT(customers.after, SizeIs(1));
  EXPECT_EQ(customers.after[0].places[0].above, 1u);
  EXPECT_EQ(CountRows(tree), 6u);
}

TEST_F(NestedTest, ErrorsNameThePath) {
  EXPECT_THAT(Error(Message(kCustomer, Message(kOrders, "") + Message(kOrders, Message(3, "x")))),
              HasSubstr("order.customer.orders[1].n: wire type 2"));
  EXPECT_THAT(Error(Message(kCustomer, "\x0f")), HasSubstr("order.customer: malformed"));
  std::string deep;
  for (int i = 0; i < 3; ++i) deep = Message(kCustomer, Message(kOrders, deep));
  EXPECT_THAT(Error(deep), HasSubstr("is below more than 5 relations"));
  std::string many;
  for (int i = 0; i < 10; ++i) many += Message(kOrders, "");
  EXPECT_THAT(Error(Message(kCustomer, many)), HasSubstr("order.customer.orders: makes more than 10 related rows"));
}

TEST_F(NestedTest, WhatCannotBeWrittenIsTold) {
  contract_.tables[0].methods.clear();
  EXPECT_THAT(Error(Message(kCustomer, "")), HasSubstr("order.customer: cannot be written: this API has no Create"));
  contract_.tables[0].methods = {contract::MethodKind::kCreate};
  contract_.tables[1].fields[1].insertable = false;
  const auto failed = Plan(Message(kCustomer, ""));
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("order.customer: column \"customer_id\""));
  EXPECT_EQ(status::ReasonOf(failed.status()), status::kReadOnlyField);
}

}  // namespace
}  // namespace protogres::crud
