// PostgreSQL's text -> rows, as protobuf's own classes read them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "sample.h"
#include "status/status.h"
#include "wire/row.h"

namespace protogres::wire {
namespace {

using testing::HasSubstr;

class Encode : public testing::Test {
 protected:
  void Gives(const std::string& field, std::string_view cell, const std::string& text) {
    EXPECT_EQ(sample_.Shown(field, cell), text) << field << " " << cell;
  }
  void Refuses(const std::string& field, std::string_view cell, const std::string& what,
               const std::string& reason = "VALUE_NOT_REPRESENTABLE") {
    const auto bytes = sample_.Encode(field, cell);
    ASSERT_FALSE(bytes.ok()) << field << " " << cell;
    EXPECT_EQ(bytes.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(status::ReasonOf(bytes.status()), reason);
    const std::string message(bytes.status().message());
    EXPECT_THAT(message, HasSubstr("column \"" + field + "\" of \"public\".\"sample\" holds "));
    EXPECT_THAT(message, HasSubstr(what));
    EXPECT_THAT(message, HasSubstr("@protogres type=string"));
  }

  // What no value of the column's type looked like when the catalog was read.
  void RefusesAsMoved(const std::string& field, std::string_view cell, const std::string& what) {
    Refuses(field, cell, what, "CATALOG_MOVED");
  }

  Sample sample_;
};

TEST_F(Encode, Numbers) {
  Gives("int2", "-32768", "int2: -32768");
  Gives("int4", "2147483647", "int4: 2147483647");
  Gives("int4", "-2147483648", "int4: -2147483648");
  Gives("int4", "0", "int4: 0");
  Gives("int8", "-9223372036854775808", "int8: -9223372036854775808");
  Gives("int8", "9223372036854775807", "int8: 9223372036854775807");
  Gives("oid", "4294967295", "oid: 4294967295");
  Gives("flag", "t", "flag: true");
  Gives("flag", "f", "flag: false");
  RefusesAsMoved("int4", "2147483648", "'2147483648', which int32 cannot");
  RefusesAsMoved("int4", "", "int32");
  RefusesAsMoved("int8", "1.5", "int64");
  RefusesAsMoved("oid", "-1", "uint32");
  RefusesAsMoved("flag", "yes", "bool");
}

TEST_F(Encode, Floats) {
  Gives("float8", "0.1", "float8: 0.1");
  Gives("float8", "-0", "float8: -0");
  Gives("float8", "5e-324", "float8: 4.94065645841247e-324");
  Gives("float8", "1.7976931348623157e+308", "float8: 1.7976931348623157e+308");
  Gives("float8", "NaN", "float8: nan");
  Gives("float8", "Infinity", "float8: inf");
  Gives("float8", "-Infinity", "float8: -inf");
  Gives("real", "1e-45", "real: 1.40129846e-45");
  Gives("real", "3.4028235e+38", "real: 3.40282347e+38");
  Gives("real", "NaN", "real: nan");
  RefusesAsMoved("float8", "1e999", "double");
  RefusesAsMoved("real", "abc", "float");
}

TEST_F(Encode, TextAndBytes) {
  Gives("text", "", "text: \"\"");
  Gives("text", "a'\"\\", "text: \"a\\'\\\"\\\\\"");
  Gives("bytea", "\\x", "bytea: \"\"");
  Gives("bytea", "\\x0061ff", "bytea: \"\\000a\\377\"");
  Refuses("text", "caf\xe9", "which is not valid UTF-8");
  Refuses("bytea", "\\001", "bytes");
  Refuses("texts", "{caf\xe9}", "'caf\\xe9', which is not valid UTF-8");
}

TEST_F(Encode, Timestamps) {
  Gives("at", "1970-01-01 00:00:00+00", "at { }");
  Gives("at", "1969-12-31 23:59:59.5+00", "at { seconds: -1 nanos: 500000000 }");
  for (const char* text : {"infinity", "-infinity", "10000-01-01 00:00:00+00", "0044-03-15 12:00:00+00 BC"}) {
    Refuses("at", text,
            "'" + std::string(text) +
                "', which google.protobuf.Timestamp cannot; serve it as text with the "
                "column COMMENT line \"@protogres type=string\"");
  }
}

TEST_F(Encode, Enums) {
  Gives("status", "new", "status: STATUS_NEW");
  Gives("statuss", R"({new,"NULL","in \"transit\", {x}"})",
        "statuss: STATUS_NEW statuss: STATUS_NULL statuss: STATUS_TRANSIT");
  RefusesAsMoved("status", "lost", "the label 'lost', which shop.v1.Status does not have (reload");
}

TEST_F(Encode, Arrays) {
  Gives("int4s", "{}", "");
  Gives("int4s", "{1,-1}", "int4s: 1 int4s: -1");
  Gives("flags", "{t,f}", "flags: true flags: false");
  Gives("reals", "{1.5,NaN}", "reals: 1.5 reals: nan");
  Gives("texts", R"({a,"",NULLS,"NULL","b \"c\" \\"})",
        R"(texts: "a" texts: "" texts: "NULLS" texts: "NULL" texts: "b \"c\" \\")");
  Gives("byteas", R"({"\\x61"})", "byteas: \"a\"");
  Gives("ats", R"({"1970-01-01 00:00:01+00"})", "ats { seconds: 1 }");
  Gives(
      "docs", R"({"{\"a\": null}","null"})",
      R"(docs { struct_value { fields { key: "a" value { null_value: NULL_VALUE } } } } docs { null_value: NULL_VALUE })");
  Gives("boxes", "{(1,1),(0,0);(2,2),(0,0)}", R"x(boxes: "(1,1),(0,0)" boxes: "(2,2),(0,0)")x");
  Gives("singles", R"({(a),()})", R"(singles { only: "a" } singles { })");
  Refuses("int4s", "{1,NULL}", "an array with a NULL in it");
  Refuses("texts", "{NULL}", "an array with a NULL in it");
  Refuses("int4s", "{{1},{2}}", "more than one dimension");
  Refuses("int4s", "[0:1]={1,2}", "does not begin at 1");
  Refuses("int4s", "{1,2", "no array");
  RefusesAsMoved("int4s", "{1,x}", "'x', which int32 cannot");
}

TEST_F(Encode, PackedArraysOfAnyLength) {
  for (const std::size_t size : {1u, 127u, 128u, 20000u}) {
    std::string text = "{7";
    for (std::size_t i = 1; i < size; ++i) text += ",7";
    const auto bytes = sample_.Encode("int8s", text + "}");
    ASSERT_TRUE(bytes.ok());
    const auto message = sample_.classes.New("shop.v1.Sample");
    ASSERT_TRUE(message->ParseFromString(*bytes));
    const auto* field = message->GetDescriptor()->FindFieldByName("int8s");
    EXPECT_EQ(message->GetReflection()->FieldSize(*message, field), static_cast<int>(size));
    EXPECT_EQ(message->SerializeAsString(), *bytes);
  }
}

TEST_F(Encode, Composites) {
  Gives("single", "()", "single { }");
  Gives("single", R"x((""))x", "single { only: \"\" }");
  Gives("address", "(,,,,,,,)", "address { }");
  Gives(
      "address",
      R"x(("New ""York""",10001,"1970-01-01 00:00:01","{a,""b \\""c""}","(1.5,)","{""k"": [1]}","{""(1,2)"",""(,3)""}","\\x61"))x",
      R"(address { city: "New \"York\"" zip: 10001 since { seconds: 1 } lines: "a" lines: "b \"c" place { x: 1.5 } )"
      R"(extra { struct_value { fields { key: "k" value { list_value { values { number_value: 1 } } } } } } )"
      R"(path { x: 1 y: 2 } path { y: 3 } data: "a" })");
  RefusesAsMoved("address", "(a,1)", "no row of the 8 attributes of shop.v1.Address (reload");
  RefusesAsMoved("address", "(,,,,,,,,)", "no row of the 8 attributes");
  RefusesAsMoved("address", "(,x,,,,,,)", "in its attribute \"zip\" 'x', which int32 cannot");
  Refuses("address", "(,,infinity,,,,,)",
          "in its attribute \"since\" 'infinity', which google.protobuf.Timestamp cannot");
  RefusesAsMoved("addresss", R"x({"(,,,,\"(x)\",,,)"})x", "in its attribute \"place\"");
  RefusesAsMoved("single", "a", "no row");
}

TEST_F(Encode, NullIsAbsence) {
  EXPECT_EQ(sample_.Shown("text", std::nullopt), "");
  const RowEncoder encoder(sample_.contract, sample_.table, {sample_.Index("text"), sample_.Index("int4")}, true);
  std::string out = "kept";
  const Cell cells[] = {std::nullopt, "7", "tag", "more cells are ignored"};
  ASSERT_TRUE(encoder.Encode(cells, &out).ok());
  ASSERT_TRUE(out.starts_with("kept"));
  const auto message = sample_.classes.New("shop.v1.Sample");
  ASSERT_TRUE(message->ParseFromString(out.substr(4)));
  EXPECT_THAT(message->ShortDebugString(), HasSubstr("int4: 7 etag: \"tag\""));
  EXPECT_EQ(encoder.Encode(std::span(cells).first(2), &out).code(), absl::StatusCode::kInternal);
}

TEST_F(Encode, ErrorsNameColumnAndTable) {
  const auto bytes = sample_.Encode("at", "infinity");
  const auto payload = bytes.status().GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(payload.has_value() && info.ParseFromString(std::string(*payload)));
  EXPECT_EQ(info.metadata().at("column"), "at");
  EXPECT_EQ(info.metadata().at("table"), "sample");
}

}  // namespace
}  // namespace protogres::wire
