// Catalogs built by hand for tests, and a check that what is derived from them
// is valid protobuf.
#ifndef PROTOGRES_TESTS_UNIT_CONTRACT_CATALOG_BUILDER_H_
#define PROTOGRES_TESTS_UNIT_CONTRACT_CATALOG_BUILDER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "contract/contract.h"
#include "contract/derive.h"
#include "contract/descriptors.h"
#include "contract/methods.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace protogres::contract {

class CatalogBuilder {
 public:
  CatalogBuilder() {
    catalog_.database = "shop";
    catalog_.server_version = 150018;
    catalog_.server_encoding = "UTF8";
  }

  catalog::Type& AddType(const std::string& schema, const std::string& name, catalog::TypeKind kind) {
    catalog::Type type;
    type.oid = next_oid_++;
    type.schema = schema;
    type.name = name;
    type.kind = kind;
    type.comparable = type.orderable = true;
    return catalog_.types[type.oid] = type;
  }
  // The type of pg_catalog; made when it is first asked for.
  catalog::Oid Base(const std::string& name) {
    for (const auto& [oid, type] : catalog_.types) {
      if (type.schema == "pg_catalog" && type.name == name) return oid;
    }
    catalog::Type& type = AddType("pg_catalog", name, catalog::TypeKind::kBase);
    if (name == "json" || name == "xml") type.comparable = type.orderable = false;
    return type.oid;
  }
  catalog::Oid ArrayOf(catalog::Oid element) {
    const catalog::Type of = catalog_.types.at(element);
    catalog::Type& type = AddType(of.schema, "_" + of.name, catalog::TypeKind::kArray);
    type.element = element;
    return type.oid;
  }
  catalog::Oid Enum(const std::string& name, std::vector<std::string> labels, const std::string& schema = "public") {
    catalog::Type& type = AddType(schema, name, catalog::TypeKind::kEnum);
    type.labels = std::move(labels);
    return type.oid;
  }
  catalog::Oid Domain(const std::string& name, catalog::Oid base) {
    catalog::Type& type = AddType("public", name, catalog::TypeKind::kDomain);
    type.base = base;
    return type.oid;
  }
  catalog::Oid Composite(const std::string& name, const std::vector<std::pair<std::string, catalog::Oid>>& attributes,
                         const std::string& schema = "public") {
    catalog::Type& type = AddType(schema, name, catalog::TypeKind::kComposite);
    for (const auto& [attribute, oid] : attributes) {
      type.attributes.push_back({static_cast<int>(type.attributes.size()) + 1, attribute, oid, ""});
    }
    return type.oid;
  }
  catalog::Type& TypeAt(catalog::Oid oid) { return catalog_.types.at(oid); }

  // A table with the key column id bigint, and nothing else. References stay valid until the next relation.
  catalog::Relation& Table(const std::string& name, const std::string& schema = "public") {
    catalog::Relation& relation = Bare(name, schema);
    Column(relation, "id", "int8").not_null = true;
    relation.key = {1};
    return relation;
  }
  // Without any column.
  catalog::Relation& Bare(const std::string& name, const std::string& schema = "public") {
    catalog::Relation relation;
    relation.oid = next_oid_++;
    relation.schema = schema;
    relation.name = name;
    relation.insertable = relation.updatable = relation.deletable = true;
    catalog_.relations.push_back(relation);
    return catalog_.relations.back();
  }
  catalog::Column& Column(catalog::Relation& relation, const std::string& name, catalog::Oid type) {
    catalog::Column column;
    column.number = relation.columns.empty() ? 1 : relation.columns.back().number + 1;
    column.name = name;
    column.type = type;
    column.sql_type = catalog_.types.at(type).name;
    relation.columns.push_back(column);
    return relation.columns.back();
  }
  catalog::Column& Column(catalog::Relation& relation, const std::string& name, const std::string& base_type) {
    return Column(relation, name, Base(base_type));
  }

  // Of the relation with the name `from`, by the attnums of its columns.
  catalog::ForeignKey& Reference(const std::string& from, std::vector<int> columns, const std::string& to,
                                 std::vector<int> to_columns = {1}) {
    catalog::ForeignKey key;
    key.name = from + "_fkey";
    for (const int column : columns) key.name += std::to_string(column);
    key.columns = std::move(columns);
    key.target = Named(to).oid;
    key.target_columns = std::move(to_columns);
    Named(from).foreign_keys.push_back(std::move(key));
    return Named(from).foreign_keys.back();
  }
  catalog::Relation& Named(const std::string& name) {
    for (catalog::Relation& relation : catalog_.relations) {
      if (relation.name == name) return relation;
    }
    ADD_FAILURE() << "no relation " << name;
    return catalog_.relations.front();
  }

  const catalog::Catalog& catalog() const { return catalog_; }
  catalog::Catalog& catalog() { return catalog_; }

  Contract Derive(const DeriveOptions& options = {}) const {
    auto contract = contract::Derive(catalog_, options);
    EXPECT_TRUE(contract.ok()) << contract.status();
    return contract.ok() ? *std::move(contract) : Contract{};
  }

 private:
  catalog::Catalog catalog_;
  catalog::Oid next_oid_ = 100000;
};

class Complaints : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    ADD_FAILURE() << file << ": " << element << ": " << message;
  }
  void AddWarning(const std::string& file, const std::string& element, const google::protobuf::Message*, ErrorLocation,
                  const std::string& message) override {
    ADD_FAILURE() << file << ": " << element << ": warning: " << message;
  }
};

// Builds the files in their order; every complaint of protobuf's is a failure.
inline std::unique_ptr<google::protobuf::DescriptorPool> BuildPool(const Contract& contract) {
  auto pool = std::make_unique<google::protobuf::DescriptorPool>(google::protobuf::DescriptorPool::generated_pool());
  Complaints complaints;
  const auto files = AllFiles(contract);
  for (const auto& file : files.file()) {
    EXPECT_NE(pool->BuildFileCollectingErrors(file, &complaints), nullptr) << file.name();
  }
  return pool;
}

inline const Table* FindTable(const Contract& contract, const std::string& name) {
  for (const Table& table : contract.tables) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

}  // namespace protogres::contract

#endif  // PROTOGRES_TESTS_UNIT_CONTRACT_CATALOG_BUILDER_H_
