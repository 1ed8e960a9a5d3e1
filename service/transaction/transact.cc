// TransactionService/Transact: operations in one transaction, all or none.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/messages.h"
#include "crud/at_once.h"
#include "db/memory.h"
#include "fmt/format.h"
#include "status/macros.h"
#include "status/sqlstate.h"
#include "status/status.h"
#include "transaction/field_path.h"
#include "transaction/transaction.h"

namespace protogres::transaction {
namespace {

using protogres::v1::TransactRequest;

constexpr int kMaxAttempts = 100;
// The least that the type and the lengths around an answer take.
constexpr std::size_t kAnswerBytes = 64;
// The most statements that are sent before the first answer is read, and the most bytes of them: so much goes into the
// buffers of a socket, and neither side waits for the other while both write.
constexpr std::size_t kMostTogether = 100;
constexpr std::size_t kMostBytesTogether = 64 * 1024;

std::string PathTo(std::size_t operation) { return fmt::format("operations[{}]", operation); }
std::string PathTo(std::size_t operation, int binding) {
  return fmt::format("operations[{}].bindings[{}]", operation, binding);
}

// The error of an operation, with the index of the operation in the message, the paths and the metadata.
absl::Status AtOperation(std::size_t operation, const absl::Status& status) {
  return status::WithMetadata(status::Within(PathTo(operation), status), "operation", std::to_string(operation));
}

std::size_t BytesOf(const db::Statement& statement) {
  std::size_t bytes = statement.sql.size();
  for (const db::Param& param : statement.params) bytes += param ? param->size() : 0;
  return bytes;
}

// A field of a request that takes its value from the answer of an earlier operation.
struct BoundField {
  std::size_t operation;  // the index of that operation
  FieldPath field;
  FieldPath from;
};

struct Step {
  const crud::UnaryMethod* method = nullptr;
  std::string_view request;
  std::unique_ptr<crud::Operation> operation;  // null: its bindings need values before it can be planned
  std::vector<BoundField> bindings;
};

struct TransactPlan {
  TransactRequest request;  // the steps look into it
  db::SessionOptions session;
  std::vector<Step> steps;
};

class TransactOperation : public crud::Operation {
 public:
  TransactOperation(const api::Messages& messages, const crud::Limits& limits, TransactPlan plan)
      : messages_(messages), limits_(limits), plan_(std::move(plan)) {}

  db::SessionOptions session() const override { return plan_.session; }
  bool validate_only() const override { return plan_.request.validate_only(); }
  std::string_view request_id() const override { return plan_.request.request_id(); }
  int max_attempts() const override { return std::max(1, plan_.request.max_attempts()); }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    if (auto response = ExecuteAtOnce(session)) return *std::move(response);
    bool exact = true;
    // The claim of a request_id is in the transaction already, and must not be rolled back.
    auto response = Execute(session, /*together=*/request_id().empty(), &exact);
    if (exact) return response;
    RETURN_IF_ERROR(session.Restart());
    return Execute(session, /*together=*/false, &exact);
  }

 private:
  struct Answers {
    protogres::v1::TransactResponse responses;
    std::size_t bytes = 0;
    db::Memory::Hold hold;
  };

  // In one round trip, with the COMMIT, where PostgreSQL itself can check that each operation succeeds. No value:
  // nothing was done, and the transaction is a new one, in which the operations must run one after the other.
  std::optional<absl::StatusOr<std::string>> ExecuteAtOnce(db::Session& session) const {
    const std::vector<db::Statement> statements = CheckedStatements();
    if (statements.empty()) return std::nullopt;
    std::vector<db::Rows> rows;
    const absl::Status status = session.RunAll(statements, /*commit=*/true, &rows);
    if (!status.ok()) {
      const bool known =  // what is in doubt must never run again
          status::InDoubt(status) || (!crud::MaySucceedWithout(status) && AllMet(rows));
      if (known) return FailedAt(rows.size(), status, session);
      return Restarted(session);
    }
    Answers answers;
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      RETURN_IF_ERROR(Add(i, plan_.steps[i].operation->Answer(std::move(rows[i]), session), &answers));
    }
    return answers.responses.SerializeAsString();
  }

  // Whether each of the operations that have run so far has met its row: else it was the first to fail.
  bool AllMet(std::span<const db::Rows> rows) const {
    for (std::size_t i = 0; i < std::min(rows.size(), plan_.steps.size()); ++i) {
      if (plan_.steps[i].operation->CheckedStatement()->counts && rows[i].affected() == 0) return false;
    }
    return true;
  }

  // The error of the operation with that index; after the last one, or where that is in doubt, of the COMMIT.
  absl::Status FailedAt(std::size_t operation, const absl::Status& status, db::Session& session) const {
    if (operation >= plan_.steps.size() || status::InDoubt(status)) return status;
    return AtOperation(operation, plan_.steps[operation].operation->Answer(status, session).status());
  }

  // Those of all operations, and the check of what they have met. Empty: they cannot be committed unseen.
  std::vector<db::Statement> CheckedStatements() const {
    const std::size_t size = plan_.steps.size();
    if (size < 2 || size > kMostTogether || validate_only() || !request_id().empty()) return {};
    std::vector<db::Statement> statements;
    std::size_t counting = 0, bytes = 0;
    for (const Step& step : plan_.steps) {
      auto checked = step.operation ? step.operation->CheckedStatement() : std::nullopt;
      if (!checked) return {};
      counting += checked->counts ? 1 : 0;
      if ((bytes += BytesOf(checked->statement)) > kMostBytesTogether) return {};
      statements.push_back(std::move(checked->statement));
    }
    if (counting > 0) statements.push_back(crud::CheckOfMet(counting));
    return statements;
  }

  // `together`: statements that do not wait for each other's answers are sent together. Then `exact` is false for an
  // error that might be another one if the operations ran one by one: others have run after that which failed.
  absl::StatusOr<std::string> Execute(db::Session& session, bool together, bool* exact) const {
    Answers answers;
    for (std::size_t i = 0; i < plan_.steps.size();) {
      const auto statements = together ? StatementsFrom(i) : std::vector<db::Statement>();
      if (statements.size() > 1) {
        RETURN_IF_ERROR(ExecuteTogether(i, statements, session, &answers, exact));
        i += statements.size();
      } else {
        RETURN_IF_ERROR(Add(i, ExecuteStep(plan_.steps[i], answers.responses, session), &answers));
        ++i;
      }
    }
    return answers.responses.SerializeAsString();
  }

  absl::Status ExecuteTogether(std::size_t first, std::span<const db::Statement> statements, db::Session& session,
                               Answers* answers, bool* exact) const {
    std::vector<db::Rows> rows;
    const absl::Status status = session.RunAll(statements, /*commit=*/false, &rows);
    for (std::size_t i = 0; i < statements.size(); ++i) {
      const bool ran = i < rows.size();
      auto answer = plan_.steps[first + i].operation->Answer(
          ran ? absl::StatusOr<db::Rows>(std::move(rows[i])) : status, session);
      *exact = answer.ok() || !ran || i + 1 == statements.size();
      RETURN_IF_ERROR(Add(first + i, std::move(answer), answers));
    }
    return absl::OkStatus();
  }

  absl::Status Add(std::size_t operation, absl::StatusOr<std::string> response, Answers* answers) const {
    if (!response.ok()) return AtOperation(operation, response.status());
    answers->bytes += response->size() + kAnswerBytes;
    auto fits = status::CheckAnswer(answers->bytes, limits_.max_answer_bytes);
    // The answers are in memory twice: one by one, and as the response.
    if (fits.ok()) fits = db::Memory::OfProcess().Resize(2 * answers->bytes, &answers->hold);
    if (!fits.ok()) return AtOperation(operation, fits);
    *answers->responses.add_responses() = ToAny(*plan_.steps[operation].method, *std::move(response));
    return absl::OkStatus();
  }

  // The statements of the operations from `first` on that can be sent together.
  std::vector<db::Statement> StatementsFrom(std::size_t first) const {
    std::vector<db::Statement> statements;
    std::size_t bytes = 0;
    for (std::size_t i = first; i < plan_.steps.size() && i - first < kMostTogether; ++i) {
      const crud::Operation* const operation = plan_.steps[i].operation.get();
      auto statement = operation != nullptr ? operation->Statement() : std::nullopt;
      if (!statement || (bytes += BytesOf(*statement)) > kMostBytesTogether) break;
      statements.push_back(*std::move(statement));
    }
    return statements;
  }

  absl::StatusOr<std::string> ExecuteStep(const Step& step, const protogres::v1::TransactResponse& earlier,
                                          db::Session& session) const {
    if (step.operation) return step.operation->Execute(session);
    ASSIGN_OR_RETURN(const std::string request, Bind(step, earlier, session));
    ASSIGN_OR_RETURN(const auto operation, PlanOperation(*step.method, request));
    return operation->Execute(session);
  }

  absl::StatusOr<std::string> Bind(const Step& step, const protogres::v1::TransactResponse& earlier,
                                   const db::Session& session) const {
    const auto request = messages_.Parse(*messages_.Find(step.method->names().request), step.request);
    if (!request) return status::BadRequest("request", "is not a valid message of its type");
    // The answer that the last binding was taken from: most bindings of an operation look into the same one.
    std::unique_ptr<google::protobuf::Message> source;
    std::size_t source_of = 0;
    for (std::size_t i = 0; i < step.bindings.size(); ++i) {
      const BoundField& binding = step.bindings[i];
      // Large answers make this slow, and a transaction is open meanwhile.
      RETURN_IF_ERROR(session.CheckCancellation());
      if (!source || source_of != binding.operation) {
        source_of = binding.operation;
        source = messages_.Parse(*messages_.Find(plan_.steps[source_of].method->names().response),
                                 earlier.responses(static_cast<int>(source_of)).value());
      }
      if (!source) return status::Internal("an answer cannot be read");
      if (auto copied = binding.field.Copy(binding.from, *source, request.get()); !copied.ok()) {
        return status::Error(copied.code(), fmt::format("bindings[{}]: {}", i, std::string(copied.message())),
                             status::kBindingUnresolved);
      }
      if (request->ByteSizeLong() > static_cast<std::size_t>(limits_.max_request_bytes)) {
        return status::Error(absl::StatusCode::kResourceExhausted,
                             fmt::format("bindings[{}] makes the request larger than {} bytes "
                                         "(--max_receive_message_bytes)",
                                         i, limits_.max_request_bytes),
                             status::kBoundRequestTooLarge);
      }
    }
    return request->SerializeAsString();
  }

  const api::Messages& messages_;
  const crud::Limits& limits_;
  const TransactPlan plan_;
};

class TransactMethod final : public crud::UnaryMethod {
 public:
  explicit TransactMethod(const api::Api& api)
      : UnaryMethod({.path = "/protogres.v1.TransactionService/Transact",
                     .request = "protogres.v1.TransactRequest",
                     .response = "protogres.v1.TransactResponse"}),
        api_(api),
        limits_(api.limits()) {}

  absl::StatusOr<std::unique_ptr<crud::Operation>> Plan(std::string_view bytes) const override {
    TransactPlan plan;
    if (!plan.request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return status::BadRequest("", "the request is no protogres.v1.TransactRequest");
    }
    RETURN_IF_ERROR(Check(plan.request));
    const auto session = ToSessionOptions(plan.request.options());
    if (!session.ok()) return status::Within("options", session.status());
    plan.session = *session;
    for (int i = 0; i < plan.request.operations_size(); ++i) {
      const auto index = static_cast<std::size_t>(i);
      auto step = PlanStep(plan.request.operations(i), index, plan.steps);
      if (!step.ok()) return status::WithMetadata(step.status(), "operation", std::to_string(i));
      plan.steps.push_back(*std::move(step));
    }
    return std::make_unique<TransactOperation>(api_.messages(), limits_, std::move(plan));
  }

 private:
  absl::Status Check(const TransactRequest& request) const {
    const int size = request.operations_size();
    if (size == 0) return status::BadRequest("operations", "is required: at least one operation");
    if (size > limits_.max_batch_size) {
      return status::BadRequest(
          "operations", fmt::format("holds {} operations; a transaction takes at most {} (--max_batch_size)", size,
                                    limits_.max_batch_size));
    }
    if (request.max_attempts() < 0 || request.max_attempts() > kMaxAttempts) {
      return status::BadRequest("max_attempts",
                                fmt::format("is {}; give 1 to {}, or 0 for 1", request.max_attempts(), kMaxAttempts));
    }
    if (!request.request_id().empty() && request.options().read_only()) {
      return status::BadRequest("request_id", "is of writes, and this transaction is read_only: leave it unset");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Step> PlanStep(const protogres::v1::Operation& operation, std::size_t index,
                                const std::vector<Step>& earlier) const {
    const auto method = MethodOf(api_, operation.request());
    if (!method.ok()) return status::Within(PathTo(index), method.status());
    Step step;
    step.method = *method;
    step.request = operation.request().value();
    if (operation.bindings().empty()) {
      auto planned = PlanOperation(*step.method, step.request);
      if (!planned.ok()) return status::Within(PathTo(index), planned.status());
      step.operation = *std::move(planned);
      return step;
    }
    if (operation.bindings_size() > limits_.max_batch_size) {
      return status::BadRequest(PathTo(index) + ".bindings",
                                fmt::format("holds {} bindings; an operation takes at most {} (--max_batch_size)",
                                            operation.bindings_size(), limits_.max_batch_size));
    }
    for (int i = 0; i < operation.bindings_size(); ++i) {
      auto bound = PlanBinding(*step.method, operation.bindings(i), earlier);
      if (!bound.ok()) return status::Within(PathTo(index, i), bound.status());
      step.bindings.push_back(*std::move(bound));
    }
    return step;
  }

  absl::StatusOr<BoundField> PlanBinding(const crud::UnaryMethod& method, const protogres::v1::Binding& binding,
                                         const std::vector<Step>& earlier) const {
    if (binding.operation() < 0 || static_cast<std::size_t>(binding.operation()) >= earlier.size()) {
      return status::BadRequest("operation", fmt::format("is {}; give the index of an operation before this one, {}",
                                                         binding.operation(), earlier.size()));
    }
    const auto operation = static_cast<std::size_t>(binding.operation());
    const auto* request = api_.messages().Find(method.names().request);
    const auto* response = api_.messages().Find(earlier[operation].method->names().response);
    if (request == nullptr || response == nullptr) {
      return status::Internal("a message of the contract cannot be found");
    }
    auto field = FieldPath::Parse(*request, binding.field());
    if (!field.ok()) return status::BadRequest("field", std::string(field.status().message()));
    auto from = FieldPath::Parse(*response, binding.from());
    if (!from.ok()) return status::BadRequest("from", std::string(from.status().message()));
    if (auto fits = field->CheckTakes(*from); !fits.ok()) {
      return status::BadRequest("from", std::string(fits.message()));
    }
    return BoundField{operation, *std::move(field), *std::move(from)};
  }

  const api::Api& api_;
  const crud::Limits& limits_;
};

}  // namespace

std::unique_ptr<crud::Method> MakeTransact(const api::Api& api) { return std::make_unique<TransactMethod>(api); }

}  // namespace protogres::transaction
