// What is asked of the database for the roles whose reflection is filtered, and who waits for whom.
#include "rpc/role_views.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "rpc/snapshot.h"
#include "status/status.h"
#include "unit/contract/catalog_builder.h"
#include "unit/db/fake_pool.h"
#include "unit/rpc/fake_call.h"

namespace protogres::rpc {
namespace {

constexpr int kWorkers = 4;
// The most of them that one role has: three times as many as it leaves free.
constexpr int kOfOneRole = 3;
constexpr int kRoom = 8;
constexpr char kItems[] = "shop.v1.ItemService";

std::shared_ptr<const Snapshot> NewSnapshot() {
  contract::CatalogBuilder builder;
  builder.Table("items");
  builder.Table("secrets");
  return std::make_shared<const Snapshot>(api::Api::Build(builder.Derive(), {}), "");
}

// What the database says of a role that may use the table of items alone.
db::Rows Items() { return db::FakeRows({{"public", "items"}}); }

class RoleViewsTest : public db::FakePoolTest {
 protected:
  RoleViewsTest() {
    server_.SetScript([] { return Items(); });
    EXPECT_TRUE(service_calls_.Add(call_).ok());
  }
  ~RoleViewsTest() override {
    server_.Release();
    executor_.Stop();
  }

  // As a RoleFilter does it.
  absl::Status Start(const std::string& role) {
    EXPECT_EQ(views_.Find(role, snapshot_), nullptr);
    return views_.Start(role, snapshot_, call_).status();
  }
  bool AwaitAnswers(int count) {
    return Eventually([&] { return call_.wakes() >= count; });
  }

  const std::shared_ptr<const Snapshot> snapshot_ = NewSnapshot();
  FakeCall call_;
  std::unique_ptr<db::Pool> pool_ = Make({.pool_size = kWorkers, .max_overflow = 0});
  Executor executor_{{.workers = kWorkers, .queue_size = kRoom}};
  ServiceCalls service_calls_;
  RoleViews views_{executor_, *pool_, service_calls_};
  RoleFilter filter_{views_, "web"};
};

TEST_F(RoleViewsTest, AFloodOfOneRoleLeavesRoomAndAWorkerForAnother) {
  server_.SetScript(server_.Blocking(Items()));
  absl::Status refused;
  for (int i = 0; i < 100 && refused.ok(); ++i) refused = Start("flood");
  EXPECT_EQ(status::ReasonOf(refused), "QUEUE_FULL");
  ASSERT_TRUE(server_.AwaitBlocked(kOfOneRole));
  EXPECT_TRUE(Start("web").ok());
  EXPECT_TRUE(server_.AwaitBlocked(kOfOneRole + 1));
}

TEST_F(RoleViewsTest, TheDatabaseIsNotAskedForWhatItHasAnsweredMeanwhile) {
  constexpr int kAsked = 2 * kOfOneRole;
  server_.SetScript(server_.Blocking(Items()));
  for (int i = 0; i < kAsked; ++i) ASSERT_TRUE(Start("web").ok());
  ASSERT_TRUE(server_.AwaitBlocked(kOfOneRole));
  server_.Release();
  EXPECT_TRUE(AwaitAnswers(kAsked));
  EXPECT_EQ(server_.counts().executed, kOfOneRole);
}

TEST_F(RoleViewsTest, AViewShowsWhatTheDatabaseSays) {
  ASSERT_TRUE(Start("web").ok());
  ASSERT_TRUE(AwaitAnswers(1));
  const auto view = views_.Find("web", snapshot_);
  ASSERT_NE(view, nullptr);
  EXPECT_TRUE(view->ShowsService(*snapshot_->api, kItems));
  EXPECT_FALSE(view->ShowsService(*snapshot_->api, "shop.v1.SecretService"));
  EXPECT_EQ(views_.Find("web", NewSnapshot()), nullptr) << "it is of another Api";
}

TEST_F(RoleViewsTest, TheViewsThatAreForgottenAreTheOldest) {
  constexpr int kMostRoles = 64;
  for (int i = 0; i <= kMostRoles; ++i) {
    ASSERT_TRUE(Start(std::to_string(i)).ok());
    ASSERT_TRUE(AwaitAnswers(i + 1));
  }
  EXPECT_EQ(views_.Find("0", snapshot_), nullptr);
  for (int i = 1; i <= kMostRoles; ++i) EXPECT_NE(views_.Find(std::to_string(i), snapshot_), nullptr) << i;
}

TEST_F(RoleViewsTest, AFilterTakesItsAnswerThoughOthersHavePushedItOut) {
  ASSERT_EQ(*filter_.Of(snapshot_, call_), nullptr);
  ASSERT_TRUE(AwaitAnswers(1));
  for (int i = 0; views_.Find("web", snapshot_) != nullptr; ++i) {
    ASSERT_LT(i, 1000);
    ASSERT_TRUE(Start(std::to_string(i)).ok());
    ASSERT_TRUE(AwaitAnswers(i + 2));
  }
  const auto view = filter_.Of(snapshot_, call_);
  ASSERT_TRUE(view.ok()) << view.status();
  ASSERT_NE(*view, nullptr);
  EXPECT_TRUE((*view)->ShowsService(*snapshot_->api, kItems));
}

TEST_F(RoleViewsTest, AFilterAsksAgainAfterAReload) {
  ASSERT_EQ(*filter_.Of(snapshot_, call_), nullptr);
  ASSERT_TRUE(AwaitAnswers(1));
  const auto reloaded = NewSnapshot();
  EXPECT_EQ(*filter_.Of(reloaded, call_), nullptr) << "what was answered is of the Api before";
  ASSERT_TRUE(AwaitAnswers(2));
  EXPECT_NE(*filter_.Of(reloaded, call_), nullptr);
  EXPECT_EQ(server_.counts().executed, 2);
}

TEST_F(RoleViewsTest, AFilterTellsAnErrorOnceAndAsksAgain) {
  server_.SetScript([]() -> absl::StatusOr<db::Rows> { return db::QueryCancelled(); });
  ASSERT_EQ(*filter_.Of(snapshot_, call_), nullptr);
  ASSERT_TRUE(AwaitAnswers(1));
  EXPECT_FALSE(filter_.Of(snapshot_, call_).ok());
  server_.SetScript([] { return Items(); });
  EXPECT_EQ(*filter_.Of(snapshot_, call_), nullptr);
  ASSERT_TRUE(AwaitAnswers(2));
  EXPECT_NE(*filter_.Of(snapshot_, call_), nullptr);
}

TEST_F(RoleViewsTest, WithoutAnApiThereIsNothingToFilter) {
  const auto none = std::make_shared<const Snapshot>(nullptr, "");
  EXPECT_EQ(*filter_.Of(none, call_), nullptr);
  EXPECT_EQ(server_.counts().executed, 0);
}

}  // namespace
}  // namespace protogres::rpc
