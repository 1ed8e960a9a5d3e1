#include "contract/naming.h"

#include <string>

#include "contract/words.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

TEST(NamingTest, FoldsToIdentifiers) {
  EXPECT_EQ(Fold("customer"), "customer");
  EXPECT_EQ(Fold("Weird Name"), "Weird_Name");
  EXPECT_EQ(Fold("a-b.c\"d"), "a_b_c_d");
  EXPECT_EQ(Fold("1st"), "x1st");
  EXPECT_EQ(Fold(" 1st"), "x1st");
  EXPECT_EQ(Fold("naïve"), "na_u00EF_ve");
  EXPECT_EQ(Fold("名前"), "u540D_u524D");
  EXPECT_EQ(Fold("😀"), "u1F600");
  EXPECT_EQ(Fold("!?"), "u0021_u003F");
  EXPECT_EQ(Fold("__"), "u005F_u005F");
  EXPECT_EQ(Fold("_private"), "private");
  EXPECT_EQ(Fold("a\xff"), "a_u00FF");
  EXPECT_EQ(Fold(""), "x");
}

TEST(NamingTest, EveryFoldingIsAnIdentifierThatAFileCanBeNamedBy) {
  std::string every;
  for (int c = 1; c < 256; ++c) every.push_back(static_cast<char>(c));
  for (const std::string& name : {every, std::string(63, '!'), std::string(63, '\x80'), std::string(500, 'a')}) {
    EXPECT_TRUE(IsIdentifier(Fold(name))) << Fold(name);
    EXPECT_TRUE(IsIdentifier(FieldName(name))) << FieldName(name);
  }
  EXPECT_NE(Fold(std::string(63, '!')), Fold(std::string(62, '!')));
}

TEST(NamingTest, FieldNamesThatAreIdentifiersStay) {
  for (const char* name : {"firstName", "_id", "class", "A", "x__y", "_1"}) EXPECT_EQ(FieldName(name), name);
  EXPECT_EQ(FieldName("_"), "u005F");
  EXPECT_EQ(FieldName("first name"), "first_name");
}

TEST(NamingTest, Labels) {
  EXPECT_EQ(LabelName(""), "EMPTY");
  EXPECT_EQ(LabelName("in transit"), "IN_TRANSIT");
  EXPECT_EQ(LabelName("1st"), "1ST");
  EXPECT_EQ(LabelName("+"), "U002B");
  EXPECT_EQ(LabelName("é"), "U00E9");
}

TEST(NamingTest, Cases) {
  EXPECT_EQ(Pascal("order_items"), "OrderItems");
  EXPECT_EQ(Pascal("orderItems"), "OrderItems");
  EXPECT_EQ(Pascal("HTTPLog"), "HTTPLog");
  EXPECT_EQ(Pascal("ORDER_ITEMS"), "OrderItems");
  EXPECT_EQ(Pascal("order_2_go"), "Order2Go");
  EXPECT_EQ(Snake("OrderItem"), "order_item");
  EXPECT_EQ(Snake("HTTPLog"), "http_log");
  EXPECT_EQ(Snake("Log2024"), "log2024");
  EXPECT_EQ(Squash("first_Name"), "firstname");
  EXPECT_EQ(SquashLabel("A_B"), SquashLabel("A__B"));
  EXPECT_NE(SquashLabel("A_B"), SquashLabel("AB"));
  EXPECT_EQ(SquashLabel("1_2"), SquashLabel("12"));
}

TEST(NamingTest, Packages) {
  for (const char* name : {"shop.v1", "a", "_a.B2"}) EXPECT_TRUE(IsPackage(name)) << name;
  for (const char* name : {"", ".", "a.", ".a", "a..b", "1.a", "a-b", "a b"}) EXPECT_FALSE(IsPackage(name)) << name;
}

struct Word {
  const char* own;
  const char* singular;
  const char* plural;
};

TEST(WordsTest, SingularAndPlural) {
  const Word words[] = {
      {"Customers", "Customer", "Customers"},
      {"Customer", "Customer", "Customers"},
      {"OrderItems", "OrderItem", "OrderItems"},
      {"Categories", "Category", "Categories"},
      {"Category", "Category", "Categories"},
      {"Key", "Key", "Keys"},
      {"Movies", "Movie", "Movies"},
      {"Series", "Series", "Series"},
      {"Species", "Species", "Species"},
      {"News", "News", "News"},
      {"Data", "Data", "Data"},
      {"UserData", "UserData", "UserData"},
      {"People", "People", "People"},
      {"Person", "Person", "People"},
      {"Status", "Status", "Statuses"},
      {"Statuses", "Status", "Statuses"},
      {"Addresses", "Address", "Addresses"},
      {"Address", "Address", "Addresses"},
      {"Boxes", "Box", "Boxes"},
      {"Batches", "Batch", "Batches"},
      {"Caches", "Cache", "Caches"},
      {"Hashes", "Hash", "Hashes"},
      {"Houses", "House", "Houses"},
      {"Cases", "Case", "Cases"},
      {"Databases", "Database", "Databases"},
      {"Purchases", "Purchase", "Purchases"},
      {"Licenses", "License", "Licenses"},
      {"Aliases", "Alias", "Aliases"},
      {"Buses", "Bus", "Buses"},
      {"Analysis", "Analysis", "Analyses"},
      {"Analyses", "Analysis", "Analyses"},
      {"Bases", "Bases", "Bases"},
      {"Axes", "Axes", "Axes"},
      {"Photos", "Photo", "Photos"},
      {"Chaos", "Chaos", "Chaos"},
      {"Redis", "Redis", "Redis"},
      {"Sms", "Sms", "Sms"},
      {"Ids", "Ids", "Ids"},
      {"Ties", "Ties", "Ties"},
      {"UserURL", "UserURL", "UserURLs"},
      {"Log2024", "Log2024", "Log2024"},
      {"Children", "Children", "Children"},
      {"S", "S", "S"},
      {"X", "X", "Xes"},
      {"U540DU524D", "U540DU524D", "U540DU524Ds"},
  };
  for (const Word& word : words) {
    EXPECT_EQ(Singular(word.own), word.singular) << word.own;
    EXPECT_EQ(Plural(word.own), word.plural) << word.own;
  }
  EXPECT_EQ(Singular(""), "");
  EXPECT_EQ(Plural(""), "");
}

}  // namespace
}  // namespace protogres::contract
