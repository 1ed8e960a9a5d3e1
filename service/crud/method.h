// A Method: one bound RPC of an Api, of one of four kinds. A unary Method turns a request's bytes into an Operation
// without touching the database, so that bad input costs no connection; the Operation then runs in a Session. The other
// kinds are in streaming.h.
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
#include "db/caller.h"
#include "db/session.h"

namespace protogres::crud {

struct Limits {
  // The rows of a List page: where the request gives no page_size, and at the most.
  int page_size = 50;
  int max_page_size = 1000;
  // A List page ends early where its rows reach this many bytes, so that it stays
  // below gRPC's default limit for a received message (4 MiB).
  std::int64_t max_page_bytes = 3 * 1024 * 1024;
  // The most requests in one Batch request, and the most operations in one Transact.
  int max_batch_size = 1000;
  // The most relations that a path of a read_mask goes through, one below the other.
  int max_depth = 5;
  // The largest request and the largest answer, in bytes: --max_receive_message_bytes and --max_send_message_bytes. An
  // answer that is larger, or larger than protobuf's own limit, is an error before anything is committed.
  std::int64_t max_request_bytes = 4 * 1024 * 1024;
  std::int64_t max_answer_bytes = std::numeric_limits<int>::max();
  // A List, Stream, UpdateWhere or DeleteWhere that would read so many rows of a table without an index is refused. 0:
  // none is.
  int require_index = 0;
  // The most rows that an UpdateWhere or DeleteWhere may change that gives no max_affected of its own. 0: no limit.
  int max_affected = 0;
  // How long the answer to a request_id is kept.
  std::chrono::seconds request_id_ttl{24 * 60 * 60};
};

// One request, decoded and planned. For one thread.
class Operation {
 public:
  virtual ~Operation() = default;

  // The transaction that the operation needs when it runs alone.
  virtual db::SessionOptions session() const { return {}; }
  // The operation locks the rows that it reads. The locks last only in a transaction that the caller has opened.
  virtual bool locks() const { return false; }
  // The statements are run and then rolled back.
  virtual bool validate_only() const { return false; }
  // The request_id that the request gives. Empty: it gives none.
  virtual std::string_view request_id() const { return ""; }
  // How many times the operation may be run if it loses against other transactions.
  virtual int max_attempts() const { return 1; }

  // The one statement by which the operation is done, if it is one, so that it can run together with those of other
  // operations. No value: the operation must be run by Execute.
  virtual std::optional<db::Statement> Statement() const { return std::nullopt; }
  // What Execute returns, of what Statement has returned. After an error it may run other statements, to tell it
  // better.
  virtual absl::StatusOr<std::string> Answer(absl::StatusOr<db::Rows> rows, db::Session&) { return rows.status(); }

  // Of an operation that is one statement: the same, of which PostgreSQL itself checks that the answer will succeed,
  // where it can. After an error for which MaySucceedWithout holds (see at_once.h) the operation must be run without
  // it; and `counts`: of several such statements CheckOfMet must be the last. So it may be committed before Answer is
  // called.
  struct Checked {
    db::Statement statement;
    bool counts = false;
  };
  virtual std::optional<Checked> CheckedStatement() const { return std::nullopt; }

  // Of an operation that is one statement: the same, which also keeps the row that it answers, so that it can be
  // recorded and committed in the same round trip; see at_once.h. No value: the answer may be refused, or is no such
  // row.
  virtual std::optional<db::Statement> KeepingStatement() const { return std::nullopt; }
  // What is recorded before that row, so that it can be read later, maybe by another process.
  virtual std::string row_shape() const { return ""; }
  // The answer, of `kept`: the shape and the row. FAILED_PRECONDITION: the table has changed too much since.
  virtual absl::StatusOr<std::string> AnswerKept(std::string_view /*kept*/, db::Session&) { return std::string(); }

  // Runs the statements and returns the bytes of the response message. Does not commit. Blocks. May be called again, in
  // another Session, after the effects of the first call were rolled back.
  virtual absl::StatusOr<std::string> Execute(db::Session& session) = 0;
};

// One of the requests that run as a group. Its response is the same as if the request had run alone.
struct GroupMember {
  std::string_view request;
  std::optional<absl::StatusOr<std::string>> response = std::nullopt;
};

// What the requests of a group share. All members of a group are requests of the same Method that waited at the same
// time. Each value but the first has an option that switches it on.
enum class Grouping {
  kNone,       // the requests of this Method never form a group
  kStatement,  // the reads of a group share one statement (--coalesce)
  kCommit,     // the writes of a group share one transaction (--group_commit)
};

// What the Api finds by the path of a call. Immutable; several threads may use one Method at the same time.
class Method {
 public:
  // What the client and the server send in a call of the Method. Each kind is a class, which As() gives.
  enum class Kind {
    kUnary,         // UnaryMethod: one request, one response
    kServerStream,  // ServerStreamMethod: one request, many responses
    kClientStream,  // ClientStreamMethod: many requests, one response
    kSession,       // SessionMethod: many requests, and a response to each
  };

  // The gRPC path and the full names of the messages. The texts must outlive the Method.
  struct Names {
    std::string_view path;
    std::string_view request;
    std::string_view response;
  };

  virtual ~Method() = default;

  Kind kind() const { return kind_; }
  const Names& names() const { return names_; }

  // This Method as a T, which is one of the four classes. Null: the Method is of another kind.
  template <typename T>
  const T* As() const {
    return kind_ == T::kKind ? static_cast<const T*>(this) : nullptr;
  }

 private:
  // Only the four classes derive from Method directly, so that the kind says what the class is.
  friend class UnaryMethod;
  friend class ServerStreamMethod;
  friend class ClientStreamMethod;
  friend class SessionMethod;
  Method(Kind kind, const Names& names) : kind_(kind), names_(names) {}

  const Kind kind_;
  const Names names_;
};

// A Method with one request and one response.
class UnaryMethod : public Method {
 public:
  static constexpr Kind kKind = Kind::kUnary;

  // Decodes and plans the request. `request` must outlive the Operation. INVALID_ARGUMENT with the path of the field
  // that is wrong. Does not block.
  virtual absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view request) const = 0;

  // What the requests of a group share when RunGroup runs them.
  virtual Grouping grouping() const { return Grouping::kNone; }
  // Answers several requests with as few statements as possible. A member that must run alone gets no response here:
  // a statement that fails because of one member must not fail the others. Nothing that such a member asks for has
  // taken effect. All are of one caller. Blocks.
  virtual void RunGroup(std::span<GroupMember>, const db::Access&) const {}

 protected:
  explicit UnaryMethod(const Names& names) : Method(kKind, names) {}
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_METHOD_H_
