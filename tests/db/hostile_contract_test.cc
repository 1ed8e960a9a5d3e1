// The hostile schema as a Contract: derived, written as .proto, parsed again by
// protobuf's own parser, and pinned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "contract/derive.h"
#include "contract/descriptors.h"
#include "contract/pin.h"
#include "support/catalog.h"
#include "unit/contract/temp_directory.h"

namespace protogres::contract {
namespace {

using ::testing::IsEmpty;

class HostileContractTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const testing::Database database;
    testing::LoadFile(database, testing::SupportFile("hostile.sql"));
    const absl::StatusOr<catalog::Catalog> catalog = testing::ReadCatalog(database);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    absl::StatusOr<Contract> contract = Derive(*catalog, {});
    ASSERT_TRUE(contract.ok()) << contract.status();
    contract_ = new Contract(*std::move(contract));
  }
  static void TearDownTestSuite() { delete contract_; }

  static Contract* contract_;
};
Contract* HostileContractTest::contract_ = nullptr;

TEST_F(HostileContractTest, IsWrittenAsProtoThatIsReadAgain) {
  ASSERT_GT(contract_->tables.size(), 80u);
  const testing::TempDirectory directory;
  ASSERT_TRUE(Write(*contract_, directory.path()).ok());
  const auto read = ReadFiles(directory.path());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->file_size(), AllFiles(*contract_).file_size());
  EXPECT_THAT(Compare(*read, *contract_), IsEmpty());
  const auto set = ReadFiles(directory.path() + "/" + kDescriptorSetFile);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Compare(*set, *contract_), IsEmpty());
  const auto pinned = Pin(*read, *contract_);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  ASSERT_EQ(pinned->tables.size(), contract_->tables.size());
  for (std::size_t i = 0; i < pinned->tables.size(); ++i) {
    EXPECT_EQ(pinned->tables[i].methods, contract_->tables[i].methods);
  }
}

// Whatever else protoc refuses, such as names that collide in a language's own casing.
TEST_F(HostileContractTest, CompilesWithProtoc) {
  const testing::TempDirectory directory;
  ASSERT_TRUE(Write(*contract_, directory.path()).ok());
  std::filesystem::create_directory(directory.path() + "/out");
  const std::string command = "cd '" + directory.path() +
                              "' && find . -name '*.proto' -print0 | sed -z 's,^\\./,,' | xargs -0 "
                              "protoc -I . --cpp_out=out --python_out=out --java_out=out";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace protogres::contract
