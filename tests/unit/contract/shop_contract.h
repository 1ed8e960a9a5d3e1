// A small Catalog and the Contract derived from it, for tests of contracts as
// files, and edits of its descriptors.
#ifndef PROTOGRES_TESTS_UNIT_CONTRACT_SHOP_CONTRACT_H_
#define PROTOGRES_TESTS_UNIT_CONTRACT_SHOP_CONTRACT_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "contract/derive.h"
#include "contract/descriptors.h"

namespace protogres::shop {

inline constexpr catalog::Oid kInt8 = 20, kText = 25, kTimestamptz = 1184, kState = 5000, kPrice = 5001;

inline catalog::Type BuiltIn(catalog::Oid oid, const std::string& name) {
  catalog::Type type;
  type.oid = oid;
  type.schema = "pg_catalog";
  type.name = name;
  type.comparable = type.orderable = true;
  return type;
}

inline catalog::Column Column(int number, const std::string& name, catalog::Oid type, bool not_null = false) {
  catalog::Column column;
  column.number = number;
  column.name = name;
  column.type = type;
  column.not_null = not_null;
  column.comment = "About " + name;
  return column;
}

inline catalog::Relation Relation(const std::string& name, std::vector<catalog::Column> columns, std::vector<int> key) {
  catalog::Relation relation;
  relation.schema = "public";
  relation.name = name;
  relation.columns = std::move(columns);
  relation.key = std::move(key);
  relation.insertable = relation.updatable = relation.deletable = true;
  return relation;
}

// item: an enum, a composite, a soft delete; line: a composite key.
inline catalog::Catalog ShopCatalog() {
  catalog::Catalog catalog;
  catalog.database = "shop";
  catalog.server_version = 150000;
  catalog.server_encoding = "UTF8";
  catalog.schemas = {"public"};
  for (const auto& type : {BuiltIn(kInt8, "int8"), BuiltIn(kText, "text"), BuiltIn(kTimestamptz, "timestamptz")}) {
    catalog.types[type.oid] = type;
  }
  catalog::Type state = BuiltIn(kState, "state");
  state.schema = "public";
  state.kind = catalog::TypeKind::kEnum;
  state.labels = {"open", "closed", "lost"};
  catalog.types[kState] = state;
  catalog::Type price = BuiltIn(kPrice, "price");
  price.schema = "public";
  price.kind = catalog::TypeKind::kComposite;
  price.attributes = {{1, "amount", kInt8, ""}, {2, "state", kState, ""}};
  catalog.types[kPrice] = price;
  catalog.relations = {
      Relation("item",
               {Column(1, "id", kInt8, true), Column(2, "name", kText), Column(3, "state", kState),
                Column(4, "price", kPrice), Column(5, "deleted_at", kTimestamptz), Column(6, "note", kText)},
               {1}),
      Relation("line", {Column(1, "item_id", kInt8, true), Column(2, "n", kInt8, true), Column(3, "label", kText)},
               {2, 1})};
  return catalog;
}

inline contract::Contract Derived(const catalog::Catalog& catalog = ShopCatalog()) {
  absl::StatusOr<contract::Contract> contract = contract::Derive(catalog, {});
  EXPECT_TRUE(contract.ok()) << contract.status();
  return *std::move(contract);
}

inline google::protobuf::DescriptorProto* Message(google::protobuf::FileDescriptorSet* set, const std::string& name) {
  for (auto& file : *set->mutable_file()) {
    for (auto& message : *file.mutable_message_type()) {
      if (message.name() == name) return &message;
    }
  }
  ADD_FAILURE() << "no message " << name;
  return nullptr;
}

inline google::protobuf::FieldDescriptorProto* FieldOf(google::protobuf::FileDescriptorSet* set,
                                                       const std::string& message, const std::string& name) {
  for (auto& field : *Message(set, message)->mutable_field()) {
    if (field.name() == name) return &field;
  }
  ADD_FAILURE() << "no field " << message << "." << name;
  return nullptr;
}

inline void RemoveField(google::protobuf::FileDescriptorSet* set, const std::string& message, const std::string& name) {
  auto* fields = Message(set, message)->mutable_field();
  const auto it = std::find_if(fields->begin(), fields->end(), [&name](const auto& f) { return f.name() == name; });
  ASSERT_NE(it, fields->end()) << message << "." << name;
  fields->erase(it);
}

}  // namespace protogres::shop

#endif  // PROTOGRES_TESTS_UNIT_CONTRACT_SHOP_CONTRACT_H_
