// Plans as PostgreSQL 15 gives them, shortened.
#include "crud/plan_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::crud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Scans(const std::string& plan) {
  const auto scans = FullScansOf(R"([{"Plan": )" + plan + "}]");
  EXPECT_TRUE(scans.ok()) << scans.status();
  std::vector<std::string> found;
  if (!scans.ok()) return found;
  for (const FullScan& scan : *scans) {
    found.push_back(scan.schema + "." + scan.table + " " + std::to_string(scan.part).substr(0, 6));
  }
  return found;
}

// A node above others, each of which says what it is to it.
std::string Node(const std::string& type, const std::string& rows, const std::string& below) {
  return R"({"Node Type": ")" + type + R"(", "Parent Relationship": "Outer", "Plan Rows": )" + rows +
         R"(, "Plans": [)" + below + "]}";
}

std::string Scan(const std::string& type, const std::string& rows, const std::string& more = "",
                 const std::string& relationship = "Outer") {
  return R"({"Node Type": ")" + type + R"(", "Parent Relationship": ")" + relationship +
         R"(", "Schema": "s", "Relation Name": "t", "Plan Rows": )" + rows + more + "}";
}

const std::string kCondition = R"x(, "Index Cond": "(id > 1)")x";

TEST(FullScansTest, AScanIsFullWithoutAConditionOnAnIndex) {
  EXPECT_THAT(Scans(Scan("Seq Scan", "10")), ElementsAre("s.t 1.0000"));
  EXPECT_THAT(Scans(Scan("Index Scan", "10")), ElementsAre("s.t 1.0000"));
  EXPECT_THAT(Scans(Scan("Index Only Scan", "10")), ElementsAre("s.t 1.0000"));
  EXPECT_THAT(Scans(Scan("Index Scan", "10", kCondition)), IsEmpty());
  EXPECT_THAT(Scans(Node("Bitmap Heap Scan", "10", Scan("Bitmap Index Scan", "10", kCondition))), IsEmpty());
}

TEST(FullScansTest, ALimitEndsAScanEarlyUnlessAllRowsAreNeeded) {
  EXPECT_THAT(Scans(Node("Limit", "50", Scan("Index Scan", "1000"))), ElementsAre("s.t 0.0500"));
  EXPECT_THAT(Scans(Node("Limit", "3", Scan("Index Scan", "3"))), ElementsAre("s.t 1.0000"));
  EXPECT_THAT(Scans(Node("Limit", "50", Node("LockRows", "1000", Scan("Seq Scan", "1000")))),
              ElementsAre("s.t 0.0500"));
  EXPECT_THAT(Scans(Node("Limit", "50", Node("Sort", "1000", Scan("Seq Scan", "1000")))), ElementsAre("s.t 1.0000"));
  EXPECT_THAT(Scans(Node("ModifyTable", "1", Scan("Seq Scan", "9"))), ElementsAre("s.t 1.0000"));
  EXPECT_THAT(Scans(Node("Limit", "5",
                         Node("Append", "100",
                              Scan("Seq Scan", "60", "", "Member") + "," + Scan("Seq Scan", "40", "", "Member")))),
              ElementsAre("s.t 0.0500", "s.t 0.0500"));
  EXPECT_THAT(Scans(Node("Limit", "5",
                         Node("Nested Loop", "100",
                              Scan("Index Scan", "100", kCondition) + "," + Scan("Seq Scan", "40", "", "Inner")))),
              ElementsAre("s.t 1.0000"));
}

TEST(FullScansTest, WhatIsNoPlanIsAnError) {
  for (const char* text : {"", "[]", "{}", "[{}]", "[1, 2]", "no"}) EXPECT_FALSE(FullScansOf(text).ok()) << text;
}

}  // namespace
}  // namespace protogres::crud
