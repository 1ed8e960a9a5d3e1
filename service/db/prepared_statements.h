// The statements that one connection has prepared: they are made, dropped, and deallocated on the server.
#ifndef PROTOGRES_SERVICE_DB_PREPARED_STATEMENTS_H_
#define PROTOGRES_SERVICE_DB_PREPARED_STATEMENTS_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "db/exchange.h"
#include "db/statement_cache.h"

namespace protogres::db {

// For one thread at a time.
class PreparedStatements {
 public:
  // Keeps at most `capacity` statements. A DEALLOCATE that the server does not answer within `patience` gives the
  // connection up. `exchange` must outlive this.
  PreparedStatements(Exchange& exchange, std::size_t capacity, std::chrono::milliseconds patience);

  // Sets `name` to the name under which `sql` is prepared, or to null if `sql` is not worth preparing. The name is
  // valid until the next call. Takes a round trip if the statement is new, and may deallocate others unless the
  // connection is `in_transaction`. In one, no more are prepared once many wait to be deallocated.
  absl::Status Prepare(const std::string& sql, bool in_transaction, const std::string** name);

  // The statement, or each statement, must be prepared again when it is used next. No I/O.
  void Drop(const std::string& sql);
  void DropAll();

  // Deallocates the statements that were dropped, in one round trip. Must not be called in a transaction, because an
  // error would end it.
  absl::Status Deallocate();

 private:
  Exchange& exchange_;
  const std::chrono::milliseconds patience_;
  StatementCache cache_;
  std::vector<std::string> unwanted_;  // the names of statements that are to be deallocated
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_PREPARED_STATEMENTS_H_
