#include "protogres/transaction.h"

#include "protogres/internal/resumption.h"

namespace protogres {

using internal::Session;
using Answer = absl::StatusOr<v1::SessionResponse>;

Task<Answer> AsyncTransaction::Ask(std::shared_ptr<Session> session, Executor executor, v1::SessionRequest request) {
  internal::Callback<Answer> answer(
      executor, [&](std::function<void(Answer)> done) { session->Ask(std::move(request), std::move(done)); },
      [session] { session->Close(); });
  co_return co_await answer;
}

Task<absl::Status> AsyncTransaction::End(std::shared_ptr<Session> session, Executor executor,
                                         v1::SessionRequest request) {
  const bool commit = request.has_commit();
  Task<Answer> asked = Ask(session, std::move(executor), std::move(request));
  const Answer answer = co_await asked;
  session->Finish();
  co_return commit ? internal::Committed(*session, answer) : internal::Done(answer);
}

Task<absl::Status> AsyncTransaction::Settle(Task<Answer> asked) {
  const Answer answer = co_await asked;
  co_return internal::Done(answer);
}

}  // namespace protogres
