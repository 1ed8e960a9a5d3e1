// The shape of what is derived: messages, methods, keys, soft deletes, options.
#include "contract/derive.h"

#include <string>
#include <vector>

#include "catalog_builder.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status/status.h"

namespace protogres::contract {
namespace {

using catalog::Generated;
using catalog::RelationKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> MethodNames(const Contract& contract, int table) {
  std::vector<std::string> names;
  for (const Method& method : MethodsOf(contract.tables[static_cast<std::size_t>(table)])) {
    names.push_back(method.path.substr(method.path.rfind('/') + 1));
  }
  return names;
}

// "name=number" of each field.
std::vector<std::string> Fields(const google::protobuf::DescriptorPool& pool, const std::string& message) {
  std::vector<std::string> fields;
  const auto* descriptor = pool.FindMessageTypeByName(message);
  if (descriptor == nullptr) return {fmt::format("no {}", message)};
  for (int i = 0; i < descriptor->field_count(); ++i) {
    fields.push_back(fmt::format("{}={}", descriptor->field(i)->name(), descriptor->field(i)->number()));
  }
  return fields;
}

TEST(DeriveTest, EmptyDatabase) {
  const Contract contract = CatalogBuilder().Derive();
  EXPECT_THAT(contract.tables, IsEmpty());
  EXPECT_EQ(AllFiles(contract).file_size(), 0);
  EXPECT_THAT(contract.warnings, IsEmpty());
}

TEST(DeriveTest, ATable) {
  CatalogBuilder builder;
  auto& relation = builder.Table("customers");
  relation.comment = "Who buys.\n@protogres name=Customer";
  relation.columns[0].generated = Generated::kIdentityAlways;
  builder.Column(relation, "name", "text").comment = "As on the card.";
  builder.Column(relation, "tags", builder.ArrayOf(builder.Base("text")));
  const Contract contract = builder.Derive({.packages = {}, .relations = Relations::kOff});
  EXPECT_THAT(contract.warnings, IsEmpty());
  const auto pool = BuildPool(contract);

  const auto files = AllFiles(contract);
  ASSERT_EQ(files.file_size(), 1);
  const auto& file = files.file(0);
  EXPECT_EQ(file.name(), "shop/v1/customer.proto");
  EXPECT_EQ(file.package(), "shop.v1");
  EXPECT_EQ(file.options().go_package(), "shop/v1;shopv1");
  EXPECT_EQ(file.options().java_package(), "shop.v1");
  EXPECT_TRUE(file.options().java_multiple_files());
  EXPECT_THAT(file.dependency(), ElementsAre("google/protobuf/empty.proto", "google/protobuf/field_mask.proto"));

  const Table& table = contract.tables[0];
  EXPECT_EQ(table.message, "Customer");
  EXPECT_EQ(table.plural, "Customers");
  EXPECT_EQ(table.row_field, "customer");
  EXPECT_EQ(table.rows_field, "customers");
  EXPECT_EQ(table.sql_name, "\"public\".\"customers\"");
  EXPECT_THAT(table.key, ElementsAre(0));
  EXPECT_TRUE(table.has_etag);
  EXPECT_FALSE(table.soft_delete.has_value());
  EXPECT_TRUE(table.fields[0].generated && table.fields[0].has_default);
  EXPECT_FALSE(table.fields[0].insertable || table.fields[0].updatable);

  EXPECT_THAT(
      MethodNames(contract, 0),
      ElementsAre("GetCustomer", "BatchGetCustomers", "ListCustomers", "StreamCustomers", "AggregateCustomers",
                  "CreateCustomer", "BatchCreateCustomers", "ImportCustomers", "UpdateCustomer", "BatchUpdateCustomers",
                  "UpdateCustomersWhere", "DeleteCustomer", "BatchDeleteCustomers", "DeleteCustomersWhere"));
  const std::vector<Method> methods = MethodsOf(table);
  EXPECT_EQ(methods[0].path, "/shop.v1.CustomerService/GetCustomer");
  EXPECT_EQ(methods[0].request, "shop.v1.GetCustomerRequest");
  EXPECT_EQ(methods[0].response, "shop.v1.Customer");
  const auto* service = pool->FindServiceByName("shop.v1.CustomerService");
  ASSERT_NE(service, nullptr);
  ASSERT_EQ(service->method_count(), static_cast<int>(methods.size()));
  for (int i = 0; i < service->method_count(); ++i) {
    const Method& method = methods[static_cast<std::size_t>(i)];
    EXPECT_EQ(service->method(i)->input_type()->full_name(), method.request);
    EXPECT_EQ(service->method(i)->output_type()->full_name(), method.response);
    EXPECT_EQ(service->method(i)->server_streaming(), method.kind == MethodKind::kStream);
    EXPECT_EQ(service->method(i)->client_streaming(), method.kind == MethodKind::kImport);
  }

  EXPECT_THAT(Fields(*pool, "shop.v1.Customer"), ElementsAre("id=1", "name=2", "tags=3", "etag=2000"));
  EXPECT_THAT(Fields(*pool, "shop.v1.GetCustomerRequest"), ElementsAre("id=1", "read_mask=2001", "lock=2006"));
  EXPECT_THAT(Fields(*pool, "shop.v1.BatchGetCustomersRequest"), ElementsAre("requests=1", "read_mask=2", "lock=4"));
  EXPECT_THAT(Fields(*pool, "shop.v1.BatchGetCustomersResponse"), ElementsAre("customers=1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.StreamCustomersRequest"),
              ElementsAre("page_size=1", "page_token=2", "filter=3", "order_by=4", "read_mask=5"));
  EXPECT_THAT(Fields(*pool, "shop.v1.StreamCustomersResponse"), ElementsAre("customers=1", "next_page_token=2"));
  EXPECT_THAT(Fields(*pool, "shop.v1.ImportCustomersRequest"), ElementsAre("customers=1", "create_mask=2"));
  EXPECT_THAT(Fields(*pool, "shop.v1.ImportCustomersResponse"), ElementsAre("affected=1"));
  EXPECT_THAT(
      Fields(*pool, "shop.v1.ListCustomersRequest"),
      ElementsAre("page_size=1", "page_token=2", "filter=3", "order_by=4", "read_mask=5", "count_total=7", "lock=8"));
  EXPECT_THAT(Fields(*pool, "shop.v1.ListCustomersResponse"),
              ElementsAre("customers=1", "next_page_token=2", "total_size=3"));
  EXPECT_THAT(Fields(*pool, "shop.v1.CreateCustomerRequest"),
              ElementsAre("customer=1", "create_mask=2", "validate_only=4", "request_id=5"));
  EXPECT_THAT(Fields(*pool, "shop.v1.UpdateCustomerRequest"),
              ElementsAre("customer=1", "update_mask=2", "allow_missing=3", "validate_only=4", "request_id=5"));
  EXPECT_THAT(Fields(*pool, "shop.v1.BatchUpdateCustomersRequest"),
              ElementsAre("requests=1", "validate_only=4", "request_id=5"));
  EXPECT_THAT(
      Fields(*pool, "shop.v1.UpdateCustomersWhereRequest"),
      ElementsAre("customer=1", "update_mask=2", "validate_only=4", "request_id=5", "filter=6", "max_affected=7"));
  EXPECT_THAT(Fields(*pool, "shop.v1.UpdateCustomersWhereResponse"), ElementsAre("affected=1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.DeleteCustomerRequest"),
              ElementsAre("id=1", "etag=2000", "allow_missing=2003", "validate_only=2004", "request_id=2005"));
  EXPECT_THAT(Fields(*pool, "shop.v1.DeleteCustomersWhereRequest"),
              ElementsAre("validate_only=4", "request_id=5", "filter=6", "max_affected=7"));

  const auto* row = pool->FindMessageTypeByName("shop.v1.Customer");
  EXPECT_TRUE(row->FindFieldByName("id")->has_optional_keyword());
  EXPECT_TRUE(row->FindFieldByName("tags")->is_repeated());
  EXPECT_FALSE(row->FindFieldByName("etag")->has_presence());
  EXPECT_TRUE(
      pool->FindMessageTypeByName("shop.v1.ListCustomersResponse")->FindFieldByName("total_size")->has_presence());
  google::protobuf::SourceLocation location;
  ASSERT_TRUE(row->GetSourceLocation(&location));
  EXPECT_EQ(location.leading_comments, " Who buys.\n\n A row of table public.customers.\n");
  ASSERT_TRUE(row->FindFieldByName("name")->GetSourceLocation(&location));
  EXPECT_EQ(location.leading_comments, " As on the card.\n\n text.\n");
  ASSERT_TRUE(row->FindFieldByName("id")->GetSourceLocation(&location));
  EXPECT_EQ(location.leading_comments, " int8, key, not null, generated always.\n");
  ASSERT_TRUE(service->method(0)->GetSourceLocation(&location));
  EXPECT_THAT(location.leading_comments, HasSubstr("AIP-131"));
}

TEST(DeriveTest, TheSameCatalogGivesTheSameContract) {
  CatalogBuilder builder;
  for (const char* name : {"b", "a", "customers", "customer"}) builder.Column(builder.Table(name), "x", "text");
  auto& relation = builder.Table("z");
  builder.Column(relation, "e", builder.Enum("mood", {"sad", "ok"}));
  const std::string first = AllFiles(builder.Derive()).SerializeAsString();
  EXPECT_EQ(first, AllFiles(builder.Derive()).SerializeAsString());
  std::ranges::reverse(builder.catalog().relations);
  EXPECT_EQ(first, AllFiles(builder.Derive()).SerializeAsString());
}

TEST(DeriveTest, SoftDelete) {
  CatalogBuilder builder;
  auto& relation = builder.Table("customer");
  builder.Column(relation, "deleted_at", "timestamptz");
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_EQ(contract.tables[0].soft_delete, 1);
  const std::vector<Method> methods = MethodsOf(contract.tables[0]);
  EXPECT_EQ(methods.back().kind, MethodKind::kUndelete);
  EXPECT_EQ(methods.back().response, "shop.v1.Customer");
  EXPECT_THAT(Fields(*pool, "shop.v1.GetCustomerRequest"), Contains("show_deleted=2002"));
  EXPECT_THAT(Fields(*pool, "shop.v1.BatchGetCustomersRequest"), Contains("show_deleted=3"));
  EXPECT_THAT(Fields(*pool, "shop.v1.ListCustomersRequest"), Contains("show_deleted=6"));
  EXPECT_THAT(Fields(*pool, "shop.v1.BatchDeleteCustomersResponse"), ElementsAre("customers=1"));
  EXPECT_THAT(Fields(*pool, "shop.v1.UndeleteCustomerRequest"),
              ElementsAre("id=1", "etag=2000", "validate_only=2004", "request_id=2005"));
  for (const Method& method : methods) {
    if (method.kind == MethodKind::kDelete) {
      EXPECT_EQ(method.response, "shop.v1.Customer");
    }
  }

  DeriveOptions off;
  off.soft_delete = false;
  EXPECT_FALSE(builder.Derive(off).tables[0].soft_delete.has_value());

  // A role that may delete but not update must not make a hard delete of it.
  builder.catalog().relations[0].columns[1].updatable = false;
  const Contract locked = builder.Derive();
  EXPECT_TRUE(locked.tables[0].soft_delete.has_value());
  EXPECT_FALSE(locked.tables[0].deletable);
  EXPECT_THAT(locked.tables[0].methods, Not(Contains(MethodKind::kDelete)));
}

TEST(DeriveTest, SoftDeleteIsNotGuessed) {
  CatalogBuilder builder;
  builder.Column(builder.Table("a"), "deleted_at", "timestamptz").not_null = true;
  builder.Column(builder.Table("b"), "deleted_at", "date");
  auto& keyless = builder.Table("c");
  keyless.key.clear();
  builder.Column(keyless, "deleted_at", "timestamp");
  builder.Column(builder.Table("d"), "deleted_at", "bool");
  for (const Table& table : builder.Derive().tables) EXPECT_FALSE(table.soft_delete.has_value()) << table.name;
}

TEST(DeriveTest, DeclaredSoftDelete) {
  CatalogBuilder builder;
  auto& relation = builder.Table("a");
  builder.Column(relation, "gone", "bool").not_null = true;
  relation.comment = "@protogres soft_delete=gone";
  auto& wrong = builder.Table("b");
  builder.Column(wrong, "name", "text");
  wrong.comment = "@protogres soft_delete=name";
  builder.Table("c").comment = "@protogres soft_delete=nope";
  const Contract contract = builder.Derive();
  EXPECT_EQ(contract.tables[0].soft_delete, 1);
  EXPECT_FALSE(contract.tables[1].soft_delete.has_value());
  EXPECT_FALSE(contract.tables[2].soft_delete.has_value());
  EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr("neither"), HasSubstr("no such column")));
}

TEST(DeriveTest, WithoutAKey) {
  CatalogBuilder builder;
  builder.Table("log").key.clear();
  const Contract contract = builder.Derive();
  BuildPool(contract);
  EXPECT_THAT(MethodNames(contract, 0),
              ElementsAre("ListLogs", "StreamLogs", "AggregateLogs", "CreateLog", "BatchCreateLogs", "ImportLogs",
                          "UpdateLogsWhere", "DeleteLogsWhere"));
}

TEST(DeriveTest, KeysThatCannotBeServed) {
  CatalogBuilder builder;
  auto& a = builder.Table("a");
  a.columns[0].comment = "@protogres omit";
  builder.Column(a, "x", "text");
  auto& b = builder.Table("b");
  b.columns[0].readable = false;
  builder.Column(b, "x", "text");
  const Contract contract = builder.Derive();
  BuildPool(contract);
  ASSERT_EQ(contract.tables.size(), 2u);
  EXPECT_THAT(contract.tables[0].key, IsEmpty());
  EXPECT_THAT(contract.tables[1].key, IsEmpty());
  EXPECT_EQ(contract.tables[0].fields.size(), 1u);
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("table public.a: served without a key")));
  EXPECT_THAT(contract.warnings, Contains(HasSubstr("table public.b: served without a key")));
}

TEST(DeriveTest, CompositeKeyKeepsItsOrder) {
  CatalogBuilder builder;
  auto& relation = builder.Bare("order_items");
  builder.Column(relation, "line", "int4");
  builder.Column(relation, "x", "text");
  builder.Column(relation, "order_id", "int8");
  relation.key = {3, 1};
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_THAT(contract.tables[0].key, ElementsAre(2, 0));
  EXPECT_EQ(contract.tables[0].file, "shop/v1/order_item.proto");
  EXPECT_THAT(Fields(*pool, "shop.v1.GetOrderItemRequest"),
              ElementsAre("order_id=3", "line=1", "read_mask=2001", "lock=2006"));
}

TEST(DeriveTest, OnlyKeyColumns) {
  CatalogBuilder builder;
  builder.Table("tag");
  const Contract contract = builder.Derive();
  EXPECT_THAT(MethodNames(contract, 0), Not(Contains("UpdateTag")));
  EXPECT_THAT(MethodNames(contract, 0), Contains("UpdateTagsWhere"));
}

TEST(DeriveTest, ViewsAndTheirKin) {
  CatalogBuilder builder;
  auto view = [&](const char* name, RelationKind kind, const char* comment) -> catalog::Relation& {
    auto& relation = builder.Table(name);
    relation.key.clear();
    relation.kind = kind;
    relation.comment = comment;
    builder.Column(relation, "x", "json");
    return relation;
  };
  view("a_keyed", RelationKind::kView, "@protogres key=id");
  view("b_wrong", RelationKind::kView, "@protogres key=nope");
  view("c_json", RelationKind::kView, "@protogres key=x");
  view("d_mat", RelationKind::kMaterializedView, "@protogres key=id");
  view("e_foreign", RelationKind::kForeign, "@protogres key=id");
  view("f_plain", RelationKind::kView, "").updatable = false;
  const Contract contract = builder.Derive();
  const auto pool = BuildPool(contract);
  EXPECT_THAT(MethodNames(contract, 0), Contains("DeleteAKeyed"));
  EXPECT_FALSE(contract.tables[0].has_etag);
  EXPECT_THAT(Fields(*pool, "shop.v1.AKeyed"), ElementsAre("id=1", "x=2"));
  EXPECT_THAT(Fields(*pool, "shop.v1.DeleteAKeyedRequest"),
              ElementsAre("id=1", "allow_missing=2003", "validate_only=2004", "request_id=2005"));
  EXPECT_THAT(contract.tables[1].key, IsEmpty());
  EXPECT_THAT(contract.tables[2].key, IsEmpty());
  EXPECT_THAT(MethodNames(contract, 3),
              ElementsAre("GetDMat", "BatchGetDMats", "ListDMats", "StreamDMats", "AggregateDMats"));
  EXPECT_THAT(MethodNames(contract, 4), Contains("ImportEForeigns"));
  EXPECT_THAT(Fields(*pool, "shop.v1.UpdateEForeignRequest"), Not(Contains("allow_missing=3")));
  EXPECT_THAT(MethodNames(contract, 5), ElementsAre("ListFPlains", "StreamFPlains", "AggregateFPlains", "CreateFPlain",
                                                    "BatchCreateFPlains", "DeleteFPlainsWhere"));
  EXPECT_THAT(contract.warnings, ElementsAre(HasSubstr("does not exist"), HasSubstr("cannot be compared")));
}

TEST(DeriveTest, LeftOut) {
  CatalogBuilder builder;
  builder.Bare("empty");
  builder.Table("hidden").comment = "@protogres omit";
  auto& locked = builder.Table("locked").columns[0];
  locked.readable = locked.insertable = false;
  auto& odd = builder.Table("odd");
  builder.Column(odd, "p", builder.AddType("pg_catalog", "anyarray", catalog::TypeKind::kPseudo).oid);
  builder.Column(odd, "q", "text").type = 4242;
  auto& locked_column = builder.Column(odd, "r", "text");
  locked_column.readable = locked_column.insertable = locked_column.updatable = false;
  builder.Column(odd, "s", "text");
  const Contract contract = builder.Derive();
  BuildPool(contract);
  ASSERT_EQ(contract.tables.size(), 1u);
  EXPECT_EQ(contract.tables[0].fields.size(), 2u);
  EXPECT_THAT(contract.warnings,
              ElementsAre(HasSubstr("public.empty: left out"), HasSubstr("public.locked: left out"),
                          HasSubstr("column p"), HasSubstr("column q"), HasSubstr("neither read nor write: r")));
}

TEST(DeriveTest, DroppedColumnsAreReserved) {
  CatalogBuilder builder;
  auto& relation = builder.Table("a");
  for (int i = 0; i < 9; ++i) builder.Column(relation, fmt::format("c{}", i), "text");
  std::erase_if(relation.columns,
                [](const catalog::Column& c) { return c.number == 3 || c.number == 4 || c.number == 8; });
  relation.dropped = {8, 3, 4};
  const auto pool = BuildPool(builder.Derive());
  const auto* row = pool->FindMessageTypeByName("shop.v1.A");
  ASSERT_EQ(row->reserved_range_count(), 2);
  EXPECT_EQ(row->reserved_range(0)->start, 3);
  EXPECT_EQ(row->reserved_range(0)->end, 5);
  EXPECT_EQ(row->reserved_range(1)->start, 8);
}

TEST(DeriveTest, Packages) {
  CatalogBuilder builder;
  for (const char* schema : {"public", "shop", "Sales Dept", "class", "odd", "log"}) builder.Table("a", schema);
  DeriveOptions options;
  options.packages["odd"] = "acme.odd.v2";
  const Contract contract = builder.Derive(options);
  BuildPool(contract);
  std::map<std::string, std::string> packages;
  for (const Table& table : contract.tables) packages[table.schema] = table.package;
  EXPECT_EQ(packages["public"], "shop.v1");
  EXPECT_EQ(packages["shop"], "shop_2.v1");
  EXPECT_EQ(packages["Sales Dept"], "sales_dept.v1");
  EXPECT_EQ(packages["class"], "class_schema.v1");
  EXPECT_EQ(packages["odd"], "acme.odd.v2");
  EXPECT_THAT(contract.warnings,
              Contains("schema class: its package is class_schema.v1, as class is a reserved word of a "
                       "language it is generated for"));

  for (const char* wrong : {"", "a b", "1.v1", "a..b", "protogres.v1", "google.protobuf"}) {
    options.packages["odd"] = wrong;
    const auto result = Derive(builder.catalog(), options);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_EQ(status::ReasonOf(result.status()), "INVALID_PACKAGE");
  }
}

TEST(DeriveTest, TwoSchemasInOnePackage) {
  CatalogBuilder builder;
  builder.Table("a", "one");
  builder.Table("a", "two");
  DeriveOptions options;
  options.packages = {{"one", "x.v1"}, {"two", "x.v1"}};
  const Contract contract = builder.Derive(options);
  BuildPool(contract);
  EXPECT_EQ(contract.tables[0].message, "A");
  EXPECT_NE(contract.tables[1].message, "A");
}

}  // namespace
}  // namespace protogres::contract
