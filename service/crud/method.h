// A Method: one bound RPC of an Api. It turns a request's bytes into an
// Operation without touching the database, so that bad input costs no
// connection; the Operation then runs in a Session.
#ifndef PROTOGRES_SERVICE_CRUD_METHOD_H_
#define PROTOGRES_SERVICE_CRUD_METHOD_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
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
  // Requests in one Batch request, and operations in one Transact.
  int max_batch_size = 1000;
  // Largest request and answer, in bytes: --max_receive_message_bytes and --max_send_message_bytes. An answer that is
  // larger is an error before anything is committed; so is one past protobuf's own limit.
  std::int64_t max_request_bytes = 4 * 1024 * 1024;
  std::int64_t max_answer_bytes = std::numeric_limits<int>::max();
  // How long the answer to a request_id is kept.
  std::chrono::seconds request_id_ttl{24 * 60 * 60};
};

// A request decoded and planned. For one thread.
class Operation {
 public:
  virtual ~Operation() = default;

  // The transaction that it needs when it runs alone.
  virtual db::SessionOptions session() const { return {}; }
  // It locks what it reads, which holds only in a transaction of the caller's.
  virtual bool locks() const { return false; }
  // Everything is run and then rolled back.
  virtual bool validate_only() const { return false; }
  // Empty: none was given.
  virtual std::string_view request_id() const { return ""; }
  // Of the one row that it writes, where it names it. Empty: it names none, or several.
  virtual std::span<const std::string> key() const { return {}; }
  // How often it may be run while it loses against other transactions.
  virtual int max_attempts() const { return 1; }

  // Runs the statements and gives the response message's bytes. Does not commit. Blocks. May be called again, in
  // another Session, once what it did was rolled back.
  virtual absl::StatusOr<std::string> Execute(db::Session& session) = 0;
};

// One of several requests that are run together. Its answer is as if it had been run alone.
struct GroupMember {
  std::string_view request;
  std::optional<absl::StatusOr<std::string>> response = std::nullopt;
};

// What requests of one Method that wait at the same time may share. Each is an option of its own.
enum class Grouping {
  kNone,
  kStatement,  // reads: one statement (--coalesce)
  kCommit,     // writes: one transaction (--group_commit)
};

// Immutable; threads share it.
class Method {
 public:
  // A gRPC path, and full names of messages: views of what outlives the Method.
  struct Names {
    std::string_view path;
    std::string_view request;
    std::string_view response;
  };

  virtual ~Method() = default;

  const Names& names() const { return names_; }

  // Decodes and plans. `request` must outlive the Operation. INVALID_ARGUMENT
  // with the field's path. Does not block.
  virtual absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view request) const = 0;

  // What RunGroup makes them share.
  virtual Grouping grouping() const { return Grouping::kNone; }
  // Answers several requests with as few statements as it can. Leaves those without a response that are to be run
  // alone: a statement that fails for one must not fail its neighbours. Of these nothing has taken effect. Blocks.
  virtual void RunGroup(std::span<GroupMember>, db::Pool&, const db::Cancellation&) const {}

 protected:
  explicit Method(const Names& names) : names_(names) {}

 private:
  const Names names_;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_METHOD_H_
