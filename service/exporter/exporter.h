// /metrics, /healthz and /readyz of a server, on an address of their own.
#ifndef PROTOGRES_SERVICE_EXPORTER_EXPORTER_H_
#define PROTOGRES_SERVICE_EXPORTER_EXPORTER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "db/pool.h"
#include "exporter/http_server.h"
#include "exporter/turn.h"
#include "rpc/server.h"

namespace protogres::exporter {

struct Options {
  std::string listen;   // host:port
  std::string version;  // of the program
};

// Answers as long as it lives. /healthz is 200 while the process answers; /readyz is 200 while the server is ready,
// else 503. Neither touches the database.
class Exporter {
 public:
  // `pool` and `server` must outlive the Exporter. INVALID_ARGUMENT: the address cannot be parsed. UNAVAILABLE: nobody
  // can listen there.
  static absl::StatusOr<std::unique_ptr<Exporter>> Start(const Options& options, const db::Pool& pool,
                                                         const rpc::Server& server);

  int port() const { return http_->port(); }

 private:
  Exporter(const Options& options, const db::Pool& pool, const rpc::Server& server)
      : options_(options), pool_(pool), server_(server) {}
  Answer Respond(std::string_view path);
  // One scrape is made and sent at a time, since each may take megabytes. 503: another one takes too long.
  Answer Scrape();
  std::string Metrics() const;

  const Options options_;
  const db::Pool& pool_;
  const rpc::Server& server_;
  Turn scrape_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace protogres::exporter

#endif  // PROTOGRES_SERVICE_EXPORTER_EXPORTER_H_
