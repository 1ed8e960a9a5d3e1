// The embedded PostgreSQL: starts, loads, keeps, restarts, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <thread>

#include "dev/postgres.h"

namespace protogres::dev {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// The run directory, from the uri.
std::string RunPath(const std::string& uri) {
  std::smatch match;
  return std::regex_search(uri, match, std::regex("host='([^']+)'")) ? match[1].str() : "";
}

class PostgresTest : public ::testing::Test {
 protected:
  PostgresTest() {
    std::string path = "/tmp/protogrestest-XXXXXX";
    folder_ = mkdtemp(path.data());
    fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  }
  ~PostgresTest() override { fs::remove_all(folder_); }

  std::string Script(const std::string& sql) {
    const std::string path = folder_ + "/" + std::to_string(++scripts_) + ".sql";
    std::ofstream(path) << sql;
    fs::permissions(path, fs::perms::owner_read);
    return path;
  }

  // An assertion that runs in the server: true, or the error.
  absl::Status Check(Postgres& postgres, const std::string& condition) {
    return postgres.Load(Script("DO $$ BEGIN ASSERT " + condition + "; END $$;"));
  }

  std::string folder_;
  int scripts_ = 0;
};

TEST_F(PostgresTest, StartsLoadsAndLeavesNothing) {
  std::string run;
  pid_t pid = 0;
  {
    const auto postgres = Postgres::Start({.database = "Shop_1", .settings = {"max_connections = 17"}});
    ASSERT_TRUE(postgres.ok()) << postgres.status();
    EXPECT_TRUE((*postgres)->created());
    EXPECT_THAT((*postgres)->uri(), HasSubstr("dbname=Shop_1"));
    run = RunPath((*postgres)->uri());
    struct stat status;
    ASSERT_EQ(stat(run.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    std::ifstream(run + "/data/postmaster.pid") >> pid;
    ASSERT_GT(pid, 0);
    EXPECT_EQ(getpgid(pid), pid) << "a terminal's Ctrl-C would reach it";

    EXPECT_TRUE((*postgres)->Load(Script("CREATE TABLE t AS SELECT 1 AS a; SELECT * FROM t;")).ok());
    for (const char* condition :
         {"(SELECT count(*) FROM t) = 1", "current_database() = 'Shop_1'", "current_setting('max_connections') = '17'",
          "current_setting('listen_addresses') = ''", "current_setting('server_encoding') = 'UTF8'",
          "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)", "lower('Ä') = 'ä'"}) {
      const absl::Status checked = Check(**postgres, condition);
      EXPECT_TRUE(checked.ok()) << condition << ": " << checked;
    }
  }
  EXPECT_FALSE(fs::exists(run));
  EXPECT_NE(kill(pid, 0), 0) << "the server still runs";
}

TEST_F(PostgresTest, LoadStopsAtTheFirstErrorAndSaysWhereItIs) {
  const auto postgres = Postgres::Start({});
  ASSERT_TRUE(postgres.ok()) << postgres.status();
  const std::string script = Script("CREATE TABLE before_it();\nSELEC 1;\nCREATE TABLE after_it();\n");
  const absl::Status loaded = (*postgres)->Load(script);
  EXPECT_EQ(loaded.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(loaded), HasSubstr(script + ":2: ERROR:  syntax error at or near \"SELEC\""));
  EXPECT_TRUE(Check(**postgres, "to_regclass('before_it') IS NOT NULL AND to_regclass('after_it') IS NULL").ok());

  const absl::Status missing = (*postgres)->Load(folder_ + "/missing.sql");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(missing), HasSubstr("missing.sql: No such file or directory"));
  EXPECT_FALSE((*postgres)->Load(folder_).ok()) << "a directory";
}

TEST_F(PostgresTest, NeverFollowsTheEnvironmentElsewhere) {
  setenv("PGHOSTADDR", "192.0.2.1", 1);
  setenv("PGPORT", "1", 1);
  setenv("PGDATABASE", "elsewhere", 1);
  const auto postgres = Postgres::Start({});
  const absl::Status checked = postgres.ok() ? Check(**postgres, "current_database() = 'dev'") : postgres.status();
  unsetenv("PGHOSTADDR");
  unsetenv("PGPORT");
  unsetenv("PGDATABASE");
  EXPECT_TRUE(checked.ok()) << checked;
}

TEST_F(PostgresTest, KeepsItsDataWhereAsked) {
  const std::string data = folder_ + "/it's kept";
  {
    const auto postgres = Postgres::Start({.data = data});
    ASSERT_TRUE(postgres.ok()) << postgres.status();
    EXPECT_TRUE((*postgres)->created());
    ASSERT_TRUE((*postgres)->Load(Script("CREATE TABLE kept AS SELECT 7 AS a;")).ok());
    ASSERT_TRUE((*postgres)->Load(Script("ALTER SYSTEM SET listen_addresses = '*';")).ok());
    EXPECT_TRUE(Check(**postgres, "current_setting('fsync') = 'on'").ok()) << "kept data is to be durable";

    const auto second = Postgres::Start({.data = data});
    ASSERT_FALSE(second.ok()) << "two servers on the same data";
    EXPECT_THAT(Message(second.status()), HasSubstr("postmaster.pid\" already exists"));
  }
  const auto postgres = Postgres::Start({.data = data});
  ASSERT_TRUE(postgres.ok()) << postgres.status();
  EXPECT_FALSE((*postgres)->created());
  EXPECT_TRUE(Check(**postgres, "(SELECT a FROM kept) = 7").ok());
  EXPECT_TRUE(Check(**postgres, "current_setting('listen_addresses') = ''").ok());
}

TEST_F(PostgresTest, RefusesADirectoryThatHoldsSomethingElse) {
  std::ofstream(folder_ + "/letter.txt") << "dear";
  const auto postgres = Postgres::Start({.data = folder_});
  ASSERT_FALSE(postgres.ok());
  EXPECT_EQ(postgres.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(postgres.status()), HasSubstr(folder_ + " is neither empty nor a PostgreSQL data directory"));
  EXPECT_TRUE(fs::exists(folder_ + "/letter.txt"));
}

TEST_F(PostgresTest, RefusesBadNamesAndSettings) {
  for (const char* name : {"", "a b", "x'; DROP", "ä"}) {
    EXPECT_EQ(Postgres::Start({.database = name}).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  const auto nowhere = Postgres::Start({.bin = folder_});
  EXPECT_EQ(nowhere.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(nowhere.status()), HasSubstr("'" + folder_ + "': it must hold initdb and postgres"));
  const auto postgres = Postgres::Start({.settings = {"no_such_setting = 1"}});
  ASSERT_FALSE(postgres.ok());
  EXPECT_THAT(Message(postgres.status()), HasSubstr("unrecognized configuration parameter \"no_such_setting\""));
}

TEST_F(PostgresTest, StopsAndStartsAgainUnderTheSameUri) {
  const auto postgres = Postgres::Start({});
  ASSERT_TRUE(postgres.ok()) << postgres.status();
  ASSERT_TRUE((*postgres)->Load(Script("CREATE TABLE t AS SELECT 1 AS a;")).ok());
  const std::string uri = (*postgres)->uri();
  for (const bool fast : {true, false}) {
    (*postgres)->Stop(fast);
    EXPECT_FALSE(Check(**postgres, "true").ok());
    const absl::Status started = (*postgres)->StartAgain();
    ASSERT_TRUE(started.ok()) << started;
    EXPECT_EQ((*postgres)->uri(), uri);
    EXPECT_TRUE(Check(**postgres, "(SELECT a FROM t) = 1").ok());
  }
  (*postgres)->Stop();
  (*postgres)->Stop();
}

TEST_F(PostgresTest, DiesWithAKilledParentAndTheNextOneCleansUp) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const auto postgres = Postgres::Start({});
    const std::string uri = postgres.ok() ? (*postgres)->uri() : Message(postgres.status());
    if (write(pipes[1], uri.data(), uri.size()) < 0) _exit(1);
    close(pipes[1]);
    for (;;) pause();
  }
  close(pipes[1]);
  std::string uri;
  for (char c = 0; read(pipes[0], &c, 1) == 1;) uri += c;
  close(pipes[0]);
  const std::string run = RunPath(uri);
  ASSERT_NE(run, "") << uri;
  pid_t server = 0;
  std::ifstream(run + "/data/postmaster.pid") >> server;
  ASSERT_GT(server, 0);

  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  // It is ours to reap now.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  pid_t ended = 0;
  while ((ended = waitpid(server, nullptr, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(ended, server) << "the server outlives its parent";
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  ASSERT_TRUE(fs::exists(run));

  const auto other = Postgres::Start({});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_FALSE(fs::exists(run));
  const auto third = Postgres::Start({});
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_TRUE(fs::exists(RunPath((*other)->uri()))) << "a living one was removed";
}

}  // namespace
}  // namespace protogres::dev
