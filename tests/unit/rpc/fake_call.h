// A Call without gRPC, which nobody answers: for the tests of what is done with Calls.
#ifndef PROTOGRES_TESTS_UNIT_RPC_FAKE_CALL_H_
#define PROTOGRES_TESTS_UNIT_RPC_FAKE_CALL_H_

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rpc/call.h"

namespace protogres::rpc {

class FakeCall : public Call {
 public:
  using Time = std::chrono::system_clock::time_point;

  explicit FakeCall(std::string peer = "ipv4:127.0.0.1:40404", Time deadline = Time::max())
      : peer_(std::move(peer)), deadline_(deadline) {}
  virtual ~FakeCall() = default;

  const std::string& method() const override { return method_; }
  std::optional<std::string> header(std::string_view) const override { return std::nullopt; }
  Time deadline() const override { return deadline_; }
  const std::string& peer() const override { return peer_; }
  void Count(std::string_view) override {}
  void Read() override {}
  absl::Status Write(std::string) override { return absl::OkStatus(); }
  void AskHowItEnded() override {}
  void Answer(std::string) override {}
  void Finish(const absl::Status&) override {}
  void Wake() override { ++wakes_; }
  void SetTimer(Time) override {}

  // How often it was woken so far.
  int wakes() const { return wakes_; }

 private:
  const std::string method_ = "/shop.v1.ItemService/GetItem";
  const std::string peer_;
  const Time deadline_;
  std::atomic<int> wakes_{0};
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_TESTS_UNIT_RPC_FAKE_CALL_H_
