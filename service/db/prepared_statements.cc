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
  *stale = prepares && DropStale(sql, status);
  return status;
}

absl::Status PreparedStatements::RunTogether(std::span<Step> steps, bool ends, const Circumstances& circumstances,
                                             bool* stale) {
  const bool in_doubt = ends && circumstances.writes;
  RETURN_IF_ERROR(exchange_.OpenPipeline());
  for (Step& step : steps) {
    // What the server has got of it by now has no end, and does nothing.
    if (const absl::Status sent = Send(&step); !sent.ok()) return exchange_.Lost(false, std::string(sent.message()));
  }
  RETURN_IF_ERROR(exchange_.FlushPipeline(in_doubt));
  exchange_.LimitAnswer(circumstances.most_bytes);
  for (Step& step : steps) {
    Read(&step);
    if (step.result == nullptr) break;
  }
  if (exchange_.overflown()) return exchange_.StatusOf(nullptr, false);
  exchange_.Drop();
  for (Step& step : steps) {
    // Only the last step commits. But nobody knows how far a connection that was lost has come.
    const bool doubtful = in_doubt && (&step == &steps.back() || !exchange_.Alive());
    absl::Status status = exchange_.StatusOf(step.result.get(), doubtful);
    if (status.ok()) continue;
    exchange_.Forget();
    *stale = step.prepared && DropStale(step.sql, status);
    // What has befallen one may have befallen all, and there is only one more try.
    for (const Step& other : steps) {
      if (*stale && other.prepared) DropStale(other.sql, status);
    }
    return status;
  }
  return absl::OkStatus();
}

const std::string* PreparedStatements::NameOf(Step* step) {
  if (!step->reused || pooler_.found()) return nullptr;
  if (const std::string* name = cache_.Find(step->sql)) return name;
  if (unwanted_.size() >= kMostUnwanted || !cache_.Note(step->sql)) return nullptr;
  step->fresh = cache_.NewName();
  if (auto gone = cache_.Add(step->sql, step->fresh)) unwanted_.push_back(*std::move(gone));
  return &step->fresh;
}

absl::Status PreparedStatements::Send(Step* step) {
  const std::string* const name = NameOf(step);
  step->prepared = name != nullptr;
  if (!step->fresh.empty()) RETURN_IF_ERROR(exchange_.SendPrepare(step->fresh, step->sql));
  return step->prepared ? exchange_.SendPrepared(*name, step->params) : exchange_.SendParams(step->sql, step->params);
}

void PreparedStatements::Read(Step* step) {
  if (!step->fresh.empty()) {
    Result prepared = exchange_.Drain(nullptr);
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
      // The server does not have it. Another one may have pushed it out meanwhile.
      cache_.Erase(step->sql);
      std::erase(unwanted_, step->fresh);
      exchange_.Drain(nullptr);
      step->result = std::move(prepared);
      return;
    }
  }
  step->result = exchange_.Drain(nullptr);
}

bool PreparedStatements::DropStale(const std::string& sql, const absl::Status& error) {
  const bool lost = status::StatementLost(error);
  if (!lost && !status::CatalogMoved(error)) return false;
  // One that was lost is not deallocated: that would fail, and with it those that are deallocated together.
  if (auto gone = cache_.Erase(sql); gone && !lost) unwanted_.push_back(*std::move(gone));
  // What has befallen one has most likely befallen all.
  if (lost) DropAll();
  return true;
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
