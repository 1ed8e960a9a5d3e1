#include "sql/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace protogres::sql {
namespace {

using ::testing::HasSubstr;

TEST(Lock, Clauses) {
  EXPECT_EQ(ParseLock("")->clause, "");
  EXPECT_EQ(ParseLock("FOR UPDATE")->clause, " FOR UPDATE OF t");
  EXPECT_EQ(ParseLock("for no  key\tupdate")->clause, " FOR NO KEY UPDATE OF t");
  EXPECT_EQ(ParseLock(" For Share Nowait ")->clause, " FOR SHARE OF t NOWAIT");
  EXPECT_EQ(ParseLock("FOR KEY SHARE SKIP LOCKED")->clause, " FOR KEY SHARE OF t SKIP LOCKED");
  EXPECT_TRUE(ParseLock("FOR UPDATE SKIP LOCKED")->skips_locked);
  EXPECT_FALSE(ParseLock("FOR UPDATE NOWAIT")->skips_locked);
}

TEST(Lock, EverythingElseIsRefused) {
  for (const char* text :
       {"UPDATE", "FOR", "FOR UPDATEX", "FOR UPDATE OF t", "FOR UPDATE NOWAIT SKIP LOCKED", "NOWAIT", "FOR UPDATE;",
        "FOR UPDATE;NOWAIT", "FOR SHARE-SKIP LOCKED", "FOR UPDATE --", "F OR UPDATE"}) {
    const auto lock = ParseLock(text);
    ASSERT_FALSE(lock.ok()) << text;
    EXPECT_EQ(lock.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(lock.status().message()), HasSubstr("lock: \"" + std::string(text)));
  }
}

}  // namespace
}  // namespace protogres::sql
