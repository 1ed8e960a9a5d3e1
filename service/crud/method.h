// A Method: one bound RPC of an Api. It turns a request's bytes into an
// Operation without touching the database, so that bad input costs no
// connection; the Operation then runs in a Session.
#ifndef PROTOGRES_SERVICE_CRUD_METHOD_H_
#define PROTOGRES_SERVICE_CRUD_METHOD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "db/pool.h"
#include "db/session.h"

namespace protogres::crud {

struct Limits {
  // Rows of a List page where page_size is not given, and at the most.
  int page_size = 50;
  int max_page_size = 1000;
  // A List page ends early where its rows reach this many bytes, so that it stays
  // below gRPC's default limit for a received message (4 MiB).
  std::int64_t max_page_bytes = 3 * 1024 * 1024;
  // Requests in one Batch request.
  int max_batch_size = 1000;
};

// A request decoded and planned. For one use, by one thread.
class Operation {
 public:
  virtual ~Operation() = default;

  // The transaction that it needs when it runs alone.
  virtual db::SessionOptions session() const { return {}; }
  // Everything is run and then rolled back: validate_only.
  virtual bool validate_only() const { return false; }

  // Runs the statements and gives the response message's bytes. Does not commit. Blocks.
  virtual absl::StatusOr<std::string> Execute(db::Session& session) = 0;
};

// Immutable; threads share it.
class Method {
 public:
  virtual ~Method() = default;

  // Decodes and plans. `request` must outlive the Operation. INVALID_ARGUMENT
  // with the field's path. Does not block.
  virtual absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view request) const = 0;
};

// One unary call whole: Plan, a Session, Execute, Commit. The answer is given
// only after the commit. Blocks; `cancellation` reaches the running statement.
absl::StatusOr<std::string> Run(const Method& method, std::string_view request, db::Pool& pool,
                                const db::Cancellation& cancellation);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_METHOD_H_
