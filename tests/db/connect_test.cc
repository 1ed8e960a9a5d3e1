// Connections that are refused, and what --echo says of those that are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "db/connection.h"
#include "support/database.h"

namespace protogres::db {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

class ConnectTest : public ::testing::Test {
 protected:
  testing::Database database_;
};

TEST_F(ConnectTest, RefusedConnections) {
  database_.Exec("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
  const std::string uri = database_.uri();
  for (const auto& [text, code] : std::vector<std::pair<std::string, StatusCode>>{
           {uri + " dbname=nosuch", StatusCode::kNotFound},
           {uri + " user=nosuch", StatusCode::kUnauthenticated},
           {uri + " user=crowded", StatusCode::kResourceExhausted},
           {uri + " port=1", StatusCode::kUnavailable},
           {"host=nosuch.invalid connect_timeout=2", StatusCode::kUnavailable},
           {uri + " options='-c nosuch=1'", StatusCode::kInvalidArgument},
           {uri + " options='-c work_mem=none'", StatusCode::kInvalidArgument},
           {"postgresql://[", StatusCode::kInvalidArgument},
       }) {
    const auto connection = Connect({.database = text});
    EXPECT_EQ(connection.status().code(), code) << text << ": " << connection.status();
    EXPECT_THAT(std::string(connection.status().message()), Not(HasSubstr("\n")));
  }
  database_.Exec("DROP ROLE crowded");
}

TEST_F(ConnectTest, EchoShowsTypesAndValuesOnlyWhenAsked) {
  for (const Echo echo : {Echo::kOff, Echo::kTypes, Echo::kValues}) {
    std::ostringstream log;
    auto previous = spdlog::default_logger();
    auto logger = std::make_shared<spdlog::logger>("echo", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
    spdlog::set_default_logger(logger);
    {
      auto connection = Connect({.database = database_.uri(), .echo = echo});
      ASSERT_TRUE(connection.ok()) << connection.status();
      const std::vector<Param> params = {"secret\nline", std::nullopt};
      (*connection)->Begin({}).IgnoreError();
      EXPECT_TRUE((*connection)->Execute("SELECT $1::text,\n $2::int", params, false).ok());
      (*connection)->Rollback().IgnoreError();
    }
    spdlog::set_default_logger(previous);
    const std::string text = log.str();
    if (echo == Echo::kOff) {
      EXPECT_EQ(text, "");
      continue;
    }
    EXPECT_THAT(text, HasSubstr("BEGIN OK"));
    EXPECT_THAT(text, HasSubstr("ROLLBACK OK"));
    EXPECT_THAT(text, HasSubstr(echo == Echo::kTypes ? "SELECT $1::text, $2::int [$1 text(11), $2 NULL] OK"
                                                     : "SELECT $1::text, $2::int [$1 'secret\\nline', $2 NULL] OK"));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  }
}

}  // namespace
}  // namespace protogres::db
