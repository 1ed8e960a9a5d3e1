// The log of the process, on standard error, as text or as a JSON object a line. Lines are given to it by spdlog.
#ifndef PROTOGRES_SERVICE_LOG_LOG_H_
#define PROTOGRES_SERVICE_LOG_LOG_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace protogres::log {

struct Options {
  std::string level = "info";  // one of spdlog's
  bool json = false;
};

// From now on spdlog's lines are written by a thread: who logs never waits for who reads. Once, after SIGPIPE is
// ignored and before any other thread is started.
void SetUp(const Options& options);

// Writes `text`, as it is and with its end, after all lines that were logged before.
void WriteText(const std::string& text);

// Blocks until what was logged before is written. False: `timeout` has passed, as nobody reads.
bool Flush(std::chrono::milliseconds timeout);

// How many lines were dropped, as they came faster than they were read.
std::uint64_t DroppedLines();

}  // namespace protogres::log

#endif  // PROTOGRES_SERVICE_LOG_LOG_H_
