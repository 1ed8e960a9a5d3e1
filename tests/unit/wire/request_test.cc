// Requests of every kind of method.
#include "wire/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "sample.h"
#include "wire/row.h"
#include "wire/writer.h"

namespace protogres::wire {
namespace {

using contract::MethodKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using namespace std::string_literals;

std::string Varint(int number, std::int64_t value) {
  std::string bytes;
  AppendVarintField(number, static_cast<std::uint64_t>(value), &bytes);
  return bytes;
}

std::string Bytes(int number, std::string_view value) {
  std::string bytes;
  AppendBytesField(number, value, &bytes);
  return bytes;
}

std::string Mask(std::initializer_list<const char*> paths) {
  std::string bytes;
  for (const char* path : paths) AppendBytesField(1, path, &bytes);
  return bytes;
}

class Requests : public testing::Test {
 protected:
  Requests() {
    contract::Table& table = sample_.contract.tables[0];
    table.key = {sample_.Index("int8"), sample_.Index("uuid")};
    table.insertable = true;
    table.soft_delete = sample_.Index("at");
    id_ = table.fields[static_cast<std::size_t>(table.key[0])].number;
  }

  absl::StatusOr<Request> Decode(MethodKind kind, std::string_view bytes) const {
    return DecodeRequest(sample_.contract, sample_.table, kind, bytes);
  }
  std::string Error(MethodKind kind, std::string_view bytes) const {
    const auto request = Decode(kind, bytes);
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(request.status().message());
  }

  Sample sample_;
  int id_ = 0;
};

TEST_F(Requests, NameNoMoreRelationsThanEachCanBeAStatement) {
  sample_.contract.tables[0].relations.emplace_back();
  std::string bytes;
  for (int i = 0; i < 100; ++i) AppendBytesField(9, "", &bytes);
  EXPECT_EQ(Decode(MethodKind::kList, bytes)->expand.size(), 100U);
  AppendBytesField(9, "", &bytes);
  EXPECT_THAT(Error(MethodKind::kList, bytes), HasSubstr("more than 100 elements"));
}

constexpr char kUuid[] = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

TEST_F(Requests, ExpandIsOfTablesWithRelations) {
  const std::string expand = Bytes(1, "orders") + Bytes(2, "n > 1") + Bytes(3, "n desc") + Varint(4, 5);
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(2007, expand)), HasSubstr("unknown field 2007"));
  contract::Table& table = sample_.contract.tables[0];
  table.relations.emplace_back().name = "orders";
  table.relations.back().number = 100'000;
  for (const auto& [kind, number] : {std::pair(MethodKind::kGet, 2007), std::pair(MethodKind::kBatchGet, 5),
                                     std::pair(MethodKind::kList, 9), std::pair(MethodKind::kStream, 9)}) {
    const auto request = Decode(kind, Bytes(number, expand) + Bytes(number, Bytes(1, "others")));
    ASSERT_TRUE(request.ok()) << request.status();
    ASSERT_EQ(request->expand.size(), 2U);
    EXPECT_EQ(request->expand[0].path, "orders");
    EXPECT_EQ(request->expand[0].filter, "n > 1");
    EXPECT_EQ(request->expand[0].order_by, "n desc");
    EXPECT_EQ(request->expand[0].page_size, 5);
    EXPECT_EQ(request->expand[1].path, "others");
  }
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(2007, Varint(1, 5))), HasSubstr("expand: wire type 0 does not fit string"));
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(2007, Varint(9, 5))), HasSubstr("unknown field 9 in Expand"));
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(2007, "\x0a\x05")), HasSubstr("expand: "));
}

TEST_F(Requests, RelatedRowsAreReadOnlyWhereTheyAreAskedFor) {
  contract::Table& table = sample_.contract.tables[0];
  table.relations.resize(2);
  table.relations[0].name = "orders";
  table.relations[0].number = 100'000;
  table.relations[0].many = true;
  table.relations[1].name = "customer";
  table.relations[1].number = 100'001;
  const auto message = [&](const std::string& bytes, RelatedInput* related) {
    return std::string(DecodeRow(sample_.contract, table, bytes, "sample", related).status().message());
  };
  EXPECT_THAT(message(Bytes(100'000, ""), nullptr), HasSubstr("sample.orders: holds related rows"));
  RelatedInput::Count count = {.most = 3};
  RelatedInput related(&count);
  EXPECT_TRUE(related.empty());
  const std::string twice = Bytes(100'001, Varint(id_, 1)) + Bytes(100'001, Varint(id_, 2));
  const std::string row = Bytes(100'000, "") + twice + Bytes(100'000, Varint(id_, 3));  // `related` looks into it
  EXPECT_EQ(message(row, &related), "");
  ASSERT_EQ(related.one.size(), 1u);
  EXPECT_EQ(related.one[0].second.bytes(), Varint(id_, 1) + Varint(id_, 2)) << "merged, as protobuf has it";
  EXPECT_THAT(related.many,
              ElementsAre(std::pair(0, std::string_view("")), std::pair(0, std::string_view(Varint(id_, 3)))));
  EXPECT_EQ(count.read, 3u);
  EXPECT_THAT(message(Bytes(100'000, ""), &related), HasSubstr("sample.orders: makes more than 3 related rows"));
  EXPECT_THAT(message(Varint(100'000, 1), &related), HasSubstr("sample.orders: wire type 0"));
}

TEST_F(Requests, Get) {
  const std::string bytes =
      Bytes(100, kUuid) + Bytes(2001, Mask({"int8", "address.city"})) + Varint(id_, -5) + Varint(2002, 1);
  const auto request = Decode(MethodKind::kGet, bytes);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->key, ElementsAre(Optional("-5"s), Optional(std::string(kUuid))));
  EXPECT_THAT(request->mask, Optional(ElementsAre("int8", "address.city")));
  EXPECT_TRUE(request->show_deleted);
  const auto empty = Decode(MethodKind::kGet, "");
  ASSERT_TRUE(empty.ok());
  EXPECT_THAT(empty->key, ElementsAre(std::nullopt, std::nullopt));
  EXPECT_FALSE(empty->mask.has_value());
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(id_, "5")), HasSubstr("int8: wire type 2 does not fit int64"));
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(100, "x")), HasSubstr("uuid: 'x' is not a uuid"));
  EXPECT_THAT(Error(MethodKind::kGet, Varint(1, 5)), HasSubstr("unknown field 1 in shop.v1.GetSampleRequest"));
  EXPECT_THAT(Error(MethodKind::kGet, Bytes(2000, "")), HasSubstr("unknown field 2000"));
}

TEST_F(Requests, WhatTheTableDoesNotHave) {
  sample_.contract.tables[0].soft_delete.reset();
  sample_.contract.tables[0].has_etag = false;
  sample_.contract.tables[0].insertable = false;
  EXPECT_THAT(Error(MethodKind::kUpdate, Varint(3, 1)), HasSubstr("unknown field 3"));
  EXPECT_THAT(Error(MethodKind::kGet, Varint(2002, 1)), HasSubstr("unknown field 2002"));
  EXPECT_THAT(Error(MethodKind::kDelete, Bytes(2000, "e")), HasSubstr("unknown field 2000"));
}

TEST_F(Requests, Masks) {
  EXPECT_THAT(Decode(MethodKind::kList, Bytes(5, ""))->mask, Optional(ElementsAre()));
  EXPECT_THAT(Decode(MethodKind::kList, Bytes(5, Mask({"a"})) + Bytes(5, Mask({"b"})))->mask,
              Optional(ElementsAre("a", "b")));
  EXPECT_THAT(Error(MethodKind::kList, Bytes(5, Mask({"\xff"}))), HasSubstr("read_mask: not valid UTF-8"));
  EXPECT_THAT(Error(MethodKind::kUpdate, Bytes(2, Varint(1, 1))), HasSubstr("update_mask: wire type 0"));
  EXPECT_THAT(Error(MethodKind::kUpdate, Bytes(2, Bytes(2, ""))), HasSubstr("update_mask: unknown field 2"));
  EXPECT_THAT(Error(MethodKind::kUpdate, Bytes(2, "\x0a")), HasSubstr("update_mask: malformed"));
}

TEST_F(Requests, List) {
  const std::string bytes = Varint(1, -3) + Bytes(2, "token") + Bytes(3, "a = 1") + Bytes(4, "a desc") + Bytes(5, "") +
                            Varint(6, 1) + Varint(7, 1) + Bytes(8, "FOR UPDATE");
  const auto request = Decode(MethodKind::kList, bytes);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->page_size, -3);
  EXPECT_EQ(request->page_token, "token");
  EXPECT_EQ(request->filter, "a = 1");
  EXPECT_EQ(request->order_by, "a desc");
  EXPECT_TRUE(request->show_deleted && request->count_total);
  EXPECT_EQ(request->lock, "FOR UPDATE");
  EXPECT_THAT(Error(MethodKind::kList, Varint(1, 2147483648)), HasSubstr("page_size: 2147483648 is out of range"));
  EXPECT_THAT(Error(MethodKind::kList, Bytes(3, "a\0"s)), HasSubstr("filter: must not contain the character U+0000"));
  EXPECT_THAT(Error(MethodKind::kList, Bytes(4, "\xc3")), HasSubstr("order_by: not valid UTF-8"));
  EXPECT_THAT(Error(MethodKind::kList, Varint(9, 1)), HasSubstr("unknown field 9"));
  EXPECT_THAT(Error(MethodKind::kList, "\x08"), HasSubstr("malformed"));
  EXPECT_THAT(Error(MethodKind::kStream, Varint(7, 1)), HasSubstr("unknown field 7"));
  EXPECT_THAT(Error(MethodKind::kStream, Bytes(8, "FOR UPDATE")), HasSubstr("unknown field 8"));
}

TEST_F(Requests, RepeatedText) {
  const auto request =
      Decode(MethodKind::kAggregate, Bytes(2, "a") + Bytes(3, "count()") + Bytes(2, "") + Bytes(1, "f"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->group_by, ElementsAre("a", ""));
  EXPECT_THAT(request->aggregates, ElementsAre("count()"));
  EXPECT_EQ(request->filter, "f");
  EXPECT_THAT(Error(MethodKind::kAggregate, Bytes(2, "a") + Bytes(2, "\xc3")),
              HasSubstr("group_by[1]: not valid UTF-8"));
  EXPECT_THAT(Error(MethodKind::kAggregate, Varint(3, 1)), HasSubstr("aggregates[0]: wire type 0 does not fit string"));
  EXPECT_THAT(Error(MethodKind::kAggregate, Varint(8, 1)), HasSubstr("unknown field 8"));
}

TEST_F(Requests, Writes) {
  const std::string created = Bytes(1, "row") + Bytes(2, Mask({"due"})) + Varint(4, 1) + Bytes(5, "r1");
  const auto create = Decode(MethodKind::kCreate, created);
  ASSERT_TRUE(create.ok()) << create.status();
  EXPECT_EQ(create->row, "row");
  EXPECT_EQ(create->mask, std::vector<std::string>{"due"});
  EXPECT_TRUE(create->validate_only);
  EXPECT_EQ(create->request_id, "r1");
  EXPECT_FALSE(Decode(MethodKind::kCreate, "")->row.has_value());
  EXPECT_THAT(Error(MethodKind::kCreate, Bytes(3, "")), HasSubstr("unknown field 3"));
  EXPECT_THAT(Error(MethodKind::kCreate, Bytes(2, "x")), HasSubstr("create_mask: "));
  EXPECT_THAT(Error(MethodKind::kCreate, Varint(1, 1)), HasSubstr("sample: wire type 0 does not fit a message"));

  const auto update = Decode(MethodKind::kUpdate, Bytes(1, "") + Bytes(2, "") + Varint(3, 1));
  ASSERT_TRUE(update.ok());
  EXPECT_EQ(update->row, "");
  EXPECT_TRUE(update->allow_missing && update->mask.has_value());

  const auto where =
      Decode(MethodKind::kUpdateWhere, Bytes(1, "r") + Bytes(2, Mask({"*"})) + Bytes(6, "f") + Varint(7, 9));
  ASSERT_TRUE(where.ok());
  EXPECT_EQ(where->filter, "f");
  EXPECT_EQ(where->max_affected, 9);
  EXPECT_THAT(Error(MethodKind::kUpdateWhere, Varint(3, 1)), HasSubstr("unknown field 3"));
  EXPECT_EQ(Decode(MethodKind::kDeleteWhere, Bytes(6, "f") + Varint(7, -1))->max_affected, -1);
  EXPECT_THAT(Error(MethodKind::kDeleteWhere, Bytes(1, "")), HasSubstr("unknown field 1"));

  const auto deletion = Decode(
      MethodKind::kDelete, Varint(id_, 1) + Bytes(2000, "e") + Varint(2003, 1) + Varint(2004, 1) + Bytes(2005, "r"));
  ASSERT_TRUE(deletion.ok()) << deletion.status();
  EXPECT_THAT(deletion->key, ElementsAre(Optional("1"s), std::nullopt));
  EXPECT_EQ(deletion->etag, "e");
  EXPECT_TRUE(deletion->allow_missing && deletion->validate_only);
  EXPECT_EQ(deletion->request_id, "r");
  EXPECT_THAT(Error(MethodKind::kUndelete, Varint(2003, 1)), HasSubstr("unknown field 2003"));
  EXPECT_TRUE(Decode(MethodKind::kUndelete, Varint(id_, 1) + Bytes(2000, "e")).ok());
}

TEST_F(Requests, Batches) {
  for (const MethodKind kind : {MethodKind::kBatchGet, MethodKind::kBatchCreate, MethodKind::kBatchUpdate,
                                MethodKind::kBatchDelete, MethodKind::kImport}) {
    const std::string bytes = Bytes(1, "a") + Bytes(1, "") + Bytes(1, "b");
    const auto request = Decode(kind, bytes);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_THAT(request->requests, ElementsAre("a", "", "b"));
  }
  EXPECT_THAT(Decode(MethodKind::kBatchGet, Bytes(2, Mask({"a"})) + Varint(3, 1))->mask, Optional(ElementsAre("a")));
  EXPECT_TRUE(Decode(MethodKind::kBatchCreate, Varint(4, 1))->validate_only);
  EXPECT_THAT(Error(MethodKind::kImport, Varint(4, 1)), HasSubstr("unknown field 4"));
}

TEST_F(Requests, ARowThatStandsTwiceIsMerged) {
  const std::string bytes = Bytes(1, "\x10\x01") + Bytes(1, "\x10\x02");
  auto decoded = Decode(MethodKind::kCreate, bytes);
  ASSERT_TRUE(decoded.ok());
  const Request copy = *decoded;
  const Request moved = *std::move(decoded);
  decoded = absl::UnknownError("gone");
  EXPECT_EQ(moved.row, "\x10\x01\x10\x02");
  EXPECT_EQ(copy.row, "\x10\x01\x10\x02");
}

}  // namespace
}  // namespace protogres::wire
