#include "auth/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "fmt/format.h"

namespace protogres::auth {
namespace {

// A file that is larger is none of those that are read here.
constexpr std::size_t kMaxFile = 1024 * 1024;

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    return absl::InvalidArgumentError(fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  text.shrink_to_fit();  // it is kept
  if (text.size() > kMaxFile) return absl::InvalidArgumentError(fmt::format("has more than {} bytes", kMaxFile));
  return text;
}

Repeater::Repeater(std::chrono::milliseconds interval, std::function<void()> work)
    : interval_(interval), work_(std::move(work)) {
  thread_ = std::thread([this] { Run(); });
}

Repeater::~Repeater() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Repeater::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    work_();
    lock.lock();
  }
}

}  // namespace protogres::auth
