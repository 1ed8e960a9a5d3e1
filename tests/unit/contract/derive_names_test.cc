// Hostile names: whatever a database calls its things, the contract is valid.
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> FieldNames(const Table& table) {
  std::vector<std::string> names;
  for (const Field& field : table.fields) names.push_back(field.name);
  return names;
}

// A table without a key and with text columns of these names.
Table Columns(const std::vector<std::string>& names, const std::string& type = "text") {
  CatalogBuilder builder;
  auto& relation = builder.Bare("t");
  for (const std::string& name : names) builder.Column(relation, name, type);
  const Contract contract = builder.Derive();
  BuildPool(contract);
  return contract.tables.at(0);
}

TEST(DeriveNamesTest, SingularAndPluralTablesSideBySide) {
  CatalogBuilder builder;
  builder.Table("customer");
  builder.Table("customers");
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.tables[0].message, "Customer");
  EXPECT_EQ(contract.tables[0].plural, "Customers");
  EXPECT_EQ(contract.tables[1].message.substr(0, 9), "Customers");
}

TEST(DeriveNamesTest, TablesNamedAsDerivedMessages) {
  CatalogBuilder builder;
  for (const char* name : {"customer",
                           "get_customer_request",
                           "list_customers_response",
                           "customer_service",
                           "customers",
                           "Customer",
                           "CUSTOMER",
                           "customer_",
                           "_customer",
                           "batch_get_customers_request",
                           "customer_proto",
                           "types",
                           "type",
                           "types_proto",
                           "update_customers_where_request",
                           "request",
                           "response",
                           "filter",
                           "validate_only",
                           "update_mask",
                           "request_id",
                           "max_affected",
                           "next_page_token",
                           "total_size",
                           "total",
                           "etag",
                           "affected",
                           "allow_missing",
                           "message",
                           "descriptor",
                           "google",
                           "shop",
                           "v1",
                           "robot_arm",
                           "nul"}) {
    builder.Column(builder.Table(name), name, "text");
  }
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.tables.size(), 35u);
  EXPECT_EQ(FindTable(contract, "filter")->row_field, "filter_row");
  EXPECT_EQ(FindTable(contract, "customer")->message, "Customer");
  std::set<std::string> files;
  for (const Table& table : contract.tables) EXPECT_TRUE(files.insert(table.file).second) << table.file;
  EXPECT_TRUE(files.contains("shop/v1/robot_arm_table.proto"));
  EXPECT_TRUE(files.contains("shop/v1/nul_table.proto"));
}

TEST(DeriveNamesTest, OddTableNames) {
  CatalogBuilder builder;
  std::string long_name;
  for (int i = 0; i < 21; ++i) long_name += "名";
  for (const std::string& name :
       {std::string("we\"ird"), std::string("a b"), std::string("a.b"), std::string("a-b"), std::string("1"),
        std::string("!"), std::string("select"), std::string("message"), std::string("\n"), std::string("a;drop"),
        long_name, long_name + "x", std::string(63, '!'), std::string(63, '_'), std::string("NULL"),
        std::string("Ünï")}) {
    auto& relation = builder.Table(name);
    builder.Column(relation, name, "text");
    builder.Column(relation, name + "2", "text");
  }
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.tables.size(), 16u);
  for (const Table& table : contract.tables) EXPECT_LT(table.file.size(), 220u);
}

TEST(DeriveNamesTest, ColumnsThatProtobufTakesForOne) {
  EXPECT_THAT(FieldNames(Columns({"first_name", "firstName", "firstname", "FIRST_NAME", "first name"})),
              ElementsAre("first_name", "firstName_2", "firstname_3", "FIRST_NAME_4", "first_name_5"));
  EXPECT_THAT(FieldNames(Columns({"a", "_a", "__a", "a_2", "a2"})), ElementsAre("a", "_a_2", "__a_3", "a_2_4", "a2_5"));
  EXPECT_THAT(FieldNames(Columns({"_x", "X_x"})), ElementsAre("_x", "X_x"));
}

TEST(DeriveNamesTest, ColumnsWhoseAccessorsWouldClash) {
  EXPECT_THAT(FieldNames(Columns({"a", "has_a", "clear_a", "set_a", "mutable_a", "a_bytes"})),
              ElementsAre("a", "has_a_2", "clear_a_3", "set_a_4", "mutable_a_5", "a_bytes_6"));
  EXPECT_THAT(FieldNames(Columns({"has_a", "a_bytes", "a"})), ElementsAre("has_a", "a_bytes", "a_3"));
  EXPECT_THAT(FieldNames(Columns({"a", "a_bytes", "a_size", "a_count"}, "int4")),
              ElementsAre("a", "a_bytes", "a_size", "a_count"));
  EXPECT_THAT(FieldNames(Columns({"a", "a_builder"}, "timestamptz")), ElementsAre("a", "a_builder_2"));
  EXPECT_THAT(FieldNames(Columns({"descriptor", "unknown_fields"})), ElementsAre("descriptor_1", "unknown_fields_2"));
}

TEST(DeriveNamesTest, ColumnsNamedAsOurOwnFields) {
  EXPECT_THAT(FieldNames(Columns({"etag", "ETag", "read_mask"})), ElementsAre("etag_1", "ETag_2", "read_mask"));
  CatalogBuilder builder;
  auto& relation = builder.Bare("t");
  for (const char* name : {"read_mask", "showDeleted", "allow_missing", "validate_only", "request_id", "etag"}) {
    builder.Column(relation, name, "text");
    relation.key.push_back(relation.columns.back().number);
  }
  builder.Column(relation, "deleted_at", "timestamptz");
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_THAT(FieldNames(contract.tables[0]), ElementsAre("read_mask_1", "showDeleted_2", "allow_missing_3",
                                                          "validate_only_4", "request_id_5", "etag_6", "deleted_at"));
}

TEST(DeriveNamesTest, TheSqlNameStandsInTheComment) {
  CatalogBuilder builder;
  auto& relation = builder.Bare("t");
  builder.Column(relation, "Weird \"Name\"\n", "text");
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_EQ(contract.tables[0].fields[0].column, "Weird \"Name\"\n");
  google::protobuf::SourceLocation location;
  ASSERT_TRUE(pool->FindMessageTypeByName("shop.v1.T")->field(0)->GetSourceLocation(&location));
  EXPECT_EQ(location.leading_comments, " text. SQL: \"Weird \"\"Name\"\"\\x0a\".\n");
}

TEST(DeriveNamesTest, Renames) {
  CatalogBuilder builder;
  auto& relation = builder.Table("tbl_usr");
  relation.comment = "@protogres name=Person";
  builder.Column(relation, "nm", "text").comment = "@protogres name=full_name";
  builder.Column(relation, "x", "text").comment = "@protogres name=full_name";
  builder.Table("zz").comment = "@protogres name=Person";
  const catalog::Oid mood = builder.Enum("t_mood", {"ok"});
  builder.TypeAt(mood).comment = "@protogres name=Mood";
  builder.Column(builder.Table("b"), "mood", mood);
  const Contract contract = builder.Derive();
  BuildPool(contract);
  const Table* table = FindTable(contract, "tbl_usr");
  EXPECT_EQ(table->message, "Person");
  EXPECT_EQ(table->plural, "People");
  EXPECT_EQ(table->fields[1].name, "full_name");
  EXPECT_EQ(table->fields[1].column, "nm");
  EXPECT_EQ(table->fields[2].name, "full_name_3");
  EXPECT_EQ(contract.enums[0].full_name, "shop.v1.Mood");
  EXPECT_EQ(contract.enums[0].values[0].name, "MOOD_OK");
  EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr("name=Person is taken"), HasSubstr("name=full_name")));
}

TEST(DeriveNamesTest, AWideTable) {
  CatalogBuilder builder;
  auto& relation = builder.Bare("wide");
  for (int i = 1; i <= 1600; ++i) builder.Column(relation, fmt::format("c{}", i), "int4");
  relation.key = {1600};
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_EQ(pool->FindMessageTypeByName("shop.v1.Wide")->field_count(), 1601);
}

TEST(DeriveNamesTest, AThousandTablesInTime) {
  CatalogBuilder builder;
  for (int i = 0; i < 1000; ++i) {
    auto& relation = builder.Table(fmt::format("some_table_{}_rows", i));
    for (int j = 0; j < 15; ++j) {
      builder.Column(relation, fmt::format("column_{}", j), j % 3 == 0 ? "text" : "int4").comment = "A column.";
    }
    builder.Column(relation, "deleted_at", "timestamptz");
  }
  const auto start = std::chrono::steady_clock::now();
  const Contract contract = builder.Derive();
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(contract.tables.size(), 1000u);
  for (const Table& table : contract.tables) EXPECT_EQ(table.methods.size(), 15u);
  EXPECT_THAT(contract.warnings, IsEmpty());
  RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  // Sanitizers and a busy machine are slow; 0.1 s is usual.
  EXPECT_LT(took, std::chrono::seconds(20));
}

}  // namespace
}  // namespace protogres::contract
