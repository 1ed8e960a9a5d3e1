// A pin names its packages itself.
#include "contract/pin_packages.h"

#include "catalog_builder.h"
#include "contract/pin.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::map<std::string, std::string> PackagesOf(const Contract& contract) {
  std::map<std::string, std::string> packages;
  for (const Table& table : contract.tables) packages[table.schema] = table.package;
  return packages;
}

class PinPackagesTest : public ::testing::Test {
 protected:
  PinPackagesTest() {
    auto& item = builder_.Table("item");
    builder_.Column(item, "state", builder_.Enum("state", {"new"}));
    builder_.Table("customer");
    builder_.Table("entry", "log_book");
  }
  // Derives for a database of another name, as `pinned` has it, and pins.
  Contract Restored(const google::protobuf::FileDescriptorSet& pinned, const std::string& database,
                    const DeriveOptions& options = {}) {
    builder_.catalog().database = database;
    const auto derived = DeriveAs(pinned, builder_.catalog(), options);
    EXPECT_TRUE(derived.ok()) << derived.status();
    const auto contract = Pin(pinned, *derived);
    EXPECT_TRUE(contract.ok()) << contract.status();
    return contract.ok() ? *contract : Contract{};
  }

  CatalogBuilder builder_;
};

TEST_F(PinPackagesTest, UnderAnotherDatabaseName) {
  const Contract before = builder_.Derive();
  const Contract after = Restored(AllFiles(before), "restored");
  EXPECT_THAT(PackagesOf(after), ElementsAre(Pair("log_book", "log_book.v1"), Pair("public", "shop.v1")));
  ASSERT_EQ(after.tables.size(), before.tables.size());
  for (std::size_t i = 0; i < after.tables.size(); ++i) EXPECT_EQ(after.tables[i].methods, before.tables[i].methods);
  EXPECT_EQ(Compare(AllFiles(before), after), std::vector<std::string>());
}

// The database's name now gives public the package that another schema had.
TEST_F(PinPackagesTest, UnderTheNameOfAnotherSchema) {
  const Contract before = builder_.Derive();
  EXPECT_THAT(PackagesOf(Restored(AllFiles(before), "log_book")),
              ElementsAre(Pair("log_book", "log_book.v1"), Pair("public", "shop.v1")));
}

// A pin of an earlier version, whose rules for names were others.
TEST_F(PinPackagesTest, OfAWordThatIsReservedNow) {
  const Contract before = builder_.Derive({.packages = {{"public", "email.v1"}}});
  EXPECT_EQ(PackagesOf(Restored(AllFiles(before), "email"))["public"], "email.v1");
}

TEST_F(PinPackagesTest, OptionsAreKept) {
  const DeriveOptions options{.packages = {{"public", "acme.v1"}}};
  const Contract before = builder_.Derive(options);
  EXPECT_EQ(PackagesOf(Restored(AllFiles(before), "restored", options))["public"], "acme.v1");
  const auto other = DeriveAs(AllFiles(before), builder_.catalog(), {.packages = {{"public", "other.v1"}}});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(PackagesOf(*other)["public"], "other.v1");
}

TEST_F(PinPackagesTest, APartOfTheTables) {
  Contract before = builder_.Derive();
  google::protobuf::FileDescriptorSet part;
  const auto files = AllFiles(before);
  for (const auto& file : files.file()) {
    const std::string& name = file.name();
    const bool kept =
        name.ends_with("/customer.proto") || name.ends_with("/rows.proto") || name.ends_with("/types.proto");
    if (kept) *part.add_file() = file;
  }
  ASSERT_LT(part.file_size(), files.file_size());
  const Contract restored = Restored(part, "restored");
  std::size_t served = 0;
  for (const Table& table : restored.tables) served += table.methods.empty() ? 0 : 1;
  EXPECT_EQ(served, 1u);
}

}  // namespace
}  // namespace protogres::contract
