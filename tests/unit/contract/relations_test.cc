// Which foreign keys are served as relations, their names and their numbers.
#include "contract/relations.h"

#include <string>
#include <utility>
#include <vector>

#include "catalog_builder.h"
#include "contract/derive.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::contract {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// "customer -> customer", "orders *-> order" of each relation of a table.
std::vector<std::string> Relations(const Contract& contract, const std::string& table) {
  std::vector<std::string> relations;
  for (const Relation& relation : FindTable(contract, table)->relations) {
    relations.push_back(fmt::format("{} {}-> {}", relation.name, relation.many ? "*" : "",
                                    contract.tables[static_cast<std::size_t>(relation.target)].name));
  }
  return relations;
}

CatalogBuilder Shop() {
  CatalogBuilder builder;
  builder.Table("customers");
  auto& orders = builder.Table("orders");
  builder.Column(orders, "customer_id", "int8");
  return builder;
}

TEST(RelationsTest, AForeignKeyIsAFieldOnEitherSide) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  const Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), ElementsAre("customer -> customers"));
  EXPECT_THAT(Relations(contract, "customers"), ElementsAre("orders *-> orders"));
  const Table& orders = *FindTable(contract, "orders");
  const Relation& customer = orders.relations[0];
  EXPECT_FALSE(customer.reverse);
  EXPECT_EQ(customer.constraint, "orders_fkey2");
  EXPECT_THAT(customer.fields, ElementsAre(1));
  EXPECT_THAT(customer.target_fields, ElementsAre(0));
  const Relation& reverse = FindTable(contract, "customers")->relations[0];
  EXPECT_TRUE(reverse.reverse);
  EXPECT_THAT(reverse.fields, ElementsAre(0));
  EXPECT_THAT(reverse.target_fields, ElementsAre(1));
  EXPECT_EQ(orders.FindRelation("customer"), &customer);
  EXPECT_EQ(orders.FindRelation("order"), nullptr);
}

TEST(RelationsTest, AUniqueForeignKeyIsToOneOnBothSides) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers").unique = true;
  EXPECT_THAT(Relations(builder.Derive(), "customers"), ElementsAre("order -> orders"));
  // Its index is not that of tables that inherit from it.
  builder.Named("orders").key_unique = false;
  EXPECT_THAT(Relations(builder.Derive(), "customers"), ElementsAre("orders *-> orders"));
}

TEST(RelationsTest, ASelfReferenceGivesATableBoth) {
  CatalogBuilder builder;
  auto& employees = builder.Table("employees");
  builder.Column(employees, "manager_id", "int8");
  builder.Reference("employees", {2}, "employees");
  EXPECT_THAT(Relations(builder.Derive(), "employees"),
              UnorderedElementsAre("manager -> employees", "employees *-> employees"));
}

TEST(RelationsTest, SeveralKeysBetweenTwoTablesAreNamedByTheirColumns) {
  CatalogBuilder builder = Shop();
  builder.Column(builder.Named("orders"), "payer_id", "int8");
  builder.Reference("orders", {2}, "customers");
  builder.Reference("orders", {3}, "customers");
  const Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), UnorderedElementsAre("customer -> customers", "payer -> customers"));
  EXPECT_THAT(Relations(contract, "customers"),
              UnorderedElementsAre("orders_by_customer_id *-> orders", "orders_by_payer_id *-> orders"));
}

TEST(RelationsTest, ACompositeKeyIsNamedByItsTable) {
  CatalogBuilder builder;
  auto& parts = builder.Table("parts");
  builder.Column(parts, "plant", "text");
  builder.Table("orders");
  builder.Column(builder.Named("orders"), "part_plant", "text");
  builder.Column(builder.Named("orders"), "part_no", "int8");
  builder.Reference("orders", {2, 3}, "parts", {2, 1});
  const Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), ElementsAre("part -> parts"));
  EXPECT_THAT(FindTable(contract, "orders")->relations[0].fields, ElementsAre(1, 2));
  EXPECT_THAT(FindTable(contract, "orders")->relations[0].target_fields, ElementsAre(1, 0));
}

TEST(RelationsTest, ColumnsComeBeforeRelations) {
  CatalogBuilder builder;
  builder.Table("customers");
  builder.Column(builder.Named("customers"), "orders", "int4");
  builder.Table("orders");
  builder.Column(builder.Named("orders"), "customer", "int8");  // no _id: by the table, and that is taken
  builder.Reference("orders", {2}, "customers");
  const Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), ElementsAre("customer_by_customer -> customers"));
  EXPECT_THAT(Relations(contract, "customers"), ElementsAre("orders_by_customer *-> orders"));
}

TEST(RelationsTest, ACommentRenamesNumbersAndOmits) {
  CatalogBuilder builder = Shop();
  auto& key = builder.Reference("orders", {2}, "customers");
  key.comment =
      "Who pays.\n@protogres name=buyer reverse_name=purchases\n@protogres number=100001 reverse_number=100002";
  const Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), ElementsAre("buyer -> customers"));
  EXPECT_THAT(Relations(contract, "customers"), ElementsAre("purchases *-> orders"));
  EXPECT_EQ(FindTable(contract, "orders")->relations[0].number, 100001);
  EXPECT_EQ(FindTable(contract, "customers")->relations[0].number, 100002);
  EXPECT_THAT(FindTable(contract, "orders")->notes.relations, ElementsAre(HasSubstr("Who pays.")));
  builder.Named("orders").foreign_keys[0].comment = "@protogres omit";
  EXPECT_THAT(Relations(builder.Derive(), "orders"), IsEmpty());
  builder.Named("orders").foreign_keys[0].comment = "@protogres number=19500";
  EXPECT_THAT(builder.Derive().warnings,
              Contains(HasSubstr("foreign key \"orders_fkey2\" of table public.orders: @protogres number: \"19500\"")));
}

TEST(RelationsTest, NumbersAreHashesThatNeverChange) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  const Contract contract = builder.Derive();
  // Clients have been generated with such numbers: they must not change from one version to the next.
  EXPECT_EQ(FindTable(contract, "orders")->relations[0].number, 99755984);
  EXPECT_EQ(FindTable(contract, "customers")->relations[0].number, 394746179);
}

TEST(RelationsTest, OfTwoWithOneNumberTheSecondIsLeftOut) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  builder.Reference("orders", {2}, "customers").name = "the_same_again";
  const Contract contract = builder.Derive();
  EXPECT_EQ(FindTable(contract, "orders")->relations.size(), 1u);
  EXPECT_THAT(contract.warnings,
              Contains(HasSubstr("foreign key \"the_same_again\" of table public.orders: the relation "
                                 "customer_by_customer_id")));
}

TEST(RelationsTest, WhatCannotBeComparedOrReadIsLeftOut) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  builder.Named("orders").columns[1].readable = false;
  EXPECT_THAT(builder.Derive().warnings,
              Contains(HasSubstr("no relation is served, as column customer_id of orders may not be read")));
  builder.Named("orders").columns[1].readable = true;
  builder.Named("orders").columns[1].comment = "@protogres omit";
  EXPECT_THAT(builder.Derive().warnings, Contains(HasSubstr("column customer_id of orders is not served")));
  builder.Named("orders").columns[1].comment = "";
  builder.Named("customers").key_unique = false;
  EXPECT_THAT(builder.Derive().warnings, Contains(HasSubstr("as tables inherit from customers")));
}

TEST(RelationsTest, AcrossPackagesThereIsTheSideToOne) {
  CatalogBuilder builder;
  builder.Table("customers", "crm");
  builder.Table("orders", "sales");
  builder.Column(builder.Named("orders"), "customer_id", "int8");
  builder.Reference("orders", {2}, "customers");
  Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), ElementsAre("customer -> customers"));
  EXPECT_THAT(Relations(contract, "customers"), IsEmpty());
  EXPECT_THAT(contract.warnings, IsEmpty());
  // Two schemas in one package are no two packages.
  contract = builder.Derive({.packages = {{"crm", "all.v1"}, {"sales", "all.v1"}}});
  EXPECT_THAT(Relations(contract, "customers"), ElementsAre("orders *-> orders"));
}

TEST(RelationsTest, PackagesThatReferToEachOtherHaveNone) {
  CatalogBuilder builder;
  for (const char* name : {"a", "b", "c"}) {
    builder.Table(name, name);
    builder.Column(builder.Named(name), "next_id", "int8");
  }
  builder.Reference("a", {2}, "b");
  builder.Reference("b", {2}, "c");
  builder.Reference("c", {2}, "a");
  const Contract contract = builder.Derive();
  for (const char* name : {"a", "b", "c"}) EXPECT_THAT(Relations(contract, name), IsEmpty()) << name;
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("the packages a.v1 and b.v1 refer to each other")));
}

TEST(RelationsTest, RowsThatReferToEachOtherStandInOneFile) {
  CatalogBuilder builder = Shop();
  builder.Column(builder.Named("customers"), "last_order_id", "int8");
  builder.Reference("orders", {2}, "customers");
  builder.Reference("customers", {2}, "orders");
  builder.Table("countries", "world");
  builder.Column(builder.Named("customers"), "country_id", "int8");
  builder.Reference("customers", {3}, "countries");
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  const auto* customer = pool->FindMessageTypeByName("shop.v1.Customer");
  ASSERT_NE(customer, nullptr);
  EXPECT_EQ(customer->file()->name(), "shop/v1/rows.proto");
  EXPECT_EQ(customer->FindFieldByName("country")->message_type()->full_name(), "world.v1.Country");
  EXPECT_EQ(customer->FindFieldByName("last_order")->message_type()->full_name(), "shop.v1.Order");
  EXPECT_TRUE(customer->FindFieldByName("orders")->is_repeated());
  const auto* get = pool->FindMessageTypeByName("shop.v1.GetCustomerRequest");
  EXPECT_EQ(get->file()->name(), "shop/v1/customer.proto");
  EXPECT_EQ(get->FindFieldByName("expand")->message_type()->full_name(), "shop.v1.Expand");
  // Nothing refers to a country within its package.
  EXPECT_EQ(pool->FindMessageTypeByName("world.v1.GetCountryRequest")->FindFieldByName("expand"), nullptr);
}

TEST(RelationsTest, OfATableThatIsNotShownNothingIsInTheFile) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  const Contract contract = builder.Derive();
  const std::vector<bool> shown = {false, true};  // customers, orders
  const auto file = RowsFile(contract, "shop.v1", &shown);
  ASSERT_EQ(file.message_type_size(), 2);
  EXPECT_EQ(file.message_type(0).name(), "Order");
  for (const auto& field : file.message_type(0).field()) EXPECT_NE(field.name(), "customer");
}

// Customers, their orders, and the view "overview" of both, which has the columns id, customer_id and code.
CatalogBuilder ShopWithView(const std::string& comment) {
  CatalogBuilder builder = Shop();
  builder.Column(builder.Named("customers"), "code", "text").not_null = true;
  auto& view = builder.Table("overview");
  view.kind = catalog::RelationKind::kView;
  view.key.clear();
  view.comment = comment;
  builder.Column(view, "customer_id", "int4");
  builder.Column(view, "code", "varchar");
  return builder;
}

TEST(RelationsTest, ACommentOnAViewSaysARelationAsAForeignKeyDoes) {
  const CatalogBuilder builder =
      ShopWithView("Of orders.\n@protogres references=public.customers(id) column=customer_id");
  const Contract contract = builder.Derive();
  EXPECT_THAT(contract.warnings, IsEmpty());
  EXPECT_THAT(Relations(contract, "overview"), ElementsAre("customer -> customers"));
  EXPECT_THAT(Relations(contract, "customers"), ElementsAre("overviews *-> overview"));
  const Relation& customer = FindTable(contract, "overview")->relations[0];
  EXPECT_EQ(customer.constraint, "");
  EXPECT_THAT(customer.fields, ElementsAre(1));
  EXPECT_THAT(customer.target_fields, ElementsAre(0));
  // Clients have been generated with such numbers.
  EXPECT_EQ(customer.number, RelationNumber(*FindTable(contract, "overview"), {1}, *FindTable(contract, "customers"),
                                            {0}, /*reverse=*/false));
  BuildPool(contract);
}

TEST(RelationsTest, ALineOfACommentNamesItsRelationAndNumbersIt) {
  const CatalogBuilder builder = ShopWithView(
      "@protogres name=Summary\n"
      "@protogres references=customers column=customer_id name=buyer reverse_name=summaries\n"
      "@protogres references=orders(id) column=id number=100001 reverse_number=100002");
  const Contract contract = builder.Derive();
  EXPECT_THAT(contract.warnings, IsEmpty());
  EXPECT_EQ(FindTable(contract, "overview")->message, "Summary");
  EXPECT_THAT(Relations(contract, "overview"), UnorderedElementsAre("buyer -> customers", "order -> orders"));
  EXPECT_THAT(Relations(contract, "customers"), ElementsAre("summaries *-> overview"));
  EXPECT_EQ(FindTable(contract, "overview")->relations[0].number, 100001);
  EXPECT_EQ(FindTable(contract, "orders")->relations[0].number, 100002);
}

TEST(RelationsTest, AViewWhoseKeyRefersIsToOneOnBothSides) {
  CatalogBuilder builder =
      ShopWithView("@protogres key=customer_id\n@protogres references=customers column=customer_id");
  EXPECT_THAT(Relations(builder.Derive(), "customers"), ElementsAre("overview -> overview"));
  builder.Named("overview").comment = "@protogres references=customers column=customer_id";
  builder.Named("overview").distinct = {2};  // GROUP BY customer_id
  EXPECT_THAT(Relations(builder.Derive(), "customers"), ElementsAre("overview -> overview"));
}

TEST(RelationsTest, ACommentMayReferToAView) {
  CatalogBuilder builder =
      ShopWithView("@protogres key=id\n@protogres references=customers(code, id) column=code,customer_id");
  builder.Named("orders").comment = "@protogres references=overview(id) column=customer_id name=summary";
  const Contract contract = builder.Derive();
  EXPECT_THAT(contract.warnings, IsEmpty());
  EXPECT_THAT(Relations(contract, "overview"), UnorderedElementsAre("customer -> customers", "orders *-> orders"));
  EXPECT_THAT(Relations(contract, "orders"), ElementsAre("summary -> overview"));
}

TEST(RelationsTest, WhatACommentSaysWrongIsLeftOutAndTold) {
  const std::pair<const char*, const char*> wrong[] = {
      {"references=custmers(id) column=customer_id",
       "view public.overview, references=public.custmers(id): no relation is served, as no table public.custmers is "
       "served; there are: public.customers, public.orders"},
      {"references=crm.customers(id) column=customer_id",
       "no table crm.customers is served; there are: public.customers"},
      {"references=a.b(id) column=customer_id", "no table a.b is served; name one with its schema"},
      {"references=overview column=id", "view public.overview has no key: name the columns that are referred to"},
      {"references=customers(idd) column=customer_id", "table public.customers has no column idd; it has: id, code"},
      {"references=customers(id) column=customer",
       "view public.overview has no column customer; it has: id, customer_id, code"},
      {"references=customers(id) column=customer_id,id", "column= names 2 columns, and 1 are referred to"},
      {"references=customers(id) column=code", "column code of overview is varchar, and id of customers is int8"},
      {"references=customers(code) column=code", "several rows of customers may have the same there"}};
  for (const auto& [line, warning] : wrong) {
    const Contract contract = ShopWithView(std::string("@protogres ") + line).Derive();
    EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr(warning))) << line;
    EXPECT_THAT(Relations(contract, "overview"), IsEmpty()) << line;
    EXPECT_THAT(Relations(contract, "customers"), IsEmpty()) << line;
  }
}

TEST(RelationsTest, OffServesNone) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  EXPECT_THAT(Relations(builder.Derive({.packages = {}, .relations = contract::Relations::kOff}), "orders"), IsEmpty());
}

TEST(RelationsTest, WithVeryManyTablesTheyAreAskedFor) {
  CatalogBuilder builder = Shop();
  builder.Reference("orders", {2}, "customers");
  for (int i = 0; i < kMostRelated; ++i) builder.Table(fmt::format("table{}", i));
  const Contract contract = builder.Derive();
  EXPECT_THAT(Relations(contract, "orders"), IsEmpty());
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("--relations=on serves them")));
  EXPECT_THAT(Relations(builder.Derive({.packages = {}, .relations = contract::Relations::kOn}), "orders"),
              ElementsAre("customer -> customers"));
}

TEST(RelationsTest, AnIdIsTakenOffAColumn) {
  EXPECT_EQ(WithoutId("customer_id"), "customer");
  EXPECT_EQ(WithoutId("CUSTOMER_ID"), "CUSTOMER");
  EXPECT_EQ(WithoutId("customerId"), "customer");
  for (const char* other : {"_id", "id", "Id", "valid", "void", "customer", ""}) EXPECT_EQ(WithoutId(other), "");
}

}  // namespace
}  // namespace protogres::contract
