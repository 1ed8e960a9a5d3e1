#include "db/prepared_statements.h"

#include <random>
#include <utility>

#include "fmt/format.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::db {
namespace {

// Each statement that is deallocated takes a round trip, so at most this many are deallocated at a time.
constexpr int kMostDeallocated = 4;

// 64 random bits, from the system's source.
std::string RandomPrefix() {
  std::random_device random;
  return fmt::format("p{:08x}{:08x}", random(), random());
}

}  // namespace

PreparedStatements::PreparedStatements(Exchange& exchange, std::size_t capacity, std::chrono::milliseconds patience)
    : exchange_(exchange), patience_(patience), cache_(capacity, RandomPrefix()) {}

absl::Status PreparedStatements::Prepare(const std::string& sql, bool in_transaction, const std::string** name) {
  *name = cache_.Find(sql);
  if (*name != nullptr) return absl::OkStatus();
  if (!in_transaction) RETURN_IF_ERROR(Deallocate());
  if (!cache_.Note(sql)) return absl::OkStatus();
  const std::string fresh = cache_.NewName();
  RETURN_IF_ERROR(exchange_.SendPrepare(fresh, sql));
  RETURN_IF_ERROR(exchange_.Finish(false).status());
  if (auto gone = cache_.Add(sql, fresh)) unwanted_.push_back(*std::move(gone));
  const absl::Status status = in_transaction ? absl::OkStatus() : Deallocate();
  *name = cache_.Find(sql);
  return status;
}

void PreparedStatements::Drop(const std::string& sql) {
  if (auto gone = cache_.Erase(sql)) unwanted_.push_back(*std::move(gone));
}

void PreparedStatements::DropAll() {
  const std::vector<std::string> names = cache_.EraseAll();
  unwanted_.insert(unwanted_.end(), names.begin(), names.end());
}

absl::Status PreparedStatements::Deallocate() {
  for (int i = 0; i < kMostDeallocated && !unwanted_.empty(); ++i) {
    const std::string name = std::move(unwanted_.back());
    unwanted_.pop_back();
    RETURN_IF_ERROR(exchange_.SendText("DEALLOCATE \"" + name + "\""));
    const absl::Status status = exchange_.Finish(false, Exchange::Clock::now() + patience_).status();
    // A statement that the server does not have any more is not an error here.
    if (!status.ok() && status::ReasonOf(status) != status::kStatementLost) return status;
  }
  return absl::OkStatus();
}

}  // namespace protogres::db
