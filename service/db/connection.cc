#include "db/connection.h"

#include <exception>
#include <utility>

#include "db/libpq_connection.h"
#include "db/refusal.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::db {

absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options) try {
  ASSIGN_OR_RETURN(auto link, OpenLink(options));
  auto connection = std::make_unique<LibpqConnection>(std::move(link), options);
  RETURN_IF_ERROR(connection->Start(options.connect_timeout));
  return connection;
} catch (const std::exception& error) {
  return status::NotConnected(text::OneLine(error.what()));
}

}  // namespace protogres::db
