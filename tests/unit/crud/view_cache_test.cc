// What was planned for a mask is kept, within its bound, and never mixed up.
#include "crud/view_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crud/bound_table.h"

namespace protogres::crud {
namespace {

contract::Request Masked(std::vector<std::string> mask) {
  contract::Request request;
  request.mask = std::move(mask);
  return request;
}

std::shared_ptr<const View> MakeView(std::size_t fields) {
  auto view = std::make_shared<View>();
  view->projection.fields.resize(fields);
  return view;
}

TEST(ShapeTest, DiffersWhereRequestsAskForSomethingElse) {
  std::vector<contract::Request> requests(1);
  const std::vector<std::vector<std::string>> masks = {{}, {"a", "b"}, {"a,b"}, {"b", "a"}, {"a"}};
  for (const auto& mask : masks) requests.push_back(Masked(mask));
  requests.push_back(Masked({"a"}));
  requests.back().show_deleted = true;
  for (const auto& [path, filter] : {std::pair("a", ""), {"", "a"}, {"a", "b"}, {"ab", ""}}) {
    requests.push_back(Masked({"a"}));
    requests.back().expand.push_back({path, filter, "", 0});
  }
  for (const int size : {1, -1}) {
    requests.push_back(Masked({"a"}));
    requests.back().expand.push_back({"a", "", "", size});
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(ShapeOf(requests[i]), ShapeOf(requests[j])) << i << " and " << j;
  }
  EXPECT_EQ(ShapeOf({}), "");
}

TEST(ShapeTest, IsTheSameForAllKeysFiltersAndPages) {
  contract::Request one = Masked({"a"}), other = Masked({"a"});
  one.key = {"1"};
  other.filter = "b = 1";
  other.page_token = "next";
  EXPECT_EQ(ShapeOf(one), ShapeOf(other));
}

TEST(ViewCacheTest, IsOfATableAMaskAndWhetherTheEtagIsAsked) {
  ViewCache cache;
  const contract::Table table, other;
  const auto view = MakeView(1);
  EXPECT_EQ(cache.Find(table, true, "a"), nullptr);
  cache.Add(table, true, "a", view);
  EXPECT_EQ(cache.Find(table, true, "a"), view);
  EXPECT_EQ(cache.Find(table, false, "a"), nullptr);
  EXPECT_EQ(cache.Find(other, true, "a"), nullptr);
  EXPECT_EQ(cache.Find(table, true, "b"), nullptr);
  cache.Add(table, true, "a", MakeView(2));
  EXPECT_EQ(cache.Find(table, true, "a"), view) << "it is the same, planned twice at once";
  EXPECT_EQ(cache.size(), 1u);
}

TEST(ViewCacheTest, KeepsToItsBoundAndWhatIsUsed) {
  constexpr std::size_t kMost = 64 * 1024;
  ViewCache cache(kMost);
  const contract::Table table;
  cache.Add(table, true, "used", MakeView(10));
  for (int i = 0; i < 1000; ++i) {
    cache.Add(table, true, "mask " + std::to_string(i), MakeView(10));
    ASSERT_NE(cache.Find(table, true, "used"), nullptr) << i;
    ASSERT_LE(cache.bytes(), kMost);
  }
  EXPECT_GT(cache.bytes(), kMost / 2);
  EXPECT_GT(cache.size(), 10u);
  EXPECT_EQ(cache.Find(table, true, "mask 0"), nullptr) << "it was not used for the longest time";
  EXPECT_NE(cache.Find(table, true, "mask 999"), nullptr);
}

TEST(ViewCacheTest, DropsAllOfATable) {
  ViewCache cache;
  const contract::Table table, other;
  for (const contract::Table* one : {&table, &other}) {
    for (const char* shape : {"a", "b"}) cache.Add(*one, false, shape, MakeView(1));
  }
  const std::size_t bytes = cache.bytes();
  cache.Drop(table);
  EXPECT_EQ(cache.Find(table, false, "a"), nullptr);
  EXPECT_NE(cache.Find(other, false, "a"), nullptr);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.bytes(), bytes / 2);
}

TEST(ViewCacheTest, LeavesOutWhatWouldPushOutMuch) {
  ViewCache cache(64 * 1024);
  const contract::Table table;
  cache.Add(table, true, "large", MakeView(10'000));
  cache.Add(table, true, std::string(10'000, 'x'), MakeView(1));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace protogres::crud
