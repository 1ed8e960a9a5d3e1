// What is served of a relation by what the Catalog says of its rows and its rights.
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "contract/derive.h"
#include "contract/naming.h"
#include "google/protobuf/descriptor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using catalog::RelationKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> MethodNames(const Contract& contract) {
  std::vector<std::string> names;
  for (const Method& method : contract.methods) names.push_back(method.path.substr(method.path.rfind('/') + 1));
  return names;
}

TEST(DeriveRelationsTest, WithoutTheRightToReadSystemColumnsThereIsNoEtag) {
  CatalogBuilder builder;
  auto& relation = builder.Table("item");
  relation.selectable = false;
  builder.Column(relation, "name", "text");
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_FALSE(contract.tables[0].has_etag);
  EXPECT_EQ(pool->FindMessageTypeByName("shop.v1.Item")->FindFieldByName("etag"), nullptr);
  EXPECT_EQ(pool->FindMessageTypeByName("shop.v1.DeleteItemRequest")->FindFieldByName("etag"), nullptr);
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("table public.item: no etags are served")));
}

TEST(DeriveRelationsTest, WithoutReturningThereAreNoMethodsThatAnswerRows) {
  CatalogBuilder builder;
  auto& relation = builder.Table("item");
  relation.kind = RelationKind::kView;
  relation.insert_returns = relation.update_returns = false;
  builder.Column(relation, "name", "text");
  const Contract contract = builder.Derive();
  EXPECT_THAT(MethodNames(contract),
              ElementsAre("GetItem", "BatchGetItems", "ListItems", "StreamItems", "UpdateItemsWhere", "DeleteItem",
                          "BatchDeleteItems", "DeleteItemsWhere"));
  EXPECT_THAT(contract.warnings, Contains("view public.item: no Create is served, as a rule for INSERT is INSTEAD "
                                          "without RETURNING"));
  builder.Column(builder.catalog().relations[0], "gone", "bool");
  builder.catalog().relations[0].comment = "@protogres soft_delete=gone";
  EXPECT_THAT(MethodNames(builder.Derive()), Not(Contains("DeleteItem")));
}

TEST(DeriveRelationsTest, WhatTellsRowsApartIsOfServedColumnsOnly) {
  CatalogBuilder builder;
  auto& relation = builder.Bare("grouped");
  builder.Column(relation, "a", "text");
  builder.Column(relation, "b", "int4");
  relation.distinct = {2, 1};
  EXPECT_THAT(builder.Derive().tables[0].distinct, ElementsAre(1, 0));
  builder.catalog().relations[0].columns[0].comment = "@protogres omit";
  EXPECT_THAT(builder.Derive().tables[0].distinct, IsEmpty());
}

// It may be one of the deleted rows.
TEST(DeriveRelationsTest, AViewWithItsTablesKeyHidesNothing) {
  CatalogBuilder builder;
  auto& relation = builder.Table("trash");
  relation.kind = RelationKind::kView;
  builder.Column(relation, "deleted_at", "timestamptz");
  EXPECT_FALSE(builder.Derive().tables[0].soft_delete.has_value());
  builder.catalog().relations[0].comment = "@protogres key=id";
  EXPECT_TRUE(builder.Derive().tables[0].soft_delete.has_value());
}

TEST(DeriveRelationsTest, AnUpsertNeedsAKeyThatOnConflictCanName) {
  CatalogBuilder builder;
  auto& relation = builder.Table("stay");
  builder.Column(relation, "note", "text");
  EXPECT_NE(BuildPool(builder.Derive())->FindFieldByName("shop.v1.UpdateStayRequest.allow_missing"), nullptr);
  builder.catalog().relations[0].upsertable = false;
  const auto pool = BuildPool(builder.Derive());
  EXPECT_EQ(pool->FindFieldByName("shop.v1.UpdateStayRequest.allow_missing"), nullptr);
  EXPECT_NE(pool->FindFieldByName("shop.v1.DeleteStayRequest.allow_missing"), nullptr);
}

TEST(DeriveRelationsTest, AKeyThatIsNotUniqueIsTold) {
  CatalogBuilder builder;
  auto& relation = builder.Table("parent");
  relation.key_unique = false;
  relation.positioned = true;
  const Contract contract = builder.Derive();
  EXPECT_FALSE(contract.tables[0].key_unique);
  EXPECT_TRUE(contract.tables[0].positioned);
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("table public.parent: its key is not unique")));
}

}  // namespace
}  // namespace protogres::contract
