// The statements that one connection has prepared: they are made, run, dropped, and deallocated on the server.
#ifndef PROTOGRES_SERVICE_DB_PREPARED_STATEMENTS_H_
#define PROTOGRES_SERVICE_DB_PREPARED_STATEMENTS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "db/exchange.h"
#include "db/pooler.h"
#include "db/statement_cache.h"

namespace protogres::db {

// For one thread at a time.
class PreparedStatements {
 public:
  // Keeps at most `capacity` statements. A DEALLOCATE that the server does not answer within `patience` gives the
  // connection up. Once `pooler` is found, no more statements are prepared or deallocated. Both references must outlive
  // this.
  PreparedStatements(Exchange& exchange, const Pooler& pooler, std::size_t capacity,
                     std::chrono::milliseconds patience);

  struct Circumstances {
    bool in_transaction = false;
    bool writes = false;
    std::int64_t most_bytes = 0;  // of an answer, see Exchange::LimitAnswer
  };
  // Runs a statement in one round trip. It takes another one to prepare it, if it is worth that, and outside
  // transactions others may be deallocated then; in one, no more are prepared once many wait for that. `stale`: the
  // error is of the prepared statement, which was lost or does not fit the catalog any more. Nothing was executed, and
  // it is prepared again when it is used next.
  absl::Status Run(const std::string& sql, std::span<const Param> params, const Circumstances& circumstances,
                   Result* result, bool* stale);

  // A statement that runs together with others.
  struct Step {
    std::string sql;
    std::span<const Param> params = {};
    bool reused = false;      // it may be prepared
    Result result = nullptr;  // null: it was not reached
    // Set by RunTogether.
    bool prepared = false;
    std::string fresh = {};  // the name that it is prepared under for the first time
  };
  // Runs `steps` in one round trip, until one fails, whose error it returns. If there is a transaction it is open or
  // begins with the first step. `ends`: the last step commits it. The outcome may then be in doubt if
  // `circumstances.writes`. `stale` is that of Run; steps before the one that failed were executed, but not committed.
  absl::Status RunTogether(std::span<Step> steps, bool ends, const Circumstances& circumstances, bool* stale);

  // Each statement must be prepared again when it is used next. No I/O.
  void DropAll();

  // Deallocates the statements that were dropped, in one round trip. Must not be called in a transaction, because an
  // error would end it.
  absl::Status Deallocate();

 private:
  // Sets `name` to the name under which `sql` is prepared, or to null if it is not worth preparing. The name is valid
  // until the next call.
  absl::Status Prepare(const std::string& sql, bool in_transaction, const std::string** name);

  // The name that a step is prepared under, or will be. Null: it is not worth preparing. Valid until the next call.
  const std::string* NameOf(Step* step);
  absl::Status Send(Step* step);
  // Reads the answer to a step.
  void Read(Step* step);
  // The error is of a prepared statement, which is forgotten. True: it was lost or does not fit the catalog.
  bool DropStale(const std::string& sql, const absl::Status& error);

  Exchange& exchange_;
  const Pooler& pooler_;
  const std::chrono::milliseconds patience_;
  StatementCache cache_;
  std::vector<std::string> unwanted_;  // the names of statements that are to be deallocated
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_PREPARED_STATEMENTS_H_
