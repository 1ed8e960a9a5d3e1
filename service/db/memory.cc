#include "db/memory.h"

#include <chrono>

#include "fmt/format.h"
#include "status/status.h"

namespace protogres::db {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};

}  // namespace

Memory& Memory::OfProcess() {
  static Memory memory;
  return memory;
}

Memory& Memory::OfDescriptions() {
  static Memory memory;
  return memory;
}

absl::Status Memory::Admit() const {
  const std::int64_t most = limit();
  if (held() < most - most / 4 && !Pressed()) return absl::OkStatus();
  return Exhausted("the calls under way hold most of the memory that calls may have");
}

absl::Status Memory::Left() const {
  if (held() <= limit() && !Pressed()) return absl::OkStatus();
  return Exhausted("the calls under way hold all of the memory that calls may have");
}

absl::Status Memory::Resize(std::size_t bytes, Hold* hold) {
  const std::int64_t more = static_cast<std::int64_t>(bytes) - hold->bytes_;
  const std::int64_t held = held_.fetch_add(more, std::memory_order_relaxed) + more;
  if (more > 0 && held > limit()) {
    held_.fetch_sub(more, std::memory_order_relaxed);
    return Exhausted(
        fmt::format("the call needs {} bytes more than are left of the memory that calls may have", held - limit()));
  }
  hold->memory_ = this;
  hold->bytes_ += more;
  return absl::OkStatus();
}

void Memory::Force(std::size_t bytes, Hold* hold) {
  const std::int64_t more = static_cast<std::int64_t>(bytes) - hold->bytes_;
  held_.fetch_add(more, std::memory_order_relaxed);
  hold->memory_ = this;
  hold->bytes_ += more;
}

absl::Status Memory::Exhausted(const std::string& what) {
  return status::WithRetry(
      status::Error(absl::StatusCode::kResourceExhausted, fmt::format("the server is busy: {} (--max_memory)", what),
                    status::kMemoryExhausted),
      kRetry);
}

}  // namespace protogres::db
