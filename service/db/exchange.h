// The way of a statement to the server and of its answer back, by libpq's own calls. All that is read from the socket
// after the connection was made is read here, so that an answer is never mixed with what was read for something else.
#ifndef PROTOGRES_SERVICE_DB_EXCHANGE_H_
#define PROTOGRES_SERVICE_DB_EXCHANGE_H_

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "db/connection.h"
#include "db/memory.h"
#include "db/result.h"
#include "db/stopper.h"

namespace protogres::db {

// What libpq would cut off or refuse in words of its own: INVALID_ARGUMENT.
absl::Status CheckParams(std::span<const Param> params);

// For one thread at a time. After a Send the answer is to be read to its end before the next one.
class Exchange {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  // Both must outlive it; `stopper` is the connection's.
  Exchange(PGconn* connection, SocketStopper& stopper);

  // Hands a statement to the server; blocks while the socket's buffers are full. Fails where the connection was lost
  // before, and then nothing was sent.
  absl::Status SendText(const std::string& sql);  // one or more statements, without parameters
  absl::Status SendParams(const std::string& sql, std::span<const Param> params);
  absl::Status SendPrepare(const std::string& name, const std::string& sql);
  absl::Status SendPrepared(const std::string& name, std::span<const Param> params);

  // Waits for the whole answer, and gives its last result or its error, by the table in error.h. For a COPY it is the
  // result that begins it. `in_doubt`: what was sent may have taken effect where the connection is lost meanwhile.
  // An answer that is not there at `until` never comes: the connection is given up.
  absl::StatusOr<Result> Finish(bool in_doubt, Clock::time_point until = kNever);
  // The same, of which `first` has been read already (null: nothing has); an error is a result, too. Null: there was no
  // answer, the connection is lost.
  Result Drain(Result first, Clock::time_point until = kNever);

  // Waits, at most until `until`, for the next result of what was sent: true, and `result` is null once there are no
  // more. False: it is not there yet.
  bool Next(Clock::time_point until, Result* result);

  // The answer to what is sent next is given up where it is of more bytes than this, roughly; then `overflown` is true,
  // and there is no result but more to be read, once there is a new limit. 0: none, as after each Send.
  void LimitAnswer(std::int64_t bytes) {
    most_ = bytes;
    overflown_ = false;
  }
  bool overflown() const { return overflown_; }
  // What the answer takes of Memory::OfProcess, to be kept as long as its result. An answer that goes beyond what is
  // left is given up, and the connection with it.
  Memory::Hold TakeHold() { return std::move(hold_); }
  const absl::Status& exhausted() const { return exhausted_; }
  // What has come so far is gone: of an answer that is taken row by row.
  void Forget();
  // libpq keeps what it took to send and to read the largest messages, for good: so much that the connection is not
  // worth it.
  bool swollen() const { return swollen_; }

  // Waits for the socket, at most until `until`, and hands what came to libpq. False: nothing came. This is the one
  // place where memory of answers grows.
  bool Receive(Clock::time_point until);

  // The Status of a result that Drain gave: OK unless it is null or an error. `row_offset` is added to the row that an
  // error of a COPY names.
  absl::Status StatusOf(const PGresult* result, bool in_doubt, std::int64_t row_offset = 0);
  // Marks the connection as lost, and says so.
  absl::Status Lost(bool in_doubt, const std::string& why);

  // False from the first sign that the connection is lost.
  bool Alive() const { return !lost_ && PQstatus(connection_) == CONNECTION_OK; }
  // The server has sent something, or has closed the socket. Does not block.
  bool Readable() const;
  // A NOTIFY has come since the last call.
  bool TakeNotified();

 private:
  absl::Status Sent(int success);
  void DropNotifications();
  // Counts what was read, about: libpq does not say, and goes on while more comes.
  void Charge(std::int64_t bytes);

  PGconn* const connection_;
  SocketStopper& stopper_;
  void* const tls_;  // OpenSSL's SSL; null: the connection is not encrypted by it
  bool lost_ = false;
  bool notified_ = false;

  // Of the answer that is being read.
  int reads_ = 0;
  std::int64_t received_ = 0;
  std::int64_t last_read_ = 0;  // bytes, in one look at the socket
  std::int64_t most_ = 0;       // 0: no limit
  bool overflown_ = false;
  absl::Status exhausted_;  // why it was given up
  Memory::Hold hold_;
  bool swollen_ = false;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_EXCHANGE_H_
