#include "transaction/field_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/rpc/error_details.pb.h"

namespace protogres::transaction {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using ::testing::HasSubstr;

FieldPath Path(const google::protobuf::Descriptor* type, const std::string& text) {
  auto path = FieldPath::Parse(*type, text);
  EXPECT_TRUE(path.ok()) << text << ": " << path.status();
  return *std::move(path);
}

std::string ParseError(const google::protobuf::Descriptor* type, const std::string& text) {
  return std::string(FieldPath::Parse(*type, text).status().message());
}

const auto* const kFile = FileDescriptorProto::descriptor();
const auto* const kMessage = DescriptorProto::descriptor();

TEST(FieldPath, Errors) {
  EXPECT_THAT(ParseError(kFile, ""), HasSubstr("has no field \"\""));
  EXPECT_THAT(ParseError(kFile, "nope"), HasSubstr("google.protobuf.FileDescriptorProto has no field \"nope\""));
  EXPECT_THAT(ParseError(kFile, "name.x"), HasSubstr("\"name\" is no message: it has no field \"x\""));
  EXPECT_THAT(ParseError(kFile, "message_type.name"), HasSubstr("name an element of it, as in \"message_type[0]\""));
  EXPECT_THAT(ParseError(kFile, "name[0]"), HasSubstr("\"name\" is not repeated"));
  for (const char* odd : {"message_type[-1]", "message_type[x]", "message_type[1", "message_type[]", "options.",
                          ".name", "message_type[1]]", "message_type[99999999999]"}) {
    EXPECT_FALSE(FieldPath::Parse(*kFile, odd).ok()) << odd;
  }
  EXPECT_THAT(ParseError(google::rpc::ErrorInfo::descriptor(), "metadata"), HasSubstr("is a map"));
}

TEST(FieldPath, AMessageThatContainsItselfIsNotEnteredForEver) {
  std::string path;
  for (int i = 0; i < 49; ++i) path += "list_value.values[0].";
  const auto* value = google::protobuf::Value::descriptor();
  EXPECT_TRUE(FieldPath::Parse(*value, path + "string_value").ok());
  EXPECT_EQ(ParseError(value, path + "list_value.values[0].string_value"), "a path may have at most 100 fields");
}

TEST(FieldPath, WhatGoesWhere) {
  const auto takes = [](const char* to, const char* from) {
    return Path(kFile, to).CheckTakes(Path(kFile, from)).ok();
  };
  EXPECT_TRUE(takes("package", "message_type[3].name"));
  EXPECT_TRUE(takes("dependency", "dependency"));
  EXPECT_TRUE(takes("dependency[1]", "name"));
  EXPECT_TRUE(takes("message_type[0]", "message_type[1].nested_type[0]"));
  EXPECT_FALSE(takes("dependency", "name"));
  EXPECT_FALSE(takes("name", "dependency"));
  EXPECT_FALSE(takes("name", "options.deprecated"));
  EXPECT_FALSE(takes("options", "message_type[0]"));
  EXPECT_FALSE(takes("name", "options.optimize_for"));
}

TEST(FieldPath, IntegersWiden) {
  const auto* option = google::protobuf::UninterpretedOption::descriptor();  // int64 negative_int_value
  const auto* range = DescriptorProto::ReservedRange::descriptor();          // int32 start
  EXPECT_TRUE(Path(option, "negative_int_value").CheckTakes(Path(range, "start")).ok());
  EXPECT_FALSE(Path(range, "start").CheckTakes(Path(option, "negative_int_value")).ok());
  DescriptorProto::ReservedRange source;
  source.set_start(-7);
  google::protobuf::UninterpretedOption target;
  ASSERT_TRUE(Path(option, "negative_int_value").Copy(Path(range, "start"), source, &target).ok());
  EXPECT_EQ(target.negative_int_value(), -7);
}

TEST(FieldPath, Copies) {
  FileDescriptorProto source;
  source.set_name("name");
  source.add_dependency("a");
  source.add_dependency("b");
  source.add_message_type()->set_name("M");
  source.mutable_options()->set_deprecated(true);
  source.mutable_options()->set_optimize_for(google::protobuf::FileOptions::LITE_RUNTIME);
  FileDescriptorProto target;
  const auto copy = [&](const char* to, const char* from) {
    return Path(kFile, to).Copy(Path(kFile, from), source, &target);
  };
  ASSERT_TRUE(copy("package", "dependency[1]").ok());
  EXPECT_EQ(target.package(), "b");
  ASSERT_TRUE(copy("dependency[0]", "name").ok());
  ASSERT_TRUE(copy("dependency[1]", "dependency[0]").ok());
  EXPECT_THAT(target.dependency(), testing::ElementsAre("name", "a"));
  ASSERT_TRUE(copy("dependency", "dependency").ok());
  EXPECT_THAT(target.dependency(), testing::ElementsAre("a", "b"));
  ASSERT_TRUE(copy("message_type[0].nested_type[0]", "message_type[0]").ok());
  EXPECT_EQ(target.message_type(0).nested_type(0).name(), "M");
  ASSERT_TRUE(copy("options.java_multiple_files", "options.deprecated").ok());
  EXPECT_TRUE(target.options().java_multiple_files());
  ASSERT_TRUE(copy("options.optimize_for", "options.optimize_for").ok());
  EXPECT_EQ(target.options().optimize_for(), google::protobuf::FileOptions::LITE_RUNTIME);
  // What the source does not set is cleared.
  ASSERT_TRUE(copy("package", "syntax").ok());
  EXPECT_FALSE(target.has_package());
  EXPECT_THAT(std::string(copy("name", "dependency[2]").message()), HasSubstr("has 2 elements, there is no [2]"));
  EXPECT_THAT(std::string(copy("message_type[5].name", "name").message()),
              HasSubstr("has 1 elements, there is no [5]"));
}

}  // namespace
}  // namespace protogres::transaction
