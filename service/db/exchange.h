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

// INVALID_ARGUMENT: libpq would cut a parameter off, or refuse the parameters in words of its own.
absl::Status CheckParams(std::span<const Param> params);

// For one thread at a time. After a Send the answer must be read to its end before the next Send.
class Exchange {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  // Both arguments must outlive it. `stopper` is that of the connection.
  Exchange(PGconn* connection, SocketStopper& stopper);

  // Send a statement to the server. They block while the buffers of the socket are full. They fail if the connection
  // was lost before, and then nothing was sent.
  absl::Status SendText(const std::string& sql);  // one or more statements, without parameters
  absl::Status SendParams(const std::string& sql, std::span<const Param> params);
  absl::Status SendPrepare(const std::string& name, const std::string& sql);
  absl::Status SendPrepared(const std::string& name, std::span<const Param> params);

  // Begins a pipeline (PostgreSQL manual, 34.5): what is sent by the functions above but SendText waits until
  // FlushPipeline, and then goes out together. Each Drain reads the answer to the next of these statements. Those that
  // follow one that failed are not run: their result is PGRES_PIPELINE_ABORTED.
  absl::Status OpenPipeline();
  // `in_doubt`: what is sent may take effect even if this fails.
  absl::Status FlushPipeline(bool in_doubt);
  // Reads what is left of the answers, outside a pipeline those to one statement, and drops it. If a pipeline is open,
  // it is over. Ends early if the connection is lost. `error` gets the first error among them; null: nobody asks.
  void Drop(Result* error = nullptr);

  // Waits for the whole answer, and returns its last result, or its error as status::ToStatus makes it. For a COPY that
  // is the result that begins it. `in_doubt` says that what was sent may have taken effect if the connection is lost
  // meanwhile. If the answer is not there at `until`, the connection is given up.
  absl::StatusOr<Result> Finish(bool in_doubt, Clock::time_point until = kNever);
  // The same if `first` was read already (null: nothing was). An error is a result, too. Null: there was no answer, and
  // the connection is lost.
  Result Drain(Result first, Clock::time_point until = kNever);

  // Waits for the next result of what was sent, until `until` at most. True: `result` is the next one, or null if there
  // is no other. False: it is not there yet.
  bool Next(Clock::time_point until, Result* result);

  // Limits the answer that is read next: it is given up when it has roughly more bytes than this. Then `overflown` is
  // true and there is no result, but there is more to be read, after a new limit was set. 0: there is no limit, as
  // after each Send.
  void LimitAnswer(std::int64_t bytes) {
    most_ = bytes;
    overflown_ = false;
  }
  bool overflown() const { return overflown_; }
  // What the answer holds of Memory::OfProcess, which must be kept as long as its result. An answer that needs more
  // than is left is given up, and the connection with it.
  Memory::Hold TakeHold() { return std::move(hold_); }
  const absl::Status& exhausted() const { return exhausted_; }
  // Says that the rows that have come so far are gone. For an answer that is taken row by row.
  void Forget();
  // True: libpq keeps so much memory for the largest messages that it has sent and read that the connection is not
  // worth it.
  bool swollen() const { return swollen_; }

  // Waits for the socket, until `until` at most, and hands what has come to libpq. False: nothing came. Only here the
  // memory of answers grows.
  bool Receive(Clock::time_point until);

  // The Status of a result of Drain: OK, unless it is null or an error. `row_offset` is added to the row that an error
  // of a COPY names.
  absl::Status StatusOf(const PGresult* result, bool in_doubt, std::int64_t row_offset = 0);
  // Says whether other servers may commit a part of what is committed here, before this one has done so.
  void CommitsElsewhere(bool elsewhere) { elsewhere_ = elsewhere; }
  bool commits_elsewhere() const { return elsewhere_; }
  // Marks the connection as lost, and says so.
  absl::Status Lost(bool in_doubt, const std::string& why);

  // False from the first sign that the connection is lost.
  bool Alive() const { return !lost_ && PQstatus(connection_) == CONNECTION_OK; }
  // True: the server has sent something, or has closed the socket. Does not block.
  bool Readable() const;
  // True: a NOTIFY has come since the last call.
  bool TakeNotified();

 private:
  absl::Status Sent(int success, bool text = false);
  void DropNotifications();
  // Counts roughly what was read: libpq does not say it, and reads on while more comes.
  void Charge(std::int64_t bytes);

  PGconn* const connection_;
  SocketStopper& stopper_;
  void* const tls_;  // OpenSSL's SSL; null: the connection is not encrypted by it
  bool lost_ = false;
  bool notified_ = false;
  bool text_ = false;   // SendText was the last
  bool piped_ = false;  // a pipeline is open
  bool elsewhere_ = false;

  // About the answer that is being read.
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
