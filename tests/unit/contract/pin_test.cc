// Pin: a derived contract cut and renumbered to a pinned one.
#include "contract/pin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "google/protobuf/util/message_differencer.h"
#include "status/status.h"
#include "unit/contract/shop_contract.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;
using namespace shop;  // NOLINT(google-build-using-namespace)
using catalog::Catalog;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

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
  EXPECT_EQ(status::ReasonOf(contract.status()), "CONTRACT_MISMATCH");
  return std::string(contract.status().message());
}

const struct Table* FindTable(const Contract& contract, const std::string& name) {
  for (const auto& table : contract.tables) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

TEST(PinTest, TheDerivedContractPinsToItself) {
  const Contract derived = Derived();
  const absl::StatusOr<Contract> pinned = Pin(AllFiles(derived), derived);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  ASSERT_EQ(pinned->tables.size(), derived.tables.size());
  for (std::size_t i = 0; i < derived.tables.size(); ++i) {
    EXPECT_EQ(pinned->tables[i].fields.size(), derived.tables[i].fields.size());
    EXPECT_EQ(pinned->tables[i].key, derived.tables[i].key);
    EXPECT_EQ(pinned->tables[i].soft_delete, derived.tables[i].soft_delete);
    EXPECT_EQ(pinned->tables[i].has_etag, derived.tables[i].has_etag);
    EXPECT_EQ(pinned->tables[i].methods, derived.tables[i].methods);
  }
  EXPECT_EQ(pinned->enums.size(), derived.enums.size());
  EXPECT_EQ(pinned->composites.size(), derived.composites.size());
  EXPECT_TRUE(pb::util::MessageDifferencer::Equals(pinned->files, AllFiles(derived)));
}

TEST(PinTest, NumbersArePinned) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = AllFiles(derived);
  FieldOf(&pinned, "Item", "name")->set_number(3);
  FieldOf(&pinned, "Item", "state")->set_number(2);
  FieldOf(&pinned, "Price", "amount")->set_number(9);
  for (const char* message :
       {"Item", "GetItemRequest", "DeleteItemRequest", "UndeleteItemRequest", "ItemSum", "ItemAverage"}) {
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
  pb::FileDescriptorSet pinned = AllFiles(derived);
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
  EXPECT_THAT(contract->warnings, Contains(HasSubstr("label \"lost\"")));
  EXPECT_EQ(item.message, "Item");
  EXPECT_THAT(item.methods, Not(IsEmpty()));
  EXPECT_THAT(item.methods, Not(Contains(MethodKind::kList)));
}

TEST(PinTest, AnEmptyContractServesNothing) {
  const absl::StatusOr<Contract> contract = Pin({}, Derived());
  ASSERT_TRUE(contract.ok());
  EXPECT_THAT(contract->tables, IsEmpty());
}

TEST(PinTest, WithoutAnEtagInTheRowThereIsNone) {
  const Contract derived = Derived();
  pb::FileDescriptorSet pinned = AllFiles(derived);
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
  pb::FileDescriptorSet pinned = AllFiles(derived);
  RemoveField(&pinned, "Item", "note");
  const absl::StatusOr<Contract> contract = Pin(pinned, derived);
  ASSERT_TRUE(contract.ok()) << contract.status();
  EXPECT_THAT(contract->warnings, Contains(HasSubstr("column \"note\" is NOT NULL")));
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
  pb::FileDescriptorSet pinned = AllFiles(derived);
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
        Misfit{"SumNumber", [](auto* set) { FieldOf(set, "ItemSum", "id")->set_number(50); },
               "shop.v1.ItemSum.id: has number 50, which must be its number in shop.v1.Item"},
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
  pb::FileDescriptorSet pinned = AllFiles(derived);
  FieldOf(&pinned, "Item", "name")->set_type(pb::FieldDescriptorProto::TYPE_INT32);
  RemoveField(&pinned, "Line", "n");
  const std::string message = PinError(pinned, derived);
  EXPECT_THAT(message, HasSubstr("shop.v1.Item.name"));
  EXPECT_THAT(message, HasSubstr("shop.v1.Line.n"));
}

TEST(PinTest, TheDatabaseMayHaveChangedMeanwhile) {
  const pb::FileDescriptorSet pinned = AllFiles(Derived());
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

// Relations ----------------------------------------------------------------------

class PinRelationsTest : public ::testing::Test {
 protected:
  PinRelationsTest() {
    catalog::Oid oid = 1;
    for (auto& relation : catalog_.relations) relation.oid = oid++;
    catalog::ForeignKey key;
    key.name = "line_item_id_fkey";
    key.columns = {1};
    key.target = catalog_.relations[0].oid;  // item
    key.target_columns = {1};
    catalog_.relations[1].foreign_keys.push_back(key);
  }

  static const Table& TableOf(const Contract& contract, const std::string& name) {
    return *std::ranges::find(contract.tables, name, &Table::name);
  }

  catalog::Catalog catalog_ = ShopCatalog();
};

TEST_F(PinRelationsTest, AreThoseOfTheContractWithItsNumbers) {
  const Contract derived = Derived(catalog_);
  pb::FileDescriptorSet pinned = AllFiles(derived);
  FieldOf(&pinned, "Line", "item")->set_number(200'000);
  RemoveField(&pinned, "Line", "label");
  const auto contract = Pin(pinned, derived);
  ASSERT_TRUE(contract.ok()) << contract.status();
  const Table& line = TableOf(*contract, "line");
  ASSERT_EQ(line.relations.size(), 1u);
  EXPECT_EQ(line.relations[0].number, 200'000);
  EXPECT_EQ(&contract->tables[static_cast<std::size_t>(line.relations[0].target)], &TableOf(*contract, "item"));
  EXPECT_EQ(TableOf(*contract, "item").relations.size(), 1u);
  EXPECT_FALSE(line.rows_apart);
}

TEST_F(PinRelationsTest, AContractFromBeforeHasNone) {
  const auto before = Derive(ShopCatalog(), {.packages = {}, .relations = Relations::kOff});
  ASSERT_TRUE(before.ok());
  const auto contract = Pin(AllFiles(*before), Derived(catalog_));
  ASSERT_TRUE(contract.ok()) << contract.status();
  for (const Table& table : contract->tables) EXPECT_TRUE(table.relations.empty()) << table.name;
}

TEST_F(PinRelationsTest, TheirColumnsMustBeThere) {
  const Contract derived = Derived(catalog_);
  pb::FileDescriptorSet pinned = AllFiles(derived);
  RemoveField(&pinned, "Line", "item_id");
  EXPECT_THAT(std::string(Pin(pinned, derived).status().message()),
              HasSubstr("shop.v1.Line.item: a column of its foreign key \"line_item_id_fkey\" is not in the contract"));
}

}  // namespace
}  // namespace protogres::contract
