// Computed columns: which functions are, their names and numbers, and what they are in a pinned contract.
#include "contract/computed.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "contract/pin.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using catalog::TypeKind;
using catalog::Volatility;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ComputedTest : public testing::Test {
 protected:
  ComputedTest() {
    builder_.catalog().schemas = {"public"};
    for (const char* name : {"person", "pet"}) {
      auto& relation = builder_.Table(name);
      builder_.Column(relation, "first", "text");
      relation.comment = "";
    }
    builder_.Column(builder_.Named("pet"), "person_id", "int8");
    builder_.Reference("pet", {3}, "person");
    person_ = builder_.Composite("person", {{"id", builder_.Base("int8")}, {"first", builder_.Base("text")}});
    pet_ = builder_.Composite("pet", {{"id", builder_.Base("int8")}});
  }

  // References stay valid until the next function.
  catalog::Function& Add(const std::string& name, catalog::Oid row, const std::string& result = "text",
                         const std::string& schema = "public") {
    catalog::Function function;
    function.schema = schema;
    function.name = name;
    function.volatility = Volatility::kStable;
    function.arguments = {{catalog::ArgumentMode::kIn, "", row, builder_.TypeAt(row).name, ""}};
    function.result = builder_.Base(result);
    function.sql_result = result;
    builder_.catalog().functions.push_back(function);
    return builder_.catalog().functions.back();
  }

  static std::vector<std::string> Names(const Contract& contract, const std::string& table) {
    std::vector<std::string> names;
    for (const Field& field : FindTable(contract, table)->fields) {
      if (field.computed()) names.push_back(field.name);
    }
    return names;
  }

  CatalogBuilder builder_;
  catalog::Oid person_ = 0, pet_ = 0;
};

TEST_F(ComputedTest, AFunctionOfARowIsAFieldOfItsTable) {
  Add("full_name", person_).comment = "First and last.";
  Add("full_name", pet_, "int4").volatility = Volatility::kImmutable;
  const Contract contract = builder_.Derive();
  EXPECT_THAT(contract.warnings, IsEmpty());
  EXPECT_THAT(contract.functions, IsEmpty());
  const Field& field = *FindTable(contract, "person")->FindField("full_name");
  EXPECT_EQ(field.function, R"("public"."full_name")");
  EXPECT_EQ(field.column, "full_name");
  EXPECT_EQ(field.type.kind, Kind::kString);
  EXPECT_TRUE(field.readable && field.generated && !field.in_row());
  EXPECT_FALSE(field.insertable || field.updatable || field.never_null);
  EXPECT_EQ(FindTable(contract, "pet")->FindField("full_name")->type.kind, Kind::kInt32);
  const auto pool = BuildPool(contract);
  const auto* described = pool->FindFieldByName("shop.v1.Person.full_name");
  ASSERT_NE(described, nullptr);
  EXPECT_EQ(described->number(), field.number);
  EXPECT_THAT(FindTable(contract, "person")->notes.fields,
              Contains("First and last.\n\ntext, computed by public.full_name; where read_mask names it."));
}

// A change of these numbers breaks every client that has generated them.
TEST_F(ComputedTest, NumbersAreOfWhatTheyStandFor) {
  const Contract empty = builder_.Derive();
  catalog::Function function = Add("full_name", person_);
  EXPECT_EQ(ComputedNumber(function, *FindTable(empty, "person")), 222856033);
  EXPECT_NE(ComputedNumber(function, *FindTable(empty, "pet")), 222856033);
  Add("aged", person_, "int4");
  builder_.catalog().functions.back().comment = "@protogres number=100001 name=age";
  const Contract contract = builder_.Derive();
  EXPECT_THAT(Names(contract, "person"), ElementsAre("age", "full_name")) << "by number";
  EXPECT_EQ(FindTable(contract, "person")->FindField("age")->number, 100001);
}

TEST_F(ComputedTest, WhatHasANameKeepsIt) {
  Add("first", person_);
  Add("pets", person_);
  Add("has_first", person_);
  Add("nick", person_);
  Add("nick", person_, "text", "aaa");
  builder_.catalog().schemas = {"aaa", "public"};
  builder_.catalog().functions.back().comment = "";
  Add("other", person_).comment = "@protogres name=called";
  Add("hidden", person_).comment = "@protogres omit";
  Add("same", person_).comment = "@protogres number=100001";
  Add("also", person_).comment = "@protogres number=100001";
  const Contract contract = builder_.Derive();
  auto names = Names(contract, "person");
  std::ranges::sort(names);
  EXPECT_THAT(names, ElementsAre("called", "nick", "same"));
  EXPECT_EQ(FindTable(contract, "person")->FindField("nick")->function, R"("public"."nick")") << "the table's schema";
  for (const char* name : {"first", "pets", "has_first"}) {
    EXPECT_THAT(contract.warnings,
                Contains(HasSubstr("function public." + std::string(name) +
                                   "(person): no computed column is served, as Person has a field " + name)));
  }
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("function aaa.nick(person): no computed column")));
  EXPECT_THAT(contract.warnings,
              Contains(HasSubstr("public.also(person): no computed column is served, as same has its "
                                 "number 100001")));
  BuildPool(contract);
}

TEST_F(ComputedTest, WhatIsLeftOutIsTold) {
  Add("boss", person_).result = person_;
  Add("trigger_of", person_).result = builder_.AddType("pg_catalog", "void", TypeKind::kPseudo).oid;
  builder_.Named("pet").selectable = false;
  builder_.Named("pet").columns[1].readable = false;
  Add("shout", pet_);
  const Contract contract = builder_.Derive();
  EXPECT_THAT(Names(contract, "person"), IsEmpty());
  EXPECT_THAT(Names(contract, "pet"), IsEmpty());
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("public.boss(person): left out, as it computes rows of a table")));
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("public.trigger_of(person): left out, as its type")));
  EXPECT_THAT(contract.warnings,
              Contains(HasSubstr("public.shout(pet): left out, as it is called with a whole row, and "
                                 "the role may not read all columns of it")));
}

TEST_F(ComputedTest, WithoutFunctionsThereAreNone) {
  Add("full_name", person_);
  DeriveOptions options;
  options.functions = false;
  EXPECT_THAT(Names(builder_.Derive(options), "person"), IsEmpty());
}

TEST_F(ComputedTest, APinnedContractHoldsItsNumber) {
  Add("full_name", person_);
  Add("nick", person_);
  const Contract derived = builder_.Derive();
  auto files = AllFiles(derived);
  for (auto& file : *files.mutable_file()) {
    for (auto& message : *file.mutable_message_type()) {
      if (message.name() != "Person") continue;
      auto* const fields = message.mutable_field();
      for (int i = fields->size() - 1; i >= 0; --i) {
        if (fields->at(i).name() == "full_name") fields->at(i).set_number(77);
        if (fields->at(i).name() == "nick") fields->DeleteSubrange(i, 1);
      }
    }
  }
  const auto pinned = Pin(files, derived);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  EXPECT_THAT(Names(*pinned, "person"), ElementsAre("full_name"));
  const Field& field = *FindTable(*pinned, "person")->FindField("full_name");
  EXPECT_EQ(field.number, 77);
  EXPECT_EQ(field.function, R"("public"."full_name")");
  builder_.catalog().functions.clear();
  EXPECT_THAT(std::string(Pin(files, builder_.Derive()).status().message()),
              HasSubstr("shop.v1.Person.full_name: the database has no such column"));
}

}  // namespace
}  // namespace protogres::contract
