// The statements that run for one call, for the log of slow calls.
#ifndef PROTOGRES_SERVICE_METRICS_TRACE_H_
#define PROTOGRES_SERVICE_METRICS_TRACE_H_

#include <chrono>
#include <string>
#include <string_view>

namespace protogres::metrics {

// While a Trace lives, it notes the statements that its thread runs. For one thread, on which Traces may be nested: the
// innermost notes. A worker runs all statements of a unary call, and a group shares them.
class Trace {
 public:
  // `on`: false makes a Trace that notes nothing and costs nothing.
  explicit Trace(bool on);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // The Trace of this thread. Null: there is none, which is cheap to find out.
  static Trace* Current() { return current_; }

  // Notes the text of a statement, which has no values, and the time that it took. Long texts are cut, and only the
  // first statements are noted.
  void Add(std::string_view sql, std::chrono::nanoseconds took);

  // "0.812 ms SELECT ...; 1.2 ms COMMIT", always one line. Empty: there was no statement.
  std::string Text() const;

 private:
  static constinit thread_local Trace* current_;

  const bool on_;
  Trace* const outer_;
  std::string text_;
  int noted_ = 0;
  int left_out_ = 0;
};

}  // namespace protogres::metrics

#endif  // PROTOGRES_SERVICE_METRICS_TRACE_H_
