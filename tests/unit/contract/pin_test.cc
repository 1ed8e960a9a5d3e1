// Contracts as files: Write, ReadFiles, Compare, Pin.
#include "contract/pin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "contract/derive.h"
#include "contract/error.h"
#include "google/protobuf/util/message_differencer.h"
#include "unit/contract/temp_directory.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;
using catalog::Catalog;
using catalog::TypeKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TempDirectory;

constexpr catalog::Oid kInt8 = 20, kText = 25, kTimestamptz = 1184, kState = 5000, kPrice = 5001;

catalog::Type BuiltIn(catalog::Oid oid, const std::string& name) {
  catalog::Type type;
  type.oid = oid;
  type.schema = "pg_catalog";
  type.name = name;
  type.comparable = type.orderable = true;
  return type;
}

catalog::Column Column(int number, const std::string& name, catalog::Oid type, bool not_null = false) {
  catalog::Column column;
  column.number = number;
  column.name = name;
  column.type = type;
  column.not_null = not_null;
  column.comment = "About " + name;
  return column;
}

catalog::Relation Table(const std::string& name, std::vector<catalog::Column> columns, std::vector<int> key) {
  catalog::Relation relation;
  relation.schema = "public";
  relation.name = name;
  relation.columns = std::move(columns);
  relation.primary_key = std::move(key);
  relation.insertable = relation.updatable = relation.deletable = true;
  return relation;
}

// item: an enum, a composite, a soft delete; line: a composite key.
Catalog ShopCatalog() {
  Catalog catalog;
  catalog.database = "shop";
  catalog.server_version = 150000;
  catalog.server_encoding = "UTF8";
  catalog.schemas = {"public"};
  for (const auto& type : {BuiltIn(kInt8, "int8"), BuiltIn(kText, "text"), BuiltIn(kTimestamptz, "timestamptz")}) {
    catalog.types[type.oid] = type;
  }
  catalog::Type state = BuiltIn(kState, "state");
  state.schema = "public";
  state.kind = TypeKind::kEnum;
  state.labels = {"open", "closed", "lost"};
  catalog.types[kState] = state;
  catalog::Type price = BuiltIn(kPrice, "price");
  price.schema = "public";
  price.kind = TypeKind::kComposite;
  price.attributes = {{1, "amount", kInt8, ""}, {2, "state", kState, ""}};
  catalog.types[kPrice] = price;
  catalog.relations = {
      Table("item",
            {Column(1, "id", kInt8, true), Column(2, "name", kText), Column(3, "state", kState),
             Column(4, "price", kPrice), Column(5, "deleted_at", kTimestamptz), Column(6, "note", kText)},
            {1}),
      Table("line", {Column(1, "item_id", kInt8, true), Column(2, "n", kInt8, true), Column(3, "label", kText)},
            {2, 1})};
  return catalog;
}

Contract Derived(const Catalog& catalog = ShopCatalog()) {
  absl::StatusOr<Contract> contract = Derive(catalog, {});
  EXPECT_TRUE(contract.ok()) << contract.status();
  return *std::move(contract);
}

pb::DescriptorProto* Message(pb::FileDescriptorSet* set, const std::string& name) {
  for (auto& file : *set->mutable_file()) {
    for (auto& message : *file.mutable_message_type()) {
      if (message.name() == name) return &message;
    }
  }
  ADD_FAILURE() << "no message " << name;
  return nullptr;
}

pb::FieldDescriptorProto* FieldOf(pb::FileDescriptorSet* set, const std::string& message, const std::string& name) {
  for (auto& field : *Message(set, message)->mutable_field()) {
    if (field.name() == name) return &field;
  }
  ADD_FAILURE() << "no field " << message << "." << name;
  return nullptr;
}

void RemoveField(pb::FileDescriptorSet* set, const std::string& message, const std::string& name) {
  auto* fields = Message(set, message)->mutable_field();
  const auto it = std::find_if(fields->begin(), fields->end(), [&name](const auto& f) { return f.name() == name; });
  ASSERT_NE(it, fields->end()) << message << "." << name;
  fields->erase(it);
}

pb::EnumDescriptorProto* StateEnum(pb::FileDescriptorSet* set) {
  for (auto& file : *set->mutable_file()) {
    if (file.enum_type_size() > 0) return file.mutable_enum_type(0);
  }
  return nullptr;
}

template <typename Edit>
void EditServices(pb::FileDescriptorSet* set, Edit edit) {
  for (auto& file : *set->mutable_file()) {
    for (auto& service : *file.mutable_service()) edit(&service);
  }
}

std::string PinError(const pb::FileDescriptorSet& pinned, const Contract& derived) {
  const absl::StatusOr<Contract> contract = Pin(pinned, derived);
  if (contract.ok()) return "it was pinned";
  EXPECT_EQ(contract.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(contract.status()), "CONTRACT_MISMATCH");
  return std::string(contract.status().message());
}

const struct Table* FindTable(const Contract& contract, const std::string& name) {
  for (const auto& table : contract.tables) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

// Files -------------------------------------------------------------------------

TEST(ContractFilesTest, WhatIsWrittenIsReadAgain) {
  const Contract derived = Derived();
  const TempDirectory directory;
  ASSERT_TRUE(Write(derived, directory.path() + "/new/deep").ok());
  const auto read = ReadFiles(directory.path() + "/new/deep");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->file_size(), derived.files.file_size());
  EXPECT_THAT(Compare(*read, derived), IsEmpty());
  const auto set = ReadFiles(directory.path() + "/new/deep/" + kDescriptorSetFile);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Compare(*set, derived), IsEmpty());
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory.path())) {
    EXPECT_NE(file.path().extension(), ".part") << file.path();
  }
}

TEST(ContractFilesTest, WritingAgainReplacesAndRemovesNothing) {
  const TempDirectory directory;
  directory.Add("shop/v1/item.proto", "old");
  const std::string other = directory.Add("shop/v1/other.txt", "mine");
  ASSERT_TRUE(Write(Derived(), directory.path()).ok());
  ASSERT_TRUE(Write(Derived(), directory.path() + "/").ok());
  EXPECT_TRUE(std::filesystem::exists(other));
  const auto read = ReadFiles(directory.path() + "/");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(Compare(*read, Derived()), IsEmpty());
}

TEST(ContractFilesTest, AContractWithoutTablesIsWrittenToo) {
  const TempDirectory directory;
  EXPECT_TRUE(Write(Contract(), directory.path()).ok());
}

TEST(ContractFilesTest, NoFileLeavesTheDirectory) {
  for (const char* name : {"../evil.proto", "/tmp/evil.proto", "a/../../evil.proto", ""}) {
    const TempDirectory directory;
    Contract contract;
    contract.files.add_file()->set_name(name);
    EXPECT_FALSE(Write(contract, directory.path() + "/inner").ok()) << name;
    EXPECT_FALSE(std::filesystem::exists(directory.path() + "/evil.proto"));
  }
}

TEST(ContractFilesTest, WriteSaysWhereItCouldNot) {
  const TempDirectory directory;
  const std::string file = directory.Add("file", "");
  EXPECT_THAT(std::string(Write(Derived(), file).message()), HasSubstr(file));
}

TEST(ContractFilesTest, OneFileFindsItsImportsFromItsPackagesRoot) {
  const TempDirectory directory;
  ASSERT_TRUE(Write(Derived(), directory.path()).ok());
  const auto read = ReadFiles(directory.path() + "/shop/v1/item.proto");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->file(), SizeIs(2));
  EXPECT_EQ(read->file(0).name(), "shop/v1/types.proto");
  EXPECT_EQ(read->file(1).name(), "shop/v1/item.proto");
  EXPECT_TRUE(ReadFiles(directory.path() + "/shop").ok());
}

TEST(ContractFilesTest, ErrorsNameFileAndLine) {
  const TempDirectory directory;
  const std::string bad = directory.Add("bad.proto", "syntax = \"proto3\";\nmessage A {\n  int64 id = one;\n}\n");
  const absl::Status syntax = ReadFiles(bad).status();
  EXPECT_EQ(syntax.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(syntax.message()), HasSubstr(bad + ":3:14: "));
  directory.Add("bad.proto", "syntax = \"proto3\";\nmessage A {\n  Missing m = 1;\n}\n");
  EXPECT_THAT(std::string(ReadFiles(directory.path()).status().message()), HasSubstr(bad + ":3:3: \"Missing\""));
  directory.Add("bad.proto", "syntax = \"proto3\";\nimport \"none.proto\";\n");
  EXPECT_THAT(std::string(ReadFiles(bad).status().message()), HasSubstr("none.proto"));
  directory.Add("bad.proto", "syntax = \"proto3\"; message A {} message A {}");
  EXPECT_THAT(std::string(ReadFiles(bad).status().message()), HasSubstr("already defined"));
}

TEST(ContractFilesTest, WhatIsNoContractIsRefused) {
  const TempDirectory directory;
  EXPECT_EQ(ReadFiles(directory.path()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFiles(directory.path() + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFiles("").status().code(), absl::StatusCode::kNotFound);
  for (const std::string& content : {std::string(), std::string("\0\1\2", 3), std::string(1000, 'x')}) {
    EXPECT_EQ(ReadFiles(directory.Add("junk", content)).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ContractFilesTest, ASetMayHoldTheWellKnownTypesAndAnyOrder) {
  pb::FileDescriptorSet set = Derived().files;
  std::reverse(set.mutable_file()->begin(), set.mutable_file()->end());
  pb::FileDescriptorProto::descriptor()->file()->CopyTo(set.add_file());
  const TempDirectory directory;
  const auto read = ReadFiles(directory.Add("set.pb", set.SerializeAsString()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->file_size(), set.file_size() - 1);
  EXPECT_THAT(Compare(*read, Derived()), IsEmpty());
  set.mutable_file()->RemoveLast();
  set.mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_type_name(".none.None");
  set.mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
  EXPECT_EQ(ReadFiles(directory.Add("set.pb", set.SerializeAsString())).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Compare -----------------------------------------------------------------------

TEST(CompareTest, EqualButForComments) {
  pb::FileDescriptorSet pinned = Derived().files;
  for (auto& file : *pinned.mutable_file()) file.clear_source_code_info();
  EXPECT_THAT(Compare(pinned, Derived()), IsEmpty());
}

TEST(CompareTest, ALineForEachDifferenceSorted) {
  pb::FileDescriptorSet pinned = Derived().files;
  FieldOf(&pinned, "Item", "name")->set_number(40);
  FieldOf(&pinned, "Item", "note")->set_type(pb::FieldDescriptorProto::TYPE_BYTES);
  RemoveField(&pinned, "Line", "label");
  pinned.mutable_file(0)->add_message_type()->set_name("Extra");
  EXPECT_THAT(
      Compare(pinned, Derived()),
      ElementsAre("shop.v1.Extra (message): only in the contract",
                  "shop.v1.Item.name: optional string = 40 in the contract, optional string = 2 from the database",
                  "shop.v1.Item.note: optional bytes = 6 in the contract, optional string = 6 from the database",
                  "shop.v1.Line.label: only in the database: optional string = 3"));
}

TEST(CompareTest, AgainstNothing) {
  EXPECT_THAT(Compare({}, {}), IsEmpty());
  EXPECT_THAT(Compare({}, Derived()), ::testing::Contains("shop.v1.ItemService (service): only in the database"));
  EXPECT_THAT(Compare(Derived().files, {}), ::testing::Contains("shop.v1.Item (message): only in the contract"));
}

// Pin ---------------------------------------------------------------------------

TEST(PinTest, TheDerivedContractPinsToItself) {
  const Contract derived = Derived();
  const absl::StatusOr<Contract> pinned = Pin(derived.files, derived);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  ASSERT_EQ(pinned->tables.size(), derived.tables.size());
  for (std::size_t i = 0; i < derived.tables.size(); ++i) {
    EXPECT_EQ(pinned->tables[i].fields.size(), derived.tables[i].fields.size());
    EXPECT_EQ(pinned->tables[i].key, derived.tables[i].key);
    EXPECT_EQ(pinned->tables[i].soft_delete, derived.tables[i].soft_delete);
    EXPECT_EQ(pinned->tables[i].has_etag, derived.tables[i].has_etag);
  }
  EXPECT_EQ(pinned->methods.size(), derived.methods.size());
  EXPECT_EQ(pinned->enums.size(), derived.enums.size());
  EXPECT_EQ(pinned->composites.size(), derived.composites.size());
  EXPECT_TRUE(pb::util::MessageDifferencer::Equals(pinned->files, derived.files));
}

TEST(PinTest, NumbersArePinned) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = derived.files;
  FieldOf(&pinned, "Item", "name")->set_number(3);
  FieldOf(&pinned, "Item", "state")->set_number(2);
  FieldOf(&pinned, "Price", "amount")->set_number(9);
  for (const char* message : {"Item", "GetItemRequest", "DeleteItemRequest", "UndeleteItemRequest"}) {
    FieldOf(&pinned, message, "id")->set_number(77);
  }
  std::swap(*StateEnum(&pinned)->mutable_value(1)->mutable_name(),
            *StateEnum(&pinned)->mutable_value(2)->mutable_name());
  const absl::StatusOr<Contract> contract = Pin(pinned, derived);
  ASSERT_TRUE(contract.ok()) << contract.status();
  const auto* item = FindTable(*contract, "item");
  EXPECT_EQ(item->FindField("name")->number, 3);
  EXPECT_EQ(item->FindField("name")->column, "name");
  EXPECT_EQ(item->FindField("state")->number, 2);
  EXPECT_EQ(item->FindField("id")->number, 77);
  EXPECT_EQ(contract->composites.at(0).fields.at(0).number, 9);
  EXPECT_EQ(contract->enums.at(0).values.at(0), (EnumValue{"open", "STATE_OPEN", 2}));
  EXPECT_EQ(contract->enums.at(0).values.at(1), (EnumValue{"closed", "STATE_CLOSED", 1}));
}

TEST(PinTest, WhatIsNotNamedIsNotServed) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = derived.files;
  RemoveField(&pinned, "Item", "name");
  RemoveField(&pinned, "Item", "price");
  RemoveField(&pinned, "GetItemRequest", "read_mask");
  Message(&pinned, "Price")->set_name("Dropped");
  for (auto& file : *pinned.mutable_file()) {
    auto* messages = file.mutable_message_type();
    messages->erase(std::remove_if(messages->begin(), messages->end(),
                                   [](const auto& m) {
                                     return m.name() == "Dropped" || m.name().find("Line") != std::string::npos;
                                   }),
                    messages->end());
  }
  EditServices(&pinned, [](pb::ServiceDescriptorProto* service) {
    if (service->name() == "LineService") service->clear_method();
    auto* methods = service->mutable_method();
    methods->erase(
        std::remove_if(methods->begin(), methods->end(), [](const auto& m) { return m.name() == "ListItems"; }),
        methods->end());
  });
  StateEnum(&pinned)->mutable_value()->RemoveLast();
  const absl::StatusOr<Contract> contract = Pin(pinned, derived);
  ASSERT_TRUE(contract.ok()) << contract.status();
  ASSERT_THAT(contract->tables, SizeIs(1));
  const auto& item = contract->tables[0];
  EXPECT_EQ(item.FindField("name"), nullptr);
  EXPECT_EQ(item.fields.at(item.key.at(0)).name, "id");
  EXPECT_EQ(item.fields.at(item.soft_delete.value()).name, "deleted_at");
  EXPECT_EQ(item.FindField("state")->type.index, 0);
  EXPECT_THAT(contract->composites, IsEmpty());
  EXPECT_THAT(contract->enums.at(0).values, SizeIs(2));
  EXPECT_THAT(contract->warnings, ::testing::Contains(HasSubstr("label \"lost\"")));
  for (const Method& method : contract->methods) {
    EXPECT_EQ(method.table, 0);
    EXPECT_THAT(method.path, HasSubstr("/shop.v1.ItemService/"));
    EXPECT_NE(method.kind, MethodKind::kList);
  }
  EXPECT_FALSE(contract->methods.empty());
}

TEST(PinTest, AnEmptyContractServesNothing) {
  const absl::StatusOr<Contract> contract = Pin({}, Derived());
  ASSERT_TRUE(contract.ok());
  EXPECT_THAT(contract->tables, IsEmpty());
  EXPECT_THAT(contract->methods, IsEmpty());
}

TEST(PinTest, WithoutAnEtagInTheRowThereIsNone) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = derived.files;
  RemoveField(&pinned, "Line", "etag");
  EXPECT_THAT(PinError(pinned, derived), HasSubstr("shop.v1.DeleteLineRequest.etag"));
  RemoveField(&pinned, "DeleteLineRequest", "etag");
  const absl::StatusOr<Contract> contract = Pin(pinned, derived);
  ASSERT_TRUE(contract.ok()) << contract.status();
  EXPECT_FALSE(FindTable(*contract, "line")->has_etag);
}

TEST(PinTest, WarnsOfAColumnThatNewRowsWillMiss) {
  Catalog catalog = ShopCatalog();
  catalog.relations[0].columns[5].not_null = true;
  const Contract derived = Derived(catalog);
  pb::FileDescriptorSet pinned = derived.files;
  RemoveField(&pinned, "Item", "note");
  const absl::StatusOr<Contract> contract = Pin(pinned, derived);
  ASSERT_TRUE(contract.ok()) << contract.status();
  EXPECT_THAT(contract->warnings, ::testing::Contains(HasSubstr("column \"note\" is NOT NULL")));
}

// Each edit of the derived contract is refused with a line that names the place.
struct Misfit {
  const char* name;
  void (*edit)(pb::FileDescriptorSet*);
  const char* line;
};

class MisfitTest : public ::testing::TestWithParam<Misfit> {};

TEST_P(MisfitTest, IsRefused) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = derived.files;
  GetParam().edit(&pinned);
  EXPECT_THAT(PinError(pinned, derived), HasSubstr(GetParam().line));
}

INSTANTIATE_TEST_SUITE_P(
    PinTest, MisfitTest,
    ::testing::Values(
        Misfit{"UnknownMessage", [](auto* set) { set->mutable_file(0)->add_message_type()->set_name("Ghost"); },
               "shop.v1.Ghost: "},
        Misfit{"UnknownField",
               [](auto* set) {
                 *Message(set, "Item")->add_field() = *FieldOf(set, "Item", "name");
                 Message(set, "Item")->mutable_field()->rbegin()->set_name("ghost");
               },
               "shop.v1.Item.ghost: "},
        Misfit{"OtherType",
               [](auto* set) { FieldOf(set, "Item", "name")->set_type(pb::FieldDescriptorProto::TYPE_INT32); },
               "shop.v1.Item.name: is optional int32, and optional string"},
        Misfit{"NotOptional", [](auto* set) { FieldOf(set, "Item", "name")->clear_proto3_optional(); },
               "shop.v1.Item.name: is string"},
        Misfit{"Repeated",
               [](auto* set) { FieldOf(set, "Item", "price")->set_label(pb::FieldDescriptorProto::LABEL_REPEATED); },
               "shop.v1.Item.price: is repeated shop.v1.Price"},
        Misfit{"OwnNumber", [](auto* set) { FieldOf(set, "ListItemsRequest", "filter")->set_number(33); },
               "shop.v1.ListItemsRequest.filter: has number 33, which must be 3"},
        Misfit{"EtagNumber", [](auto* set) { FieldOf(set, "Item", "etag")->set_number(8); },
               "shop.v1.Item.etag: has number 8, which must be 2000"},
        Misfit{"ReservedNumber", [](auto* set) { FieldOf(set, "Item", "name")->set_number(2047); },
               "shop.v1.Item.name: has number 2047"},
        Misfit{"KeyNumber", [](auto* set) { FieldOf(set, "Item", "id")->set_number(50); },
               "shop.v1.GetItemRequest.id: has number 1, and 50 in Item"},
        Misfit{"KeyMissingInTheRow", [](auto* set) { RemoveField(set, "Line", "n"); }, "shop.v1.Line.n: is missing"},
        Misfit{"KeyMissingInARequest", [](auto* set) { RemoveField(set, "DeleteLineRequest", "n"); },
               "shop.v1.DeleteLineRequest.n: is missing"},
        Misfit{"SoftDeleteMissing", [](auto* set) { RemoveField(set, "Item", "deleted_at"); },
               "shop.v1.Item.deleted_at: is missing"},
        Misfit{"AttributeMissing", [](auto* set) { RemoveField(set, "Price", "state"); },
               "shop.v1.Price.state: is missing"},
        Misfit{"UnknownLabel", [](auto* set) { StateEnum(set)->mutable_value(1)->set_name("STATE_GHOST"); },
               "shop.v1.State.STATE_GHOST: "},
        Misfit{"LabelAtZero",
               [](auto* set) {
                 StateEnum(set)->mutable_value(0)->set_number(9);
                 StateEnum(set)->mutable_value(1)->set_number(0);
               },
               "shop.v1.State.STATE_OPEN: has number 0"},
        Misfit{"AliasedLabels", [](auto* set) { StateEnum(set)->mutable_value(1)->set_number(2); },
               "shop.v1.State.STATE_CLOSED: has number 2"},
        Misfit{"UnknownEnum", [](auto* set) { set->mutable_file(0)->add_enum_type()->set_name("Ghosts"); },
               "shop.v1.Ghosts: "},
        Misfit{"UnknownMethod",
               [](auto* set) {
                 EditServices(set,
                              [](auto* service) { service->mutable_method(0)->set_name("Haunt" + service->name()); });
               },
               "/shop.v1.ItemService/HauntItemService: "},
        Misfit{
            "UnknownService",
            [](auto* set) { EditServices(set, [](auto* service) { service->set_name("Ghost" + service->name()); }); },
            "/shop.v1.GhostItemService/GetItem: "},
        Misfit{"OtherSignature",
               [](auto* set) {
                 EditServices(set, [](auto* service) { service->mutable_method(0)->set_server_streaming(true); });
               },
               "/shop.v1.ItemService/GetItem: is (shop.v1.GetItemRequest) returns (stream shop.v1.Item)"},
        Misfit{"RowGone", [](auto* set) { Message(set, "Line")->set_name("Gone"); },
               "/shop.v1.LineService/GetLine: its row shop.v1.Line is not in the contract"},
        Misfit{"Proto2", [](auto* set) { set->mutable_file(0)->set_syntax("proto2"); }, "is not proto3"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(PinTest, AllDifferencesAreListed) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = derived.files;
  FieldOf(&pinned, "Item", "name")->set_type(pb::FieldDescriptorProto::TYPE_INT32);
  RemoveField(&pinned, "Line", "n");
  const std::string message = PinError(pinned, derived);
  EXPECT_THAT(message, HasSubstr("shop.v1.Item.name"));
  EXPECT_THAT(message, HasSubstr("shop.v1.Line.n"));
}

TEST(PinTest, TheDatabaseMayHaveChangedMeanwhile) {
  const pb::FileDescriptorSet pinned = Derived().files;
  Catalog catalog = ShopCatalog();
  catalog.relations[0].columns.push_back(Column(7, "added", kText));  // not in the contract: not served
  catalog.relations[1].columns[2].number = 9;                         // dropped and added again: the number stays 3
  const absl::StatusOr<Contract> contract = Pin(pinned, Derived(catalog));
  ASSERT_TRUE(contract.ok()) << contract.status();
  EXPECT_EQ(FindTable(*contract, "item")->FindField("added"), nullptr);
  EXPECT_EQ(FindTable(*contract, "line")->FindField("label")->number, 3);
  catalog.relations[1].columns.pop_back();
  EXPECT_THAT(PinError(pinned, Derived(catalog)), HasSubstr("shop.v1.Line.label: "));
}

}  // namespace
}  // namespace protogres::contract
