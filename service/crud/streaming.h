// Methods whose calls have more messages than one request and one response, and the calls themselves. None of them
// knows gRPC: the code that carries a call gives it the client's messages and sends what it returns.
#ifndef PROTOGRES_SERVICE_CRUD_STREAMING_H_
#define PROTOGRES_SERVICE_CRUD_STREAMING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crud/method.h"
#include "db/caller.h"

namespace protogres::crud {

// A response of a stream has about so many bytes: so many that the cost of a message does not matter, and so few that
// it stays in the processor's cache between the thread that makes it and the thread that sends it.
inline constexpr std::int64_t kChunkBytes = 128 * 1024;

// The responses of one call. For one thread at a time. Gives its connection back after the last response, or when it is
// destroyed.
class ServerStream {
 public:
  virtual ~ServerStream() = default;

  // The bytes of the next response message. Nothing: there are no more responses. After an error the stream is over.
  // Blocks.
  virtual absl::StatusOr<std::optional<std::string>> Next() = 0;
};

// A Method with one request and many responses: the Stream of a table.
class ServerStreamMethod : public Method {
 public:
  static constexpr Kind kKind = Kind::kServerStream;

  // Decodes and plans the request. All arguments and the Method must outlive the ServerStream. INVALID_ARGUMENT with
  // the path of the field that is wrong. Does not block.
  virtual absl::StatusOr<std::unique_ptr<ServerStream>> Plan(std::string_view request,
                                                             const db::Access& access) const = 0;

  // What a client is told whose call ends before its last response: the end of an error's sentence.
  virtual const char* when_cut() const { return "a new call with the last next_page_token as its page_token goes on"; }
  // A stream writes, and may have committed that when its call ends before its last response.
  virtual bool writes() const { return false; }

 protected:
  explicit ServerStreamMethod(const Names& names) : Method(kKind, names) {}
};

// The requests of one call. For one thread at a time. Nothing is written unless Finish has returned OK. After an error
// the stream is over.
class ClientStream {
 public:
  virtual ~ClientStream() = default;

  // Takes the next request message. INVALID_ARGUMENT with the path of what is wrong:
  // "messages[6].customers[3].email" is a field of the fourth row of the seventh message. An error that PostgreSQL
  // finds in a row may be returned by a later call; its path is still that of the row. Blocks.
  virtual absl::Status Add(std::string_view message) = 0;

  // There are no more requests: commits, and returns the bytes of the response message. Blocks.
  virtual absl::StatusOr<std::string> Finish() = 0;
};

// A Method with many requests and one response: the Import of a table.
class ClientStreamMethod : public Method {
 public:
  static constexpr Kind kKind = Kind::kClientStream;

  // The arguments and the Method must outlive the ClientStream. Does not block.
  virtual std::unique_ptr<ClientStream> Open(const db::Access& access) const = 0;

 protected:
  explicit ClientStreamMethod(const Names& names) : Method(kKind, names) {}
};

// One call with an answer to each request. For one thread at a time. Rolls back what is not committed when it is
// destroyed.
class SessionStream {
 public:
  struct Answer {
    std::string message;              // the response message to be sent; empty: there is none
    std::optional<absl::Status> end;  // the status with which the call ends, after the message; nothing: it goes on
    absl::Status failed = {};         // the error that the message tells of, where the call goes on after one
  };

  virtual ~SessionStream() = default;

  // Handles one request message. Blocks.
  virtual Answer Handle(std::string_view request) = 0;

  // A transaction is open.
  virtual bool open() const = 0;
};

// A Method with many requests and an answer to each: TransactionService/Session.
class SessionMethod : public Method {
 public:
  static constexpr Kind kKind = Kind::kSession;

  // The arguments and the Method must outlive the SessionStream. Does not block.
  virtual std::unique_ptr<SessionStream> Open(const db::Access& access) const = 0;

 protected:
  explicit SessionMethod(const Names& names) : Method(kKind, names) {}
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_STREAMING_H_
