// The floor of the bench: what gRPC C++ itself costs. An async server built as
// Protogres is (AsyncGenericService, one completion queue with one thread) that
// answers each method with bytes that were read at its start. It knows no database
// and parses nothing.
#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "records.h"

namespace protogres::bench {
namespace {

using Answers = std::map<std::string, grpc::ByteBuffer>;

class Echo {
 public:
  Echo(const Answers& answers, grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue)
      : answers_(answers), service_(service), queue_(queue) {
    service_.RequestCall(&context_, &stream_, &queue_, &queue_, this);
  }

  // The next step of the call; deletes itself after its last one.
  void Proceed(bool ok) {
    if (!ok || step_ == Step::kFinished) {
      delete this;
      return;
    }
    switch (step_) {
      case Step::kCalled:
        // Armed before this one is handled, so that the next call need not wait for it.
        new Echo(answers_, service_, queue_);
        step_ = Step::kRead;
        stream_.Read(&request_, this);
        return;
      case Step::kRead: {
        step_ = Step::kFinished;
        const auto answer = answers_.find(context_.method());
        if (answer == answers_.end()) {
          stream_.Finish({grpc::StatusCode::UNIMPLEMENTED, "the floor has no answer to this method"}, this);
        } else {
          stream_.WriteAndFinish(answer->second, grpc::WriteOptions(), grpc::Status::OK, this);
        }
        return;
      }
      case Step::kFinished:
        return;
    }
  }

 private:
  enum class Step { kCalled, kRead, kFinished };

  const Answers& answers_;
  grpc::AsyncGenericService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  grpc::ByteBuffer request_;
  Step step_ = Step::kCalled;
};

void Serve(const Answers& answers) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Before gRPC starts threads, which inherit the mask.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (!server) throw std::runtime_error("cannot listen on 127.0.0.1");
  new Echo(answers, service, *queue);
  std::thread thread([&queue] {
    void* tag = nullptr;
    for (bool ok = false; queue->Next(&tag, &ok);) static_cast<Echo*>(tag)->Proceed(ok);
  });
  fmt::print("port {}\n", port);
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  queue->Shutdown();
  thread.join();
}

int Main(int argc, char** argv) {
  CLI::App app{"Answers gRPC calls with canned bytes. Prints its port."};
  std::vector<std::string> methods;
  std::string file;
  app.add_option("--method", methods, "/package.Service/Method; as often as there are kinds of records")->required();
  app.add_option("--answers", file, "records: for each method the message to answer with")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    Answers answers;
    for (auto& record : ReadRecords(file, methods.size())) answers[methods[record.kind]] = record.message;
    Serve(answers);
  } catch (const std::exception& error) {
    std::cerr << "floor: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace protogres::bench

int main(int argc, char** argv) { return protogres::bench::Main(argc, argv); }
