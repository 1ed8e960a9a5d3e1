#include "db/prepared_statements.h"

#include <random>
#include <utility>

#include "fmt/format.h"
#include "status/macros.h"
#include "status/sqlstate.h"

namespace protogres::db {
namespace {

// Where a transaction has left so many statements to be deallocated, its new ones are run without being prepared.
constexpr std::size_t kMostUnwanted = 64;

// 64 random bits, from the system's source.
std::string RandomPrefix() {
  std::random_device random;
  return fmt::format("p{:08x}{:08x}", random(), random());
}

}  // namespace

PreparedStatements::PreparedStatements(Exchange& exchange, const Pooler& pooler, std::size_t capacity,
                                       std::chrono::milliseconds patience)
    : exchange_(exchange), pooler_(pooler), patience_(patience), cache_(capacity, RandomPrefix()) {}

absl::Status PreparedStatements::Prepare(const std::string& sql, bool in_transaction, const std::string** name) {
  *name = nullptr;
  if (pooler_.found()) return absl::OkStatus();
  *name = cache_.Find(sql);
  if (*name != nullptr) return absl::OkStatus();
  if (!in_transaction) RETURN_IF_ERROR(Deallocate());
  if (unwanted_.size() >= kMostUnwanted || !cache_.Note(sql)) return absl::OkStatus();
  const std::string fresh = cache_.NewName();
  RETURN_IF_ERROR(exchange_.SendPrepare(fresh, sql));
  RETURN_IF_ERROR(exchange_.Finish(false).status());
  if (auto gone = cache_.Add(sql, fresh)) unwanted_.push_back(*std::move(gone));
  const absl::Status status = in_transaction ? absl::OkStatus() : Deallocate();
  *name = cache_.Find(sql);
  return status;
}

absl::Status PreparedStatements::Run(const std::string& sql, std::span<const Param> params,
                                     const Circumstances& circumstances, Result* result, bool* stale) {
  const std::string* name = nullptr;
  absl::Status status = Prepare(sql, circumstances.in_transaction, &name);
  const bool prepares = !status.ok() || name != nullptr;
  if (status.ok()) {
    status = name != nullptr ? exchange_.SendPrepared(*name, params) : exchange_.SendParams(sql, params);
  }
  if (status.ok()) {
    exchange_.LimitAnswer(circumstances.most_bytes);
    auto answer = exchange_.Finish(circumstances.writes && !circumstances.in_transaction);
    status = answer.status();
    if (answer.ok()) *result = *std::move(answer);
  }
  *stale = prepares && (status::StatementLost(status) || status::CatalogMoved(status));
  if (!*stale) return status;
  // One that was lost is not deallocated: that would fail, and with it those that are deallocated together.
  if (auto gone = cache_.Erase(sql); gone && !status::StatementLost(status)) unwanted_.push_back(*std::move(gone));
  return status;
}

void PreparedStatements::DropAll() {
  const std::vector<std::string> names = cache_.EraseAll();
  unwanted_.insert(unwanted_.end(), names.begin(), names.end());
}

absl::Status PreparedStatements::Deallocate() {
  // Behind a pooler the session that answers may be another one than that which has them.
  if (unwanted_.empty() || pooler_.found()) return absl::OkStatus();
  // One text takes one round trip. It ends at a statement that the server does not have any more. Where somebody has
  // deallocated all of them, these are the older ones, so the newest come first.
  std::string text;
  for (auto name = unwanted_.rbegin(); name != unwanted_.rend(); ++name) text += "DEALLOCATE \"" + *name + "\";";
  unwanted_.clear();
  RETURN_IF_ERROR(exchange_.SendText(text));
  const absl::Status status = exchange_.Finish(false, Exchange::Clock::now() + patience_).status();
  return status::StatementLost(status) ? absl::OkStatus() : status;
}

}  // namespace protogres::db
