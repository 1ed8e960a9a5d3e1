// Writes lines to a descriptor with a thread of its own, so that nobody waits for a reader that is slow or gone.
#ifndef PROTOGRES_SERVICE_LOG_LINE_WRITER_H_
#define PROTOGRES_SERVICE_LOG_LINE_WRITER_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace protogres::log {

// Thread-safe. A pipe is written to only where it has room, so that the thread can end although nobody reads; where
// another process fills the same pipe at the same time, the thread may wait for its reader.
class LineWriter {
 public:
  // The line, with its end, that is written in the place of `dropped` ones. Is called on the writer's thread.
  using Gap = std::function<std::string(std::uint64_t dropped)>;

  // `most_bytes` of lines wait at the most; beyond them the oldest ones are dropped. The descriptor must stay open
  // until the LineWriter is destroyed, and the process must ignore SIGPIPE.
  LineWriter(int descriptor, std::size_t most_bytes, Gap gap = nullptr);
  // Blocks until the lines that wait are written, for a second at the most.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` has its end, "\n". Never blocks.
  void Write(std::string line);
  // Blocks until all lines that were given to Write before are written or dropped. False: `timeout` has passed.
  bool Flush(std::chrono::milliseconds timeout);
  // How many lines were dropped, as they came faster than they were read or as nobody can read them any more.
  std::uint64_t dropped() const;

 private:
  // Lines that are written together.
  struct Batch {
    std::string text;
    std::uint64_t lines = 0;
  };

  void Run();
  // What is written next. Without lines: the writer ends.
  Batch Take();
  // False: it cannot be written, or the writer ends.
  bool WriteOut(std::string_view text);
  bool AwaitRoom();

  const int descriptor_;
  const std::size_t most_bytes_;
  const Gap gap_;
  mutable std::mutex mutex_;
  std::condition_variable came_, gone_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;        // of lines_
  std::uint64_t given_ = 0;      // lines
  std::uint64_t taken_ = 0;      // those of them that are in lines_ no more
  std::uint64_t done_ = 0;       // those of them that are written or dropped, without those after them
  std::uint64_t dropped_ = 0;    // in all
  std::uint64_t gap_lines_ = 0;  // dropped before the first one of lines_, and not told yet
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace protogres::log

#endif  // PROTOGRES_SERVICE_LOG_LINE_WRITER_H_
