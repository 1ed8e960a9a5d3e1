#include "db/memory.h"

#include <utility>

#include "gtest/gtest.h"
#include "status/status.h"

namespace protogres::db {
namespace {

TEST(MemoryTest, RefusesWhatGoesBeyondTheLimit) {
  Memory memory(1000);
  Memory::Hold first;
  Memory::Hold second;
  EXPECT_TRUE(memory.Resize(600, &first).ok());
  const absl::Status refused = memory.Resize(401, &second);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status::ReasonOf(refused), "MEMORY_EXHAUSTED");
  EXPECT_EQ(memory.held(), 600);
  EXPECT_TRUE(memory.Resize(400, &second).ok());
  EXPECT_TRUE(memory.Resize(100, &first).ok());
  EXPECT_EQ(memory.held(), 500);
}

TEST(MemoryTest, LeavesAQuarterToThoseUnderWay) {
  Memory memory(1000);
  Memory::Hold hold;
  EXPECT_TRUE(memory.Resize(749, &hold).ok());
  EXPECT_TRUE(memory.Admit().ok());
  EXPECT_TRUE(memory.Resize(750, &hold).ok());
  EXPECT_FALSE(memory.Admit().ok());
  EXPECT_TRUE(memory.Left().ok());
  EXPECT_TRUE(memory.Resize(1000, &hold).ok());
}

TEST(MemoryTest, CountsWhatIsThereAlready) {
  Memory memory(1000);
  Memory::Hold hold;
  memory.Force(2000, &hold);
  EXPECT_EQ(memory.held(), 2000);
  EXPECT_FALSE(memory.Left().ok());
  // Less is never refused.
  EXPECT_TRUE(memory.Resize(1500, &hold).ok());
}

TEST(MemoryTest, GivesBackWithTheHold) {
  Memory memory(1000);
  {
    Memory::Hold hold;
    EXPECT_TRUE(memory.Resize(500, &hold).ok());
    Memory::Hold moved = std::move(hold);
    EXPECT_EQ(moved.bytes(), 500);
    EXPECT_EQ(memory.held(), 500);
  }
  EXPECT_EQ(memory.held(), 0);
}

TEST(MemoryTest, AdmitsNobodyWhilePressed) {
  Memory memory(1000);
  memory.SetPressed(true);
  EXPECT_FALSE(memory.Admit().ok());
  EXPECT_FALSE(memory.Left().ok());
  memory.SetPressed(false);
  EXPECT_TRUE(memory.Admit().ok());
}

}  // namespace
}  // namespace protogres::db
