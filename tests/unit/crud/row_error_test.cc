#include "crud/row_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "status/status.h"

namespace protogres::crud {
namespace {

// line(item_id, n, label), whose key is (n, item_id).
contract::Table Lines() {
  contract::Table table;
  table.name = "line";
  table.package = "shop.v1";
  table.message = "Line";
  table.row_field = "line";
  table.key = {1, 0};
  for (const char* name : {"item_id", "n", "label"}) {
    contract::Field field;
    field.name = name;
    field.column = std::string("the ") + name;
    table.fields.push_back(field);
  }
  return table;
}

class RowErrorTest : public testing::Test {
 protected:
  static absl::Status Error(const std::string& message, const std::map<std::string, std::string>& metadata = {},
                            absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
    return status::Error(code, message, status::kInvalidValue, metadata);
  }
  std::string Located(const absl::Status& error, const sql::Row& row = {}) const {
    return std::string(Locate(table_, error, row, "line").message());
  }

  contract::Table table_ = Lines();
};

TEST_F(RowErrorTest, ARowThatIsNotThereIsNamedByItsKey) {
  const absl::Status missing = NotFound(table_, {"3", "7"});
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "shop.v1.Line with n = 3, item_id = 7 does not exist");
  EXPECT_EQ(status::ReasonOf(missing), status::kRowNotFound);
  EXPECT_EQ(status::MetadataOf(missing, "table"), "line");
  const absl::Status locked = NotFoundOrLocked(table_, {"3", "7"});
  EXPECT_EQ(locked.message(), "shop.v1.Line with n = 3, item_id = 7 does not exist, or is locked and was skipped");
  EXPECT_EQ(status::ReasonOf(locked), status::kRowNotFound);
}

TEST_F(RowErrorTest, AnErrorIsLocatedByItsColumn) {
  EXPECT_EQ(Located(Error("null value", {{"column", "the label"}, {"table", "line"}})), "line.label: null value");
  EXPECT_EQ(Located(Error("null value", {{"column", "the label"}})), "line.label: null value");
  EXPECT_EQ(Located(Error("null value", {{"column", "label"}, {"table", "line"}})), "null value") << "no such column";
}

TEST_F(RowErrorTest, AnErrorOfARowThatATriggerWritesIsNotOfThisOne) {
  const absl::Status error = Error("null value", {{"column", "the label"}, {"table", "audit"}});
  EXPECT_EQ(Located(error), "null value");
  // What PostgreSQL names is the table below a view, and the partition of a partitioned table.
  for (const auto relation : {catalog::RelationKind::kView, catalog::RelationKind::kPartitioned}) {
    table_.relation = relation;
    EXPECT_EQ(Located(error), "line.label: null value");
  }
}

TEST_F(RowErrorTest, AnErrorIsLocatedByTheValueThatItQuotes) {
  const sql::Row row = {{0, "7"}, {1, std::nullopt}, {2, "x"}};
  EXPECT_EQ(Located(Error("invalid input: \"x\""), row), "line.label: invalid input: \"x\"");
  EXPECT_EQ(Located(Error("invalid input: \"xx\""), row), "invalid input: \"xx\"");
  EXPECT_EQ(Located(Error("invalid input: \"\""), {{2, ""}}), "invalid input: \"\"");
  EXPECT_EQ(Located(Error("invalid input: \"7\""), {{0, "7"}, {1, "7"}}), "invalid input: \"7\"") << "it may be either";
}

TEST_F(RowErrorTest, OnlyBadInputIsLocated) {
  const absl::Status error = Error("unique", {{"column", "the label"}}, absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Locate(table_, error, {}, "line"), error);
}

}  // namespace
}  // namespace protogres::crud
