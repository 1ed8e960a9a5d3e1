// What of related rows a request asks for.
#include "crud/related_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "status/status.h"

namespace protogres::crud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

contract::Field Field(const std::string& name) {
  contract::Field field;
  field.name = name;
  field.column = name;
  field.type.kind = contract::Kind::kInt64;
  field.type.sql_type = field.type.element_sql_type = R"("pg_catalog"."int8")";
  field.type.comparable = field.type.orderable = true;
  return field;
}

contract::Table MakeTable(const std::string& message, const std::vector<std::string>& fields) {
  contract::Table table;
  table.name = message;
  table.sql_name = "\"" + message + "\"";
  table.package = "shop.v1";
  table.message = message;
  table.has_etag = true;
  table.key = {0};
  for (const std::string& field : fields) table.fields.push_back(Field(field));
  return table;
}

contract::Relation MakeRelation(const std::string& name, int number, int target, bool many, int field,
                                int target_field) {
  contract::Relation relation;
  relation.name = name;
  relation.number = number;
  relation.target = target;
  relation.many = many;
  relation.fields = {field};
  relation.target_fields = {target_field};
  return relation;
}

class RelatedPlanTest : public ::testing::Test {
 protected:
  RelatedPlanTest() {
    contract_.tables = {MakeTable("Customer", {"id", "name", "secret"}),
                        MakeTable("Order", {"id", "customer_id", "n"})};
    contract_.tables[0].relations = {MakeRelation("orders", 100'000, 1, true, 0, 1)};
    contract_.tables[1].relations = {MakeRelation("customer", 100'001, 0, false, 1, 0)};
    contract_.tables[0].fields[2].readable = false;
  }

  absl::StatusOr<RelatedPlan> Plan(std::vector<std::string> mask, std::vector<contract::Expand> expand = {}) const {
    contract::Request request;
    request.mask = std::move(mask);
    request.expand = std::move(expand);
    return PlanRelated(contract_, contract_.tables[1], request, limits_, /*etag_by_default=*/true);
  }
  std::string Error(std::vector<std::string> mask, std::vector<contract::Expand> expand = {}) const {
    return std::string(Plan(std::move(mask), std::move(expand)).status().message());
  }

  contract::Contract contract_;
  Limits limits_;
};

TEST_F(RelatedPlanTest, APathThroughARelationIsTold) {
  const contract::Table& order = contract_.tables[1];
  EXPECT_TRUE(NamesRelation(order, Mask({{"n", "customer.name"}})));
  EXPECT_TRUE(NamesRelation(order, Mask({{"customer"}})));
  EXPECT_FALSE(NamesRelation(order, Mask({{"n", "customer_id"}})));
  EXPECT_FALSE(NamesRelation(order, std::nullopt));
}

TEST_F(RelatedPlanTest, WhatRowsAreFoundByIsReadOnce) {
  const auto plan = Plan({"n", "customer.name"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->root.fields, ElementsAre(2));
  EXPECT_THAT(plan->root.links, ElementsAre(1));
  ASSERT_EQ(plan->nodes.size(), 1u);
  EXPECT_THAT(plan->nodes[0].links, ElementsAre(1u));
  EXPECT_THAT(plan->nodes[0].rows.projection.fields, ElementsAre(1));
  const auto named = Plan({"*", "customer"});
  ASSERT_TRUE(named.ok());
  EXPECT_THAT(named->root.links, IsEmpty());
  EXPECT_TRUE(named->root.etag);
  EXPECT_THAT(named->nodes[0].links, ElementsAre(1u));
  EXPECT_THAT(named->nodes[0].rows.projection.fields, ElementsAre(0, 1)) << "secret is input only";
  EXPECT_FALSE(named->nodes[0].rows.projection.etag);
}

TEST_F(RelatedPlanTest, PathsOfOneRelationAreOneStatement) {
  const auto plan = Plan({"customer.orders.n", "customer.name", "customer.orders.id", "customer.etag"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->nodes.size(), 1u);
  EXPECT_TRUE(plan->nodes[0].rows.projection.etag);
  ASSERT_EQ(plan->nodes[0].nodes.size(), 1u);
  EXPECT_EQ(plan->nodes[0].nodes[0].path, "customer.orders");
  EXPECT_THAT(plan->nodes[0].nodes[0].rows.projection.fields, ElementsAre(0, 2));
  // After name and the etag.
  EXPECT_THAT(plan->nodes[0].nodes[0].links, ElementsAre(2u));
}

TEST_F(RelatedPlanTest, ErrorsNameThePath) {
  EXPECT_THAT(Error({"customer.nothing"}),
              HasSubstr("\"customer.nothing\": shop.v1.Customer has no field \"nothing\""));
  EXPECT_THAT(Error({"customer.nothing.n"}), HasSubstr("has no relation \"nothing\""));
  EXPECT_THAT(Error({"customer.name.n"}), HasSubstr("whole column"));
  EXPECT_THAT(Error({"customer.secret"}), HasSubstr("input only"));
  EXPECT_THAT(Error({"customer."}), HasSubstr("has no field \"\""));
  EXPECT_THAT(Error({"customer.orders.customer.orders.customer.orders.n"}), HasSubstr("more than 5 relations"));
  EXPECT_TRUE(Plan({"customer.orders.customer.orders.customer.name"}).ok());
}

TEST_F(RelatedPlanTest, AnExpandIsOfARelationToManyThatTheMaskNames) {
  contract::Expand expand;
  expand.path = "customer.orders";
  expand.page_size = 5000;
  expand.filter = "n = 1";
  const auto plan = Plan({"customer.orders.n"}, {expand});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const sql::RelatedRows& rows = plan->nodes[0].nodes[0].rows;
  EXPECT_EQ(rows.each, 1000);
  EXPECT_THAT(rows.condition.text, HasSubstr("$2"));
  EXPECT_THAT(Error({"customer.name"}, {expand}), HasSubstr("read_mask names no relation \"customer.orders\""));
  EXPECT_THAT(Error({"customer.orders"}, {expand, expand}), HasSubstr("expand[1].path"));
  expand.path = "customer";
  EXPECT_THAT(Error({"customer.orders"}, {expand}), HasSubstr("is to one"));
}

}  // namespace
}  // namespace protogres::crud
