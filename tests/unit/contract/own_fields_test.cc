#include "contract/own_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "contract/methods.h"

namespace protogres::contract {
namespace {

TEST(OwnFieldsTest, EachFieldIsFoundByItsKindAndNumber) {
  for (const MethodInfo& info : Methods()) {
    int fields = 0;
    for (const RequestField& field : RequestFields()) {
      if (!field.kinds.contains(info.kind)) continue;
      ++fields;
      EXPECT_EQ(FindRequestField(info.kind, field.number), &field) << info.verb << info.tail << ' ' << field.number;
      EXPECT_EQ(field.number >= number::kOwnFirst, info.keyed) << info.verb << ": a column can have this number";
    }
    EXPECT_GT(fields, 0) << info.verb;
    for (int number = -1; number < 3000; ++number) fields -= FindRequestField(info.kind, number) != nullptr ? 1 : 0;
    EXPECT_EQ(fields, 0) << info.verb;
  }
}

TEST(OwnFieldsTest, AMessageOfItsOwnHasFields) {
  Table soft;
  soft.soft_delete = 0;
  for (const MethodInfo& info : Methods()) {
    int fields = 0;
    for (const ResponseField& field : ResponseFields()) fields += field.kinds.contains(info.kind) ? 1 : 0;
    EXPECT_EQ(fields > 0, HasOwnResponse(info.kind, soft)) << info.verb << info.tail;
  }
}

TEST(OwnFieldsTest, ABatchTakesRequestsOfItsSingleMethod) {
  for (const MethodInfo& info : Methods()) {
    const RequestField* first = FindRequestField(info.kind, 1);
    const bool requests = first != nullptr && first->name != nullptr && std::string(first->name) == "requests";
    EXPECT_EQ(requests, info.single.has_value()) << info.verb << info.tail;
    if (info.single) {
      EXPECT_EQ(InfoOf(*info.single).served, info.served) << info.verb;
    }
  }
}

TEST(OwnFieldsTest, ATableMayLackAField) {
  Table table;
  const RequestField* show_deleted = FindRequestField(MethodKind::kGet, 2002);
  ASSERT_NE(show_deleted, nullptr);
  EXPECT_FALSE(show_deleted->IsOf(table));
  table.soft_delete = 0;
  EXPECT_TRUE(show_deleted->IsOf(table));
  EXPECT_TRUE(FindRequestField(MethodKind::kGet, 2001)->IsOf(table));
}

}  // namespace
}  // namespace protogres::contract
