#include "metrics/trace.h"

#include <fmt/format.h>

#include "text/excerpt.h"

namespace protogres::metrics {
namespace {

constexpr int kMostStatements = 8;
constexpr std::size_t kMostBytes = 1000;

}  // namespace

constinit thread_local Trace* Trace::current_ = nullptr;

Trace::Trace(bool on) : on_(on), outer_(current_) {
  if (on_) current_ = this;
}

Trace::~Trace() {
  if (on_) current_ = outer_;
}

void Trace::Add(std::string_view sql, std::chrono::nanoseconds took) {
  if (noted_ == kMostStatements) {
    ++left_out_;
    return;
  }
  ++noted_;
  if (!text_.empty()) text_ += "; ";
  const std::chrono::duration<double, std::milli> milliseconds = took;
  text_ += fmt::format("{:.3f} ms ", milliseconds.count());
  text_ += text::Shortened(text::OneLine(sql), kMostBytes);
}

std::string Trace::Text() const { return left_out_ == 0 ? text_ : fmt::format("{}; and {} more", text_, left_out_); }

}  // namespace protogres::metrics
