#include "rpc/long_calls.h"

#include <fmt/format.h>

#include <utility>

#include "status/sqlstate.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryLater{1000};
constexpr milliseconds kNever = std::chrono::hours(24 * 365);

}  // namespace

bool HeldConnections::Take() {
  if (held_.fetch_add(1) >= most_) {
    held_.fetch_sub(1);
    return false;
  }
  unary_.Hold(1);
  return true;
}

std::string HeldConnections::Refusal() const {
  if (most_ == 0) {
    return "the pool's one connection to the database is for calls of other kinds: a session, Stream or Import needs "
           "another one (--pool_size, --max_overflow)";
  }
  return fmt::format(
      "sessions, Streams and Imports hold {} connections to the database already, and the last one is for "
      "other calls (--pool_size, --max_overflow)",
      most_);
}

void HeldConnections::Return() {
  held_.fetch_sub(1);
  unary_.Hold(-1);
}

LongCalls::LongCalls(const LongCallLimits& limits, HeldConnections& held, db::Pool& pool,
                     std::function<void()> on_catalog_moved)
    : limits_(limits),
      held_(held),
      pool_(pool),
      on_catalog_moved_(std::move(on_catalog_moved)),
      executor_({.workers = limits.most, .queue_size = limits.most, .queue_timeout = kNever}) {}

absl::Status LongCalls::Enter() {
  const bool few = open_.fetch_add(1) < limits_.most;
  if (few && held_.Take()) return absl::OkStatus();
  const int others = open_.fetch_sub(1) - 1;
  return status::WithRetry(
      status::Error(
          absl::StatusCode::kResourceExhausted,
          few ? held_.Refusal() : fmt::format("{} {} are open already ({})", others, limits_.what, limits_.option),
          limits_.reason),
      kRetryLater);
}

void LongCalls::Leave() {
  open_.fetch_sub(1);
  held_.Return();
}

void LongCalls::Ended(const absl::Status& status) const {
  if (status::CatalogMoved(status) && on_catalog_moved_) on_catalog_moved_();
}

}  // namespace protogres::rpc
