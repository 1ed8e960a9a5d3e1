#include "transaction/request_log.h"

#include <openssl/evp.h>

#include <array>
#include <vector>

#include "api/api.h"
#include "crud/at_once.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "text/hex.h"
#include "text/quote.h"
#include "transaction/transaction.h"

namespace protogres::transaction {
namespace {

// As long as a few UUIDs; it is a key of an index.
constexpr std::size_t kMaxId = 200;

// At once and in one transaction, so that two that install at the same time do not meet half of it.
constexpr char kInstall[] = R"(
SELECT pg_advisory_xact_lock(hashtextextended('protogres install', 0));
CREATE SCHEMA IF NOT EXISTS protogres;
CREATE TABLE IF NOT EXISTS protogres.request (
  id text PRIMARY KEY,
  hash bytea NOT NULL,
  answer bytea,
  created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS request_created_at ON protogres.request (created_at);
COMMENT ON TABLE protogres.request IS 'The writes that were sent with a request_id, and their answers.';
)";

// One that is past its time is taken over. A row that another transaction is inserting is waited for.
constexpr char kClaim[] =
    "INSERT INTO protogres.request AS r (id, hash) VALUES ($1, $2::bytea) ON CONFLICT (id) DO UPDATE SET "
    "hash = EXCLUDED.hash, answer = NULL, created_at = now() "
    "WHERE r.created_at < clock_timestamp() - make_interval(secs => $3::float8)";
// By encode, as bytea_output may not be what it was when the connection was made.
constexpr char kRecorded[] =
    "SELECT hash = $2::bytea, '\\x' || pg_catalog.encode(answer, 'hex') FROM protogres.request WHERE id = $1";
// The search_path can be one that the request's statements have set.
constexpr char kRecord[] =
    "UPDATE protogres.request SET answer = $2::pg_catalog.bytea WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.text";
// No message begins with a byte of zero, and the answer without a row is the empty one. A row that is lost is a
// division by zero, see crud::MaySucceedWithout.
constexpr char kRecordKept[] =
    "UPDATE protogres.request SET answer = CASE WHEN {0} OPERATOR(pg_catalog.=) '{1}' THEN '' ELSE "
    "$2::pg_catalog.bytea OPERATOR(pg_catalog.||) pg_catalog.convert_to({0}, 'UTF8') END "
    "WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.text AND "
    "1 OPERATOR(pg_catalog./) (CASE WHEN {0} OPERATOR(pg_catalog.=) '' THEN 0 ELSE 1 END) OPERATOR(pg_catalog.=) 1";
constexpr char kKeptMark = '\0';
constexpr char kFirstClaim[] = "INSERT INTO protogres.request (id, hash) VALUES ($1, $2::bytea)";
// A search_path that a function has set for the session holds after the COMMIT, too.
constexpr char kPurge[] =
    "DELETE FROM protogres.request WHERE id OPERATOR(pg_catalog.=) ANY (SELECT id FROM protogres.request WHERE "
    "created_at OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) "
    "pg_catalog.make_interval(secs => $1::pg_catalog.float8)) LIMIT 1000 FOR UPDATE SKIP LOCKED)";

std::string CanonicalMessage(const api::Messages& messages, std::string_view type, std::string_view bytes) {
  const auto* descriptor = messages.Find(type);
  const auto message = descriptor == nullptr ? nullptr : messages.Parse(*descriptor, bytes);
  return message ? api::Canonical(*message) : std::string(bytes);
}

std::string CanonicalRequest(const api::Api& api, const crud::UnaryMethod& method, std::string_view bytes) {
  protogres::v1::TransactRequest transact;
  if (method.names().request != transact.GetTypeName()) {
    return CanonicalMessage(api.messages(), method.names().request, bytes);
  }
  transact.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  for (auto& operation : *transact.mutable_operations()) {
    const auto called = MethodOf(api, operation.request());
    if (!called.ok()) continue;
    auto* value = operation.mutable_request()->mutable_value();
    *value = CanonicalMessage(api.messages(), (*called)->names().request, *value);
  }
  return api::Canonical(transact);
}

}  // namespace

absl::Status Install(db::Pool& pool, const std::string& role) {
  const db::Cancellation cancellation;
  ASSIGN_OR_RETURN(const auto session,
                   db::Session::Open(pool, cancellation, {.transaction = db::Transaction::kExplicit}));
  std::vector<std::string> statements;
  for (std::string_view rest = kInstall; rest.find(';') != std::string_view::npos;) {
    statements.emplace_back(rest.substr(0, rest.find(';')));
    rest.remove_prefix(rest.find(';') + 1);
  }
  if (!role.empty()) {
    const std::string name = text::QuoteName(role);
    statements.push_back("GRANT USAGE ON SCHEMA protogres TO " + name);
    statements.push_back("GRANT SELECT, INSERT, UPDATE, DELETE ON protogres.request TO " + name);
  }
  for (const std::string& statement : statements) RETURN_IF_ERROR(session->Write(statement, {}).status());
  return session->Commit();
}

absl::Status CheckRequestId(std::string_view id) {
  if (id.find('\0') != std::string_view::npos) {
    return status::BadRequest("request_id", "must not contain the character U+0000");
  }
  if (id.size() <= kMaxId) return absl::OkStatus();
  return status::BadRequest("request_id",
                            fmt::format("has {} bytes; give at most {}, as of a UUID", id.size(), kMaxId));
}

std::string RequestHash(const api::Api& api, const crud::UnaryMethod& method, std::string_view request,
                        std::string_view caller) {
  std::string text(method.names().path);
  text += '\0';
  if (!caller.empty()) text.append(caller) += '\0';
  text += CanonicalRequest(api, method, request);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return text::ToHex({reinterpret_cast<const char*>(digest.data()), size});
}

absl::StatusOr<std::optional<std::string>> ClaimRequest(db::Session& session, std::string_view id,
                                                        const std::string& hash, std::chrono::seconds ttl) {
  const std::string key(id);
  const auto claimed = session.Write(kClaim, std::vector<db::Param>{key, hash, std::to_string(ttl.count())});
  if (!claimed.ok()) return TableError(claimed.status());
  if (claimed->affected() > 0) return std::nullopt;
  const auto recorded = session.Read(kRecorded, std::vector<db::Param>{key, hash});
  if (!recorded.ok()) return TableError(recorded.status());
  if (recorded->empty() || recorded->Cell(0, 0) != "t") {
    return status::BadRequest("request_id", "was used for another request: give each request an id of its own",
                              status::kRequestIdReused);
  }
  std::string answer;
  const auto recorded_answer = recorded->Cell(0, 1);
  if (recorded_answer && !text::AppendUnhexed(*recorded_answer, &answer)) {
    return status::Internal("request_id: the recorded answer cannot be read");
  }
  return answer;
}

db::Statement FirstClaim(std::string_view id, const std::string& hash) {
  return {.sql = kFirstClaim, .params = {std::string(id), hash}, .writes = true};
}

db::Statement FirstClaimKeeping(std::string_view id, const std::string& hash) {
  static const std::string& sql = *new std::string(fmt::format("{} RETURNING {}", kFirstClaim, crud::ExpectRowSql()));
  return {.sql = sql, .params = {std::string(id), hash}, .writes = true};
}

bool WasUsed(const absl::Status& error) {
  return absl::IsAlreadyExists(error) && status::MetadataOf(error, "constraint") == "request_pkey";
}

absl::Status TableError(const absl::Status& status) {
  const std::string state = status::MetadataOf(status, "sqlstate");
  if (status::NoSuchTable(status)) {
    return status::Error(absl::StatusCode::kFailedPrecondition,
                         "request_id: this database has no table for it; run `protogres install --database=URI` once "
                         "as a role that may create schemas, or send the request without it",
                         status::kRequestIdNotInstalled, {{"sqlstate", state}});
  }
  if (absl::IsPermissionDenied(status)) {
    return status::Error(absl::StatusCode::kPermissionDenied,
                         "request_id: the server's role may not use the table protogres.request; run `protogres "
                         "install --database=URI --role=ROLE` as its owner",
                         status::kPermissionDenied, {{"sqlstate", state}});
  }
  return status;
}

db::Statement Recording(std::string_view id, const std::string& answer) {
  return {.sql = kRecord, .params = {std::string(id), text::ToHex(answer)}, .writes = true};
}

db::Statement RecordingKept(std::string_view id, std::string_view shape) {
  static const std::string& sql = *new std::string(fmt::format(kRecordKept, crud::KeptRowSql(), crud::kNoRow));
  return {.sql = sql, .params = {std::string(id), text::ToHex(kKeptMark + std::string(shape))}, .writes = true};
}

std::optional<std::string_view> KeptRowOf(std::string_view recorded) {
  return recorded.starts_with(kKeptMark) ? std::optional(recorded.substr(1)) : std::nullopt;
}

void PurgeRequests(db::Session& session, std::chrono::seconds ttl) {
  const auto purged = session.Write(kPurge, std::vector<db::Param>{std::to_string(ttl.count())});
  if (!purged.ok()) spdlog::warn("request_id: old records stay: {}", std::string(purged.status().message()));
}

}  // namespace protogres::transaction
