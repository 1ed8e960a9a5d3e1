#include "log/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include "log/line_writer.h"
#include "nlohmann/json.hpp"
#include "spdlog/details/os.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/spdlog.h"

namespace protogres::log {
namespace {

// Of lines that wait for a reader.
constexpr std::size_t kMostBytes = 4 << 20;

// The message as a JSON string, whatever it contains: it may quote what a caller sent.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& line) override {
    const nlohmann::json text(std::string(message.payload.data(), message.payload.size()));
    const std::string quoted = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    line.append(quoted.data(), quoted.data() + quoted.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

std::unique_ptr<spdlog::formatter> FormatterOf(bool json) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (json) {
    formatter->add_flag<JsonMessage>('*').set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%f%z","level":"%l","message":%*})");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  }
  return formatter;
}

// For a terminal.
const char* ColourOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "\033[37m";
    case spdlog::level::debug:
      return "\033[36m";
    case spdlog::level::info:
      return "\033[32m";
    case spdlog::level::warn:
      return "\033[33m\033[1m";
    default:
      return "\033[31m\033[1m";
  }
}

std::string LineOf(spdlog::formatter& formatter, const spdlog::details::log_msg& message, bool colours) {
  spdlog::memory_buf_t formatted;
  message.color_range_start = 0;
  message.color_range_end = 0;
  formatter.format(message, formatted);
  std::string line(formatted.data(), formatted.size());
  if (colours && message.color_range_end > message.color_range_start) {
    line.insert(message.color_range_end, "\033[m");
    line.insert(message.color_range_start, ColourOf(message.level));
  }
  return line;
}

class Sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Sink(LineWriter* writer, bool colours) : writer_(writer), colours_(colours) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_->Write(LineOf(*formatter_, message, colours_));
  }
  void flush_() override {}

 private:
  LineWriter* const writer_;
  const bool colours_;
};

// Whoever logs may do so until the process has ended, so that it is never destroyed.
LineWriter* writer = nullptr;

}  // namespace

void SetUp(const Options& options) {
  const bool colours = spdlog::details::os::in_terminal(stderr) && spdlog::details::os::is_color_terminal();
  const auto gap = [formatter = std::shared_ptr(FormatterOf(options.json)), colours](std::uint64_t dropped) {
    const std::string text = fmt::format("{} lines of the log are missing here: they were not read in time", dropped);
    return LineOf(*formatter, spdlog::details::log_msg("", spdlog::level::warn, text), colours);
  };
  writer = new LineWriter(STDERR_FILENO, kMostBytes, gap);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("protogres", std::make_shared<Sink>(writer, colours)));
  spdlog::set_level(spdlog::level::from_str(options.level));
  spdlog::set_formatter(FormatterOf(options.json));
}

void WriteText(const std::string& text) {
  if (writer != nullptr) writer->Write(text);
}

bool Flush(std::chrono::milliseconds timeout) { return writer == nullptr || writer->Flush(timeout); }

std::uint64_t DroppedLines() { return writer == nullptr ? 0 : writer->dropped(); }

}  // namespace protogres::log
