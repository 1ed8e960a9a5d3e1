#include "rpc/acceptor.h"

#include <fmt/format.h>

#include <thread>

#include "rpc/generic_call.h"
#include "status/status.h"

namespace protogres::rpc {

constinit thread_local const Line* Acceptor::served_here_ = nullptr;

void Acceptor::Accept(Line& line) { (new GenericCall(*this, line))->Arm(); }

bool Acceptor::Next(Line& line, void** tag, bool* ok) {
  const auto status = line.cq->AsyncNext(tag, ok, gpr_time_0(GPR_CLOCK_REALTIME));
  if (status != grpc::CompletionQueue::TIMEOUT) {
    router_.OnBusy();
    return status == grpc::CompletionQueue::GOT_EVENT;
  }
  router_.OnIdle();
  return line.cq->Next(tag, ok);
}

void Acceptor::Serve(Line& line) {
  served_here_ = &line;
  void* tag = nullptr;
  bool ok = false;
  while (Next(line, &tag, &ok)) {
    const auto [call, kind] = *static_cast<Line::Event*>(tag);
    if (call) {
      call->On(static_cast<GenericCall::Event>(kind), ok);
    } else if (kind == Line::kOutbox) {
      for (auto& reply : line.outbox.Take()) reply.call->Send(reply);
    } else {
      Tell(line, kind == Line::kShutdown ? &Handler::OnShutdown : &Handler::OnGiveUp);
    }
  }
}

void Acceptor::Shutdown(Line& line) {
  line.shutdown.Set(line.cq.get(), gpr_time_0(GPR_CLOCK_REALTIME), &line.shutdown_event);
}

void Acceptor::GiveUp(Line& line) {
  line.give_up.Set(line.cq.get(), gpr_time_0(GPR_CLOCK_REALTIME), &line.give_up_event);
}

void Acceptor::Tell(Line& line, void (Handler::*what)()) {
  // A Call that is finished here stays in the list until its next event.
  for (GenericCall* call = line.first; call; call = call->next_) {
    if (call->handler_ && call->Open()) (call->handler_.get()->*what)();
  }
}

void Acceptor::EndSilent(Line& line, std::chrono::steady_clock::time_point now) {
  constexpr std::chrono::seconds kBetween{1};
  if (now < line.next_look) return;
  line.next_look = now + kBetween;
  for (GenericCall* call = line.first; call; call = call->next_) {
    // A session has a timer of its own from its beginning.
    const bool silent = !call->message_came_ && !call->timer_ && now - call->begin_ >= limits_.first_message;
    if (!silent || !call->handler_ || !call->Open()) continue;
    call->handler_->OnRefused(status::Error(
        absl::StatusCode::kAborted,
        fmt::format(
            "the first message has not come for {} ms (--session_idle_timeout), and other calls are refused for "
            "want of memory, or as too many are in flight",
            limits_.first_message.count()),
        status::kSessionIdleTimeout));
  }
}

bool Acceptor::AwaitQuiet(std::chrono::steady_clock::time_point deadline, std::chrono::milliseconds quiet) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kLook{5};
  auto since = Clock::now();
  for (std::int64_t seen = begun_.load();; std::this_thread::sleep_for(kLook)) {
    const bool idle = active_.load() == 0;
    const std::int64_t begun = begun_.load();
    if (!idle || begun != seen) since = Clock::now();
    seen = begun;
    if (idle && Clock::now() - since >= quiet) return true;
    if (Clock::now() >= deadline) return idle;
  }
}

void Acceptor::AwaitNone() {
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return calls_.load() == 0; });
}

}  // namespace protogres::rpc
