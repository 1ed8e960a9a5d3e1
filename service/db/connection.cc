#include "db/connection.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "contract/error.h"
#include "db/bulk.h"
#include "db/conninfo.h"
#include "db/echo.h"
#include "db/error.h"
#include "db/link.h"
#include "db/message.h"
#include "db/refusal.h"
#include "db/statement_cache.h"
#include "fmt/format.h"

namespace protogres::db {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxParams = 65535;  // of the protocol's Bind message
constexpr char kReadOnly[] = "SELECT current_setting('transaction_read_only')";
// The environment's PGDATESTYLE and PGTZ go beside `options` at startup and win over it.
constexpr char kFirst[] =
    "SELECT current_setting('transaction_read_only'), set_config('DateStyle', 'ISO', false), "
    "set_config('TimeZone', 'UTC', false)";

// Cells are found once, by iterators: in libpqxx each row and field made by
// index holds the shared result, two atomic operations a cell and more.
class Source : public Rows::Source {
 public:
  explicit Source(pqxx::result result) : result_(std::move(result)), columns_(static_cast<int>(result_.columns())) {
    cells_.reserve(static_cast<std::size_t>(rows() * columns_));
    for (auto row = result_.begin(); row != result_.end(); ++row) {
      auto field = row->begin();
      for (int column = 0; column < columns_; ++column, ++field) {
        cells_.emplace_back(field->is_null() ? nullptr : field->c_str(), static_cast<std::size_t>(field->size()));
      }
    }
  }

  std::int64_t rows() const override { return static_cast<std::int64_t>(result_.size()); }
  int columns() const override { return columns_; }
  std::int64_t affected() const override { return static_cast<std::int64_t>(result_.affected_rows()); }
  std::optional<std::string_view> Cell(std::int64_t row, int column) const override {
    const std::string_view cell = cells_[static_cast<std::size_t>(row * columns_ + column)];
    return cell.data() == nullptr ? std::nullopt : std::optional(cell);
  }

 private:
  pqxx::result result_;
  int columns_;
  std::vector<std::string_view> cells_;  // data() == nullptr: NULL
};

class PqxxConnection : public Connection {
 public:
  PqxxConnection(const std::string& conninfo, const ConnectionOptions& options)
      : link_(conninfo), statements_(static_cast<std::size_t>(std::max(0, options.statement_cache_size))) {
    read_only_ = IsOn(RunText(link_, kFirst));
    echo_ = options.echo;
  }

  absl::StatusOr<Rows> Execute(const std::string& sql, std::span<const Param> params, bool writes) override {
    if (absl::Status good = CheckParams(params); !good.ok()) return good;
    pqxx::result result;
    const absl::Status status = Timed(sql, params, [&] { return Try(sql, params, writes, &result); });
    if (!status.ok()) return status;
    return Rows(std::make_shared<Source>(std::move(result)));
  }

  absl::Status OpenRows(const std::string& sql, std::span<const Param> params) override {
    if (absl::Status good = CheckParams(params); !good.ok()) return good;
    return Timed(sql, params, [&] { return InBulk([&] { bulk_.OpenRows(sql, params); }); });
  }

  absl::StatusOr<bool> FetchRows(TakeRow take) override {
    bool more = false;
    absl::Status status = InBulk([&] { more = bulk_.FetchRows(take); });
    if (!status.ok()) return status;
    return more;
  }

  absl::Status OpenCopy(const std::string& sql) override {
    return Timed(sql, {}, [&] { return InBulk([&] { bulk_.OpenCopy(sql); }); });
  }

  absl::Status PutCopy(std::string_view lines) override {
    return InBulk([&] { bulk_.PutCopy(lines, Readable()); });
  }

  absl::StatusOr<std::int64_t> CloseCopy() override {
    std::int64_t rows = 0;
    absl::Status status = InBulk([&] { rows = bulk_.CloseCopy(); });
    if (!status.ok()) return status;
    return rows;
  }

  absl::Status Abandon() override {
    if (!bulk_.open()) return absl::OkStatus();
    // A COPY may be waiting for a lock.
    Cancel();
    bool over = false;
    const absl::Status status = InBulk([&] { over = bulk_.Abandon(); });
    aborted_ = in_transaction_;
    if (status.ok() && !over) return Lost(false, "a cancelled statement did not end");
    return status;
  }

  absl::Status Begin(const std::string& mode) override {
    if (in_transaction_) return Internal("BEGIN within a transaction");
    const absl::Status status = Text(mode.empty() ? "BEGIN" : "BEGIN " + mode, false);
    in_transaction_ = status.ok();
    aborted_ = false;
    return status;
  }

  absl::Status Commit() override {
    if (!in_transaction_) return Internal("COMMIT without a transaction");
    if (aborted_) {
      // The server would answer it with ROLLBACK, and no error.
      const absl::Status rolled_back = Rollback();
      if (!rolled_back.ok()) return rolled_back;
      return ToStatus({"25P02", "COMMIT of a transaction that an error has ended: it was rolled back", "", "", ""});
    }
    // What the server has said already is most likely its farewell: then nothing is in doubt.
    if (Readable()) {
      if (absl::Status alive = Text("SELECT 1", false); !alive.ok()) {
        in_transaction_ = false;
        return alive;
      }
    }
    const absl::Status status = Text("COMMIT", true);
    // An error at the commit, as of a deferred constraint, has rolled it back.
    in_transaction_ = false;
    return status;
  }

  absl::Status Rollback() override {
    if (!in_transaction_) return absl::OkStatus();
    absl::Status status = Text("ROLLBACK", false);
    in_transaction_ = false;
    aborted_ = false;
    if (!status.ok()) lost_ = true;
    return status;
  }

  absl::Status Ping() override {
    if (in_transaction_) return Internal("a ping within a transaction");
    bool read_only = false;
    const absl::Status status = Guarded(false, [&] { read_only = IsOn(RunText(link_, kReadOnly)); });
    if (status.ok() && read_only && !read_only_) {
      return ToStatus(
          {"25006", "the server has become read-only: it was a primary when the connection was made", "", "", ""});
    }
    return status;
  }

  bool Idle() override {
    // An idle session gets nothing but its end (or a changed setting, after which a new one is as good).
    return !in_transaction_ && !bulk_.open() && Alive() && !Readable();
  }

  bool Alive() const override { return !lost_ && link_.is_open(); }
  bool Aborted() const override { return in_transaction_ && aborted_; }

  void Cancel() override {
    try {
      link_.cancel_query();
    } catch (const std::exception& error) {
      // The server is gone or takes no connection: the statement ends with it, or the next attempt reaches it.
      spdlog::debug("cancel: {}", OneLine(error.what()));
    }
  }

  absl::StatusOr<bool> AwaitNotification(std::chrono::milliseconds timeout) override {
    bool notified = false;
    const auto wait = std::max(timeout, std::chrono::milliseconds(0));
    const absl::Status status = Guarded(
        false, [&] { notified = link_.await_notification(wait.count() / 1000, wait.count() % 1000 * 1000) > 0; });
    if (!status.ok()) return status;
    return notified;
  }

 private:
  static bool IsOn(const pqxx::result& result) { return std::string(result[0][0].c_str()) == "on"; }

  static absl::Status Internal(const std::string& what) {
    return contract::Error(absl::StatusCode::kInternal, what, "INTERNAL");
  }

  bool Readable() const {
    pollfd look{static_cast<int>(link_.sock()), POLLIN, 0};
    return poll(&look, 1, 0) != 0;
  }

  // What libpq would cut off or refuse in words of its own.
  static absl::Status CheckParams(std::span<const Param> params) {
    if (params.size() > kMaxParams) {
      return ToStatus({"54000",
                       fmt::format("the request gives {} values; PostgreSQL takes at most {} in one statement",
                                   params.size(), kMaxParams),
                       "", "", ""});
    }
    for (const Param& param : params) {
      if (param && param->find('\0') != std::string::npos) {
        return ToStatus({"22021", "a text contains a NUL character, which PostgreSQL cannot store", "", "", ""});
      }
    }
    return absl::OkStatus();
  }

  // Runs `work`; exceptions end here. `in_doubt`: a connection that is lost meanwhile may have taken effect.
  template <typename Work>
  absl::Status Guarded(bool in_doubt, const Work& work) {
    if (!Alive()) return Lost(false, "it was lost before");
    try {
      work();
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return Failed(error, in_doubt);
    }
  }

  // A part of what OpenRows or OpenCopy begins. An error is its end.
  template <typename Work>
  absl::Status InBulk(const Work& work) {
    absl::Status status = Guarded(false, work);
    if (status.ok()) return status;
    bulk_.Break();
    aborted_ = in_transaction_;
    return status;
  }

  template <typename Work>
  absl::Status Timed(const std::string& sql, std::span<const Param> params, const Work& work) {
    if (echo_ == Echo::kOff) return work();
    const auto start = Clock::now();
    absl::Status status = work();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    spdlog::info("{}", EchoLine(sql, params, status, took, echo_));
    return status;
  }

  absl::Status Text(const std::string& sql, bool in_doubt) {
    return Timed(sql, {}, [&] { return Guarded(in_doubt, [&] { RunText(link_, sql); }); });
  }

  // Twice where a prepared statement proved to be stale outside a transaction:
  // then nothing was executed and nothing is lost.
  absl::Status Try(const std::string& sql, std::span<const Param> params, bool writes, pqxx::result* result) {
    for (bool again = false;; again = true) {
      const std::string* name = nullptr;
      absl::Status status = Guarded(false, [&] { name = Prepared(sql); });
      if (status.ok()) {
        status = Guarded(writes && !in_transaction_, [&] { *result = RunParams(link_, name, sql, params); });
      }
      if (status.ok()) {
        aborted_ = false;  // it may have been ROLLBACK TO a savepoint
        return status;
      }
      aborted_ = in_transaction_;
      const std::string reason = contract::ReasonOf(status);
      const bool stale = name != nullptr && (reason == "STATEMENT_LOST" || CatalogMoved(status));
      if (!stale) return status;
      if (auto gone = statements_.Erase(sql)) unwanted_.push_back(*std::move(gone));
      if (again || in_transaction_) return status;
    }
  }

  // The name that `sql` is prepared under, null where it is not to be. Throws.
  const std::string* Prepared(const std::string& sql) {
    if (const std::string* name = statements_.Find(sql)) return name;
    Deallocate();
    if (!statements_.Note(sql)) return nullptr;
    const std::string name = statements_.NewName();
    try {
      link_.PrepareNow(name, sql);
    } catch (...) {
      unwanted_.push_back(name);
      throw;
    }
    if (auto gone = statements_.Add(sql, name)) unwanted_.push_back(*std::move(gone));
    Deallocate();
    return statements_.Find(sql);
  }

  void Deallocate() {
    while (!unwanted_.empty() && !aborted_) {
      const std::string name = std::move(unwanted_.back());
      unwanted_.pop_back();
      try {
        link_.unprepare(name);
      } catch (const std::exception& error) {
        // Gone from the server already: all that was wanted.
        const auto said = ParseServerError(error.what());
        if (!said || said->sqlstate != "26000") throw;
      }
    }
  }

  absl::Status Failed(const std::exception& error, bool in_doubt) {
    std::string text = error.what();
    if (!link_.is_open() || dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) {
      lost_ = lost_ || !link_.is_open();
      if (const std::string last = link_.LastError(); lost_ && !last.empty()) text = last;
    }
    auto said = ParseServerError(text);
    if (!said) {
      if (std::string state = StateOf(error); !state.empty()) said = ServerError{state, OneLine(text), "", "", ""};
    }
    if (said && said->row > 0) said->row += bulk_.copied();
    // With an SQLSTATE the server says that it did not commit; but class 08 is a pooler's word, who cannot know.
    if (said && !(lost_ && said->sqlstate.starts_with("08"))) return ToStatus(*said);
    const std::string message = said ? said->message : OneLine(text);
    if (!lost_ && link_.is_open()) return Internal(message);
    return Lost(in_doubt, message);
  }

  absl::Status Lost(bool in_doubt, const std::string& why) {
    lost_ = true;
    if (!in_doubt) return ToStatus({"08006", "the connection to the database was lost: " + why, "", "", ""});
    return ToStatus({"08007",
                     "the connection to the database was lost before it confirmed the commit; it is not known whether "
                     "it took place: " +
                         why,
                     "", "", ""});
  }

  Link link_;
  Bulk bulk_{link_.raw()};
  StatementCache statements_;
  std::vector<std::string> unwanted_;  // prepared, to be deallocated
  Echo echo_ = Echo::kOff;
  bool read_only_ = false;
  bool in_transaction_ = false;
  bool aborted_ = false;  // an error has ended the open transaction
  bool lost_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options) {
  const absl::StatusOr<std::string> conninfo = Conninfo(options);
  if (!conninfo.ok()) return conninfo.status();
  // A second time where the server refuses, but not when it is asked why.
  std::string text;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      return std::make_unique<PqxxConnection>(*conninfo, options);
    } catch (const std::exception& error) {
      text = error.what();
    }
    absl::Status status = WhyRefused(*conninfo, text, options.connect_timeout);
    if (!status.ok()) return status;
  }
  return ToStatus({"08001", "cannot connect to the database: " + OneLine(text), "", "", ""});
}

}  // namespace protogres::db
