// The load generator: keeps a number of calls in flight against one server, each
// answered call at once followed by the next, and prints what it saw as one line
// of JSON. It shares two cores with the server and the database, so it is kept
// cheap: requests are bytes made before, answers are not parsed (of a stream only
// the rows are counted), one thread drives one completion queue.
#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "records.h"

namespace protogres::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Options {
  std::string target;
  std::vector<std::string> methods;
  std::string requests;
  std::string mode = "unary";
  int in_flight = 1;
  int threads = 1;
  int channels = 1;
  double warm_up = 0.5;
  double seconds = 2;
  int messages = 1;
  std::vector<std::string> authorizations;
};

// What was seen in the measured interval.
struct Result {
  std::vector<float> micros;
  uint64_t rows = 0;
  double seconds = 0;
  std::map<int, std::pair<uint64_t, std::string>> errors;  // code: how many, and the first one's words

  void Fail(const grpc::Status& status) {
    auto& [count, message] = errors[status.error_code()];
    if (count++ == 0) message = status.error_message();
  }
  void Add(const Result& other) {
    micros.insert(micros.end(), other.micros.begin(), other.micros.end());
    for (const auto& [code, error] : other.errors) {
      auto& [count, message] = errors[code];
      if (count == 0) message = error.second;
      count += error.first;
    }
  }
};

std::shared_ptr<grpc::Channel> Connect(const Options& options) {
  grpc::ChannelArguments arguments;
  // Channels of the same arguments would share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  auto channel = grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    throw std::runtime_error("cannot connect to " + options.target);
  }
  return channel;
}

// The calls of one thread.
class UnaryLoop {
 public:
  UnaryLoop(const Options& options, const std::vector<Record>& requests, int in_flight, size_t first)
      : options_(options), requests_(requests), next_(first), in_flight_(in_flight) {
    for (int i = 0; i < std::min(options.channels, in_flight); ++i) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(Connect(options)));
    }
  }

  void Run() {
    warm_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(options_.warm_up));
    std::vector<Call> calls(in_flight_);
    for (size_t i = 0; i < calls.size(); ++i) {
      calls[i].stub = stubs_[i % stubs_.size()].get();
      Start(calls[i]);
    }
    void* tag = nullptr;
    bool ok = false;
    while (active_ > 0 && queue_.Next(&tag, &ok)) Finish(*static_cast<Call*>(tag));
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) {
    }
  }

  const Result& result() const { return result_; }

 private:
  struct Call {
    grpc::GenericStub* stub = nullptr;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer answer;
    grpc::Status status;
    Clock::time_point start;
  };

  void Start(Call& call) {
    const Record& request = requests_[next_++ % requests_.size()];
    call.reader.reset();
    call.context.emplace();
    if (!options_.authorizations.empty()) {
      const size_t size = options_.authorizations.size();
      call.context->AddMetadata("authorization", options_.authorizations[next_ % size]);
    }
    call.answer.Clear();
    call.start = Clock::now();
    call.reader = call.stub->PrepareUnaryCall(&*call.context, options_.methods[request.kind], request.message, &queue_);
    call.reader->StartCall();
    call.reader->Finish(&call.answer, &call.status, &call);
    ++active_;
  }

  void Finish(Call& call) {
    --active_;
    const auto now = Clock::now();
    if (!call.status.ok()) {
      // Also in the warm-up: an error makes the figure worthless whenever it comes.
      result_.Fail(call.status);
      const auto code = call.status.error_code();
      if (code == grpc::StatusCode::UNIMPLEMENTED || code == grpc::StatusCode::UNAVAILABLE) end_ = now;
    } else if (begin_ && now < end_) {
      result_.micros.push_back(std::chrono::duration<float, std::micro>(now - call.start).count());
    }
    // The first calls found an idle server: a slow one is measured when all of them are done.
    if (!begin_ && ++finished_ >= in_flight_ && now >= warm_) {
      begin_ = now;
      end_ = std::min(end_, now + std::chrono::duration_cast<Clock::duration>(Seconds(options_.seconds)));
    }
    if (now < end_) Start(call);
  }

  const Options& options_;
  const std::vector<Record>& requests_;
  size_t next_;
  int in_flight_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
  Clock::time_point warm_;
  // The measured interval, once it has begun.
  std::optional<Clock::time_point> begin_;
  Clock::time_point end_ = Clock::time_point::max();
  int active_ = 0;
  int finished_ = 0;
  Result result_;
};

Result RunUnary(const Options& options, const std::vector<Record>& requests) {
  std::vector<std::unique_ptr<UnaryLoop>> loops;
  const int threads = std::min(options.threads, options.in_flight);
  for (int i = 0; i < threads; ++i) {
    const int share = options.in_flight / threads + (i < options.in_flight % threads ? 1 : 0);
    loops.push_back(std::make_unique<UnaryLoop>(options, requests, share, requests.size() / threads * i));
  }
  std::vector<std::thread> others;
  for (size_t i = 1; i < loops.size(); ++i) others.emplace_back([&loop = *loops[i]] { loop.Run(); });
  loops.front()->Run();
  for (auto& thread : others) thread.join();
  Result result;
  for (const auto& loop : loops) result.Add(loop->result());
  result.seconds = options.seconds;
  return result;
}

// Reads the top-level fields of a message, of any type.
class Fields {
 public:
  explicit Fields(const grpc::Slice& slice) : at_(slice.begin()), end_(slice.end()) {}

  // The next field's number, and its value if it is a varint; false at the end.
  bool Next(uint64_t* number, uint64_t* value) {
    if (at_ >= end_) return false;
    const uint64_t tag = Varint();
    *number = tag >> 3;
    switch (tag & 7) {
      case 0:
        *value = Varint();
        break;
      case 1:
        Skip(8);
        break;
      case 2:
        Skip(Varint());
        break;
      case 5:
        Skip(4);
        break;
      default:
        throw std::runtime_error("the server's answer is no protobuf message");
    }
    return true;
  }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; at_ < end_ && shift < 64; shift += 7) {
      const uint8_t byte = *at_++;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    return value;
  }
  void Skip(uint64_t size) { at_ += std::min<uint64_t>(size, end_ - at_); }

  const uint8_t* at_;
  const uint8_t* end_;
};

grpc::Slice Flatten(const grpc::ByteBuffer& message) {
  grpc::Slice slice;
  if (message.TrySingleSlice(&slice).ok() || message.DumpToSingleSlice(&slice).ok()) return slice;
  throw std::runtime_error("the server's answer cannot be read");
}

uint64_t CountRows(const grpc::ByteBuffer& message) {
  uint64_t rows = 0, number = 0, value = 0;
  const grpc::Slice slice = Flatten(message);
  for (Fields fields(slice); fields.Next(&number, &value);) rows += number == 1;
  return rows;
}

uint64_t FirstNumber(const grpc::ByteBuffer& message) {
  uint64_t number = 0, value = 0, first = 0;
  const grpc::Slice slice = Flatten(message);
  for (Fields fields(slice); fields.Next(&number, &value);) {
    if (number == 1) first = value;
  }
  return first;
}

// One streaming call, step by step: each waits for its tag.
class Stream {
 public:
  explicit Stream(const Options& options) : stub_(Connect(options)) {
    stream_ = stub_.PrepareCall(&context_, options.methods.front(), &queue_);
    stream_->StartCall(this);
    Wait();
  }
  ~Stream() {
    queue_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; queue_.Next(&tag, &ok);) {
    }
  }

  bool Write(const grpc::ByteBuffer& message) {
    stream_->Write(message, this);
    return Wait();
  }
  bool WritesDone() {
    stream_->WritesDone(this);
    return Wait();
  }
  bool Read(grpc::ByteBuffer* message) {
    stream_->Read(message, this);
    return Wait();
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    return status;
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

Result RunStream(const Options& options, const std::vector<Record>& requests) {
  Result result;
  const auto start = Clock::now();
  Stream stream(options);
  stream.Write(requests.front().message);
  stream.WritesDone();
  for (grpc::ByteBuffer chunk; stream.Read(&chunk);) result.rows += CountRows(chunk);
  const grpc::Status status = stream.Finish();
  if (!status.ok()) result.Fail(status);
  result.seconds = Seconds(Clock::now() - start).count();
  return result;
}

Result RunImport(const Options& options, const std::vector<Record>& requests) {
  Result result;
  const auto start = Clock::now();
  Stream stream(options);
  // A server that gives up refuses the next message; its status says why.
  for (int i = 0; i < options.messages && stream.Write(requests[i % requests.size()].message); ++i) {
  }
  stream.WritesDone();
  grpc::ByteBuffer answer;
  if (stream.Read(&answer)) result.rows = FirstNumber(answer);
  const grpc::Status status = stream.Finish();
  if (!status.ok()) result.Fail(status);
  result.seconds = Seconds(Clock::now() - start).count();
  return result;
}

double Percentile(std::vector<float>* values, double part) {
  if (values->empty()) return 0;
  const auto at = static_cast<ptrdiff_t>(std::ceil(part * static_cast<double>(values->size()))) - 1;
  const auto place = values->begin() + std::max<ptrdiff_t>(at, 0);
  std::nth_element(values->begin(), place, values->end());
  return *place;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + '"';
}

void Print(Result result) {
  std::string errors;
  for (const auto& [code, error] : result.errors) {
    errors += fmt::format("{}{{\"code\": {}, \"count\": {}, \"message\": {}}}", errors.empty() ? "" : ", ", code,
                          error.first, Quoted(error.second));
  }
  const double count = static_cast<double>(result.rows > 0 ? result.rows : result.micros.size());
  fmt::print(
      "{{\"count\": {}, \"seconds\": {:.4f}, \"per_second\": {:.1f}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, "
      "\"errors\": [{}]}}\n",
      count, result.seconds, count / result.seconds, Percentile(&result.micros, 0.50), Percentile(&result.micros, 0.99),
      errors);
}

int Main(int argc, char** argv) {
  CLI::App app{"Keeps calls in flight against a gRPC server and prints what it measured as JSON."};
  Options options;
  app.add_option("--target", options.target, "HOST:PORT of the server")->required();
  app.add_option("--method", options.methods, "/package.Service/Method; as often as there are kinds of records")
      ->required();
  app.add_option("--requests", options.requests, "records: the requests, sent in turn")->required();
  app.add_option("--mode", options.mode, "unary, stream (one call, rows read) or import (one call, rows sent)")
      ->check(CLI::IsMember({"unary", "stream", "import"}));
  app.add_option("--in_flight", options.in_flight, "unary: calls in flight")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "unary: threads, each with a completion queue")
      ->check(CLI::PositiveNumber);
  app.add_option("--channels", options.channels, "unary: connections of a thread")->check(CLI::PositiveNumber);
  app.add_option("--warm_up", options.warm_up, "unary: seconds before the measured interval");
  app.add_option("--seconds", options.seconds, "unary: the measured interval")->check(CLI::PositiveNumber);
  app.add_option("--messages", options.messages, "import: messages to send")->check(CLI::PositiveNumber);
  app.add_option("--authorization", options.authorizations, "unary: the header of each call; of several, in turn");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto requests = ReadRecords(options.requests, options.methods.size());
    Print(options.mode == "stream"   ? RunStream(options, requests)
          : options.mode == "import" ? RunImport(options, requests)
                                     : RunUnary(options, requests));
  } catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace protogres::bench

int main(int argc, char** argv) { return protogres::bench::Main(argc, argv); }
