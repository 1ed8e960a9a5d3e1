#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "config/option.h"

namespace protogres::config {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Pair;

Command ParseArguments(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "protogres");
  return Parse(static_cast<int>(arguments.size()), arguments.data());
}

template <typename Expected>
Expected ParseAs(const std::vector<const char*>& arguments) {
  const Command command = ParseArguments(arguments);
  if (const auto* expected = std::get_if<Expected>(&command)) return *expected;
  const auto* exit = std::get_if<Exit>(&command);
  ADD_FAILURE() << (exit != nullptr ? exit->text : "another command");
  return {};
}

// The one line that a usage error prints.
std::string Error(const std::vector<const char*>& arguments) {
  const Command command = ParseArguments(arguments);
  const auto* exit = std::get_if<Exit>(&command);
  if (exit == nullptr) return "parsed";
  EXPECT_EQ(exit->code, 2);
  EXPECT_EQ(std::count(exit->text.begin(), exit->text.end(), '\n'), 1) << exit->text;
  EXPECT_THAT(exit->text, EndsWith("\n"));
  return exit->text;
}

// Sets a variable while it is in scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(ParseTest, DefaultsAreTheStructs) {
  const auto serve = ParseAs<Serve>({"serve"});
  EXPECT_EQ(serve.connection.database, "");
  EXPECT_EQ(serve.pool.pool_size, 8);
  EXPECT_EQ(serve.pool.pool_recycle, std::chrono::seconds(1500));
  EXPECT_EQ(serve.server.listen, "127.0.0.1:50051");
  EXPECT_FALSE(serve.server.insecure);
  EXPECT_EQ(serve.connection.echo, db::Echo::kOff);
  EXPECT_TRUE(serve.api.soft_delete);
  EXPECT_EQ(ParseAs<Dev>({"dev"}).serve.server.listen, "127.0.0.1:50051");
}

TEST(ParseTest, ListensWhereverTheServerCan) {
  for (const char* listen : {"0.0.0.0:50051", "localhost:0", "[::]:65535", "db.example:1", ":50051", "unix:/run/p"}) {
    EXPECT_EQ(ParseAs<Serve>({"serve", "--listen", listen}).server.listen, listen);
  }
  EXPECT_THAT(Error({"serve", "--listen=localhost"}),
              HasSubstr("protogres: --listen=localhost: the port is missing; it must be host:port, [IPv6]:port, :port "
                        "for all IPv4 interfaces, or unix:/path"));
}

TEST(ParseTest, WhatIsDoneToAConnectionThatIsGivenBack) {
  EXPECT_EQ(ParseAs<Serve>({"serve"}).pool.reset_on_return, db::ResetOnReturn::kRollback);
  EXPECT_EQ(ParseAs<Serve>({"serve", "--reset_on_return=discard"}).pool.reset_on_return, db::ResetOnReturn::kDiscard);
}

TEST(ParseTest, EveryOptionOfServeReachesItsField) {
  const auto serve = ParseAs<Serve>({"serve",
                                     "--database=postgresql://a/b?c=d",
                                     "--search_path=extensions,$user",
                                     "--schemas=shop,hr",
                                     "--package=shop=s.v1,hr=h.v2",
                                     "--contract=c.binpb",
                                     "--soft_delete=off",
                                     "--listen=[::1]:0",
                                     "--pool_size=3",
                                     "--max_overflow=0",
                                     "--pool_timeout=0.5",
                                     "--pool_recycle=25m",
                                     "--pool_pre_ping",
                                     "--pool_use_lifo=on",
                                     "--reset_on_return=none",
                                     "--connect_timeout=3",
                                     "--cancel_timeout=4s",
                                     "--statement_cache_size=0",
                                     "--echo=values",
                                     "--page_size=5",
                                     "--max_page_size=6",
                                     "--max_page_bytes=1MiB",
                                     "--max_batch_size=7",
                                     "--workers=4",
                                     "--completion_queues=2",
                                     "--queue_size=9",
                                     "--max_receive_message_bytes=8",
                                     "--max_send_message_bytes=16",
                                     "--max_concurrent_streams=10",
                                     "--keepalive_time=11",
                                     "--keepalive_timeout=12ms",
                                     "--keepalive_min_client_interval=13",
                                     "--max_connection_age=14",
                                     "--max_connection_age_grace=15",
                                     "--tls_cert=c",
                                     "--tls_key=k",
                                     "--tls_client_ca=a",
                                     "--drain_timeout=14",
                                     "--listen_notify=off",
                                     "--log_level=debug",
                                     "--log_format=json",
                                     "--backoff_min=1ms",
                                     "--backoff_max=2ms"});
  EXPECT_EQ(serve.connection.database, "postgresql://a/b?c=d");
  EXPECT_THAT(serve.connection.search_path, ElementsAre("extensions", "$user"));
  EXPECT_THAT(serve.api.schemas, ElementsAre("shop", "hr"));
  EXPECT_THAT(serve.api.packages, ElementsAre(Pair("hr", "h.v2"), Pair("shop", "s.v1")));
  EXPECT_EQ(serve.api.contract, "c.binpb");
  EXPECT_FALSE(serve.api.soft_delete);
  EXPECT_EQ(serve.server.listen, "[::1]:0");
  EXPECT_EQ(serve.pool.pool_size, 3);
  EXPECT_EQ(serve.pool.max_overflow, 0);
  EXPECT_EQ(serve.pool.pool_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(serve.server.queue_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(serve.pool.pool_recycle, std::chrono::minutes(25));
  EXPECT_TRUE(serve.pool.pool_pre_ping);
  EXPECT_TRUE(serve.pool.pool_use_lifo);
  EXPECT_EQ(serve.pool.reset_on_return, db::ResetOnReturn::kNone);
  EXPECT_EQ(serve.pool.backoff_min, std::chrono::milliseconds(1));
  EXPECT_EQ(serve.pool.backoff_max, std::chrono::milliseconds(2));
  EXPECT_EQ(serve.connection.connect_timeout, std::chrono::seconds(3));
  EXPECT_EQ(serve.connection.cancel_timeout, std::chrono::seconds(4));
  EXPECT_EQ(serve.connection.statement_cache_size, 0);
  EXPECT_EQ(serve.connection.echo, db::Echo::kValues);
  EXPECT_EQ(serve.limits.page_size, 5);
  EXPECT_EQ(serve.limits.max_page_size, 6);
  EXPECT_EQ(serve.limits.max_page_bytes, 1 << 20);
  EXPECT_EQ(serve.limits.max_batch_size, 7);
  EXPECT_EQ(serve.server.workers, 4);
  EXPECT_EQ(serve.server.completion_queues, 2);
  EXPECT_EQ(serve.server.queue_size, 9);
  EXPECT_EQ(serve.server.max_receive_message_bytes, 8);
  EXPECT_EQ(serve.server.max_send_message_bytes, 16);
  EXPECT_EQ(serve.server.max_concurrent_streams, 10);
  EXPECT_EQ(serve.server.keepalive_time, std::chrono::seconds(11));
  EXPECT_EQ(serve.server.keepalive_timeout, std::chrono::milliseconds(12));
  EXPECT_EQ(serve.server.keepalive_min_client_interval, std::chrono::seconds(13));
  EXPECT_EQ(serve.server.max_connection_age, std::chrono::seconds(14));
  EXPECT_EQ(serve.server.max_connection_age_grace, std::chrono::seconds(15));
  EXPECT_EQ(serve.server.tls_cert, "c");
  EXPECT_EQ(serve.server.tls_key, "k");
  EXPECT_EQ(serve.server.tls_client_ca, "a");
  EXPECT_EQ(serve.drain_timeout, std::chrono::seconds(14));
  EXPECT_FALSE(serve.listen_notify);
  EXPECT_EQ(serve.log.level, "debug");
  EXPECT_EQ(serve.log.format, LogFormat::kJson);
}

TEST(ParseTest, DevTakesFilesBetweenOptions) {
  const auto dev = ParseAs<Dev>(
      {"dev", "a.sql", "--echo", "serve", "--data", "kept", "--postgres_bin=/pg/bin", "b c.sql", "--", "-d.sql"});
  EXPECT_THAT(dev.files, ElementsAre("a.sql", "serve", "b c.sql", "-d.sql"));
  EXPECT_EQ(dev.data, "kept");
  EXPECT_EQ(dev.postgres_bin, "/pg/bin");
  EXPECT_EQ(dev.serve.connection.echo, db::Echo::kTypes);
}

TEST(ParseTest, ContractWritesOrChecks) {
  const auto contract = ParseAs<ContractCommand>({"contract", "--out=o", "--check=c", "--package=p.v1", "--schemas=s"});
  EXPECT_EQ(contract.out, "o");
  EXPECT_EQ(contract.check, "c");
  EXPECT_EQ(contract.api.package, "p.v1");
  EXPECT_THAT(Error({"contract"}), HasSubstr("contract needs --out=DIR or --check=FILE"));
  EXPECT_THAT(Error({"contract", "--out=o", "--pool_size=1"}), HasSubstr("no option --pool_size: it is one of serve"));
}

TEST(ParseTest, AFlagWinsOverTheEnvironment) {
  const Environment size("PROTOGRES_POOL_SIZE", "5");
  const Environment ping("PROTOGRES_POOL_PRE_PING", "on");
  const Environment empty("PROTOGRES_MAX_OVERFLOW", "");
  const auto serve = ParseAs<Serve>({"serve"});
  EXPECT_EQ(serve.pool.pool_size, 5);
  EXPECT_TRUE(serve.pool.pool_pre_ping);
  EXPECT_EQ(serve.pool.max_overflow, 4) << "set but empty";
  EXPECT_EQ(ParseAs<Serve>({"serve", "--pool_size=6"}).pool.pool_size, 6);
  EXPECT_FALSE(ParseAs<Serve>({"serve", "--pool_pre_ping=off"}).pool.pool_pre_ping);
  const Environment wrong("PROTOGRES_LISTEN", "nowhere");
  EXPECT_THAT(Error({"serve"}), HasSubstr("PROTOGRES_LISTEN=nowhere: the port is missing"));
}

TEST(ParseTest, SeveralKeysAreOneList) {
  const auto serve = ParseAs<Serve>({"serve", "--jwt_key=a", "--jwt_key=b,c", "--jwt_audience=shop", "--jwt_issuer=id",
                                     "--anon_role=anon", "--pre_request=app.Check", "--reflection=off"});
  EXPECT_THAT(serve.server.auth.jwt_keys, ElementsAre("a", "b", "c"));
  EXPECT_EQ(serve.server.auth.rules.audience, "shop");
  EXPECT_EQ(serve.server.auth.rules.issuer, "id");
  EXPECT_EQ(serve.server.auth.anon_role, "anon");
  EXPECT_EQ(serve.server.pre_request, R"("app"."Check")");
  EXPECT_EQ(serve.server.reflection, rpc::Reflection::kOff);
  EXPECT_FALSE(ParseAs<Serve>({"serve"}).server.auth.any());
  EXPECT_THAT(Error({"serve", "--anon_role=none"}), HasSubstr("must be the name of a role"));
  EXPECT_THAT(Error({"serve", "--jwt_role_claim=.a["}), HasSubstr("must be a path such as .role"));
  EXPECT_THAT(Error({"serve", "--pre_request=a.b.c"}), HasSubstr("must be the name of a function"));
  EXPECT_THAT(Error({"serve", "--jwt_issuer=x"}), HasSubstr("need --jwt_key"));
  EXPECT_THAT(Error({"serve", "--reflection=authenticated"}), HasSubstr("needs --jwt_key"));
}

TEST(ParseTest, TheLastOfTwoWins) {
  EXPECT_EQ(ParseAs<Serve>({"serve", "--pool_size=5", "--pool_size=6"}).pool.pool_size, 6);
  EXPECT_EQ(ParseAs<Serve>({"serve", "--echo", "--echo=off"}).connection.echo, db::Echo::kOff);
}

TEST(ParseTest, PoolRecycleKnowsNever) {
  EXPECT_EQ(ParseAs<Serve>({"serve", "--pool_recycle=-1"}).pool.pool_recycle.count(), 0);
  EXPECT_EQ(ParseAs<Serve>({"serve", "--pool_recycle=0"}).pool.pool_recycle.count(), 0);
}

TEST(ParseTest, NamesWhatIsWrongAndWhatIsRight) {
  EXPECT_EQ(Error({}), "protogres: a command is missing: serve, dev, contract or install (protogres --help)\n");
  EXPECT_EQ(Error({"serv"}), "protogres: no command 'serv': did you mean serve?\n");
  EXPECT_EQ(Error({"xyzzy"}), "protogres: no command 'xyzzy': it must be serve, dev, contract or install\n");
  EXPECT_EQ(Error({"--pool_size=3", "serve"}),
            "protogres: a command must come before --pool_size=3: serve, dev, contract or install\n");
  EXPECT_EQ(Error({"serve", "--pool-size=3"}),
            "protogres: serve has no option --pool-size: did you mean --pool_size?\n");
  EXPECT_EQ(Error({"serve", "-x"}), "protogres: serve has no option -x: protogres serve --help lists all\n");
  EXPECT_EQ(Error({"serve", "--data=x"}), "protogres: serve has no option --data: it is one of dev\n");
  EXPECT_EQ(Error({"serve", "shop"}), "protogres: serve takes no argument 'shop': options are --name=value\n");
  EXPECT_EQ(Error({"serve", "--pool_size=0"}), "protogres: --pool_size=0: must be a whole number from 1 to 10000\n");
  EXPECT_EQ(Error({"serve", "--log_format=xml"}), "protogres: --log_format=xml: must be one of text|json\n");
  EXPECT_EQ(Error({"serve", "--database"}), "protogres: --database needs a value: --database=URI\n");
  EXPECT_EQ(Error({"serve", "--database", "--echo"}), "protogres: --database needs a value: --database=URI\n");
  EXPECT_EQ(Error({"serve", "--database=", "--echo"}), "protogres: --database needs a value: --database=URI\n");
}

TEST(ParseTest, RefusesValuesOutOfRange) {
  for (const char* argument : {"--pool_size=-1",
                               "--pool_size=99999999999999999999",
                               "--pool_size=1.5",
                               "--max_overflow=-1",
                               "--pool_timeout=-1",
                               "--pool_timeout=soon",
                               "--connect_timeout=0",
                               "--connect_timeout=1500ms",
                               "--drain_timeout=10000h",
                               "--max_receive_message_bytes=0",
                               "--max_receive_message_bytes=-1",
                               "--max_receive_message_bytes=2GiB",
                               "--max_send_message_bytes=-2",
                               "--page_size=0",
                               "--workers=-1",
                               "--listen=50051",
                               "--echo=loud",
                               "--pool_pre_ping=maybe",
                               "--schemas=a,,b",
                               "--schemas=a,a",
                               "--search_path=a,",
                               "--package=a-b",
                               "--package=a=b,c",
                               "--package==b",
                               "--package=s=a,s=b",
                               "--reset_on_return=commit",
                               "--log_level=verbose",
                               "--backoff_min=0"}) {
    EXPECT_THAT(Error({"serve", argument}), HasSubstr("protogres: " + std::string(argument) + ": ")) << argument;
  }
  EXPECT_THAT(Error({"dev", "--database_name=a b"}), HasSubstr("--database_name=a b: must be"));
}

TEST(ParseTest, RefusesWhatDoesNotGoTogether) {
  EXPECT_THAT(Error({"serve", "--tls_cert=c"}), HasSubstr("--tls_cert needs --tls_key"));
  EXPECT_THAT(Error({"serve", "--tls_key=k"}), HasSubstr("--tls_key needs --tls_cert"));
  EXPECT_THAT(Error({"serve", "--tls_client_ca=a"}), HasSubstr("--tls_client_ca needs --tls_cert"));
  EXPECT_THAT(Error({"serve", "--tls_role=san", "--role_map=m"}), HasSubstr("--tls_role needs --tls_client_ca"));
  EXPECT_THAT(Error({"serve", "--role_map=m"}), HasSubstr("--role_map needs --tls_role"));
  EXPECT_THAT(Error({"serve", "--tls_role=dn"}), HasSubstr("must be one of off|san|cn"));
  EXPECT_THAT(Error({"serve", "--listen_notify=off", "--listen_database=host=h"}), HasSubstr("needs --listen_notify"));
  EXPECT_THAT(Error({"dev", "--page_size=9", "--max_page_size=8"}),
              HasSubstr("--page_size=9 is more than --max_page_size=8"));
  EXPECT_THAT(Error({"serve", "--backoff_min=9"}), HasSubstr("--backoff_min=9s is more than --backoff_max=5s"));
  EXPECT_THAT(Error({"serve", "--pool_size=2", "--max_overflow=1", "--max_sessions=3"}),
              HasSubstr("--max_sessions=3 and --max_streams=-1 leave no connection for other calls"));
  EXPECT_THAT(Error({"serve", "--pool_size=4", "--max_overflow=0", "--max_sessions=2", "--max_streams=2"}),
              HasSubstr("--max_sessions=2 and --max_streams=2 leave no connection for other calls"));
  EXPECT_THAT(Error({"serve", "--schemas=a,b", "--package=p"}), HasSubstr("give each its own: --package=a=...,b=..."));
  EXPECT_THAT(Error({"contract", "--out=o", "--schemas=a", "--package=b=p"}),
              HasSubstr("names the schema b, which --schemas"));
}

TEST(HelpTest, StatesEveryOptionWithItsDefault) {
  const auto help = ParseAs<Exit>({"serve", "--help"});
  EXPECT_EQ(help.code, 0);
  Serve serve;
  for (const Option& option : ServeOptions(&serve)) {
    EXPECT_THAT(help.text, HasSubstr("  --" + option.name)) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
  }
  EXPECT_THAT(help.text, HasSubstr("a connection older than this is replaced; 0 or -1: never [1500s]"));
  EXPECT_THAT(help.text, HasSubstr("PROTOGRES_POOL_SIZE"));
  EXPECT_THAT(ParseAs<Exit>({"dev", "--help"}).text, HasSubstr("[127.0.0.1:50051]"));
  EXPECT_EQ(ParseAs<Exit>({"--help"}).code, 0);
  EXPECT_EQ(ParseAs<Exit>({"dev", "x.sql", "-h"}).code, 0);
}

TEST(HelpTest, VersionIsOneLine) {
  const auto version = ParseAs<Exit>({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.text, ::testing::MatchesRegex("protogres [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(OptionsTest, NoNameStandsTwice) {
  Dev dev;
  std::set<std::string> names;
  for (const Option& option : DevOptions(&dev)) EXPECT_TRUE(names.insert(option.name).second) << option.name;
}

}  // namespace
}  // namespace protogres::config
