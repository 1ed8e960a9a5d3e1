#include "metrics/calls.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::metrics {
namespace {

std::string_view TypeOf(const std::string& path) { return path.starts_with("/shop.") ? "unary" : ""; }

TEST(CallsTest, AMethodHasTheSameCountersEachTime) {
  Calls calls;
  MethodCalls& get = calls.Of("/shop.v1.ItemService/GetItem", &TypeOf);
  MethodCalls& list = calls.Of("/shop.v1.ItemService/ListItems", &TypeOf);
  EXPECT_NE(&get, &list);
  EXPECT_EQ(&get, &calls.Of("/shop.v1.ItemService/GetItem", &TypeOf));
  EXPECT_EQ(get.path, "/shop.v1.ItemService/GetItem");
  EXPECT_EQ(get.type, "unary");
  EXPECT_THAT(calls.All(), testing::ElementsAre(&get, &list));
}

TEST(CallsTest, AMethodThatIsGoneKeepsItsCounters) {
  Calls calls;
  MethodCalls& get = calls.Of("/shop.v1.ItemService/GetItem", &TypeOf);
  EXPECT_EQ(&get, &calls.Of("/shop.v1.ItemService/GetItem", [](const std::string&) { return ""; }));
}

TEST(CallsTest, MethodsThatDoNotExistShareOne) {
  Calls calls;
  EXPECT_TRUE(calls.All().empty());
  MethodCalls* unknown = nullptr;
  for (int i = 0; i < 1000; ++i) {
    unknown = &calls.Of("/nothing/" + std::to_string(i), &TypeOf);
    unknown->started.Add();
  }
  EXPECT_EQ(unknown->path, "");
  EXPECT_EQ(unknown->started.value(), 1000U);
  EXPECT_THAT(calls.All(), testing::ElementsAre(unknown));
}

TEST(CallsTest, ACodeThatGrpcDoesNotHaveIsUnknown) {
  Calls calls;
  MethodCalls& get = calls.Of("/shop.v1.ItemService/GetItem", &TypeOf);
  const auto took = std::chrono::milliseconds(1);
  get.Handled(0, took);
  get.Handled(99, took);
  get.Handled(-1, took);
  EXPECT_EQ(get.handled[0].value(), 1U);
  EXPECT_EQ(get.handled[2].value(), 2U);
}

TEST(CallsTest, ManyThreadsMayAskForTheFirstTime) {
  Calls calls;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) calls.Of("/shop.v1.S/M" + std::to_string(j), &TypeOf).started.Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto all = calls.All();
  EXPECT_EQ(all.size(), 100U);
  for (const MethodCalls* method : all) EXPECT_EQ(method->started.value(), 4U);
}

}  // namespace
}  // namespace protogres::metrics
