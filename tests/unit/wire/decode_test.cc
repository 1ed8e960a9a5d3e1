// Rows as callers send them -> PostgreSQL's text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "google/rpc/error_details.pb.h"
#include "sample.h"
#include "status/status.h"
#include "wire/writer.h"

namespace protogres::wire {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::string_literals;

class Decode : public testing::Test {
 protected:
  int Number(const std::string& name) const {
    return sample_.table.fields[static_cast<std::size_t>(sample_.Index(name))].number;
  }

  std::string Varint(const std::string& name, std::int64_t value) const {
    std::string bytes;
    AppendVarintField(Number(name), static_cast<std::uint64_t>(value), &bytes);
    return sample_.Decoded(name, bytes);
  }
  std::string Double(double value) const {
    std::string bytes;
    AppendFixed64Field(Number("float8"), std::bit_cast<std::uint64_t>(value), &bytes);
    return sample_.Decoded("float8", bytes);
  }
  std::string Float(float value) const {
    std::string bytes;
    AppendFixed32Field(Number("real"), std::bit_cast<std::uint32_t>(value), &bytes);
    return sample_.Decoded("real", bytes);
  }
  std::string Bytes(const std::string& name, std::string_view value) const {
    return sample_.Decoded(name, Field(name, value));
  }
  std::string Field(const std::string& name, std::string_view value) const {
    std::string bytes;
    AppendBytesField(Number(name), value, &bytes);
    return bytes;
  }
  std::string Time(std::int64_t seconds, std::int64_t nanos) const {
    std::string time;
    AppendVarintField(1, static_cast<std::uint64_t>(seconds), &time);
    AppendVarintField(2, static_cast<std::uint64_t>(nanos), &time);
    return Bytes("at", time);
  }

  Sample sample_;
};

TEST_F(Decode, Numbers) {
  EXPECT_EQ(Varint("int2", -32768), "-32768");
  EXPECT_EQ(Varint("int2", 32768), "sample.int2: 32768 is out of range for smallint (-32768 to 32767)");
  EXPECT_EQ(Varint("int4", -2147483648), "-2147483648");
  EXPECT_THAT(Varint("int4", 2147483648), StartsWith("sample.int4: 2147483648 is out of range for int32"));
  EXPECT_THAT(Varint("int4", 4294967295), HasSubstr("out of range"));
  EXPECT_EQ(Varint("int8", std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Varint("oid", 4294967295), "4294967295");
  EXPECT_THAT(Varint("oid", -1), HasSubstr("out of range for uint32"));
  EXPECT_EQ(Varint("flag", 0), "f");
  EXPECT_EQ(Varint("flag", 2), "t");
}

TEST_F(Decode, Floats) {
  EXPECT_EQ(Double(0.1), "0.1");
  EXPECT_EQ(Double(-0.0), "-0");
  EXPECT_EQ(Double(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(Double(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(Double(5e-324), "5e-324");
  EXPECT_EQ(Float(0.1f), "0.1");
  EXPECT_EQ(Float(std::numeric_limits<float>::infinity()), "Infinity");
}

TEST_F(Decode, Text) {
  EXPECT_EQ(Bytes("text", ""), "");
  EXPECT_EQ(Bytes("text", "a'; DROP TABLE x; --"), "a'; DROP TABLE x; --");
  EXPECT_EQ(Bytes("text", "\xff"), "sample.text: not valid UTF-8");
  EXPECT_THAT(Bytes("text", "a\0b"s), HasSubstr("sample.text: PostgreSQL's text cannot hold the character U+0000"));
  EXPECT_EQ(Bytes("bytea", "\0\xff"s), "\\x00ff");
  EXPECT_EQ(Bytes("bytea", ""), "\\x");
  EXPECT_EQ(Bytes("uuid", "a0eebc999c0b4ef8bb6d6bb9bd380a11"), "a0eebc999c0b4ef8bb6d6bb9bd380a11");
  EXPECT_THAT(Bytes("uuid", "nope"), HasSubstr("sample.uuid: 'nope' is not a uuid"));
  EXPECT_EQ(Bytes("numeric", "-1.50"), "-1.50");
  EXPECT_THAT(Bytes("numeric", "1,5"), HasSubstr("sample.numeric: '1,5' is not a decimal number"));
}

TEST_F(Decode, Timestamps) {
  EXPECT_EQ(Time(0, 0), "1970-01-01 00:00:00.000000+00");
  EXPECT_EQ(Time(-1, 999999000), "1969-12-31 23:59:59.999999+00");
  EXPECT_EQ(Bytes("at", ""), "1970-01-01 00:00:00.000000+00");
  EXPECT_EQ(Time(-62135596800, 0), "0001-01-01 00:00:00.000000+00");
  EXPECT_THAT(Time(-62135596801, 0), StartsWith("sample.at.seconds: -62135596801 is out of the range"));
  EXPECT_THAT(Time(253402300800, 0), StartsWith("sample.at.seconds: "));
  EXPECT_THAT(Time(0, 1), StartsWith("sample.at.nanos: 1 is finer than PostgreSQL's microseconds"));
  EXPECT_THAT(Time(0, 1000000000), StartsWith("sample.at.nanos: "));
  EXPECT_THAT(Time(0, -1000), StartsWith("sample.at.nanos: "));
  EXPECT_THAT(Bytes("at", "\x18\x01"), HasSubstr("unknown field 3 in google.protobuf.Timestamp"));
  EXPECT_THAT(Bytes("at", "\x0a\x00"s), HasSubstr("wire type 2 does not fit"));
  EXPECT_THAT(Bytes("at", "\x08"), HasSubstr("malformed"));
}

TEST_F(Decode, Enums) {
  EXPECT_EQ(Varint("status", 2), "in \"transit\", {x}");
  EXPECT_EQ(Varint("status", 4),
            "sample.status: 4 is not a value of shop.v1.Status that can be stored; it has STATUS_NEW = 1, "
            "STATUS_TRANSIT = 2, "
            "STATUS_NULL = 3");
  EXPECT_THAT(Varint("status", 0), HasSubstr("0 (UNSPECIFIED) is not a value"));
  EXPECT_THAT(Varint("status", -1), HasSubstr("-1 is not a value"));
  EXPECT_EQ(Bytes("statuss", "\x01\x03\x02"), R"({"new","NULL","in \"transit\", {x}"})");
}

TEST_F(Decode, PackedAndUnpacked) {
  EXPECT_EQ(Bytes("int4s", "\x01\x02"), "{1,2}");
  std::string bytes;
  AppendVarintField(Number("int4s"), 1, &bytes);
  AppendVarintField(Number("int4s"), static_cast<std::uint64_t>(-2), &bytes);
  bytes += Field("int4s", "\x03");
  EXPECT_EQ(sample_.Decoded("int4s", bytes), "{1,-2,3}");
  EXPECT_EQ(Bytes("int4s", ""), "unset");
  EXPECT_EQ(Bytes("float8s", "\0\0\0\0\0\0\xf8\x3f"s), "{1.5}");
  EXPECT_EQ(Bytes("reals", "\0\0\xc0\x3f"s), "{1.5}");
  EXPECT_EQ(Bytes("flags", "\x01\0"s), "{t,f}");
  EXPECT_EQ(Bytes("int4s", "\x80"), "sample.int4s: malformed protobuf bytes");
  EXPECT_EQ(Bytes("float8s", "\0\0\0\0\0\0\0"s), "sample.float8s: malformed protobuf bytes");
  EXPECT_THAT(Bytes("int2s", "\x01\x80\x80\x04"), HasSubstr("sample.int2s[1]: 65536 is out of range for smallint"));
  EXPECT_THAT(Bytes("statuss", "\x01\x00"s), HasSubstr("sample.statuss[1]: 0 (UNSPECIFIED)"));
}

TEST_F(Decode, Arrays) {
  EXPECT_EQ(sample_.Decoded("texts", Field("texts", "a") + Field("texts", "") + Field("texts", "q\"\\{,}NULL")),
            R"({"a","","q\"\\{,}NULL"})");
  EXPECT_EQ(sample_.Decoded("texts", Field("texts", "a") + Field("texts", "b") + Field("texts", "\xff")),
            "sample.texts[2]: not valid UTF-8");
  EXPECT_EQ(sample_.Decoded("boxes", Field("boxes", "(1,1),(0,0)") + Field("boxes", "(2,2),(0,0)")),
            R"x({"(1,1),(0,0)";"(2,2),(0,0)"})x");
  EXPECT_EQ(Bytes("byteas", "\xff"), R"({"\\xff"})");
  EXPECT_EQ(Bytes("ats", ""), R"({"1970-01-01 00:00:00.000000+00"})");
  EXPECT_EQ(Bytes("docs", "\x1a\x01x"), R"({"\"x\""})");
  EXPECT_THAT(Bytes("docs", ""), HasSubstr("sample.docs[0]: a google.protobuf.Value without a kind"));
}

TEST_F(Decode, Composites) {
  EXPECT_EQ(Bytes("single", ""), "()");
  EXPECT_EQ(Bytes("single", "\x0a\x00"s), R"x((""))x");
  EXPECT_EQ(Bytes("single",
                  "\x0a\x03"
                  "a\"b"),
            R"x(("a\"b"))x");
  EXPECT_EQ(Bytes("address", "\x10\x05"), R"((,"5",,,,,,))");
  EXPECT_EQ(Bytes("address", "\x2a\x01x\x0a\x01y"), R"(("y",,,"{\"x\"}",,,,))");
  EXPECT_EQ(Bytes("address", "\x0a\x01\xff"), "sample.address.city: not valid UTF-8");
  EXPECT_THAT(Bytes("address", "\x18\x01"),
              HasSubstr("sample.address: unknown field 3 in shop.v1.Address; it has no such attribute"));
  EXPECT_THAT(Bytes("addresss", "\x12\x00"s), HasSubstr("sample.addresss[0].zip: wire type 2 does not fit int32"));
  EXPECT_THAT(Bytes("address", "\x42\x00\x42\x02\x08\x01"s),
              HasSubstr("sample.address.path[1].x: wire type 0 does not fit double"));
  EXPECT_THAT(Bytes("address", "\x3a\x02\x2a\x07"), HasSubstr("sample.address.extra: malformed"));
}

TEST_F(Decode, LastOneWinsAndMessagesMerge) {
  EXPECT_EQ(sample_.Decoded("text", Field("text", "a") + Field("text", "b")), "b");
  EXPECT_EQ(sample_.Decoded("at", Field("at", "\x08\x05") + Field("at", "\x10\xe8\x07")),
            "1970-01-01 00:00:05.000001+00");
  EXPECT_EQ(sample_.Decoded("address", Field("address", "\x0a\x01x\x32\x09\x09\0\0\0\0\0\0\xf0\x3f"s) +
                                           Field("address", "\x10\x05\x32\x09\x19\0\0\0\0\0\0\x00\x40"s)),
            R"x(("x","5",,,"(\"1\",\"2\")",,,))x");
}

TEST_F(Decode, WireTypes) {
  EXPECT_EQ(Bytes("int8", "x"), "sample.int8: wire type 2 does not fit int64");
  EXPECT_EQ(Varint("text", 1), "sample.text: wire type 0 does not fit string");
  EXPECT_EQ(Varint("at", 1), "sample.at: wire type 0 does not fit google.protobuf.Timestamp");
  EXPECT_EQ(Bytes("status", ""), "sample.status: wire type 2 does not fit shop.v1.Status");
  EXPECT_EQ(Varint("float8s", 1), "sample.float8s: wire type 0 does not fit repeated double");
  EXPECT_EQ(Varint("float8", 1), "sample.float8: wire type 0 does not fit double");
  EXPECT_EQ(Varint("texts", 1), "sample.texts: wire type 0 does not fit repeated string");
}

TEST_F(Decode, UnknownFieldsAndMalformedRows) {
  std::string bytes;
  AppendVarintField(6, 1, &bytes);
  const auto row = DecodeRow(sample_.contract, sample_.table, bytes, "customer");
  EXPECT_EQ(row.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(row.status().message(),
            "customer: unknown field 6 in shop.v1.Sample; it has no such column (dropped, or newer than this server?)");
  EXPECT_EQ(DecodeRow(sample_.contract, sample_.table, "\x0f", "").status().message(), "malformed protobuf bytes");
  EXPECT_EQ(DecodeRow(sample_.contract, sample_.table, "\x0f", "a.b").status().message(),
            "a.b: malformed protobuf bytes");
  const auto fault = DecodeRow(sample_.contract, sample_.table, Field("text", "\xff"), "customer").status();
  const auto payload = fault.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(payload.has_value() && bad_request.ParseFromString(std::string(*payload)));
  EXPECT_EQ(bad_request.field_violations(0).field(), "customer.text");
}

TEST_F(Decode, Etag) {
  std::string bytes;
  AppendBytesField(contract::number::kEtag, "abc", &bytes);
  const auto row = DecodeRow(sample_.contract, sample_.table, bytes, "sample");
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->etag, "abc");
  EXPECT_TRUE(row->values.empty());
  bytes.clear();
  AppendVarintField(contract::number::kEtag, 1, &bytes);
  EXPECT_EQ(DecodeRow(sample_.contract, sample_.table, bytes, "sample").status().message(),
            "sample.etag: wire type 0 does not fit string");
  for (const std::string& etag : {"\xff"s, "a\0"s}) {
    bytes.clear();
    AppendBytesField(contract::number::kEtag, etag, &bytes);
    EXPECT_THAT(std::string(DecodeRow(sample_.contract, sample_.table, bytes, "sample").status().message()),
                StartsWith("sample.etag: "));
  }
}

// Contracts pinned by a file may number the columns in any order.
TEST_F(Decode, NumbersInAnyOrder) {
  contract::Contract contract = SampleContract();
  contract::Table& table = contract.tables[0];
  std::swap(table.fields.front().number, table.fields.back().number);
  std::string bytes;
  AppendVarintField(1600, 7, &bytes);
  AppendBytesField(1, "(1,1),(0,0)", &bytes);
  const auto row = DecodeRow(contract, table, bytes, "sample");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(*row->Find(0), "7");
}

}  // namespace
}  // namespace protogres::wire
