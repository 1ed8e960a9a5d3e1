// The Api of a Contract, derived and pinned: what is found in it, and by several threads at once.
#include "api/api.h"

#include <malloc.h>

#include <string>
#include <thread>
#include <vector>

#include "contract/pin.h"
#include "db/memory.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/contract/catalog_builder.h"

namespace protogres::api {
namespace {

using contract::AllFiles;
using contract::Contract;
using contract::MethodsOf;
using testing::ElementsAre;
using testing::IsEmpty;

Contract Derived() {
  contract::CatalogBuilder builder;
  auto& customers = builder.Table("customers");
  builder.Column(customers, "mood", builder.Enum("mood", {"sad", "ok"}));
  builder.Column(customers, "deleted_at", "timestamptz");
  builder.Table("log").key.clear();
  for (int i = 0; i < 20; ++i) builder.Column(builder.Table(fmt::format("t{}", i)), "x", "text");
  return builder.Derive();
}

class ApiTest : public testing::TestWithParam<bool> {
 protected:
  Contract Make() const {
    if (!GetParam()) return derived_;
    auto pinned = contract::Pin(AllFiles(derived_), derived_);
    EXPECT_TRUE(pinned.ok()) << pinned.status();
    return *std::move(pinned);
  }

  const Contract derived_ = Derived();
  const std::shared_ptr<const Api> api_ = Api::Build(Make(), {});
};
INSTANTIATE_TEST_SUITE_P(DerivedAndPinned, ApiTest, testing::Bool());

TEST_P(ApiTest, FindsEachMethodByItsPathAndByItsRequest) {
  std::size_t count = 0;
  for (const auto& table : derived_.tables) {
    for (const auto& method : MethodsOf(table)) {
      ++count;
      const crud::Method* found = api_->Find(method.path);
      ASSERT_NE(found, nullptr) << method.path;
      EXPECT_EQ(found->names().path, method.path);
      EXPECT_EQ(found->names().request, method.request);
      EXPECT_EQ(found->names().response, method.response);
      EXPECT_EQ(api_->Find(method.path), found);
      EXPECT_EQ(api_->FindByRequest(method.request), found->As<crud::UnaryMethod>());
    }
  }
  EXPECT_EQ(api_->method_count(), count);
  for (const char* path : {"", "/", "//", "shop.v1.LogService/ListLogs", "/shop.v1.LogService", "/shop.v1.LogService/",
                           "/shop.v1.LogService/GetLog", "/shop.v1.LogService/ListLogs/", "/shop.v1.Log/ListLogs",
                           "/shop.v1.LogService/ListCustomers", "//shop.v1.LogService/ListLogs"}) {
    EXPECT_EQ(api_->Find(path), nullptr) << path;
  }
  for (const char* type : {"", "shop.v1.Log", "shop.v1.GetLogRequest", "shop.v1.ListLogsResponse", "ListLogsRequest"}) {
    EXPECT_EQ(api_->FindByRequest(type), nullptr) << type;
  }
}

TEST_P(ApiTest, ListsServicesAndTheirMethods) {
  EXPECT_EQ(api_->services().size(), derived_.tables.size());
  EXPECT_EQ(api_->services().front(), "shop.v1.CustomerService");
  EXPECT_THAT(api_->MethodNames("shop.v1.LogService"),
              ElementsAre("ListLogs", "StreamLogs", "AggregateLogs", "CreateLog", "BatchCreateLogs", "ImportLogs",
                          "UpdateLogsWhere", "DeleteLogsWhere"));
  EXPECT_THAT(api_->MethodNames("shop.v1.Log"), IsEmpty());
}

TEST_P(ApiTest, HasTheFilesOfTheContract) {
  const Messages& messages = api_->messages();
  const auto files = AllFiles(derived_);
  for (const auto& file : files.file()) {
    const auto found = messages.FindFile(file.name());
    ASSERT_TRUE(found.has_value()) << file.name();
    EXPECT_EQ(found->bytes, file.SerializeAsString());
    EXPECT_EQ(found->dependencies.size(), static_cast<std::size_t>(file.dependency_size()));
    for (const auto& message : file.message_type()) {
      const std::string name = file.package() + "." + message.name();
      ASSERT_TRUE(messages.FindFileOf(name).has_value()) << name;
      EXPECT_EQ(messages.FindFileOf(name)->name, file.name());
      ASSERT_NE(messages.Find(name), nullptr) << name;
      EXPECT_EQ(messages.Find(name)->field_count(), message.field_size());
      for (const auto& field : message.field()) EXPECT_TRUE(messages.FindFileOf(name + "." + field.name()).has_value());
    }
  }
  for (const char* name : {"shop.v1.Mood", "shop.v1.MOOD_SAD", "shop.v1.MOOD_UNSPECIFIED"}) {
    ASSERT_TRUE(messages.FindFileOf(name).has_value()) << name;
    EXPECT_EQ(messages.FindFileOf(name)->name, "shop/v1/types.proto");
  }
  for (const char* name : {"", "shop.v1", "shop.v1.Nothing", "shop.v1.Log.nothing", "shop.v1.GetLogRequest",
                           "shop.v1.MOOD_BAD", "MOOD_SAD", "shop.v1.Mood.MOOD_SAD"}) {
    EXPECT_FALSE(messages.FindFile(name).has_value()) << name;
    EXPECT_FALSE(messages.FindFileOf(name).has_value()) << name;
  }
}

TEST(DescriptionsTest, AreCountedRoughlyAsWhatTheyTakeAndOnlyWhereTheyAreNeeded) {
  contract::CatalogBuilder builder;
  for (int i = 0; i < 200; ++i) {
    auto& table = builder.Table(fmt::format("t{}", i));
    for (int j = 0; j < i % 20; ++j) builder.Column(table, fmt::format("x{}", j), "text");
  }
  const Contract derived = builder.Derive();
  const auto& counted = db::Memory::OfDescriptions();
  ASSERT_EQ(counted.held(), 0);
  auto api = Api::Build(derived, {});
  for (const auto& table : derived.tables) {
    EXPECT_TRUE(api->messages().FindFileOf(table.FullMessage() + ".id").has_value());
    EXPECT_FALSE(api->messages().FindFileOf(table.FullMessage() + ".nothing").has_value());
  }
  EXPECT_LT(counted.held(), 1 << 20) << "no table was described only to look for a field";
  const std::size_t before = mallinfo2().uordblks;
  for (const auto& table : derived.tables) {
    for (const auto& method : MethodsOf(table)) {
      const auto* request = api->messages().Find(method.request);
      ASSERT_NE(request, nullptr);
      EXPECT_NE(api->messages().Parse(*request, ""), nullptr);
    }
  }
  const auto taken = static_cast<std::int64_t>(mallinfo2().uordblks - before);
  // A sanitizer has a malloc of its own, which does not say.
  if (before > 0) {
    EXPECT_GT(counted.held(), taken / 2);
    EXPECT_LT(counted.held(), taken * 2);
  }
  api.reset();
  EXPECT_EQ(counted.held(), 0);
}

TEST_P(ApiTest, ThreadsMayBeTheFirstToCallATable) {
  constexpr int kThreads = 8;
  std::vector<std::vector<const crud::Method*>> found(kThreads);
  std::vector<std::thread> threads;
  for (auto& methods : found) {
    threads.emplace_back([this, &methods] {
      for (const auto& table : derived_.tables) {
        for (const auto& method : MethodsOf(table)) methods.push_back(api_->Find(method.path));
        api_->messages().Find(table.FullMessage());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& methods : found) EXPECT_EQ(methods, found.front());
}

}  // namespace
}  // namespace protogres::api
