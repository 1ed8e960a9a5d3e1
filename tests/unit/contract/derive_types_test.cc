// Types: the design's table, domains, arrays, enums, composites.
#include <string>
#include <vector>

#include "catalog_builder.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using catalog::Oid;
using catalog::TypeKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Type TypeOf(CatalogBuilder& builder, Oid oid, const std::string& comment = "") {
  auto& relation = builder.Bare(fmt::format("t{}", builder.catalog().relations.size()));
  builder.Column(relation, "c", oid).comment = comment;
  const std::string name = relation.name;
  const Contract contract = builder.Derive();
  BuildPool(contract);
  const Table* table = FindTable(contract, name);
  return table == nullptr ? Type{} : table->fields[0].type;
}

TEST(DeriveTypesTest, BaseTypes) {
  CatalogBuilder builder;
  const std::pair<const char*, Kind> kinds[] = {
      {"int2", Kind::kInt32},   {"int4", Kind::kInt32},          {"int8", Kind::kInt64},
      {"oid", Kind::kUint32},   {"float4", Kind::kFloat},        {"float8", Kind::kDouble},
      {"bool", Kind::kBool},    {"numeric", Kind::kString},      {"money", Kind::kString},
      {"text", Kind::kString},  {"bytea", Kind::kBytes},         {"timestamptz", Kind::kTimestamp},
      {"json", Kind::kJson},    {"timestamp", Kind::kTimestamp}, {"jsonb", Kind::kJson},
      {"date", Kind::kString},  {"tsvector", Kind::kString},     {"char", Kind::kString},
      {"point", Kind::kString}, {"interval", Kind::kString},
  };
  for (const auto& [name, kind] : kinds) {
    const Type type = TypeOf(builder, builder.Base(name));
    EXPECT_EQ(type.kind, kind) << name;
    EXPECT_EQ(type.sql_type, fmt::format("\"pg_catalog\".\"{}\"", name));
    EXPECT_EQ(type.element_sql_type, type.sql_type);
  }
  EXPECT_TRUE(TypeOf(builder, builder.Base("int2")).small);
  EXPECT_FALSE(TypeOf(builder, builder.Base("int4")).small);
  EXPECT_TRUE(TypeOf(builder, builder.Base("timestamptz")).zoned);
  EXPECT_FALSE(TypeOf(builder, builder.Base("timestamp")).zoned);
  EXPECT_TRUE(TypeOf(builder, builder.Base("jsonb")).jsonb);
  EXPECT_TRUE(TypeOf(builder, builder.Base("bpchar")).textual);
  EXPECT_FALSE(TypeOf(builder, builder.Base("char")).textual);
  EXPECT_EQ(TypeOf(builder, builder.Base("uuid")).text, Text::kUuid);
  EXPECT_EQ(TypeOf(builder, builder.Base("numeric")).text, Text::kNumeric);
  EXPECT_FALSE(TypeOf(builder, builder.Base("json")).comparable);
  EXPECT_TRUE(TypeOf(builder, builder.Base("int4")).orderable);
  const Type money = TypeOf(builder, builder.Base("money"));
  EXPECT_EQ(money.read_cast, "::numeric");
  EXPECT_EQ(money.write_cast, "::numeric");
  EXPECT_EQ(money.text, Text::kNumeric);
}

TEST(DeriveTypesTest, NamesakesElsewhereAreOtherTypes) {
  CatalogBuilder builder;
  EXPECT_EQ(TypeOf(builder, builder.AddType("public", "int4", TypeKind::kBase).oid).kind, Kind::kString);
  EXPECT_TRUE(TypeOf(builder, builder.AddType("ext", "citext", TypeKind::kBase).oid).textual);
  EXPECT_EQ(TypeOf(builder, builder.AddType("pg_catalog", "int4range", TypeKind::kRange).oid).kind, Kind::kString);
}

TEST(DeriveTypesTest, ArraysAndDomains) {
  CatalogBuilder builder;
  const Type array = TypeOf(builder, builder.ArrayOf(builder.Base("int8")));
  EXPECT_TRUE(array.repeated);
  EXPECT_EQ(array.kind, Kind::kInt64);
  EXPECT_EQ(array.sql_type, "\"pg_catalog\".\"int8\"[]");
  EXPECT_EQ(array.element_sql_type, "\"pg_catalog\".\"int8\"");

  const Type money = TypeOf(builder, builder.ArrayOf(builder.Base("money")));
  EXPECT_EQ(money.read_cast, "::numeric[]");
  EXPECT_EQ(money.write_cast, "::numeric[]");

  const Oid posint = builder.Domain("posint", builder.Base("int4"));
  const Type domain = TypeOf(builder, builder.Domain("tiny", posint));
  EXPECT_EQ(domain.kind, Kind::kInt32);
  EXPECT_EQ(domain.sql_type, "\"public\".\"tiny\"");
  EXPECT_EQ(domain.element_sql_type, domain.sql_type);
  EXPECT_TRUE(TypeOf(builder, builder.Domain("mail", builder.Base("text"))).textual);

  const Type of_domains = TypeOf(builder, builder.ArrayOf(posint));
  EXPECT_TRUE(of_domains.repeated);
  EXPECT_EQ(of_domains.sql_type, "\"public\".\"posint\"[]");
  EXPECT_EQ(of_domains.element_sql_type, "\"public\".\"posint\"");

  const Oid tags = builder.Domain("tags", builder.ArrayOf(builder.Base("text")));
  const Type over_array = TypeOf(builder, tags);
  EXPECT_TRUE(over_array.repeated);
  EXPECT_EQ(over_array.sql_type, "\"public\".\"tags\"");
  EXPECT_EQ(over_array.element_sql_type, "\"pg_catalog\".\"text\"");

  const Type nested = TypeOf(builder, builder.ArrayOf(tags));
  EXPECT_FALSE(nested.repeated);
  EXPECT_EQ(nested.kind, Kind::kString);
  EXPECT_EQ(nested.sql_type, "\"public\".\"tags\"[]");
  EXPECT_FALSE(nested.textual);
}

TEST(DeriveTypesTest, WhereOperatorsAre) {
  CatalogBuilder builder;
  catalog::Type& ltree = builder.AddType("ext", "ltree", TypeKind::kBase);
  ltree.operator_schema = "ops";
  const Oid oid = ltree.oid;
  EXPECT_EQ(TypeOf(builder, oid).operator_schema, "\"ops\"");
  EXPECT_EQ(TypeOf(builder, builder.Domain("path", oid)).operator_schema, "\"ops\"");
  EXPECT_EQ(TypeOf(builder, builder.ArrayOf(oid)).operator_schema, "\"ops\"") << "its elements' operators";
  EXPECT_EQ(TypeOf(builder, oid, "@protogres type=string").operator_schema, "\"ops\"");
  EXPECT_EQ(TypeOf(builder, builder.ArrayOf(oid), "@protogres type=string").operator_schema, "")
      << "an array is compared as a whole";
  EXPECT_EQ(TypeOf(builder, builder.Base("int4")).operator_schema, "");
}

TEST(DeriveTypesTest, AsText) {
  CatalogBuilder builder;
  const Type stamp = TypeOf(builder, builder.Base("timestamptz"), "@protogres type=string");
  EXPECT_EQ(stamp.kind, Kind::kString);
  EXPECT_FALSE(stamp.zoned);
  EXPECT_EQ(stamp.sql_type, "\"pg_catalog\".\"timestamptz\"");
  const Type array = TypeOf(builder, builder.ArrayOf(builder.Base("text")), "@protogres type=string");
  EXPECT_FALSE(array.repeated || array.textual);
  EXPECT_EQ(array.element_sql_type, "\"pg_catalog\".\"text\"[]");
  const Type money = TypeOf(builder, builder.Base("money"), "@protogres type=string");
  EXPECT_EQ(money.read_cast + money.write_cast, "");
  EXPECT_EQ(money.text, Text::kAny);
  // A type that is only served as text is not in the contract.
  TypeOf(builder, builder.Enum("mood", {"ok"}), "@protogres type=string");
  EXPECT_THAT(builder.Derive().enums, IsEmpty());
}

TEST(DeriveTypesTest, EnumsWithHostileLabels) {
  CatalogBuilder builder;
  const Oid oid = builder.Enum("order_status", {"", "a b", "A-B", "a_b", "ab", "a__b", "unspecified", "empty", "1_2",
                                                "12", "é", "a\nb", "A_B_3"});
  auto& relation = builder.Table("t");
  builder.Column(relation, "one", oid);
  builder.Column(relation, "one_value", "int4");
  builder.Column(relation, "many", builder.ArrayOf(oid));
  const Contract contract = builder.Derive();
  BuildPool(contract);
  ASSERT_EQ(contract.enums.size(), 1u);
  const Enum& result = contract.enums[0];
  EXPECT_EQ(result.full_name, "shop.v1.OrderStatus");
  EXPECT_EQ(result.sql_type, "\"public\".\"order_status\"");
  std::vector<std::string> names;
  for (const EnumValue& value : result.values) {
    EXPECT_EQ(value.number, static_cast<int>(names.size()) + 1);
    names.push_back(value.name.substr(std::string("ORDER_STATUS_").size()));
  }
  EXPECT_THAT(names, ElementsAre("EMPTY", "A_B", "A_B_3", "A_B_4", "AB", "A__B_6", "UNSPECIFIED_7", "EMPTY_8", "1_2",
                                 "12_10", "U00E9", "A_B_12", "A_B_3_13"));
  EXPECT_EQ(contract.files.file(0).name(), "shop/v1/types.proto");
  EXPECT_EQ(contract.tables[0].fields[2].name, "one_value_3");
  EXPECT_EQ(contract.tables[0].fields[3].type.index, 0);
  EXPECT_TRUE(contract.tables[0].fields[3].type.repeated);
}

TEST(DeriveTypesTest, EnumsThatShareAPrefix) {
  CatalogBuilder builder;
  auto& relation = builder.Table("t");
  builder.Column(relation, "a", builder.Enum("order", {"status_new", "status_unspecified"}));
  builder.Column(relation, "b", builder.Enum("order_status", {"new"}));
  builder.Column(relation, "c", builder.Enum("OrderStatus", {"new"}));
  builder.Column(relation, "d", builder.Enum("x", {"min", "max", "unspecified"}));
  builder.Column(relation, "e", builder.Enum("none", {}));
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.enums.size(), 5u);
}

TEST(DeriveTypesTest, Composites) {
  CatalogBuilder builder;
  const Oid address =
      builder.Composite("address", {{"street", builder.Base("text")}, {"price", builder.Base("money")}});
  builder.TypeAt(address).attributes[1].number = 3;
  builder.TypeAt(address).dropped = {2};
  const Oid person = builder.Composite(
      "person", {{"home", address}, {"work", builder.ArrayOf(address)}, {"mood", builder.Enum("mood", {"ok"})}});
  builder.TypeAt(person).attributes.push_back({4, "friends", builder.ArrayOf(person), ""});
  auto& relation = builder.Table("t");
  builder.Column(relation, "p", person);
  builder.Column(relation, "ps", builder.ArrayOf(person));
  builder.Column(relation, "d", builder.Domain("d", person));
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_THAT(contract.warnings, IsEmpty());
  ASSERT_EQ(contract.composites.size(), 2u);
  EXPECT_EQ(contract.composites[0].full_name, "shop.v1.Address");
  EXPECT_EQ(contract.composites[0].fields[1].number, 3);
  EXPECT_EQ(contract.composites[0].fields[1].type.read_cast, "");
  EXPECT_EQ(contract.composites[0].fields[1].type.text, Text::kAny);
  EXPECT_EQ(contract.composites[1].fields[0].type.index, 0);
  EXPECT_EQ(contract.composites[1].fields[3].type.index, 1);
  EXPECT_TRUE(pool->FindMessageTypeByName("shop.v1.Address")->IsReservedNumber(2));
  EXPECT_EQ(contract.tables[0].fields[3].type.kind, Kind::kMessage);
}

TEST(DeriveTypesTest, RowTypesOfTables) {
  CatalogBuilder builder;
  const Oid row = builder.Composite("customers", {{"id", builder.Base("int8")}});
  builder.Column(builder.Table("customers"), "x", "text");
  builder.Column(builder.Table("orders"), "who", row);
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.composites[0].full_name, "shop.v1.CustomersType");
  EXPECT_EQ(contract.tables[0].message, "Customer");
}

TEST(DeriveTypesTest, TypesThatTakeATablesName) {
  CatalogBuilder builder;
  auto& relation = builder.Table("statuses");
  builder.Column(relation, "s", builder.Enum("status", {"ok"}));
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.tables[0].message, "Statuses");
  EXPECT_EQ(contract.enums[0].full_name, "shop.v1.Status");
}

TEST(DeriveTypesTest, PackagesThatWouldImportEachOther) {
  CatalogBuilder builder;
  const Oid a = builder.Composite("a", {{"x", builder.Base("text")}}, "one");
  const Oid b = builder.Composite("b", {{"a", a}}, "two");
  builder.TypeAt(a).attributes.push_back({2, "b", builder.ArrayOf(b), ""});
  builder.Column(builder.Table("t", "three"), "b", b);
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr("would import each other")));
  // `a` comes first, so that it keeps its message and `b` gives way.
  EXPECT_EQ(contract.composites[0].fields[1].type.kind, Kind::kMessage);
  EXPECT_EQ(contract.composites[1].fields[0].type.kind, Kind::kString);
  EXPECT_EQ(contract.composites[1].fields[0].type.sql_type, "\"one\".\"a\"");
  EXPECT_EQ(contract.files.file(0).name(), "two/v1/types.proto");
}

TEST(DeriveTypesTest, GoPackagesThatWouldNeedEachOther) {
  CatalogBuilder builder;
  const Oid one = builder.Enum("e", {"x"}, "one");
  const Oid two = builder.Enum("e", {"x"}, "two");
  builder.Column(builder.Table("t", "one"), "c", two);
  builder.Column(builder.Table("t", "two"), "c", one);
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_EQ(contract.files.file(0).options().go_package(), "one/v1/types;onev1types");
  EXPECT_EQ(TableFile(contract, contract.tables[0]).options().go_package(), "one/v1;onev1");
}

TEST(DeriveTypesTest, BrokenCatalogsEnd) {
  CatalogBuilder builder;
  const Oid loop = builder.Domain("loop", builder.Base("text"));
  builder.TypeAt(loop).base = loop;
  const Oid odd = builder.Composite("odd", {{"gone", 4242}, {"loop", loop}});
  auto& relation = builder.Table("t");
  builder.Column(relation, "l", loop);
  builder.Column(relation, "o", odd);
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr("column l")));
  EXPECT_EQ(contract.composites[0].fields[0].type.kind, Kind::kString);
}

}  // namespace
}  // namespace protogres::contract
