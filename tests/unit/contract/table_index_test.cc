// Tables found by the names of their services, messages and methods.
#include "contract/table_index.h"

#include <set>
#include <string>

#include "catalog_builder.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

class TableIndexTest : public ::testing::Test {
 protected:
  // Names that are made like those of other tables' messages, and some without a key or a plural of their own.
  static Contract MakeContract() {
    CatalogBuilder builder;
    for (const char* name :
         {"customers", "customer", "customers_where", "get_customer_request", "request", "response", "service", "batch",
          "batch_get", "get", "news", "list_customers_response", "customer_service", "where", "a"}) {
      auto& relation = builder.Table(name);
      builder.Column(relation, "x", "text");
      if (std::string(name).starts_with("c")) builder.Column(relation, "deleted_at", "timestamptz");
      if (std::string(name) == "news") relation.key.clear();
    }
    builder.Table("customer", "other");
    builder.Column(builder.Table("typed"), "mood", builder.Enum("mood", {"ok"}));
    return builder.Derive();
  }

  const Contract contract_ = MakeContract();
  const TableIndex index_{contract_.tables};
};

TEST_F(TableIndexTest, FindsAllThatTheFilesDeclareAndNothingElse) {
  for (std::size_t i = 0; i < contract_.tables.size(); ++i) {
    const Table& table = contract_.tables[i];
    const auto file = TableFile(contract_, table);
    const int index = static_cast<int>(i);
    EXPECT_EQ(index_.FindService(table.package + "." + file.service(0).name()), index);
    EXPECT_EQ(index_.FindDeclaring(table.package + "." + file.service(0).name()), index);
    std::set<std::string> declared;
    for (const auto& message : file.message_type()) {
      EXPECT_EQ(index_.FindDeclaring(table.package + "." + message.name()), index) << message.name();
      declared.insert(message.name());
    }
    ASSERT_TRUE(table.rows_apart);
    EXPECT_EQ(index_.FindDeclaring(table.FullMessage()), index);
    declared.insert(table.message);
    // Those of methods that the table does not have.
    for (const std::string& name : NamesOf(table.message, table.plural)) {
      if (declared.contains(name) || name == file.service(0).name()) continue;
      EXPECT_EQ(index_.FindDeclaring(table.package + "." + name), -1) << name;
    }
  }
}

TEST_F(TableIndexTest, FindsTheMethodOfARequest) {
  for (std::size_t i = 0; i < contract_.tables.size(); ++i) {
    for (const Method& method : MethodsOf(contract_.tables[i])) {
      const auto found = index_.FindRequest(method.request);
      ASSERT_TRUE(found.has_value()) << method.request;
      EXPECT_EQ(found->table, static_cast<int>(i)) << method.request;
      EXPECT_EQ(found->kind, method.kind) << method.request;
    }
  }
}

TEST_F(TableIndexTest, FindsTheTableAroundAFieldOrMethod) {
  const int customer = index_.FindDeclaring("shop.v1.Customer");
  ASSERT_GE(customer, 0);
  for (const char* name : {"shop.v1.Customer", "shop.v1.Customer.id", "shop.v1.CustomerService.GetCustomer"}) {
    EXPECT_EQ(index_.FindAround(name), customer) << name;
  }
  for (const char* name : {"", ".", "shop.v1", "shop.v1.Custom", "shop.v1.Customer.id.more"}) {
    EXPECT_EQ(index_.FindAround(name), -1) << name;
  }
}

TEST_F(TableIndexTest, WhatIsNotThere) {
  for (const char* name :
       {"", ".", "shop", "shop.v1", "shop.v1.", "Customer", "CustomerService", ".shop.v1.Customer", "shop.v1.Custom",
        "shop.v1.Customer.id", "shop.v1.CustomerService.GetCustomer", "shop.v1.Mood", "other.v1.Customers",
        "shop.v1.GetRequestRequestRequest", "shop.v1.UpdateWhereWhereRequest"}) {
    EXPECT_EQ(index_.FindService(name), -1) << name;
    EXPECT_EQ(index_.FindDeclaring(name), -1) << name;
    EXPECT_FALSE(index_.FindRequest(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace protogres::contract
