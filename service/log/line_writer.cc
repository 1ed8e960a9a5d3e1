#include "log/line_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace protogres::log {
namespace {

constexpr std::chrono::seconds kLastLines{1};
// How often a writer that waits for room looks whether it should end.
constexpr int kRoomTickMs = 50;
// A pipe that poll() finds writable has room for so many bytes.
constexpr std::size_t kAtOnce = PIPE_BUF;

}  // namespace

LineWriter::LineWriter(int descriptor, std::size_t most_bytes, Gap gap)
    : descriptor_(descriptor), most_bytes_(most_bytes), gap_(std::move(gap)), thread_([this] { Run(); }) {}

LineWriter::~LineWriter() {
  Flush(kLastLines);
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  came_.notify_one();
  thread_.join();
}

void LineWriter::Write(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    ++given_;
    bytes_ += line.size();
    lines_.push_back(std::move(line));
    while (bytes_ > most_bytes_ && lines_.size() > 1) {
      bytes_ -= lines_.front().size();
      lines_.pop_front();
      ++taken_;
      ++dropped_;
      ++gap_lines_;
    }
  }
  came_.notify_one();
}

bool LineWriter::Flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const std::uint64_t until = given_;
  return gone_.wait_for(lock, timeout, [&] { return done_ >= until; });
}

std::uint64_t LineWriter::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void LineWriter::Run() {
  for (Batch batch = Take(); batch.lines > 0; batch = Take()) {
    const bool written = WriteOut(batch.text);
    const std::lock_guard lock(mutex_);
    if (!written) dropped_ += batch.lines;
    done_ = taken_;
    gone_.notify_all();
  }
}

LineWriter::Batch LineWriter::Take() {
  std::unique_lock lock(mutex_);
  came_.wait(lock, [this] { return ending_ || !lines_.empty(); });
  Batch batch;
  if (ending_) return batch;
  if (const std::uint64_t missing = std::exchange(gap_lines_, 0); missing > 0 && gap_) batch.text = gap_(missing);
  do {
    bytes_ -= lines_.front().size();
    batch.text += lines_.front();
    ++batch.lines;
    lines_.pop_front();
  } while (!lines_.empty() && batch.text.size() + lines_.front().size() <= kAtOnce);
  taken_ += batch.lines;
  return batch;
}

bool LineWriter::WriteOut(std::string_view text) {
  while (!text.empty()) {
    if (!AwaitRoom()) return false;
    const ssize_t written = ::write(descriptor_, text.data(), std::min(text.size(), kAtOnce));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool LineWriter::AwaitRoom() {
  pollfd room{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  while (::poll(&room, 1, kRoomTickMs) <= 0) {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
  }
  return true;
}

}  // namespace protogres::log
