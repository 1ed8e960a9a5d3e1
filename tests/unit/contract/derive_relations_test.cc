// What is served of a relation by what the Catalog says of its rows and its rights.
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "contract/derive.h"
#include "contract/naming.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
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
  for (const Table& table : contract.tables) {
    for (const Method& method : MethodsOf(table)) names.push_back(method.path.substr(method.path.rfind('/') + 1));
  }
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
              ElementsAre("GetItem", "BatchGetItems", "ListItems", "StreamItems", "AggregateItems", "UpdateItemsWhere",
                          "DeleteItem", "BatchDeleteItems", "DeleteItemsWhere"));
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

template <typename Descriptor>
std::string CommentOf(const Descriptor* descriptor) {
  google::protobuf::SourceLocation location;
  return descriptor != nullptr && descriptor->GetSourceLocation(&location) ? location.leading_comments : "";
}

TEST(DeriveRelationsTest, AColumnThatMayBeWrittenButNotReadIsInputOnly) {
  CatalogBuilder builder;
  auto& relation = builder.Table("login");
  relation.selectable = false;
  builder.Column(relation, "password", "text").readable = false;
  auto& total = builder.Column(relation, "total", "text");
  total.generated = catalog::Generated::kExpression;
  total.readable = false;
  builder.Column(relation, "deleted_at", "timestamptz").readable = false;
  relation.comment = "@protogres soft_delete=deleted_at";
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  const Table& table = contract.tables[0];
  ASSERT_EQ(table.fields.size(), 3u);
  EXPECT_TRUE(table.fields[0].readable);
  EXPECT_FALSE(table.fields[1].readable);
  EXPECT_TRUE(table.fields[1].insertable && table.fields[1].updatable);
  EXPECT_FALSE(table.soft_delete.has_value()) << "reads look at it";
  EXPECT_EQ(CommentOf(pool->FindFieldByName("shop.v1.Login.password")), " text.\n Input only.\n");
  EXPECT_THAT(MethodNames(contract), Contains("UpdateLogin"));
  EXPECT_THAT(contract.warnings, Contains("table public.login: columns are input only, as the role may write, but not "
                                          "read them: password, deleted_at"));
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("neither read nor write: total")));
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("declares no soft delete: the role may not read it")));
}

TEST(DeriveRelationsTest, ATableThatMayOnlyBeInsertedInto) {
  CatalogBuilder builder;
  auto& relation = builder.Table("audit");
  relation.selectable = false;
  relation.columns[0].readable = false;
  relation.columns[0].generated = catalog::Generated::kIdentityAlways;
  builder.Column(relation, "note", "text").readable = false;
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_THAT(MethodNames(contract), ElementsAre("CreateAudit", "BatchCreateAudits", "ImportAudits"));
  const auto* create = pool->FindMethodByName("shop.v1.AuditService.CreateAudit");
  ASSERT_NE(create, nullptr);
  EXPECT_EQ(create->output_type()->full_name(), "shop.v1.Audit") << "as where the role may read it";
  EXPECT_THAT(CommentOf(create), HasSubstr("answered as an empty one"));
  EXPECT_EQ(create->output_type()->field_count(), 1);
  EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr("neither read nor write: id"),
                                             HasSubstr("table public.audit: its rows can be inserted only")));
  // By Create alone, which a rule has taken away.
  builder.catalog().relations[0].kind = RelationKind::kView;
  EXPECT_THAT(MethodNames(builder.Derive()), ElementsAre("CreateAudit", "BatchCreateAudits"));
  builder.catalog().relations[0].insert_returns = false;
  EXPECT_THAT(builder.Derive().tables, IsEmpty());
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

class ShardingTest : public testing::Test {
 protected:
  // A table item (id, region, name) with the key (id, region) that is sharded by region.
  catalog::Relation& Item(catalog::Sharding sharding) {
    auto& relation = builder_.Table("item");
    builder_.Column(relation, "region", "text");
    builder_.Column(relation, "name", "text");
    relation.key = {1, 2};
    relation.sharding = sharding;
    relation.shard_by = {2};
    return relation;
  }
  // Of the message Item.
  static std::string CommentOf(const Contract& contract) {
    const auto files = AllFiles(contract);
    for (const auto& file : files.file()) {
      for (const auto& location : file.source_code_info().location()) {
        if (location.leading_comments().find("A row of") != std::string::npos) return location.leading_comments();
      }
    }
    return "";
  }

  CatalogBuilder builder_;
};

TEST_F(ShardingTest, ATableOfCitusHasNoEtagAndItsRowsStayWhereTheyAre) {
  Item(catalog::Sharding::kCitus);
  const Contract contract = builder_.Derive();
  const Table& table = contract.tables[0];
  EXPECT_TRUE(table.sharded());
  EXPECT_FALSE(table.has_etag);
  EXPECT_TRUE(table.field(1).shards);
  EXPECT_FALSE(table.field(1).updatable);
  EXPECT_TRUE(table.field(1).insertable);
  EXPECT_TRUE(table.field(2).updatable);
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("table public.item: no etags are served, as its rows are on")));
  EXPECT_THAT(CommentOf(contract), HasSubstr("A row of table public.item, sharded by Citus by region."));
  const auto pool = BuildPool(contract);
  EXPECT_NE(pool->FindMessageTypeByName("shop.v1.UpdateItemRequest")->FindFieldByName("allow_missing"), nullptr);
  builder_.catalog().relations[0].shard_by.clear();
  EXPECT_THAT(CommentOf(builder_.Derive()), HasSubstr("table public.item, which Citus keeps undivided."));
}

TEST_F(ShardingTest, ATableOverForeignTablesHasTheKeyOfItsComment) {
  auto& relation = Item(catalog::Sharding::kForeign);
  relation.kind = RelationKind::kPartitioned;
  relation.key.clear();
  relation.comment = "@protogres key=id,region";
  const Contract contract = builder_.Derive();
  EXPECT_THAT(contract.tables[0].key, ElementsAre(0, 1));
  EXPECT_FALSE(contract.tables[0].has_etag);
  EXPECT_THAT(MethodNames(contract), Contains("UpdateItem"));
  EXPECT_THAT(CommentOf(contract),
              HasSubstr("A row of partitioned table public.item, sharded over foreign tables by region."));
  const auto pool = BuildPool(contract);
  EXPECT_EQ(pool->FindMessageTypeByName("shop.v1.UpdateItemRequest")->FindFieldByName("allow_missing"), nullptr)
      << "ON CONFLICT needs a unique index";
}

TEST_F(ShardingTest, OtherTablesTakeNoKeyFromAComment) {
  auto& relation = Item(catalog::Sharding::kNone);
  relation.shard_by.clear();
  relation.comment = "@protogres key=id";
  const Contract contract = builder_.Derive();
  EXPECT_THAT(contract.tables[0].key, ElementsAre(0, 1));
  EXPECT_TRUE(contract.tables[0].has_etag);
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("@protogres key: there is no such setting here")));
}

}  // namespace
}  // namespace protogres::contract
