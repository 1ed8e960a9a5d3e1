#include "exporter/families.h"

#include <algorithm>
#include <array>

#include "db/memory.h"
#include "exporter/process.h"
#include "log/log.h"

namespace protogres::exporter {
namespace {

// In the words of grpc-prometheus.
constexpr std::array<const char*, metrics::MethodCalls::kCodes> kCodes = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

double Number(const metrics::Counter& counter) { return static_cast<double>(counter.value()); }

// Calls of methods that do not exist are shown together, so that nobody can make series by calling names.
Labels LabelsOf(const metrics::MethodCalls& method) {
  if (method.path.empty()) {
    return {{"grpc_type", "unknown"}, {"grpc_service", "unknown"}, {"grpc_method", "unknown"}};
  }
  const std::size_t slash = method.path.rfind('/');
  return {{"grpc_type", method.type},
          {"grpc_service", method.path.substr(1, slash - 1)},
          {"grpc_method", method.path.substr(slash + 1)}};
}

double InFlight(const metrics::MethodCalls& method) {
  double handled = 0;
  for (const auto& count : method.handled) handled += Number(count);
  // `started` is read last: a call that ends meanwhile counts as in flight.
  return std::max(0.0, Number(method.started) - handled);
}

// Codes with which no call was answered are left out, all but OK: a rate needs to begin at zero.
void AddHandled(const metrics::MethodCalls& method, const Labels& labels, Family* family) {
  for (std::size_t code = 0; code < kCodes.size(); ++code) {
    if (code != 0 && method.handled[code].value() == 0) continue;
    Labels with_code = labels;
    with_code.push_back({"grpc_code", kCodes[code]});
    family->Counter(Number(method.handled[code]), with_code);
  }
}

prometheus::MetricFamily AuthFailures(const rpc::Server::Stats& stats) {
  Family family("protogres_auth_failures_total",
                "Calls that were refused because of their token or certificate, by reason.");
  for (const auto& [reason, calls] : stats.auth_failures) {
    family.Counter(static_cast<double>(calls), {{"reason", reason}});
  }
  return family.get();
}

}  // namespace

Families FamiliesOfCalls(const metrics::Calls& calls) {
  Family started("grpc_server_started_total", "Calls that have begun.");
  Family handled("grpc_server_handled_total", "Calls that were answered, by code.");
  Family seconds("grpc_server_handling_seconds", "Time from the beginning of a call to its answer.");
  Family in_flight("grpc_server_in_flight", "Calls that have begun and are not answered yet.");
  Family received("grpc_server_msg_received_total", "Messages received.");
  Family sent("grpc_server_msg_sent_total", "Messages sent.");
  Family received_bytes("grpc_server_msg_received_bytes_total", "Bytes of the messages received.");
  Family sent_bytes("grpc_server_msg_sent_bytes_total", "Bytes of the messages sent.");
  for (const metrics::MethodCalls* method : calls.All()) {
    const Labels labels = LabelsOf(*method);
    started.Counter(Number(method->started), labels);
    AddHandled(*method, labels, &handled);
    seconds.Histogram(method->seconds, kNanoseconds, labels);
    in_flight.Gauge(InFlight(*method), labels);
    received.Counter(Number(method->received), labels);
    sent.Counter(Number(method->sent), labels);
    received_bytes.Counter(Number(method->received_bytes), labels);
    sent_bytes.Counter(Number(method->sent_bytes), labels);
  }
  return {started.get(),  handled.get(), seconds.get(),        in_flight.get(),
          received.get(), sent.get(),    received_bytes.get(), sent_bytes.get()};
}

Families FamiliesOfDatabase(const metrics::Counts& counts, const db::Pool& pool) {
  const db::Pool::Stats stats = pool.stats();
  constexpr char kState[] = "db_client_connection_state";
  return {
      Family("protogres_database_available", "1: the database is there.").Gauge(pool.available() ? 1 : 0).get(),
      Family("db_client_connection_count", "Connections of the pool, by state.")
          .Gauge(stats.idle, {{kState, "idle"}})
          .Gauge(stats.lent, {{kState, "used"}})
          .get(),
      Family("db_client_connection_max", "The most connections that the pool may have.").Gauge(pool.capacity()).get(),
      Family("db_client_connection_pending_requests", "Requests that wait for a connection.")
          .Gauge(stats.waiting)
          .get(),
      Family("db_client_connection_wait_time_seconds", "Time that a request waited for a connection.")
          .Histogram(counts.pool_waits, kNanoseconds)
          .get(),
      Family("db_client_connection_timeouts_total", "Requests that got no connection within --pool_timeout.")
          .Counter(Number(counts.pool_timeouts))
          .get(),
      Family("protogres_pool_connections_created_total", "Connections made.")
          .Counter(Number(counts.connections_made))
          .get(),
      Family("protogres_pool_connections_recycled_total", "Connections closed as older than --pool_recycle.")
          .Counter(Number(counts.connections_recycled))
          .get(),
      Family("protogres_pool_connections_lost_total", "Connections that broke, or that the database closed.")
          .Counter(Number(counts.connections_lost))
          .get(),
      Family("protogres_pool_failed_pings_total", "Pings of idle connections that failed.")
          .Counter(Number(counts.failed_pings))
          .get(),
      Family("db_client_operation_duration_seconds", "Time of a statement, also of BEGIN, COMMIT and ROLLBACK.")
          .Histogram(counts.statements, kNanoseconds)
          .get(),
      Family("protogres_failed_statements_total", "Statements that ended with an error.")
          .Counter(Number(counts.failed_statements))
          .get(),
  };
}

Families FamiliesOfServer(const metrics::Counts& counts, const rpc::Server& server) {
  const rpc::Server::Stats stats = server.stats();
  return {
      Family("protogres_ready", "1: the server is ready, as /readyz and health say.")
          .Gauge(server.ready() ? 1 : 0)
          .get(),
      Family("protogres_tables", "Tables and views that are served.").Gauge(stats.tables).get(),
      Family("protogres_client_connections", "Connections of clients.").Gauge(stats.connections).get(),
      Family("protogres_queue_length", "Requests that wait for a worker.").Gauge(stats.waiting).get(),
      Family("protogres_group_size", "Requests that were run together, by one statement or in one transaction.")
          .Histogram(counts.group_sizes, 1)
          .get(),
      Family("protogres_sessions", "Sessions that are open.").Gauge(stats.sessions).get(),
      Family("protogres_sessions_max", "The most sessions that may be open.").Gauge(stats.max_sessions).get(),
      Family("protogres_streams", "Streams and Imports that are open.").Gauge(stats.streams).get(),
      Family("protogres_streams_max", "The most Streams and Imports that may be open.").Gauge(stats.max_streams).get(),
      Family("protogres_reloads_total", "Loads of the catalog after the first one, by outcome.")
          .Counter(Number(counts.reloads), {{"outcome", "ok"}})
          .Counter(Number(counts.failed_reloads), {{"outcome", "failed"}})
          .get(),
      AuthFailures(stats),
      Family("protogres_access_log_dropped_total", "Lines of the access log that came faster than they were read.")
          .Counter(static_cast<double>(stats.dropped_access_lines))
          .get(),
      Family("protogres_log_dropped_total", "Lines of the log that came faster than they were read.")
          .Counter(static_cast<double>(log::DroppedLines()))
          .get(),
  };
}

Families FamiliesOfProcess(const std::string& version) {
  const db::Memory& memory = db::Memory::OfProcess();
  const ProcessStats stats = ReadProcess();
  return {
      Family("protogres_build_info", "1, with the version of the program.").Gauge(1, {{"version", version}}).get(),
      Family("protogres_memory_held_bytes", "Memory that requests, results and answers hold.")
          .Gauge(static_cast<double>(memory.held()))
          .get(),
      Family("protogres_memory_limit_bytes", "The most that they may hold: --max_memory.")
          .Gauge(static_cast<double>(memory.limit()))
          .get(),
      Family("process_resident_memory_bytes", "Resident memory of the process.").Gauge(stats.resident_bytes).get(),
      Family("process_cpu_seconds_total", "Time of processors that the process has used.")
          .Counter(stats.cpu_seconds)
          .get(),
      Family("process_start_time_seconds", "When the process began, in seconds since 1970.")
          .Gauge(stats.start_seconds)
          .get(),
      Family("process_open_fds", "Descriptors that are open.").Gauge(stats.open_descriptors).get(),
      Family("process_max_fds", "The most descriptors that may be open.").Gauge(stats.max_descriptors).get(),
  };
}

}  // namespace protogres::exporter
