#include "api/load.h"

#include <optional>
#include <utility>

#include "catalog/reader.h"
#include "contract/pin.h"
#include "contract/pin_packages.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::api {
namespace {

absl::StatusOr<catalog::TextRows> Query(db::Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(const db::Rows rows, session.Read(sql, {}));
  return catalog::TextRows(rows.size(), [rows](std::int64_t index, catalog::TextRow* row) { rows.Read(index, row); });
}

absl::StatusOr<catalog::Catalog> ReadCatalog(db::Pool& pool, const LoadOptions& options,
                                             const db::Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto session, db::Session::Open(pool, cancellation,
                                                         {.transaction = db::Transaction::kExplicit,
                                                          .isolation = db::Isolation::kRepeatableRead,
                                                          .read_only = true}));
  // The more tables there are, the longer it takes, and no call waits for it.
  RETURN_IF_ERROR(session->Unlimited());
  const auto query = [&](const std::string& sql) { return Query(*session, sql); };
  ASSIGN_OR_RETURN(auto catalog, catalog::Read(query, options.schemas, options.search_path,
                                               options.all_roles ? catalog::Roles::kAny : catalog::Roles::kConnecting));
  RETURN_IF_ERROR(session->Commit());
  return catalog;
}

absl::StatusOr<contract::DeriveOptions> MakeDeriveOptions(const LoadOptions& options, const catalog::Catalog& catalog) {
  contract::DeriveOptions derive{
      .packages = options.packages,
      .soft_delete = options.soft_delete,
      .relations = options.relations,
      .functions = options.functions,
  };
  if (options.package.empty()) return derive;
  std::string served;
  for (const auto& relation : catalog.relations) {
    if (!served.empty() && served != relation.schema) {
      return status::Error(
          absl::StatusCode::kFailedPrecondition,
          fmt::format("--package={} names one package, but the schemas {} and {} are served; name one with "
                      "--schemas, or give --package=<schema>=<package>,...",
                      options.package, served, relation.schema),
          status::kAmbiguousPackage);
    }
    served = relation.schema;
  }
  // Of schemas without tables, only a single one can be meant.
  if (served.empty() && catalog.schemas.size() == 1) served = catalog.schemas.front();
  if (!served.empty()) derive.packages[served] = options.package;
  return derive;
}

}  // namespace

absl::StatusOr<contract::Contract> LoadContract(db::Pool& pool, const LoadOptions& options,
                                                const db::Cancellation& cancellation) {
  std::optional<google::protobuf::FileDescriptorSet> named;
  if (const std::string& path = options.contract.empty() ? options.named_as : options.contract; !path.empty()) {
    ASSIGN_OR_RETURN(named, contract::ReadFiles(path));
  }
  ASSIGN_OR_RETURN(const auto catalog, ReadCatalog(pool, options, cancellation));
  ASSIGN_OR_RETURN(const auto derive, MakeDeriveOptions(options, catalog));
  if (!named.has_value()) return contract::Derive(catalog, derive);
  auto derived = contract::DeriveAs(*named, catalog, derive);
  if (!derived.ok() || options.contract.empty()) return derived;
  return contract::Pin(*named, *derived);
}

absl::StatusOr<std::shared_ptr<const Api>> LoadApi(db::Pool& pool, const LoadOptions& options,
                                                   const crud::Limits& limits, const db::Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto contract, LoadContract(pool, options, cancellation));
  for (const std::string& warning : contract.warnings) spdlog::warn("{}", warning);
  return Api::Build(std::move(contract), limits, options.fixed);
}

bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return status::CatalogMoved(status) || status::MovedWhileRead(status);
  }
}

}  // namespace protogres::api
