// The messages of Aggregate methods, and what columns have a sum.
#include "contract/aggregates.h"

#include <string>
#include <vector>

#include "catalog_builder.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using testing::ElementsAre;

// "type name=number" of each field; nothing: there is no such message.
std::vector<std::string> Fields(const google::protobuf::DescriptorPool& pool, const std::string& message) {
  std::vector<std::string> fields;
  const auto* descriptor = pool.FindMessageTypeByName(message);
  if (descriptor == nullptr) return fields;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const std::string type = field->message_type() == nullptr ? field->type_name() : field->message_type()->name();
    fields.push_back(
        fmt::format("{}{} {}={}", field->is_repeated() ? "repeated " : "", type, field->name(), field->number()));
  }
  return fields;
}

TEST(AggregatesTest, TheMessages) {
  CatalogBuilder builder;
  auto& relation = builder.Table("orders");
  for (const char* type :
       {"int2", "int4", "int8", "numeric", "money", "float4", "float8", "interval", "text", "bool"}) {
    builder.Column(relation, fmt::format("a_{}", type), type);
  }
  builder.Column(relation, "many", builder.ArrayOf(builder.Base("int4")));
  const auto pool = BuildPool(builder.Derive());
  EXPECT_THAT(Fields(*pool, "shop.v1.AggregateOrdersRequest"),
              ElementsAre("string filter=1", "repeated string group_by=2", "repeated string aggregates=3",
                          "string order_by=4", "int32 page_size=5", "string page_token=6"));
  EXPECT_THAT(Fields(*pool, "shop.v1.AggregateOrdersResponse"),
              ElementsAre("repeated OrderAggregate aggregates=1", "string next_page_token=2"));
  EXPECT_THAT(Fields(*pool, "shop.v1.OrderAggregate"),
              ElementsAre("Order group=1", "int64 count=2", "OrderSum sum=3", "OrderAverage average=4", "Order min=5",
                          "Order max=6"));
  EXPECT_THAT(Fields(*pool, "shop.v1.OrderSum"),
              ElementsAre("string id=1", "int64 a_int2=2", "int64 a_int4=3", "string a_int8=4", "string a_numeric=5",
                          "string a_money=6", "double a_float4=7", "double a_float8=8", "string a_interval=9"));
  EXPECT_THAT(Fields(*pool, "shop.v1.OrderAverage"),
              ElementsAre("string id=1", "string a_int2=2", "string a_int4=3", "string a_int8=4", "string a_numeric=5",
                          "string a_money=6", "double a_float4=7", "double a_float8=8", "string a_interval=9"));
}

TEST(AggregatesTest, WithoutNumbersThereAreNoSums) {
  CatalogBuilder builder;
  builder.Column(builder.Bare("log"), "line", "text");
  const auto pool = BuildPool(builder.Derive());
  EXPECT_THAT(Fields(*pool, "shop.v1.LogAggregate"),
              ElementsAre("Log group=1", "int64 count=2", "Log min=5", "Log max=6"));
  EXPECT_THAT(Fields(*pool, "shop.v1.LogSum"), ElementsAre());
}

TEST(AggregatesTest, ATableThatIsCalledAsAMessageYields) {
  CatalogBuilder builder;
  for (const char* name : {"order_sum", "order_average", "order_aggregate", "orders", "aggregate_orders_request"}) {
    builder.Table(name);
  }
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_THAT(Fields(*pool, "shop.v1.Order"), ElementsAre("int64 id=1", "string etag=2000"));
  EXPECT_THAT(Fields(*pool, "shop.v1.OrderSum"), ElementsAre("string id=1"));
}

}  // namespace
}  // namespace protogres::contract
