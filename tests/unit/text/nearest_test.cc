#include "text/nearest.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NearestTest, FindsSlipsAndNothingFarOff) {
  const std::vector<std::string_view> names = {"pool_size", "page_size", "listen"};
  EXPECT_THAT(Nearest("pool-size", names, 1), ElementsAre("pool_size"));
  EXPECT_THAT(Nearest("poolsize", names, 1), ElementsAre("pool_size"));
  EXPECT_THAT(Nearest("lisen", names, 1), ElementsAre("listen"));
  EXPECT_THAT(Nearest("LISTEN", names, 1), ElementsAre("listen"));
  EXPECT_THAT(Nearest("pool_size", names, 5), ElementsAre("pool_size", "page_size"));
  EXPECT_THAT(Nearest("verbose", names, 1), IsEmpty());
  EXPECT_THAT(Nearest("", names, 1), IsEmpty());
  EXPECT_THAT(Nearest("x", {}, 1), IsEmpty());
}

TEST(NearestTest, LongNamesAreNotCompared) {
  const std::string longest(64, 'x');
  const std::string longer(65, 'x');
  EXPECT_THAT(Nearest(longest, {longest, longer}, 5), ElementsAre(longest));
  EXPECT_THAT(Nearest(longer, {longest, longer}, 5), IsEmpty());
}

TEST(NearestByBeginningTest, TheLastPartsCount) {
  const std::vector<std::string> names = {"grpc.health.v1.Health", "shop.v1.CustomerService", "shop.v1.OrderService",
                                          "shop.v2.CustomerService"};
  EXPECT_THAT(NearestByBeginning("store.custodian", names, 2),
              ElementsAre("shop.v1.CustomerService", "shop.v2.CustomerService"));
  EXPECT_THAT(NearestByBeginning("OrdersService", names, 1), ElementsAre("shop.v1.OrderService"));
  EXPECT_THAT(NearestByBeginning("", names, 9), ElementsAre(names[0], names[1], names[2], names[3]));
  EXPECT_THAT(NearestByBeginning("x", {}, 3), IsEmpty());
}

}  // namespace
}  // namespace protogres::text
