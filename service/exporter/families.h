// What is counted -> Prometheus' families. The one place where metrics have their names.
#ifndef PROTOGRES_SERVICE_EXPORTER_FAMILIES_H_
#define PROTOGRES_SERVICE_EXPORTER_FAMILIES_H_

#include <string>

#include "db/pool.h"
#include "exporter/family.h"
#include "metrics/counts.h"
#include "rpc/server.h"

namespace protogres::exporter {

// The names and labels are those of grpc-prometheus (grpc_server_*) and OpenTelemetry (db_client_*, process_*) where
// they have any, and protogres_* otherwise; docs/metrics.md has them all.
Families FamiliesOfCalls(const metrics::Calls& calls);
Families FamiliesOfDatabase(const metrics::Counts& counts, const db::Pool& pool);
Families FamiliesOfServer(const metrics::Counts& counts, const rpc::Server& server);
// Of the memory of calls, and what the kernel says of the process. `version` is the program's.
Families FamiliesOfProcess(const std::string& version);

}  // namespace protogres::exporter

#endif  // PROTOGRES_SERVICE_EXPORTER_FAMILIES_H_
