#include "crud/masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
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
  field.insertable = field.updatable = true;
  return field;
}

// item(id bigint primary key, name text, price numeric NOT NULL, tags text[], parts text[] NOT NULL, total numeric
// GENERATED ALWAYS, owner text), of which the role may insert owner but not update it, and state, the other way round.
enum Column { kId, kName, kPrice, kTags, kParts, kTotal, kOwner, kState };

contract::Table Items() {
  contract::Table table;
  table.name = "item";
  table.sql_name = "\"public\".\"item\"";
  table.package = "shop.v1";
  table.message = "Item";
  table.row_field = "item";
  table.has_etag = true;
  table.key = {kId};
  for (const char* name : {"id", "name", "price", "tags", "parts", "total", "owner", "state"}) {
    table.fields.push_back(Field(name));
  }
  table.fields[kId].not_null = table.fields[kPrice].not_null = table.fields[kParts].not_null = true;
  table.fields[kTags].type.repeated = table.fields[kParts].type.repeated = true;
  table.fields[kTotal].generated = table.fields[kTotal].has_default = true;
  table.fields[kTotal].insertable = table.fields[kTotal].updatable = false;
  table.fields[kOwner].updatable = false;
  table.fields[kState].insertable = false;
  return table;
}

// "1=a 2=NULL": what is assigned to which field.
std::string Shown(const absl::StatusOr<sql::Row>& row) {
  if (!row.ok()) return std::string(row.status().message());
  std::string text;
  for (const auto& [field, value] : *row) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", field, value.value_or("NULL"));
  }
  return text;
}

class MasksTest : public testing::Test {
 protected:
  static wire::RowInput Row(std::vector<std::pair<int, std::string>> values) {
    return {.values = std::move(values), .etag = {}};
  }
  std::string Inserts(const wire::RowInput& row, const std::vector<int>& masked = {}) const {
    return Shown(Inserted(table_, row, masked, "item"));
  }
  std::string Updates(const wire::RowInput& row, const Mask& mask, bool with_key = false) const {
    return Shown(Updated(table_, row, mask, with_key));
  }
  std::string ReadError(const std::string& path) const {
    const auto read = ReadMasked(table_, Mask({path}), false);
    return read.ok() ? "" : std::string(read.status().message());
  }

  contract::Table table_ = Items();
};

TEST_F(MasksTest, WhatSaysWhereARowIsCannotChange) {
  table_.fields[kPrice].shards = true;
  table_.fields[kPrice].updatable = false;
  const auto updated = Updated(table_, Row({{kId, "1"}, {kPrice, "2"}}), Mask({"price"}), false);
  EXPECT_THAT(std::string(updated.status().message()), testing::HasSubstr("says on which server a row is"));
}

TEST_F(MasksTest, AReadMaskNamesColumns) {
  const auto read = ReadMasked(table_, Mask({"price", "id", "price"}), false);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_THAT((*read)->fields, ElementsAre(kId, kPrice)) << "each once, in the order of the table";
  EXPECT_FALSE((*read)->etag);
}

TEST_F(MasksTest, AReadMaskNamesTheEtag) {
  const auto read = ReadMasked(table_, Mask({"etag"}), false);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_THAT((*read)->fields, IsEmpty());
  EXPECT_TRUE((*read)->etag);
  table_.has_etag = false;
  EXPECT_EQ(ReadError("etag"), "read_mask: shop.v1.Item has no field \"etag\"");
}

TEST_F(MasksTest, AReadMaskOfAllFields) {
  for (const Mask& mask : {Mask(), Mask(std::vector<std::string>()), Mask({"*"}), Mask({"id", "*"})}) {
    const auto read = ReadMasked(table_, mask, false);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_FALSE(read->has_value());
  }
}

TEST_F(MasksTest, AReadMaskOfAllFieldsAndTheEtag) {
  for (const Mask& mask : {Mask({"*", "etag"}), Mask({"etag", "*"}), Mask({"etag", "id", "*"})}) {
    const auto read = ReadMasked(table_, mask, false);
    ASSERT_TRUE(read.ok() && read->has_value());
    EXPECT_EQ((*read)->fields.size(), table_.fields.size());
    EXPECT_TRUE((*read)->etag);
  }
}

TEST_F(MasksTest, PathsThatAreNoField) {
  const struct {
    const char* path;
    const char* error;
  } cases[] = {
      {"nope", "read_mask: shop.v1.Item has no field \"nope\""},
      {"", "read_mask: shop.v1.Item has no field \"\""},
      {"Name", "read_mask: shop.v1.Item has no field \"Name\""},
      {"nope.name", "read_mask: shop.v1.Item has no field \"nope.name\""},
      {".name", "read_mask: shop.v1.Item has no field \".name\""},
      {"name.first", "read_mask: \"name.first\" is a path into a column; name the whole column \"name\""},
      {"name.", "read_mask: \"name.\" is a path into a column; name the whole column \"name\""},
      {"item.name", "read_mask: shop.v1.Item has no field \"item.name\""},
  };
  for (const auto& [path, error] : cases) EXPECT_EQ(ReadError(path), error);
  EXPECT_EQ(CreateMasked(table_, Mask({"name.first"})).status().message(),
            "create_mask: \"name.first\" is a path into a column; name the whole column \"name\"");
  EXPECT_EQ(Updates(Row({}), Mask({"nope"})), "update_mask: shop.v1.Item has no field \"nope\"");
}

TEST_F(MasksTest, ACreateMaskNamesColumnsThatCanBeInserted) {
  const auto masked = [this](const Mask& mask) { return CreateMasked(table_, mask); };
  EXPECT_THAT(*masked({}), IsEmpty());
  EXPECT_THAT(*masked(std::vector<std::string>()), IsEmpty());
  EXPECT_THAT(*masked({{"price", "name", "price"}}), ElementsAre(kName, kPrice));
  EXPECT_THAT(*masked({{"*"}}), ElementsAre(kName, kTags, kOwner)) << "those that can be NULL";
  EXPECT_THAT(*masked({{"id", "*"}}), ElementsAre(kId, kName, kTags, kOwner));
  EXPECT_LT(masked(std::vector<std::string>(1000000, "*"))->capacity(), 100U) << "memory that nobody counts";
  EXPECT_EQ(masked({{"total"}}).status().message(),
            "create_mask: column \"total\" is generated by the database: leave it unset");
  EXPECT_EQ(masked({{"state"}}).status().message(),
            "create_mask: column \"state\" of \"public\".\"item\" cannot be inserted by this server's role");
  EXPECT_EQ(status::ReasonOf(masked({{"state"}}).status()), status::kReadOnlyField);
  EXPECT_EQ(masked({{"etag"}}).status().message(), "create_mask: shop.v1.Item has no field \"etag\"");
  table_.fields[kName].never_null = true;
  EXPECT_THAT(*masked({{"*"}}), ElementsAre(kTags, kOwner));
}

TEST_F(MasksTest, AnInsertAssignsWhatIsSetAndWhatIsMasked) {
  EXPECT_EQ(Inserts(Row({{kName, "a"}, {kParts, "{x}"}})), "1=a 4={x}");
  EXPECT_EQ(Inserts(Row({{kParts, "{x}"}}), {kId, kName}), "4={x} 0=NULL 1=NULL");
  EXPECT_EQ(Inserts(Row({{kParts, "{x}"}, {kName, "a"}}), {kName}), "4={x} 1=a") << "it is set";
  EXPECT_EQ(Inserts(Row({{kParts, "{x}"}}), {kTags}), "4={x} 3={}") << "an unset array is an empty one";
}

TEST_F(MasksTest, AnInsertAssignsAnEmptyArrayWhereNullIsRefused) {
  EXPECT_EQ(Inserts(Row({})), "4={}");
  EXPECT_EQ(Inserts(Row({}), {kParts, kTags}), "3={} 4={}") << "once";
  table_.fields[kParts].has_default = true;
  EXPECT_EQ(Inserts(Row({})), "");
  table_.fields[kParts].has_default = false;
  table_.fields[kParts].insertable = false;
  EXPECT_EQ(Inserts(Row({})), "") << "a trigger fills it";
}

TEST_F(MasksTest, AnInsertOfAColumnThatIsReadOnly) {
  EXPECT_EQ(Inserts(Row({{kTotal, "7"}})), "item.total: column \"total\" is generated by the database: leave it unset");
  EXPECT_EQ(Inserts(Row({{kState, "x"}})),
            "item.state: column \"state\" of \"public\".\"item\" cannot be inserted by this server's role");
  EXPECT_THAT(Shown(Inserted(table_, Row({{kState, "x"}}), {}, "")), HasSubstr("state: column"))
      << "of a row that is the message itself";
}

TEST_F(MasksTest, AnUpdateWithoutAMaskAssignsWhatIsSet) {
  const auto row = Row({{kId, "1"}, {kName, "a"}, {kTags, "{}"}, {kTotal, "7"}});
  for (const Mask& mask : {Mask(), Mask(std::vector<std::string>())}) {
    EXPECT_EQ(Updates(row, mask), "1=a 3={}") << "neither the key nor what is generated";
    EXPECT_EQ(Updates(row, mask, /*with_key=*/true), "0=1 1=a 3={}");
    EXPECT_EQ(Updates(Row({{kId, "1"}}), mask),
              "item: sets no column to change; populate one or name some in update_mask");
    EXPECT_EQ(Updates(Row({{kOwner, "x"}}), mask),
              "item.owner: column \"owner\" of \"public\".\"item\" cannot be updated by this server's role");
  }
}

TEST_F(MasksTest, AnUpdateByAMaskAssignsWhatItNames) {
  const auto row = Row({{kId, "1"}, {kName, "a"}, {kPrice, "2"}});
  const struct {
    std::vector<std::string> mask;
    const char* assigned;
  } cases[] = {
      {{"price", "name"}, "2=2 1=a"},
      {{"name", "name"}, "1=a"},
      {{"state"}, "7=NULL"},
      {{"tags"}, "3={}"},
      {{"*"}, "1=a 2=2 3={} 4={} 7=NULL"},
      {{"state", "*"}, "7=NULL 1=a 2=2 3={} 4={}"},
      {{"etag"}, "update_mask: \"etag\" is not a column; give it in the row to have it checked"},
      {{"id"}, "update_mask: \"id\" is of the key, which names the row and cannot change"},
      {{"total"}, "update_mask: column \"total\" is generated by the database: leave it unset"},
      {{"owner"}, "update_mask: column \"owner\" of \"public\".\"item\" cannot be updated by this server's role"},
      {{"name.x"}, "update_mask: \"name.x\" is a path into a column; name the whole column \"name\""},
  };
  for (const auto& [mask, assigned] : cases) EXPECT_EQ(Updates(row, mask), assigned) << mask.front();
  EXPECT_EQ(Updates(row, Mask({"id"}), /*with_key=*/true), "0=1");
  EXPECT_EQ(Updates(row, Mask({"*"}), /*with_key=*/true), "1=a 2=2 3={} 4={} 7=NULL") << "never the key";
}

TEST_F(MasksTest, WhatIsComputedIsReadWhereItIsNamedAndNeverWritten) {
  contract::Field field = Field("full");
  field.function = R"("public"."full")";
  field.generated = true;
  field.insertable = field.updatable = false;
  table_.fields.push_back(field);
  const int full = static_cast<int>(table_.fields.size()) - 1;
  EXPECT_FALSE(ReadMasked(table_, Mask({"*"}), false)->has_value());
  EXPECT_THAT((**ReadMasked(table_, Mask({"full", "id"}), false)).fields, ElementsAre(kId, full));
  for (const Mask& mask : {Mask({"*", "full"}), Mask({"full", "*"})}) {
    const auto read = ReadMasked(table_, mask, true);
    EXPECT_EQ((**read).fields.size(), table_.fields.size());
    EXPECT_TRUE((**read).etag);
  }
  EXPECT_FALSE((**ReadMasked(table_, Mask({"*", "full"}), false)).etag);
  EXPECT_EQ(Inserts(Row({{full, "x"}})), R"(item.full: "full" is computed by "public"."full": leave it unset)");
  EXPECT_EQ(Updates(Row({{kName, "a"}, {full, "x"}}), Mask()), "1=a") << "a row that was read is sent back";
  EXPECT_EQ(Updates(Row({{full, "x"}}), Mask({"full"})),
            R"(update_mask: "full" is computed by "public"."full": leave it unset)");
}

TEST_F(MasksTest, WhatIsInputOnlyIsWrittenAndNotRead) {
  table_.fields[kName].readable = table_.fields[kTags].readable = false;
  EXPECT_EQ(ReadError("name"), "read_mask: \"name\" is input only: the server's role may write it, but not read it");
  EXPECT_THAT((*ReadMasked(table_, Mask({"*", "etag"}), false))->fields,
              ElementsAre(kId, kPrice, kParts, kTotal, kOwner, kState));
  EXPECT_THAT(*CreateMasked(table_, Mask({"*"})), ElementsAre(kName, kTags, kOwner));
  EXPECT_EQ(Inserts(Row({{kName, "a"}, {kParts, "{x}"}}), {kTags}), "1=a 4={x} 3={}");
  EXPECT_EQ(Updates(Row({{kId, "1"}, {kName, "a"}}), Mask()), "1=a");
  EXPECT_EQ(Updates(Row({{kId, "1"}}), Mask({"name"})), "1=NULL") << "it is named";
  EXPECT_EQ(Updates(Row({{kId, "1"}}), Mask({"*"})), "2=NULL 4={} 7=NULL") << "a row that was read does not have it";
  EXPECT_EQ(Updates(Row({{kId, "1"}, {kName, "a"}}), Mask({"*"})), "1=a 2=NULL 4={} 7=NULL");
}

TEST_F(MasksTest, AMaskOfATableWithNothingToUpdate) {
  for (contract::Field& field : table_.fields) field.updatable = false;
  EXPECT_EQ(Updates(Row({}), Mask({"*"})), "update_mask: names no column that can be changed");
}

}  // namespace
}  // namespace protogres::crud
