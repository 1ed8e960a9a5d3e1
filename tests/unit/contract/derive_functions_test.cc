// Functions: which are served, their names, messages and numbers; and in pinned contracts.
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "contract/function_fields.h"
#include "contract/pin.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using catalog::ArgumentMode;
using catalog::TypeKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class FunctionsTest : public testing::Test {
 protected:
  FunctionsTest() {
    builder_.catalog().schemas = {"public"};
    int4_ = builder_.Base("int4");
    text_ = builder_.Base("text");
    void_ = builder_.AddType("pg_catalog", "void", TypeKind::kPseudo).oid;
    record_ = builder_.AddType("pg_catalog", "record", TypeKind::kPseudo).oid;
    any_ = builder_.AddType("pg_catalog", "anyelement", TypeKind::kPseudo).oid;
  }

  catalog::Argument Arg(const std::string& name, catalog::Oid type, const std::string& default_sql = "",
                        ArgumentMode mode = ArgumentMode::kIn) {
    return {mode, name, type, builder_.TypeAt(type).name, default_sql};
  }

  // References stay valid until the next function.
  catalog::Function& Add(const std::string& name, std::vector<catalog::Argument> arguments, catalog::Oid result,
                         const std::string& schema = "public") {
    catalog::Function function;
    function.schema = schema;
    function.name = name;
    function.arguments = std::move(arguments);
    function.result = result;
    function.sql_result = builder_.TypeAt(result).name;
    builder_.catalog().functions.push_back(function);
    return builder_.catalog().functions.back();
  }

  // "Transfer(TransferRequest) returns (stream TransferResponse)" of each method.
  static std::vector<std::string> Methods(const google::protobuf::DescriptorPool& pool,
                                          const std::string& service = "shop.v1.FunctionService") {
    std::vector<std::string> methods;
    const auto* descriptor = pool.FindServiceByName(service);
    for (int i = 0; descriptor != nullptr && i < descriptor->method_count(); ++i) {
      const auto* method = descriptor->method(i);
      methods.push_back(fmt::format("{}({}) returns ({}{})", method->name(), method->input_type()->name(),
                                    method->server_streaming() ? "stream " : "", method->output_type()->name()));
    }
    return methods;
  }
  // "repeated int32 a = 1" of each field that is not Protogres' own.
  static std::vector<std::string> Fields(const google::protobuf::DescriptorPool& pool, const std::string& message) {
    std::vector<std::string> fields;
    const auto* descriptor = pool.FindMessageTypeByName(message);
    if (descriptor == nullptr) return {"no " + message};
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const auto* field = descriptor->field(i);
      if (field->number() >= number::kOwnFirst) continue;
      fields.push_back(fmt::format("{}{} {} = {}", field->is_repeated() ? "repeated " : "", field->type_name(),
                                   field->name(), field->number()));
    }
    return fields;
  }
  static std::vector<int> OwnNumbers(const google::protobuf::DescriptorPool& pool, const std::string& message) {
    std::vector<int> numbers;
    const auto* descriptor = pool.FindMessageTypeByName(message);
    for (int i = 0; i < descriptor->field_count(); ++i) {
      if (descriptor->field(i)->number() >= number::kOwnFirst) numbers.push_back(descriptor->field(i)->number());
    }
    return numbers;
  }

  CatalogBuilder builder_;
  catalog::Oid int4_, text_, void_, record_, any_;
};

TEST_F(FunctionsTest, ArgumentsHaveTheNumbersOfTheirPositions) {
  Add("transfer",
      {Arg("a", int4_), Arg("sum", int4_, "", ArgumentMode::kOut), Arg("", text_), Arg("b c", int4_, "5"),
       Arg("rest", builder_.ArrayOf(int4_), "", ArgumentMode::kVariadic)},
      int4_);
  const Contract contract = builder_.Derive();
  EXPECT_THAT(contract.warnings, IsEmpty());
  const auto pool = BuildPool(contract);
  EXPECT_THAT(Methods(*pool), ElementsAre("Transfer(TransferRequest) returns (TransferResponse)"));
  EXPECT_THAT(Fields(*pool, "shop.v1.TransferRequest"),
              ElementsAre("int32 a = 1", "string arg2 = 2", "int32 b_c = 3", "repeated int32 rest = 4"));
  EXPECT_THAT(Fields(*pool, "shop.v1.TransferResponse"), ElementsAre("int32 sum = 1"));
  EXPECT_THAT(OwnNumbers(*pool, "shop.v1.TransferRequest"), ElementsAre(2004, 2005, 2012));
  const Function& function = contract.functions.at(0).functions.at(0);
  EXPECT_EQ(function.path, "/shop.v1.FunctionService/Transfer");
  EXPECT_TRUE(function.writes);
  EXPECT_TRUE(function.arguments.at(3).variadic);
  EXPECT_EQ(contract.functions.at(0).file, "shop/v1/functions.proto");
}

TEST_F(FunctionsTest, EachKindOfResultHasItsMessage) {
  auto& table = builder_.Table("customers");
  builder_.Column(table, "name", "text");
  const catalog::Oid row = builder_.Composite("customers", {{"id", int4_}, {"name", text_}});
  const catalog::Oid pair = builder_.Composite("pair", {{"a", int4_}});
  Add("a_void", {}, void_);
  Add("b_value", {}, int4_).volatility = catalog::Volatility::kStable;
  Add("c_row", {}, row);
  Add("d_rows", {}, row).set = true;
  Add("e_pair", {}, pair);
  Add("f_values", {}, int4_).set = true;
  Add("g_outs", {Arg("x", int4_, "", ArgumentMode::kOut), Arg("", text_, "", ArgumentMode::kOut)}, record_);
  Add("h_procedure", {Arg("x", int4_, "", ArgumentMode::kInOut)}, record_).procedure = true;
  const Contract contract = builder_.Derive();
  EXPECT_THAT(contract.warnings, IsEmpty());
  const auto pool = BuildPool(contract);
  EXPECT_THAT(
      Methods(*pool),
      ElementsAre("AVoid(AVoidRequest) returns (Empty)", "BValue(BValueRequest) returns (BValueResponse)",
                  "CRow(CRowRequest) returns (Customer)", "DRows(DRowsRequest) returns (stream DRowsResponse)",
                  "EPair(EPairRequest) returns (Pair)", "FValues(FValuesRequest) returns (stream FValuesResponse)",
                  "GOuts(GOutsRequest) returns (GOutsResponse)",
                  "HProcedure(HProcedureRequest) returns (HProcedureResponse)"));
  EXPECT_THAT(Fields(*pool, "shop.v1.BValueResponse"), ElementsAre("int32 value = 1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.DRowsResponse"), ElementsAre("repeated message customers = 1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.FValuesResponse"), ElementsAre("repeated message rows = 1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.FValuesRow"), ElementsAre("int32 value = 1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.GOutsResponse"), ElementsAre("int32 x = 1", "string column2 = 2"));
  EXPECT_THAT(OwnNumbers(*pool, "shop.v1.BValueRequest"), IsEmpty());
  EXPECT_THAT(OwnNumbers(*pool, "shop.v1.DRowsRequest"), ElementsAre(2001, 2004, 2010, 2011));
  // The row's type is the table's message: it needs none of its own.
  EXPECT_EQ(pool->FindMessageTypeByName("shop.v1.CustomersType"), nullptr);
}

TEST_F(FunctionsTest, OverloadsAndTakenNamesGetOthers) {
  builder_.Table("customers");
  Add("area", {Arg("a", int4_)}, int4_);
  Add("area", {Arg("a", int4_), Arg("b", text_)}, int4_);
  Add("get_customer", {}, int4_);
  Add("list", {}, int4_).comment = "@protogres name=Area";
  Add("new", {}, int4_);
  const Contract contract = builder_.Derive();
  const auto pool = BuildPool(contract);
  std::vector<std::string> paths;
  for (const Function& function : contract.functions.at(0).functions) {
    paths.push_back(function.path.substr(function.path.rfind('/') + 1));
  }
  EXPECT_THAT(paths, ElementsAre("AreaFunction", "AreaInt4Text", "GetCustomerFunction", "Area", "NewFunction"));
  EXPECT_THAT(contract.warnings, IsEmpty());
}

TEST_F(FunctionsTest, WhatCannotBeServedIsLeftOutWithAWarning) {
  Add("any", {Arg("a", any_)}, int4_);
  Add("undeclared", {}, record_).set = true;
  Add("hidden", {}, int4_).comment = "@protogres omit";
  Add("odd", {}, int4_).comment = "@protogres key=id";
  const Contract contract = builder_.Derive();
  ASSERT_EQ(contract.functions.size(), 1U);
  EXPECT_EQ(contract.functions[0].functions.size(), 1U);
  EXPECT_THAT(contract.warnings,
              ElementsAre(HasSubstr("function public.any(a anyelement): left out, as its type anyelement"),
                          HasSubstr("function public.undeclared(): left out, as its columns are not declared"),
                          HasSubstr("@protogres key")));
  DeriveOptions off;
  off.functions = false;
  EXPECT_THAT(builder_.Derive(off).functions, IsEmpty());
}

TEST_F(FunctionsTest, ATableOfFunctionsKeepsItsService) {
  builder_.Table("functions");
  Add("f", {}, int4_);
  const Contract contract = builder_.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.functions.at(0).name, "FunctionService2");
  EXPECT_EQ(contract.functions.at(0).file, "shop/v1/functions.proto");
}

TEST_F(FunctionsTest, TheGoPackageIsApartWherePackagesWouldNeedEachOther) {
  builder_.catalog().schemas = {"a", "b"};
  builder_.Table("left", "a");
  builder_.Table("right", "b");
  const catalog::Oid left = builder_.Composite("left", {{"id", int4_}}, "a");
  const catalog::Oid right = builder_.Composite("right", {{"id", int4_}}, "b");
  Add("of_right", {}, right, "a");
  Add("of_left", {}, left, "b");
  const Contract contract = builder_.Derive();
  BuildPool(contract);
  EXPECT_TRUE(contract.functions.at(0).go_apart);
  EXPECT_TRUE(contract.functions.at(1).go_apart);
}

TEST_F(FunctionsTest, APinnedContractServesWhatItNames) {
  Add("add", {Arg("a", int4_), Arg("b", int4_, "1")}, int4_);
  Add("other", {}, int4_);
  const Contract derived = builder_.Derive();
  auto files = AllFiles(derived);
  EXPECT_THAT(Compare(files, derived), IsEmpty());
  auto* file = files.mutable_file(0);
  // Without `other`, and without the argument that has a DEFAULT.
  file->mutable_service(0)->mutable_method()->RemoveLast();
  auto* fields = file->mutable_message_type(0)->mutable_field();
  fields->erase(fields->begin() + 1);
  const auto pinned = Pin(files, derived);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  ASSERT_EQ(pinned->functions.at(0).functions.size(), 1U);
  EXPECT_EQ(pinned->functions[0].functions[0].arguments.at(1).field.number, 0);
  EXPECT_EQ(pinned->functions[0].file, "");

  fields->erase(fields->begin());
  EXPECT_THAT(std::string(Pin(files, derived).status().message()), HasSubstr("AddRequest.a: is missing"));
  file->mutable_service(0)->mutable_method(0)->set_name("Gone");
  EXPECT_THAT(std::string(Pin(files, derived).status().message()),
              HasSubstr("/shop.v1.FunctionService/Gone: the database has nothing"));
}

}  // namespace
}  // namespace protogres::contract
