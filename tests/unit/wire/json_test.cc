// JSON <-> google.protobuf.Value, held against protobuf's own classes.
#include "wire/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "google/protobuf/struct.pb.h"
#include "wire/writer.h"

namespace protogres::wire {
namespace {

using google::protobuf::Value;
using testing::HasSubstr;
using namespace std::string_literals;

constexpr int kDepth = 2;

// The Value in protobuf's text format, or what is wrong.
std::string Shown(std::string_view json, bool jsonb = false) {
  std::string bytes;
  std::string why;
  if (!EncodeJson(json, jsonb, kDepth, &bytes, &why)) return why;
  Value value;
  if (!value.ParseFromString(bytes)) return "unparseable";
  std::string text = value.ShortDebugString();
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Decoded(std::string_view bytes, bool jsonb = true, int depth = kDepth) {
  std::string out;
  Fault fault;
  return DecodeJson(bytes, jsonb, depth, &out, &fault) ? out : "!" + fault.path + ": " + fault.what;
}

std::string Decoded(const Value& value) { return Decoded(value.SerializeAsString()); }

TEST(JsonEncode, EveryKind) {
  EXPECT_EQ(Shown("null"), "null_value: NULL_VALUE");
  EXPECT_EQ(Shown(" true "), "bool_value: true");
  EXPECT_EQ(Shown("false"), "bool_value: false");
  EXPECT_EQ(Shown("0"), "number_value: 0");
  EXPECT_EQ(Shown("-12.50"), "number_value: -12.5");
  EXPECT_EQ(Shown("1e2"), "number_value: 100");
  EXPECT_EQ(Shown(R"("a\n\u00e9\ud83d\ude00")"), R"(string_value: "a\n\303\251\360\237\230\200")");
  EXPECT_EQ(Shown(R"("a\u0000b")"), R"(string_value: "a\000b")");
  EXPECT_EQ(Shown("{}"), "struct_value { }");
  EXPECT_EQ(Shown("[]"), "list_value { }");
  EXPECT_EQ(
      Shown(R"([1,[],{"":{}},"x"])"),
      R"(list_value { values { number_value: 1 } values { list_value { } } )"
      R"(values { struct_value { fields { key: "" value { struct_value { } } } } } values { string_value: "x" } })");
}

TEST(JsonEncode, NumbersThatADoubleDoesNotHold) {
  for (const char* text : {"0.1000000000000000055", "12345678901234567890", "1e400", "-1e400", "9007199254740993",
                           "-9007199254740993", "1e-400", "18446744073709551615", "99999999999999999999999999"}) {
    EXPECT_THAT(Shown(text), HasSubstr("the JSON number '" + std::string(text) + "'")) << text;
    EXPECT_THAT(Shown("{\"a\":[" + std::string(text) + "]}"), HasSubstr("the JSON number")) << text;
  }
  EXPECT_EQ(Shown("9007199254740992"), "number_value: 9007199254740992");
  EXPECT_EQ(Shown("-9007199254740992"), "number_value: -9007199254740992");
  EXPECT_EQ(Shown("1000000000000000000000000"), "number_value: 1e+24");
}

TEST(JsonEncode, DuplicateKeysAndSurrogates) {
  EXPECT_THAT(Shown(R"({"a":1,"b":2,"a":3})"), HasSubstr("the key 'a' twice"));
  EXPECT_THAT(Shown(R"([{"x":{"a":1,"\u0061":2}}])"), HasSubstr("the key 'a' twice"));
  EXPECT_THAT(Shown(R"({"a":{"a":1},"b":{"a":1}})"), HasSubstr("struct_value"));
  for (const char* text : {R"("\ud800")", R"("\udc00")", R"(["\ud800x"])", R"({"\ud800":1})", "\"\xff\""}) {
    EXPECT_THAT(Shown(text), HasSubstr("JSON that is not Unicode text")) << text;
  }
}

std::string Nested(int levels, const std::string& open, const std::string& close) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += open;
  text += "1";
  for (int i = 0; i < levels; ++i) text += close;
  return text;
}

// What is at the limit must be read by a client: the row in a response, the Value in the row.
bool ClientReads(const std::string& value) {
  std::string row;
  AppendBytesField(6, value, &row);  // list_value and values stand in for the response's and the row's messages
  std::string response;
  AppendBytesField(1, row, &response);
  google::protobuf::ListValue message;
  return message.ParseFromString(response);
}

TEST(JsonEncode, NestingUpToWhatClientsRead) {
  for (const auto& [open, close, most] :
       {std::tuple{"[", "]", 49}, std::tuple{"{\"a\":", "}", 32}, std::tuple{"[{\"a\":", "}]", 19}}) {
    std::string bytes;
    std::string why;
    EXPECT_TRUE(EncodeJson(Nested(most, open, close), false, kDepth, &bytes, &why)) << open << why;
    Value value;
    EXPECT_TRUE(value.ParseFromString(bytes));
    EXPECT_EQ(Decoded(bytes), Nested(most, open, close));
    EXPECT_TRUE(ClientReads(bytes));
    for (const int levels : {most + 1, 100000}) {
      bytes.clear();
      EXPECT_FALSE(EncodeJson(Nested(levels, open, close), false, kDepth, &bytes, &why)) << open;
      EXPECT_THAT(why, HasSubstr("nested deeper"));
    }
  }
}

TEST(JsonDecode, EveryKind) {
  Value value;
  value.set_null_value({});
  EXPECT_EQ(Decoded(value), "null");
  value.set_bool_value(false);
  EXPECT_EQ(Decoded(value), "false");
  value.set_number_value(1e22);
  EXPECT_EQ(Decoded(value), "1e+22");
  value.set_number_value(-5);
  EXPECT_EQ(Decoded(value), "-5");
  value.set_string_value("\"\\\n\t\x01/\x7f\xc3\xa9");
  EXPECT_EQ(Decoded(value), "\"\\\"\\\\\\n\\u0009\\u0001/\x7f\xc3\xa9\"");
  value.mutable_struct_value();
  EXPECT_EQ(Decoded(value), "{}");
  (*value.mutable_struct_value()->mutable_fields())["k\""].mutable_list_value()->add_values()->set_number_value(1.5);
  EXPECT_EQ(Decoded(value), R"({"k\"":[1.5]})");
  value.mutable_list_value();
  EXPECT_EQ(Decoded(value), "[]");
}

TEST(JsonDecode, WhatJsonDoesNotHave) {
  Value value;
  EXPECT_THAT(Decoded(value), HasSubstr("without a kind"));
  value.set_number_value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(Decoded(value), "!: JSON has neither NaN nor infinity");
  value.set_string_value("a\0"s);
  EXPECT_THAT(Decoded(value), HasSubstr("U+0000"));
  EXPECT_EQ(Decoded(value.SerializeAsString(), false), "\"a\\u0000\"");
  Value& inner = (*value.mutable_struct_value()->mutable_fields())["color"];
  inner.mutable_list_value()->add_values()->set_bool_value(true);
  inner.mutable_list_value()->add_values();
  EXPECT_THAT(Decoded(value), HasSubstr("!color[1]: a google.protobuf.Value without a kind"));
  (*value.mutable_struct_value()->mutable_fields())["color"].set_string_value("\0"s);
  EXPECT_THAT(Decoded(value), HasSubstr("!color: jsonb cannot hold"));
}

TEST(JsonDecode, Malformed) {
  EXPECT_THAT(Decoded("\x3a\x00"s), HasSubstr("unknown field 7 in google.protobuf.Value"));
  EXPECT_THAT(Decoded("\x0a\x00"s), HasSubstr("wire type 2 does not fit field 1"));
  EXPECT_THAT(Decoded("\x2a\x05"), HasSubstr("malformed"));
  EXPECT_THAT(Decoded("\x2a\x02\x08\x01"), HasSubstr("wire type 0 does not fit field 1 of google.protobuf.Struct"));
  EXPECT_THAT(Decoded("\x2a\x02\x12\x00"s), HasSubstr("unknown field 2 in google.protobuf.Struct"));
  EXPECT_THAT(Decoded("\x32\x02\x12\x00"s), HasSubstr("unknown field 2 in google.protobuf.ListValue"));
  EXPECT_THAT(Decoded("\x2a\x04\x0a\x02\x1a\x00"s), HasSubstr("FieldsEntry"));
  EXPECT_THAT(Decoded("\x2a\x03\x0a\x01\x0a"), HasSubstr("malformed"));
  EXPECT_THAT(Decoded("\x1a\x01\xff"), HasSubstr("UTF-8"));
  EXPECT_THAT(Decoded("\x2a\x04\x0a\x02\x0a\x00"s), HasSubstr("without a kind"));  // an entry without a value
}

TEST(JsonDecode, MergesAsProtobufDoes) {
  Value first;
  (*first.mutable_struct_value()->mutable_fields())["a"].set_number_value(1);
  Value second;
  (*second.mutable_struct_value()->mutable_fields())["b"].set_number_value(2);
  Value list;
  list.mutable_list_value()->add_values()->set_bool_value(true);
  const std::string a = first.SerializeAsString();
  const std::string b = second.SerializeAsString();
  const std::string c = list.SerializeAsString();
  EXPECT_EQ(Decoded(a + b), R"({"a":1,"b":2})");
  EXPECT_EQ(Decoded(a + c), "[true]");
  EXPECT_EQ(Decoded(a + c + b), R"({"b":2})");
  (*second.mutable_struct_value()->mutable_fields())["a"].set_number_value(3);
  EXPECT_THAT(Decoded(a + second.SerializeAsString()), HasSubstr("\"a\":3"));
  EXPECT_THAT(Decoded(a + second.SerializeAsString()), testing::Not(HasSubstr("\"a\":1")));
}

TEST(JsonDecode, HostileNesting) {
  std::string bytes = "\x20\x01";
  for (int i = 0; i < 5000; ++i) {
    std::string list;
    AppendBytesField(1, bytes, &list);
    bytes.clear();
    AppendBytesField(6, list, &bytes);
  }
  EXPECT_THAT(Decoded(bytes), HasSubstr("nested deeper than 100 messages"));
}

}  // namespace
}  // namespace protogres::wire
