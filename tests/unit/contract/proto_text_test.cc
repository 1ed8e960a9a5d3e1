// ProtoText: what it prints is parsed to the same descriptors again.
#include "contract/proto_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/pin.h"
#include "fmt/format.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "unit/contract/temp_directory.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;
using ::testing::HasSubstr;
using ::testing::Not;

pb::FileDescriptorProto File(const std::string& body) {
  pb::FileDescriptorProto file;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(
      R"(name: "shop/v1/item.proto" package: "shop.v1" syntax: "proto3" )" + body, &file));
  return file;
}

// What protobuf's own parser makes of the text, without comments.
pb::FileDescriptorProto Parsed(const std::string& text, const std::string& name = "shop/v1/item.proto",
                               const std::map<std::string, std::string>& others = {}) {
  const testing::TempDirectory directory;
  directory.Add(name, text);
  for (const auto& [other, content] : others) directory.Add(other, content);
  absl::StatusOr<pb::FileDescriptorSet> set = ReadFiles(directory.path());
  EXPECT_TRUE(set.ok()) << set.status() << "\n" << text;
  if (!set.ok()) return {};
  for (pb::FileDescriptorProto& file : *set->mutable_file()) {
    if (file.name() != name) continue;
    file.clear_source_code_info();
    return file;
  }
  ADD_FAILURE() << name << " is not among the files";
  return {};
}

void ExpectRoundTrip(const pb::FileDescriptorProto& file, const std::map<std::string, std::string>& others = {}) {
  pb::FileDescriptorProto expected = file;
  expected.clear_source_code_info();
  const std::string text = ProtoText(file);
  std::string differences;
  pb::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  EXPECT_TRUE(differencer.Compare(expected, Parsed(text, file.name(), others))) << differences << "\n" << text;
}

constexpr char kField[] = "label: LABEL_OPTIONAL type: TYPE_STRING";

TEST(ProtoTextTest, PrintsAWholeFile) {
  const pb::FileDescriptorProto file = File(R"(
    dependency: "google/protobuf/timestamp.proto"
    options { go_package: "example.com/shop;\"x\"" java_multiple_files: true optimize_for: CODE_SIZE }
    message_type {
      name: "Item"
      field { name: "id" number: 1 label: LABEL_OPTIONAL type: TYPE_INT64 proto3_optional: true oneof_index: 0 }
      field { name: "tags" number: 4 label: LABEL_REPEATED type: TYPE_STRING }
      field { name: "at" number: 5 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" }
      field { name: "state" number: 6 label: LABEL_OPTIONAL type: TYPE_ENUM type_name: ".shop.v1.State"
              proto3_optional: true oneof_index: 1 options { deprecated: true } }
      oneof_decl { name: "_id" } oneof_decl { name: "_state" }
      reserved_range { start: 2 end: 3 } reserved_range { start: 7 end: 10 } reserved_range { start: 3000 end: 536870912 }
      reserved_name: "gone" reserved_name: "old"
    }
    enum_type { name: "State" value { name: "STATE_UNSPECIFIED" number: 0 } value { name: "STATE_OPEN" number: 1 }
                reserved_range { start: 3 end: 3 } reserved_range { start: 5 end: 9 } }
    service { name: "ItemService"
      method { name: "GetItem" input_type: ".shop.v1.Item" output_type: ".shop.v1.Item" }
      method { name: "WatchItem" input_type: ".shop.v1.Item" output_type: ".shop.v1.Item" client_streaming: true
               server_streaming: true options { deprecated: true } } })");
  EXPECT_EQ(ProtoText(file), R"(syntax = "proto3";

package shop.v1;

import "google/protobuf/timestamp.proto";

option optimize_for = CODE_SIZE;
option java_multiple_files = true;
option go_package = "example.com/shop;\"x\"";

service ItemService {
  rpc GetItem(Item) returns (Item);
  rpc WatchItem(stream Item) returns (stream Item) {
    option deprecated = true;
  }
}

message Item {
  reserved 2, 7 to 9, 3000 to max;
  reserved "gone", "old";
  optional int64 id = 1;
  repeated string tags = 4;
  google.protobuf.Timestamp at = 5;
  optional State state = 6 [deprecated = true];
}

enum State {
  reserved 3, 5 to 9;
  STATE_UNSPECIFIED = 0;
  STATE_OPEN = 1;
}
)");
  ExpectRoundTrip(file);
}

TEST(ProtoTextTest, RoundTripsEveryScalarAndKeywordsAsNames) {
  std::string body = R"(message_type { name: "Item" )";
  int number = 0;
  for (const char* type : {"DOUBLE", "FLOAT", "INT64", "UINT64", "INT32", "FIXED64", "FIXED32", "BOOL", "STRING",
                           "BYTES", "UINT32", "SFIXED32", "SFIXED64", "SINT32", "SINT64"}) {
    body += fmt::format("field {{ name: \"f{0}\" number: {0} label: LABEL_OPTIONAL type: TYPE_{1} }} ", ++number, type);
  }
  for (const char* name :
       {"optional", "repeated", "message", "enum",   "oneof",  "map",   "reserved", "returns",    "rpc", "stream",
        "string",   "package",  "import",  "syntax", "option", "group", "extend",   "extensions", "to",  "max",
        "true",     "false",    "inf",     "nan",    "public", "weak",  "required", "default"}) {
    body += fmt::format("field {{ name: \"{}\" number: {} {} }} ", name, ++number, kField);
  }
  ExpectRoundTrip(File(body + "}"));
}

TEST(ProtoTextTest, NamesThatAreShadowedAreWrittenFromTheRoot) {
  const pb::FileDescriptorProto file = File(R"(
    dependency: "google/protobuf/timestamp.proto"
    message_type {
      name: "Item"
      field { name: "google" number: 1 label: LABEL_OPTIONAL type: TYPE_INT64 }
      field { name: "Other" number: 2 label: LABEL_OPTIONAL type: TYPE_INT64 }
      field { name: "at" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" }
      field { name: "another" number: 4 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".shop.v1.Other" }
      field { name: "lower" number: 5 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".shop.v1.string" }
      field { name: "nested" number: 6 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".shop.v1.Item.Nested" }
      nested_type { name: "Nested" field { name: "self" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
                                           type_name: ".shop.v1.Item.Nested" } }
    }
    message_type { name: "Other" } message_type { name: "string" }
    service { name: "Service" method { name: "Other" input_type: ".shop.v1.Other" output_type: ".shop.v1.string" } })");
  const std::string text = ProtoText(file);
  EXPECT_THAT(text, HasSubstr("  .google.protobuf.Timestamp at = 3;"));
  EXPECT_THAT(text, HasSubstr("  .shop.v1.Other another = 4;"));
  EXPECT_THAT(text, HasSubstr("  .shop.v1.string lower = 5;"));
  EXPECT_THAT(text, HasSubstr("rpc Other(.shop.v1.Other)"));
  ExpectRoundTrip(file);
}

TEST(ProtoTextTest, PackagesCalledGoogleDoNotHideTheRealOne) {
  pb::FileDescriptorProto inside = File(fmt::format(R"(dependency: "google/protobuf/timestamp.proto"
    message_type {{ name: "Item" field {{ name: "at" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE
                                        type_name: ".google.protobuf.Timestamp" }} }})"));
  inside.set_package("shop.google.v1");
  inside.set_name("shop/google/v1/item.proto");
  ExpectRoundTrip(inside);

  pb::FileDescriptorProto beside = File(R"(
    dependency: "google/protobuf/timestamp.proto" dependency: "shop/google/v1/item.proto"
    message_type {
      name: "Item"
      field { name: "at" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" }
      field { name: "x" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".shop.google.v1.Item" } })");
  ExpectRoundTrip(beside, {{inside.name(), ProtoText(inside)}});
}

TEST(ProtoTextTest, KeepsAJsonNameThatIsNotTheDefault) {
  const pb::FileDescriptorProto file = File(fmt::format(
      R"(message_type {{ name: "Item" field {{ name: "foo_bar" number: 1 {0} json_name: "fooBar" }}
                                      field {{ name: "baz" number: 2 {0} json_name: "foo\"2" }} }})",
      kField));
  const std::string text = ProtoText(file);
  EXPECT_THAT(text, HasSubstr("foo_bar = 1;"));
  EXPECT_THAT(text, HasSubstr("baz = 2 [json_name = \"foo\\\"2\"];"));
  Parsed(text);
}

TEST(ProtoTextTest, AnEmptyFileAndAFileWithoutPackage) {
  ExpectRoundTrip(File(""));
  pb::FileDescriptorProto file;
  file.set_name("item.proto");
  file.set_syntax("proto3");
  file.add_message_type()->set_name("Item");
  file.add_message_type()->set_name("Other");
  auto* field = file.mutable_message_type(0)->add_field();
  field->set_name("other");
  field->set_number(1);
  field->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  field->set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
  field->set_type_name(".Other");
  ExpectRoundTrip(file);
}

TEST(ProtoTextTest, CommentsStandBeforeWhatTheySpeakOf) {
  const std::string text = ProtoText(File(fmt::format(R"(
    message_type {{ name: "Item" field {{ name: "id" number: 1 {} }} }}
    enum_type {{ name: "State" value {{ name: "STATE_UNSPECIFIED" number: 0 }} }}
    service {{ name: "Service" method {{ name: "Get" input_type: ".shop.v1.Item" output_type: ".shop.v1.Item" }} }}
    source_code_info {{
      location {{ path: 12 leading_detached_comments: " Detached.\n" leading_comments: " Of the file.\n" }}
      location {{ path: 4 path: 0 leading_comments: " First.\n\n  Indented.\n" }}
      location {{ path: 4 path: 0 path: 2 path: 0 leading_comments: "no space" trailing_comments: " after\n" }}
      location {{ path: 5 path: 0 path: 2 path: 0 leading_comments: " Value.\n" }}
      location {{ path: 6 path: 0 leading_comments: " Service.\n" }}
      location {{ path: 6 path: 0 path: 2 path: 0 leading_comments: " Method.\n" }} }})",
                                                      kField)));
  EXPECT_THAT(text, ::testing::StartsWith("// Detached.\n\n// Of the file.\nsyntax = \"proto3\";\n"));
  EXPECT_THAT(text,
              HasSubstr("// First.\n//\n//  Indented.\nmessage Item {\n  // no space\n  // after\n  string id = 1;"));
  EXPECT_THAT(text, HasSubstr("enum State {\n  // Value.\n  STATE_UNSPECIFIED = 0;"));
  EXPECT_THAT(text, HasSubstr("// Service.\nservice Service {\n  // Method.\n  rpc Get(Item)"));
}

TEST(ProtoTextTest, NoCommentBreaksOutOfItsLines) {
  pb::FileDescriptorProto file = File(R"(message_type { name: "Item" })");
  auto* location = file.mutable_source_code_info()->add_location();
  location->add_path(4);
  location->add_path(0);
  location->set_leading_comments(
      "*/ /* // \"\\\nmessage Evil {}\rmessage Evil2 {}\f\v\x01\x7f\n\\\n\nthe \xF0\x9F\x90\x98   \n\n");
  const std::string text = ProtoText(file);
  EXPECT_THAT(text, Not(HasSubstr("\nmessage Evil")));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_THAT(text, Not(HasSubstr(" \n")));
  EXPECT_THAT(text, HasSubstr("// the \xF0\x9F\x90\x98\nmessage Item"));
  ExpectRoundTrip(file);
}

}  // namespace
}  // namespace protogres::contract
