#include "rpc/generic_call.h"

#include <cstring>
#include <limits>
#include <utility>

#include "metrics/counts.h"
#include "rpc/certificate.h"
#include "rpc/in_flight.h"
#include "rpc/outgoing.h"
#include "rpc/traceparent.h"
#include "status/macros.h"
#include "status/status.h"

namespace protogres::rpc {
namespace {

// How many bytes a call takes beside its messages, in gRPC and in this server. This was measured.
constexpr std::size_t kCallBytes = 16 * 1024;
// Connections is told of messages that have at least this many bytes.
constexpr std::size_t kLarge = 16 * 1024;
// How many bytes the frames and headers of a small message take. This is a guess.
constexpr std::size_t kFraming = 128;

// A request of health names a service. One that has more bytes may be refused.
constexpr std::size_t kHealthBytes = 1024;

// If at most this many calls are in flight, passing a reply to another thread costs more than the wake-up that it
// saves.
constexpr std::int64_t kFewCalls = 3;

// The counters of the method, which are made if there are none and `type` is not empty. Else those of the calls that
// are counted together.
metrics::MethodCalls& CountsOf(const std::string& path, std::string_view type) {
  return metrics::Counts::OfProcess().calls.Of(path, [type](const std::string&) { return type; });
}

// The year 2200, in seconds since 1970. A deadline beyond it is none: clients send the longest time that they have for
// one that never comes, and a time_point ends in the year 2262.
constexpr std::int64_t kNeverSeconds = 7'258'118'400;

}  // namespace

GenericCall::GenericCall(Acceptor& acceptor, Line& line) : acceptor_(acceptor), line_(line) {
  for (int event = 0; event < kEvents; ++event) tags_[event] = {this, event};
  acceptor_.calls_.fetch_add(1);
}

GenericCall::~GenericCall() {
  if (handler_) CountActive(-1);
  handler_.reset();  // the Handler may still use the Call, so it goes first
  if (begun_) {
    (previous_ ? previous_->next_ : line_.first) = next_;
    if (next_) next_->previous_ = previous_;
  }
  if (acceptor_.calls_.fetch_sub(1) > 1) return;
  std::lock_guard lock(acceptor_.mutex_);
  acceptor_.none_.notify_all();
}

void GenericCall::Arm() {
  context_.AsyncNotifyWhenDone(&tags_[kDone]);
  auto* const cq = line_.cq.get();
  acceptor_.service_.RequestCall(&context_, &stream_, cq, cq, &tags_[kBegin]);
}

void GenericCall::On(Event event, bool ok) {
  if (event == kBegin && !ok) {
    // The server shuts down: no RPC has come, and no done-tag will come.
    delete this;
    return;
  }
  if (event == kBegin) {
    Begin();
    return;
  }
  if (event == kWritten || event == kFinished) DropAnswer();
  if (event == kWake) waking_.store(false);
  // A timer that is not cancelled would keep the Call until its time has come.
  if (event == kFinished && timer_) timer_->Cancel();
  if (handler_ && Open()) Dispatch(event, ok);
  Unref();
}

void GenericCall::Begin() {
  acceptor_.Accept(line_);
  begin_ = std::chrono::steady_clock::now();
  begun_ = true;
  // When a call is cancelled, gRPC forgets its peer.
  peer_ = context_.peer();
  connection_ = Connections::KeyOf(peer_);
  is_health_ = method().starts_with("/grpc.health.");
  is_own_ = is_health_ || method().starts_with("/grpc.reflection.");
  if (metrics::MethodCalls& known = CountsOf(method(), ""); !known.path.empty()) CountBy(known);
  next_ = std::exchange(line_.first, this);
  if (next_) next_->previous_ = this;
  acceptor_.begun_.fetch_add(1);
  refs_.store(2, std::memory_order_relaxed);  // the done-tag and the Finish
  if (auto admitted = Admit(); !admitted.ok()) {
    acceptor_.EndSilent(line_, begin_);
    return Finish(admitted);
  }
  // The call is counted before the Router checks whether the server drains, so that a drain cannot miss it.
  CountActive(1);
  handler_ = acceptor_.router_.Route(*this);
  if (!handler_) {
    CountActive(-1);
    return;
  }
  if (counts_ == nullptr) CountBy(CountsOf("", ""));
  Read();
}

void GenericCall::CountActive(int difference) {
  acceptor_.active_.fetch_add(difference);
  if (is_own_) acceptor_.own_.fetch_add(difference);
}

void GenericCall::Count(std::string_view type) {
  if (counts_ == nullptr) CountBy(CountsOf(method(), type));
}

std::chrono::system_clock::time_point GenericCall::deadline() const {
  const gpr_timespec deadline = gpr_convert_clock_type(context_.raw_deadline(), GPR_CLOCK_REALTIME);
  if (deadline.tv_sec > kNeverSeconds) return std::chrono::system_clock::time_point::max();
  return std::chrono::system_clock::time_point(std::chrono::seconds(deadline.tv_sec) +
                                               std::chrono::nanoseconds(deadline.tv_nsec));
}

std::optional<std::string> GenericCall::header(std::string_view name) const {
  const auto [begin, end] = context_.client_metadata().equal_range(grpc::string_ref(name.data(), name.size()));
  std::optional<std::string> value;
  for (auto it = begin; it != end; ++it) {
    const std::string_view text(it->second.data(), it->second.size());
    value = value ? *value + "," + std::string(text) : std::string(text);
  }
  return value;
}

std::vector<std::string> GenericCall::certificate_names(CertificateNames which) const {
  return NamesOfCertificate(context_, which);
}

// Health is always let in: it takes almost no memory, and it tells an operator what is wrong.
absl::Status GenericCall::Admit() {
  db::Memory& memory = db::Memory::OfProcess();
  memory.Force(kCallBytes, &received_hold_);
  if (is_health_) return absl::OkStatus();
  // ServiceCalls bounds the others: a client's channel may keep a Watch open for as long as it lives.
  if (!is_own_) {
    const auto others =
        acceptor_.active_.load(std::memory_order_relaxed) - acceptor_.own_.load(std::memory_order_relaxed);
    RETURN_IF_ERROR(CheckInFlight(others, acceptor_.limits_.max_in_flight));
  }
  return memory.Admit();
}

void GenericCall::Dispatch(Event event, bool ok) {
  switch (event) {
    case kRead:
      return ok ? OnMessage() : handler_->OnEnd();
    case kWritten:
      return ok ? handler_->OnWritten() : handler_->OnEnd();
    case kAsked:
      if (ok) handler_->OnHalfClosed();
      return;
    case kDone:
      if (context_.IsCancelled()) handler_->OnCancelled();
      return;
    case kWake:
      return handler_->OnWake();
    case kTimer:
      if (ok) handler_->OnTimer();
      return;
    case kBegin:
    case kFinished:
    case kEvents:
      return;
  }
}

void GenericCall::OnMessage() {
  if (!received_.TrySingleSlice(&message_).ok() && !received_.DumpToSingleSlice(&message_).ok()) {
    return handler_->OnEnd();
  }
  received_.Clear();
  const bool first = !std::exchange(message_came_, true);  // bytes_in_ does not tell, as a message may have no bytes
  bytes_in_ += message_.size();
  counts_->received.Add();
  counts_->received_bytes.Add(message_.size());
  std::size_t told = message_.size();
  if (told < kLarge) {
    // One small message in so many bytes stands for all of them. So each connection gets its share over time.
    line_.small += told + kFraming;
    told = line_.small >= kLarge ? std::exchange(line_.small, 0) : 0;
  }
  if (told > 0) acceptor_.connections_.Received(connection_, static_cast<std::int64_t>(told));
  if (auto held = Hold(first); !held.ok()) {
    message_ = {};
    return handler_->OnRefused(held);
  }
  handler_->OnRequest({reinterpret_cast<const char*>(message_.begin()), message_.size()});
}

// Only the first message of a call may be refused. A call that has begun its work may have its next message even if
// there is little memory: there are few such calls, and each has one message at a time.
absl::Status GenericCall::Hold(bool may_refuse) {
  db::Memory& memory = db::Memory::OfProcess();
  const std::size_t bytes = kCallBytes + message_.size();
  const bool small = is_health_ && message_.size() <= kHealthBytes;
  if (may_refuse && !small) return memory.Resize(bytes, &received_hold_);
  memory.Force(bytes, &received_hold_);
  return absl::OkStatus();
}

void GenericCall::Read() {
  refs_.fetch_add(1, std::memory_order_relaxed);
  reads_.fetch_add(1, std::memory_order_relaxed);
  stream_.Read(&received_, &tags_[kRead]);
}

absl::Status GenericCall::Write(std::string message) {
  RETURN_IF_ERROR(CheckSize(message));
  CountAnswer(message.size());
  HoldAnswer(message.size());
  refs_.fetch_add(1, std::memory_order_relaxed);
  stream_.Write(ToBuffer(std::move(message)), &tags_[kWritten]);
  return absl::OkStatus();
}

// The failed Read does not tell how the call has ended, but the headers of the answer can be sent only while the stream
// is open. If the client or the connection has gone, gRPC has closed both directions of the stream; if the client has
// half-closed, gRPC has closed only the direction of the client.
void GenericCall::AskHowItEnded() {
  refs_.fetch_add(1, std::memory_order_relaxed);
  stream_.SendInitialMetadata(&tags_[kAsked]);
}

void GenericCall::Answer(std::string message) {
  if (auto fits = CheckSize(message); !fits.ok()) {
    Finish(fits);
    return;
  }
  CountAnswer(message.size());
  if (!StartFinish(absl::OkStatus())) return;
  HoldAnswer(message.size());
  Reply(absl::OkStatus(), std::move(message));
}

void GenericCall::CountAnswer(std::size_t bytes) {
  bytes_out_ += bytes;
  counts_->sent.Add();
  counts_->sent_bytes.Add(bytes);
}

// Counts the memory of an answer until gRPC has written it, which may take long if the client does not read.
void GenericCall::HoldAnswer(std::size_t bytes) {
  db::Memory::OfProcess().Force(bytes, &sent_hold_);
  if (bytes >= kLarge) acceptor_.connections_.Unread(connection_, static_cast<std::int64_t>(bytes));
}

void GenericCall::DropAnswer() {
  const std::int64_t bytes = sent_hold_.bytes();
  sent_hold_.Reset();
  if (bytes >= static_cast<std::int64_t>(kLarge)) acceptor_.connections_.Unread(connection_, -bytes);
}

void GenericCall::Finish(const absl::Status& status) {
  if (StartFinish(status)) Reply(status, std::nullopt);
}

void GenericCall::Reply(absl::Status status, std::optional<std::string> message) {
  Line::Reply reply{this, std::move(status), std::move(message)};
  // A Call that has read more than one message may be in AskHowItEnded at this moment, which sends the headers. gRPC
  // aborts the process if two threads send them. So the completion-queue thread sends everything for such a Call.
  const bool read_on = reads_.load(std::memory_order_relaxed) > 1;
  const bool few = acceptor_.active_.load(std::memory_order_relaxed) <= kFewCalls;
  if (Acceptor::served_here_ == &line_ || (few && !read_on)) return Send(reply);
  line_.outbox.Put(std::move(reply));
}

void GenericCall::Send(Line::Reply& reply) {
  // The completion-queue thread deletes the Call after this thread has done its work with it. The queue of gRPC makes
  // sure of that, but ThreadSanitizer cannot see it without this store.
  finishing_.store(true, std::memory_order_release);
  if (!reply.message) return stream_.Finish(ToGrpc(reply.status, &context_), &tags_[kFinished]);
  stream_.WriteAndFinish(ToBuffer(*std::move(reply.message)), {}, grpc::Status::OK, &tags_[kFinished]);
}

bool GenericCall::StartFinish(const absl::Status& status) {
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin_;
  if (counts_ == nullptr) CountBy(CountsOf("", ""));
  Log(status, took);
  if (finishing_.exchange(true, std::memory_order_acq_rel)) return false;
  counts_->Handled(static_cast<int>(status.code()), took);
  return true;
}

void GenericCall::Wake() {
  if (waking_.exchange(true)) return;
  refs_.fetch_add(1, std::memory_order_relaxed);
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(line_.cq.get(), std::chrono::system_clock::now(), &tags_[kWake]);
}

void GenericCall::SetTimer(std::chrono::system_clock::time_point time) {
  refs_.fetch_add(1, std::memory_order_relaxed);
  timer_ = std::make_unique<grpc::Alarm>();
  timer_->Set(line_.cq.get(), time, &tags_[kTimer]);
}

void GenericCall::Unref() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

// gRPC would break the call off, and the client would not hear why.
absl::Status GenericCall::CheckSize(const std::string& message) const {
  // Without a limit of the server, protobuf's own limit holds.
  const int limit =
      acceptor_.limits_.max_send_bytes < 0 ? std::numeric_limits<int>::max() : acceptor_.limits_.max_send_bytes;
  return status::CheckAnswer(message.size(), limit);
}

void GenericCall::Log(const absl::Status& status, std::chrono::nanoseconds took) const {
  if (!acceptor_.log_.Wants(status.code(), took)) return;
  const auto& metadata = context_.client_metadata();
  const auto trace = metadata.find(kTraceparent);
  acceptor_.log_.Ended({.method = method(),
                        .type = counts_->type,
                        .status = status,
                        .took = took,
                        .received_bytes = bytes_in_.load(),
                        .sent_bytes = bytes_out_.load(),
                        .peer = peer_,
                        .traceparent = trace == metadata.end()
                                           ? std::string_view()
                                           : std::string_view(trace->second.data(), trace->second.size()),
                        .statements = statements_});
}

}  // namespace protogres::rpc
