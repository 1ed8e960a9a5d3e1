#include "exporter/exporter.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <memory>
#include <utility>

#include "exporter/families.h"
#include "metrics/counts.h"
#include "prometheus/text_serializer.h"
#include "status/macros.h"
#include "text/address.h"

namespace protogres::exporter {
namespace {

// For the scrape before.
constexpr std::chrono::seconds kTurn{1};

}  // namespace

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(const Options& options, const db::Pool& pool,
                                                          const rpc::Server& server) {
  const auto named = [&](const absl::Status& status) {
    return absl::Status(status.code(),
                        fmt::format("--metrics_listen={}: {}", options.listen, std::string(status.message())));
  };
  const auto address = text::ParseAddress(options.listen);
  if (!address.ok()) return named(address.status());
  std::unique_ptr<Exporter> exporter(new Exporter(options, pool, server));
  auto http = HttpServer::Start(*address, [raw = exporter.get()](std::string_view path) { return raw->Respond(path); });
  if (!http.ok()) return named(http.status());
  exporter->http_ = *std::move(http);
  return exporter;
}

Answer Exporter::Scrape() {
  std::shared_ptr<void> turn = scrape_.Await(kTurn);
  if (turn == nullptr) return {.code = 503, .body = "another scrape is being answered\n"};
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = Metrics(), .turn = std::move(turn)};
}

Answer Exporter::Respond(std::string_view path) {
  if (path == "/metrics") return Scrape();
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") return server_.ready() ? Answer{.body = "ok\n"} : Answer{.code = 503, .body = "not ready\n"};
  return {.code = 404, .body = "there are /metrics, /healthz and /readyz\n"};
}

std::string Exporter::Metrics() const {
  const metrics::Counts& counts = metrics::Counts::OfProcess();
  Families all = FamiliesOfCalls(counts.calls);
  const auto add = [&all](Families more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  add(FamiliesOfDatabase(counts, pool_));
  add(FamiliesOfServer(counts, server_));
  add(FamiliesOfProcess(options_.version));
  // A family without metrics would be only its help.
  std::erase_if(all, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace protogres::exporter
