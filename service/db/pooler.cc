#include "db/pooler.h"

#include "spdlog/spdlog.h"

namespace protogres::db {

void Pooler::Found(const std::string& sign, bool prepared) {
  if (found_.exchange(true)) return;
  constexpr char kTransactions[] = "each call is a transaction that begins with its settings";
  if (prepared) {
    spdlog::warn(
        "a pooler is between this server and PostgreSQL: {}; statements are no longer prepared, and {}; "
        "--statement_cache_size=0 says so from the start",
        sign, kTransactions);
  } else {
    spdlog::info("a pooler is between this server and PostgreSQL: {}; {}", sign, kTransactions);
  }
}

}  // namespace protogres::db
