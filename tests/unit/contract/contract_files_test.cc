// Contracts as files: Write, ReadFiles, Compare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "contract/pin.h"
#include "unit/contract/shop_contract.h"
#include "unit/contract/temp_directory.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;
using namespace shop;  // NOLINT(google-build-using-namespace)
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TempDirectory;

// Files -------------------------------------------------------------------------

TEST(ContractFilesTest, WhatIsWrittenIsReadAgain) {
  const Contract derived = Derived();
  const TempDirectory directory;
  const auto written = Write(derived, directory.path() + "/new/deep");
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(*written, AllFiles(derived).file_size() + 1);
  const auto read = ReadFiles(directory.path() + "/new/deep");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->file_size(), AllFiles(derived).file_size());
  EXPECT_THAT(Compare(*read, derived), IsEmpty());
  const auto set = ReadFiles(directory.path() + "/new/deep/" + kDescriptorSetFile);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Compare(*set, derived), IsEmpty());
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory.path())) {
    EXPECT_NE(file.path().extension(), ".part") << file.path();
  }
}

TEST(ContractFilesTest, WritingAgainReplacesAndRemovesNothing) {
  const TempDirectory directory;
  directory.Add("shop/v1/item.proto", "old");
  const std::string other = directory.Add("shop/v1/other.txt", "mine");
  ASSERT_TRUE(Write(Derived(), directory.path()).ok());
  ASSERT_TRUE(Write(Derived(), directory.path() + "/").ok());
  EXPECT_TRUE(std::filesystem::exists(other));
  const auto read = ReadFiles(directory.path() + "/");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(Compare(*read, Derived()), IsEmpty());
}

TEST(ContractFilesTest, BufsFileIsWrittenOnceAndThenTheUsers) {
  const TempDirectory directory;
  ASSERT_TRUE(Write(Derived(), directory.path()).ok());
  EXPECT_THAT(directory.Read(kBufFile), AllOf(HasSubstr("RPC_REQUEST_RESPONSE_UNIQUE"),
                                              HasSubstr("RPC_RESPONSE_STANDARD_NAME"), HasSubstr("version: v2\n")));
  directory.Add(kBufFile, "version: v2\n");
  ASSERT_TRUE(Write(Derived(), directory.path()).ok());
  EXPECT_EQ(directory.Read(kBufFile), "version: v2\n");
}

TEST(ContractFilesTest, AContractWithoutTablesIsWrittenToo) {
  const TempDirectory directory;
  EXPECT_TRUE(Write(Contract(), directory.path()).ok());
}

TEST(ContractFilesTest, NoFileLeavesTheDirectory) {
  for (const char* name : {"../evil.proto", "/tmp/evil.proto", "a/../../evil.proto", ""}) {
    const TempDirectory directory;
    Contract contract;
    contract.files.add_file()->set_name(name);
    EXPECT_FALSE(Write(contract, directory.path() + "/inner").ok()) << name;
    EXPECT_FALSE(std::filesystem::exists(directory.path() + "/evil.proto"));
  }
}

TEST(ContractFilesTest, WriteSaysWhereItCouldNot) {
  const TempDirectory directory;
  const std::string file = directory.Add("file", "");
  EXPECT_THAT(std::string(Write(Derived(), file).status().message()), HasSubstr(file));
}

TEST(ContractFilesTest, OneFileFindsItsImportsFromItsPackagesRoot) {
  const TempDirectory directory;
  ASSERT_TRUE(Write(Derived(), directory.path()).ok());
  const auto read = ReadFiles(directory.path() + "/shop/v1/item.proto");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->file(), SizeIs(3));
  EXPECT_EQ(read->file(0).name(), "shop/v1/types.proto");
  EXPECT_EQ(read->file(1).name(), "shop/v1/rows.proto");
  EXPECT_EQ(read->file(2).name(), "shop/v1/item.proto");
  EXPECT_TRUE(ReadFiles(directory.path() + "/shop").ok());
}

TEST(ContractFilesTest, ErrorsNameFileAndLine) {
  const TempDirectory directory;
  const std::string bad = directory.Add("bad.proto", "syntax = \"proto3\";\nmessage A {\n  int64 id = one;\n}\n");
  const absl::Status syntax = ReadFiles(bad).status();
  EXPECT_EQ(syntax.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(syntax.message()), HasSubstr(bad + ":3:14: "));
  directory.Add("bad.proto", "syntax = \"proto3\";\nmessage A {\n  Missing m = 1;\n}\n");
  EXPECT_THAT(std::string(ReadFiles(directory.path()).status().message()), HasSubstr(bad + ":3:3: \"Missing\""));
  directory.Add("bad.proto", "syntax = \"proto3\";\nimport \"none.proto\";\n");
  EXPECT_THAT(std::string(ReadFiles(bad).status().message()), HasSubstr("none.proto"));
  directory.Add("bad.proto", "syntax = \"proto3\"; message A {} message A {}");
  EXPECT_THAT(std::string(ReadFiles(bad).status().message()), HasSubstr("already defined"));
}

TEST(ContractFilesTest, WhatIsNoContractIsRefused) {
  const TempDirectory directory;
  EXPECT_EQ(ReadFiles(directory.path()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFiles(directory.path() + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFiles("").status().code(), absl::StatusCode::kNotFound);
  for (const std::string& content : {std::string(), std::string("\0\1\2", 3), std::string(1000, 'x')}) {
    EXPECT_EQ(ReadFiles(directory.Add("junk", content)).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ContractFilesTest, ASetMayHoldTheWellKnownTypesAndAnyOrder) {
  pb::FileDescriptorSet set = AllFiles(Derived());
  std::reverse(set.mutable_file()->begin(), set.mutable_file()->end());
  pb::FileDescriptorProto::descriptor()->file()->CopyTo(set.add_file());
  const TempDirectory directory;
  const auto read = ReadFiles(directory.Add("set.pb", set.SerializeAsString()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->file_size(), set.file_size() - 1);
  EXPECT_THAT(Compare(*read, Derived()), IsEmpty());
  set.mutable_file()->RemoveLast();
  set.mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_type_name(".none.None");
  set.mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
  EXPECT_EQ(ReadFiles(directory.Add("set.pb", set.SerializeAsString())).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Compare -----------------------------------------------------------------------

TEST(CompareTest, EqualButForComments) {
  pb::FileDescriptorSet pinned = AllFiles(Derived());
  for (auto& file : *pinned.mutable_file()) file.clear_source_code_info();
  EXPECT_THAT(Compare(pinned, Derived()), IsEmpty());
}

TEST(CompareTest, ALineForEachDifferenceSorted) {
  pb::FileDescriptorSet pinned = AllFiles(Derived());
  FieldOf(&pinned, "Item", "name")->set_number(40);
  FieldOf(&pinned, "Item", "note")->set_type(pb::FieldDescriptorProto::TYPE_BYTES);
  RemoveField(&pinned, "Line", "label");
  pinned.mutable_file(0)->add_message_type()->set_name("Extra");
  EXPECT_THAT(
      Compare(pinned, Derived()),
      ElementsAre("shop.v1.Extra (message): only in the contract",
                  "shop.v1.Item.name: optional string = 40 in the contract, optional string = 2 from the database",
                  "shop.v1.Item.note: optional bytes = 6 in the contract, optional string = 6 from the database",
                  "shop.v1.Line.label: only in the database: optional string = 3"));
}

TEST(CompareTest, AgainstNothing) {
  EXPECT_THAT(Compare({}, {}), IsEmpty());
  EXPECT_THAT(Compare({}, Derived()), ::testing::Contains("shop.v1.ItemService (service): only in the database"));
  EXPECT_THAT(Compare(AllFiles(Derived()), {}), ::testing::Contains("shop.v1.Item (message): only in the contract"));
}

}  // namespace
}  // namespace protogres::contract
