// The hostile schema's Catalog and Contract, as they are kept in tests/golden: a change of what is read or derived
// shows itself as a diff.
#include "support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "contract/derive.h"
#include "contract/descriptors.h"
#include "contract/proto_text.h"
#include "support/catalog.h"
#include "support/catalog_text.h"

namespace protogres::contract {
namespace {

// The .proto text of a file without comments, each message on one line.
std::string Compact(google::protobuf::FileDescriptorProto file) {
  file.clear_source_code_info();
  const std::string text = ProtoText(file);
  std::string compact;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 8, "message ") == 0 && depth == 0 && (i == 0 || text[i - 1] == '\n')) depth = 1;
    if (depth == 0) {
      compact += text[i];
    } else if (text[i] == '}') {
      compact += text[i];
      if (--depth == 1) depth = 0;
    } else if (text[i] == '\n') {
      compact += ' ';
      while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
    } else {
      if (text[i] == '{') ++depth;
      compact += text[i];
    }
  }
  // No empty lines.
  std::string lines;
  for (const char c : compact) {
    if (c != '\n' || (!lines.empty() && lines.back() != '\n')) lines += c;
  }
  return lines;
}

class GoldenTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const testing::Database database;
    testing::LoadFile(database, testing::SupportFile("hostile.sql"));
    database.Exec("DROP TABLE IF EXISTS value_multiranges");  // which PostgreSQL 13 does not have
    absl::StatusOr<catalog::Catalog> catalog = testing::ReadCatalog(database);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    catalog->database = "hostile";  // the package of `public` is named by it
    absl::StatusOr<Contract> contract = Derive(*catalog, {});
    ASSERT_TRUE(contract.ok()) << contract.status();
    catalog_ = new catalog::Catalog(*std::move(catalog));
    contract_ = new Contract(*std::move(contract));
  }
  static void TearDownTestSuite() {
    delete contract_;
    delete catalog_;
  }

  static catalog::Catalog* catalog_;
  static Contract* contract_;
};
catalog::Catalog* GoldenTest::catalog_ = nullptr;
Contract* GoldenTest::contract_ = nullptr;

TEST_F(GoldenTest, Catalog) { testing::ExpectGolden("hostile_catalog.txt", testing::CatalogText(*catalog_)); }

TEST_F(GoldenTest, Warnings) {
  std::string text;
  for (const std::string& warning : contract_->warnings) text += warning + "\n";
  testing::ExpectGolden("hostile_warnings.txt", text);
}

TEST_F(GoldenTest, Contract) {
  std::string text;
  const auto files = AllFiles(*contract_);
  for (const auto& file : files.file()) text += "// " + file.name() + "\n" + Compact(file) + "\n";
  testing::ExpectGolden("hostile_contract.txt", text);
}

// As they are exported, with their comments, which the files of most tables have alike.
TEST_F(GoldenTest, SomeFilesAsTheyAreExported) {
  int found = 0;
  const auto files = AllFiles(*contract_);
  for (const auto& file : files.file()) {
    constexpr std::string_view kFiles[] = {"hostile/v1/types.proto",           "hostile/v1/rows.proto",
                                           "hostile/v1/person.proto",          "hostile/v1/odd_name.proto",
                                           "hostile/v1/value_user_type.proto", "hostile/v1/view_joined.proto"};
    if (std::ranges::find(kFiles, file.name()) == std::end(kFiles)) continue;
    ++found;
    testing::ExpectGolden("proto/" + file.name(), ProtoText(file));
  }
  EXPECT_EQ(found, 6) << "a file has another name";
}

}  // namespace
}  // namespace protogres::contract
