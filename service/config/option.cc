#include "config/option.h"

#include <fmt/format.h>

#include <limits>
#include <set>
#include <sstream>
#include <utility>

#include "config/option_table.h"
#include "contract/naming.h"
#include "text/address.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace protogres::config {
namespace {

constexpr int kMillion = 1'000'000;
constexpr std::size_t kHelpColumn = 40;
constexpr std::size_t kHelpWidth = 110;

std::string SetPackages(const std::string& text, ApiOptions* api) {
  constexpr char kRight[] =
      "must be a package such as shop.v1, or schema=package pairs such as shop=shop.v1,hr=acme.hr.v1";
  const auto parts = ParseList(text);
  if (!parts) return kRight;
  ApiOptions result;
  for (const std::string& part : *parts) {
    const std::size_t equals = part.rfind('=');
    const std::string package = equals == std::string::npos ? part : part.substr(equals + 1);
    if (!contract::IsPackage(package)) return kRight;
    if (equals == std::string::npos) {
      if (parts->size() > 1) return kRight;
      result.package = package;
    } else if (equals == 0 || !result.packages.emplace(part.substr(0, equals), package).second) {
      return equals == 0 ? kRight : fmt::format("names the schema {} twice", part.substr(0, equals));
    }
  }
  api->package = result.package;
  api->packages = result.packages;
  return "";
}

void AddConnection(OptionTable& table, db::ConnectionOptions* connection, bool database) {
  table.Group("Database");
  if (database) {
    table.Text("database", "URI", &connection->database,
               "libpq connection string or URI; what it leaves out comes from libpq's PG* variables");
  }
  table.Time("connect_timeout", &connection->connect_timeout, std::chrono::seconds(1),
             "how long one attempt to connect may take");
  table.Time("cancel_timeout", &connection->cancel_timeout, std::chrono::milliseconds(10),
             "how long the server may take to answer a cancel, a ping, BEGIN or ROLLBACK; after it the connection is "
             "given up as lost");
  table.Integer("statement_cache_size", &connection->statement_cache_size, 0, kMillion,
                "prepared statements kept by a connection; 0: statements are not prepared");
  table.Add(
      "echo", "types|values|off", "log each statement with its parameters' types, or with their values too", "off",
      [connection](const std::string& text) -> std::string {
        const auto on = ParseSwitch(text);
        if (!on && text != "types" && text != "values") return "must be types, values or off";
        connection->echo = text == "values" ? db::Echo::kValues : on.value_or(true) ? db::Echo::kTypes : db::Echo::kOff;
        return "";
      });
  table.MarkFlag();
}

void AddApi(OptionTable& table, ApiOptions* api, bool pin) {
  table.Group("API");
  table.Names("schemas", "NAME,...", &api->schemas, "schemas to serve; not set: all but the system's");
  table.Add("package", "NAME | SCHEMA=NAME,...",
            "protobuf package of the one schema served, or of each; not set: <schema>.v1, for public <database>.v1", "",
            [api](const std::string& text) { return SetPackages(text, api); });
  if (pin) {
    table.Text("contract", "FILE", &api->contract,
               "serve exactly this contract: a .proto file, a folder of them, or a FileDescriptorSet");
  }
  table.Switch("all_roles", &api->all_roles,
               "serve what any role that the one that connects can become may use; on by itself where calls have an "
               "Identity");
  table.Switch("soft_delete", &api->soft_delete,
               "a nullable timestamp column deleted_at is a soft delete by itself; off: only what @protogres declares");
  using contract::Relations;
  table.Choice<Relations>(
      "relations", &api->relations, {{"auto", Relations::kAuto}, {"on", Relations::kOn}, {"off", Relations::kOff}},
      fmt::format("serve foreign keys as related rows, with the rows of a schema in one file; auto: up to {} tables",
                  contract::kMostRelated));
  table.Switch("functions", &api->functions,
               "serve functions and procedures, as methods of a FunctionService a schema, and functions of a row, as "
               "computed columns");
}

void AddPool(OptionTable& table, db::PoolOptions* pool) {
  using std::chrono::milliseconds;
  table.Group("Connection pool");
  table.Integer("pool_size", &pool->pool_size, 1, 10'000, "connections kept open");
  table.Integer("max_overflow", &pool->max_overflow, 0, 10'000,
                "connections opened beyond pool_size under load, closed after a second without use");
  table.Time("pool_timeout", &pool->pool_timeout, milliseconds(0),
             "how long a request waits for a worker or a connection before RESOURCE_EXHAUSTED");
  table.Add("pool_recycle", "TIME", "a connection older than this is replaced; 0 or -1: never",
            FormatDuration(pool->pool_recycle), [pool](const std::string& text) -> std::string {
              const auto time = text == "-1" ? milliseconds(0) : ParseDuration(text);
              if (!time) return "must be a time in seconds or with a unit, e.g. 1500, 90s, 25m, 1h; 0 or -1: never";
              pool->pool_recycle = *time;
              return "";
            });
  table.Switch("pool_pre_ping", &pool->pool_pre_ping, "test a connection with a round trip before each lending");
  table.Switch("pool_use_lifo", &pool->pool_use_lifo,
               "lend the connection given back last, so that others can idle out");
  table.Choice<db::ResetOnReturn>("reset_on_return", &pool->reset_on_return,
                                  {{"rollback", db::ResetOnReturn::kRollback},
                                   {"discard", db::ResetOnReturn::kDiscard},
                                   {"none", db::ResetOnReturn::kNone}},
                                  "what is done to a connection that is given back; discard: end all that its session "
                                  "has but prepared statements, by a round trip");
  table.Time("backoff_min", &pool->backoff_min, milliseconds(1),
             "delay between attempts to reconnect while calls come; doubled without them up to");
  table.Time("backoff_max", &pool->backoff_max, milliseconds(1),
             "the longest delay between attempts to reconnect while no call comes");
}

// Where the server listens, and with what threads it works.
void AddServer(OptionTable& table, rpc::ServerOptions* server) {
  table.Group("Server");
  table.Add("listen", "HOST:PORT",
            "address to listen on, or :PORT for all IPv4 interfaces, or unix:/PATH; port 0: a free one, which the log "
            "names",
            server->listen, [server](const std::string& text) -> std::string {
              if (const auto address = text::ParseAddress(text); !address.ok()) {
                return std::string(address.status().message());
              }
              server->listen = text;
              return "";
            });
  table.Text("tls_cert", "FILE", &server->tls_cert, "PEM certificate chain; not set: plaintext");
  table.Text("tls_key", "FILE", &server->tls_key, "PEM private key of tls_cert");
  table.Text("tls_client_ca", "FILE", &server->tls_client_ca, "PEM certificates; clients must show one signed by them");
  table.Switch("insecure", &server->insecure,
               "listen without TLS on addresses that other machines can reach; for use behind a proxy, a mesh or a "
               "network policy");
  table.Integer("workers", &server->workers, 0, 10'000,
                "threads that run statements, at most pool_size + max_overflow; 0: as many");
  table.Integer("completion_queues", &server->completion_queues, 1, 256, "completion queues, each with a thread");
  table.Switch("coalesce", &server->coalesce,
               "answer Gets and BatchGets that wait for one table together, by one statement");
  table.Switch("group_commit", &server->group_commit,
               "commit Creates, Updates, Deletes and Undeletes that wait for one table together, in one transaction");
  table.Integer("queue_size", &server->queue_size, 1, kMillion,
                "requests that may wait for a worker, of one method and caller three quarters of them; beyond it "
                "RESOURCE_EXHAUSTED");
}

// What clients may take of the server: in bytes, in numbers, and in time.
void AddClients(OptionTable& table, Serve* serve) {
  using std::chrono::milliseconds;
  rpc::ServerOptions* server = &serve->server;
  constexpr int kMost = std::numeric_limits<int>::max();
  table.Integer("max_in_flight", &server->max_in_flight, 0, kMost, "calls in flight at once; 0: no limit");
  table.Integer("max_in_flight_per_identity", &server->max_in_flight_per_identity, 0, kMost,
                "calls in flight at once of one caller, by role and claims; 0: no limit");
  table.Bytes("max_receive_message_bytes", &server->max_receive_message_bytes, false, "largest request");
  table.Bytes("max_send_message_bytes", &server->max_send_message_bytes, true, "largest answer; -1: no limit");
  table.Bytes("max_memory", &server->max_memory, false,
              "what the requests, results and answers of all calls may hold at once; over it RESOURCE_EXHAUSTED",
              std::int64_t{1} << 50);
  table.Switch("accept_compression", &server->accept_compression,
               "take compressed requests, which are inflated before their size is known; off: UNIMPLEMENTED");
  table.Integer("max_connections", &server->max_connections, 1, kMillion,
                "client connections at once; those beyond are closed as they come");
  table.Integer("max_concurrent_streams", &server->max_concurrent_streams, 0, kMost,
                "calls at once on one client connection; 0: no limit");
  table.Time("keepalive_time", &server->keepalive_time, milliseconds(0),
             "ping clients idle for this long; 0: gRPC's default");
  table.Time("keepalive_timeout", &server->keepalive_timeout, milliseconds(0),
             "close a connection whose ping stays unanswered for this long; 0: gRPC's default");
  table.Time("keepalive_min_client_interval", &server->keepalive_min_client_interval, milliseconds(0),
             "shortest time between a client's pings that is tolerated");
  table.Time("max_connection_age", &server->max_connection_age, milliseconds(0),
             "tell a client connection of this age, give or take a tenth, to end after its calls, so that clients "
             "connect anew and reach new servers; 0: never");
  table.Time("max_connection_age_grace", &server->max_connection_age_grace, milliseconds(0),
             "how long the calls of such a connection may take from then on; 0: no limit");
  table.Integer(
      "max_sessions", &server->max_sessions, -1, 10'000,
      "sessions (TransactionService/Session) open at once, each with a connection; -1: half as many as the pool "
      "has");
  table.Integer(
      "max_streams", &server->max_streams, -1, 10'000,
      "streams and imports open at once, each with a connection; with max_sessions less than the pool has; -1: "
      "a quarter of it");
  table.Time("session_idle_timeout", &server->session_idle_timeout, milliseconds(1),
             "end a session, stream or import whose client sends or reads nothing for this long");
  table.Time("session_max_duration", &server->session_max_duration, milliseconds(1),
             "roll back a session that is open for this long");
  table.Time("stream_max_duration", &server->stream_max_duration, milliseconds(0),
             "end a stream, or give up an import, that is open for this long; 0: no limit");
  table.Time("drain_timeout", &serve->drain_timeout, milliseconds(0),
             "how long calls in flight may take after SIGTERM");
  table.Switch("listen_notify", &serve->listen_notify,
               "read the catalog again on NOTIFY protogres (SIGHUP always does)");
  table.Text("listen_database", "URI", &serve->listen_database,
             "connection string of the connection that waits for NOTIFY, past a pooler; not set: that of the pool");
}

// Who may call, and as which role of the database.
void AddAuth(OptionTable& table, rpc::ServerOptions* server) {
  auth::AuthOptions* const auth = &server->auth;
  table.Group("Identity");
  table.Names("jwt_key", "FILE,...", &auth->jwt_keys,
              "files of keys by which tokens are verified: a secret, public keys in PEM, or a JWKS document; each is "
              "read again when it changes");
  table.MarkRepeatable();
  table.Text("jwt_audience", "NAME", &auth->rules.audience, "the audience that a token must be for; not set: any");
  table.Text("jwt_issuer", "NAME", &auth->rules.issuer, "the issuer that a token must be of; not set: any");
  table.Add("jwt_role_claim", "PATH", "where the role of a call stands in its token, as in .app.roles[0]", ".role",
            [auth](const std::string& text) -> std::string {
              const auto path = auth::ClaimPath::Parse(text);
              if (!path) return "must be a path such as .role, .app.roles[0] or .\"https://example.com/role\"";
              auth->rules.role_claim = *path;
              return "";
            });
  table.Add("anon_role", "NAME", "role of a call without a token; not set: such a call is refused where there are keys",
            "", [auth](const std::string& text) -> std::string {
              if (text == "none" || !text::IsUtf8(text)) return "must be the name of a role";
              auth->anon_role = text;
              return "";
            });
  table.Choice<auth::TlsRole>(
      "tls_role", &auth->tls_role,
      {{"off", auth::TlsRole::kOff}, {"san", auth::TlsRole::kSan}, {"cn", auth::TlsRole::kCn}},
      "which names of a client's certificate --role_map maps to roles: its DNS names and URIs, or its common name");
  table.Text("role_map", "FILE", &auth->role_map,
             "file of lines with a name and its roles, the first of which is that of a call without a token: "
             "`orders.internal orders_app,reporting`; read again when it changes");
  table.Choice<rpc::Reflection>(
      "reflection", &server->reflection,
      {{"on", rpc::Reflection::kOn},
       {"authenticated", rpc::Reflection::kAuthenticated},
       {"off", rpc::Reflection::kOff}},
      "to whom reflection answers; authenticated: to calls with a valid token or, with --tls_role, a "
      "certificate that has a role");
  table.Add("pre_request", "FUNCTION",
            "function of the database that each transaction of a call begins with, such as "
            "app.check_request",
            "", [server](const std::string& text) -> std::string {
              const auto name = ParseQualified(text);
              if (!name) return "must be the name of a function without arguments, such as app.check_request";
              server->pre_request = *name;
              return "";
            });
}

void AddLimits(OptionTable& table, Serve* serve) {
  crud::Limits* const limits = &serve->limits;
  table.Group("Limits");
  table.Time(
      "statement_timeout", &serve->connection.statement_timeout, std::chrono::milliseconds(0),
      "how long a statement of a call may take before DEADLINE_EXCEEDED, but for those of streams and imports; 0: as "
      "the role or the database says");
  table.Integer("page_size", &limits->page_size, 1, kMillion, "rows of a List page that asks for no page_size");
  table.Integer("max_page_size", &limits->max_page_size, 1, kMillion, "rows of a List page at the most");
  table.Bytes("max_page_bytes", &limits->max_page_bytes, false,
              "a List page ends early where its rows reach this size");
  table.Integer("max_depth", &limits->max_depth, 1, 100,
                "relations that a path of a request or a row of a nested Create may go through, as order.customer goes "
                "through one");
  table.Integer("max_batch_size", &limits->max_batch_size, 1, kMillion,
                "requests in one Batch request, operations in one Transact, rows of one nested Create");
  table.Integer(
      "max_affected", &limits->max_affected, 0, std::numeric_limits<int>::max(),
      "rows that an UpdateWhere or DeleteWhere may change that gives no max_affected of its own; 0: no limit");
  table.Integer("require_index", &limits->require_index, 0, std::numeric_limits<int>::max(),
                "refuse a List, Stream, UpdateWhere or DeleteWhere that, by PostgreSQL's plan, would read so many rows "
                "of a table without an index; 0: refuse none");
  table.Time("request_id_ttl", &limits->request_id_ttl, std::chrono::seconds(1),
             "how long the answer to a request_id is kept");
}

// A host and a port, where something else than the API is served.
void AddMetrics(OptionTable& table, std::string* listen) {
  table.Group("Metrics");
  table.Add("metrics_listen", "HOST:PORT",
            "address of /metrics, /healthz and /readyz, without TLS; port 0: a free one, which the log names; not set: "
            "they are off",
            "", [listen](const std::string& text) -> std::string {
              const auto address = text::ParseAddress(text);
              if (!address.ok()) return std::string(address.status().message());
              if (!address->unix_path.empty()) return "must be host:port, as no scraper can be given a Unix socket";
              *listen = text;
              return "";
            });
}

// What is logged of calls.
void AddCallLog(OptionTable& table, rpc::ServerOptions* server) {
  table.Switch("access_log", &server->access_log, "write a JSON object for each call to stdout, on a line of its own");
  table.Switch("trace_sql", &server->trace_sql,
               "name the method and the trace (traceparent) of a call in the application_name of its transactions");
  table.Time("slow_call", &server->slow_call, std::chrono::milliseconds(0),
             "warn of unary calls that take this long, with the SQL of their statements; 0: off");
}

void AddLog(OptionTable& table, Log* log) {
  table.Group("Log");
  table.Choice<std::string>(
      "log_level", &log->level,
      {{"info", "info"}, {"trace", "trace"}, {"debug", "debug"}, {"warn", "warn"}, {"error", "error"}, {"off", "off"}},
      "what is logged, on stderr; debug has a line a call");
  table.Choice<LogFormat>("log_format", &log->format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                          "how it is logged");
}

void AddServe(OptionTable& table, Serve* command) {
  // Beside the options of AddConnection: the other commands run no code of the database's.
  table.Names("search_path", "NAME,...", &command->connection.search_path,
              "schemas in which functions and triggers find names without a schema, such as extensions,public; not "
              "set: the role's own search_path");
  AddApi(table, &command->api, true);
  AddServer(table, &command->server);
  AddClients(table, command);
  AddAuth(table, &command->server);
  AddPool(table, &command->pool);
  AddLimits(table, command);
  AddMetrics(table, &command->metrics_listen);
  AddLog(table, &command->log);
  AddCallLog(table, &command->server);
}

// `help` in lines of what is left of kHelpWidth.
std::string Wrapped(const std::string& help) {
  std::string text;
  std::size_t width = kHelpColumn;
  std::istringstream words(help);
  for (std::string word; words >> word;) {
    if (width + word.size() + 1 > kHelpWidth) {
      text += "\n" + std::string(kHelpColumn, ' ');
      width = kHelpColumn;
    } else if (!text.empty()) {
      text += " ";
      ++width;
    }
    text += word;
    width += word.size();
  }
  return text;
}

}  // namespace

std::string EnvironmentName(const std::string& name) {
  std::string result = "PROTOGRES_";
  for (const char c : name) result += text::ToUpper(c);
  return result;
}

std::vector<Option> ServeOptions(Serve* command) {
  OptionTable table;
  AddConnection(table, &command->connection, true);
  AddServe(table, command);
  return table.Take();
}

std::vector<Option> DevOptions(Dev* command) {
  OptionTable table;
  table.Group("Embedded PostgreSQL");
  table.Text("data", "DIR", &command->data, "keep the database in this directory; not set: it is removed at exit");
  table.Text("postgres_bin", "DIR", &command->postgres_bin,
             "the folder of initdb and postgres; not set: the newest PostgreSQL of the distribution's usual folders");
  table.Add("database_name", "NAME", "name of the database; the package of its schema public is NAME.v1",
            command->database, [command](const std::string& text) -> std::string {
              if (!contract::IsPackage(text) || text.find('.') != std::string::npos || text.size() > 63) {
                return "must be up to 63 letters, digits and _, and begin with no digit";
              }
              command->database = text;
              return "";
            });
  AddConnection(table, &command->serve.connection, false);
  AddServe(table, &command->serve);
  return table.Take();
}

std::vector<Option> ContractOptions(ContractCommand* command) {
  OptionTable table;
  table.Group("Contract");
  table.Text("out", "DIR", &command->out, "write the .proto files, contract.binpb and a buf.yaml to this directory");
  table.Text(
      "check", "FILE", &command->check,
      "compare with this contract: a .proto file, a folder of them, or a FileDescriptorSet; exit 1 if it differs");
  AddConnection(table, &command->connection, true);
  AddApi(table, &command->api, false);
  AddLog(table, &command->log);
  return table.Take();
}

std::vector<Option> InstallOptions(InstallCommand* command) {
  OptionTable table;
  table.Group("Install");
  table.Text("role", "NAME", &command->role, "let this role use what is installed; not set: only who installs it");
  AddConnection(table, &command->connection, true);
  AddLog(table, &command->log);
  return table.Take();
}

namespace {

std::string CheckTlsRole(const rpc::ServerOptions& server) {
  const auth::AuthOptions& auth = server.auth;
  if (auth.tls_role == auth::TlsRole::kOff) {
    return auth.role_map.empty() ? "" : "--role_map needs --tls_role, which says what names it has: san or cn";
  }
  if (server.tls_client_ca.empty()) {
    return "--tls_role needs --tls_client_ca, by which the certificates of clients are verified";
  }
  if (auth.role_map.empty()) return "--tls_role needs --role_map, the file that says which roles a certificate has";
  if (!auth.anon_role.empty()) {
    return "--anon_role has no use beside --tls_role, with which each call has a role by its certificate";
  }
  return "";
}

}  // namespace

std::string CheckServe(const Serve& command) {
  const rpc::ServerOptions& server = command.server;
  if (server.tls_cert.empty() != server.tls_key.empty()) {
    return server.tls_key.empty() ? "--tls_cert needs --tls_key, its private key"
                                  : "--tls_key needs --tls_cert, its certificate";
  }
  if (!server.tls_client_ca.empty() && server.tls_cert.empty()) return "--tls_client_ca needs --tls_cert and --tls_key";
  if (server.auth.jwt_keys.empty() && (!server.auth.rules.audience.empty() || !server.auth.rules.issuer.empty())) {
    return "--jwt_audience and --jwt_issuer need --jwt_key, by which tokens are verified";
  }
  if (std::string error = CheckTlsRole(server); !error.empty()) return error;
  if (server.auth.jwt_keys.empty() && server.auth.tls_role == auth::TlsRole::kOff &&
      server.reflection == rpc::Reflection::kAuthenticated) {
    return "--reflection=authenticated needs --jwt_key, by which tokens are verified, or --tls_role";
  }
  if (server.max_memory / 4 < server.max_receive_message_bytes) {
    return fmt::format(
        "--max_memory={} is too little for requests of --max_receive_message_bytes={}: it must be at "
        "least four times as much",
        server.max_memory, server.max_receive_message_bytes);
  }
  if (command.limits.page_size > command.limits.max_page_size) {
    return fmt::format("--page_size={} is more than --max_page_size={}", command.limits.page_size,
                       command.limits.max_page_size);
  }
  const int most = command.pool.pool_size + command.pool.max_overflow;
  if (std::max(0, server.max_sessions) + std::max(0, server.max_streams) >= most) {
    return fmt::format(
        "--max_sessions={} and --max_streams={} leave no connection for other calls: together they must be less than "
        "pool_size + max_overflow, {}",
        server.max_sessions, server.max_streams, most);
  }
  if (!command.listen_notify && !command.listen_database.empty()) {
    return "--listen_database needs --listen_notify, which is off";
  }
  if (command.pool.backoff_min > command.pool.backoff_max) {
    return fmt::format("--backoff_min={} is more than --backoff_max={}", FormatDuration(command.pool.backoff_min),
                       FormatDuration(command.pool.backoff_max));
  }
  return CheckApi(command.api);
}

std::string CheckApi(const ApiOptions& api) {
  if (!api.package.empty() && api.schemas.size() > 1) {
    return fmt::format("--package={} is one package for {} schemas; give each its own: --package={}=...,{}=...",
                       api.package, api.schemas.size(), api.schemas[0], api.schemas[1]);
  }
  for (const auto& [schema, package] : api.packages) {
    if (api.schemas.empty() || std::set<std::string>(api.schemas.begin(), api.schemas.end()).contains(schema)) continue;
    return fmt::format("--package names the schema {}, which --schemas does not", schema);
  }
  return "";
}

std::string Describe(const std::vector<Option>& options) {
  std::string text;
  std::string group;
  for (const Option& option : options) {
    if (option.group != group) text += fmt::format("\n{}\n", group = option.group);
    const std::string left = option.flag ? fmt::format("  --{}[={}]", option.name, option.value)
                                         : fmt::format("  --{}={}", option.name, option.value);
    text += left.size() < kHelpColumn ? left + std::string(kHelpColumn - left.size(), ' ')
                                      : left + "\n" + std::string(kHelpColumn, ' ');
    const std::string unset = option.help.find("not set:") != std::string::npos ? "" : " [not set]";
    text += Wrapped(option.help + (option.default_value.empty() ? unset : " [" + option.default_value + "]")) + "\n";
  }
  return text;
}

}  // namespace protogres::config
