// A blocking Get through the client library beside the same of the bare stub, in turns in one process.
// Usage: get_bench [ROUNDS], with PROTOGRES_BINARY in the environment. A round is 500 calls of each.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "grpcpp/create_channel.h"
#include "shop.h"

namespace protogres::testing {
namespace {

using Clock = std::chrono::steady_clock;
using ::shop::v1::Customer;

template <class Call>
void Measure(Call call, std::vector<double>* times) {
  for (int i = 0; i < 500; ++i) {
    const auto begin = Clock::now();
    if (!call(1 + i % 49)) std::abort();
    times->push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
}

double Median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

int Main(int rounds) {
  Options options;
  options.address = Demo().address();
  const Client client = *Client::Connect(options);
  const auto stub =
      ::shop::v1::CustomerService::NewStub(grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials()));
  // With a deadline, as every call should have one, and as the library's has.
  const auto bare = [&](int64_t id) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    ::shop::v1::GetCustomerRequest request;
    request.set_id(id);
    Customer customer;
    return stub->GetCustomer(&context, request, &customer).ok();
  };
  const auto library = [&](int64_t id) { return client.Get<Customer>(id).ok(); };
  std::vector<double> bare_times, library_times, warm;
  Measure(bare, &warm);
  Measure(library, &warm);
  for (int round = 0; round < rounds; ++round) {
    // Who is first changes, since what the machine does else may follow a rhythm.
    if (round % 2 == 0) Measure(bare, &bare_times);
    Measure(library, &library_times);
    if (round % 2 == 1) Measure(bare, &bare_times);
  }
  const double a = Median(bare_times);
  const double b = Median(library_times);
  std::printf("p50 of %zu calls each: bare stub %.1f us, client library %.1f us, ratio %.3f\n", bare_times.size(), a, b,
              b / a);
  return 0;
}

}  // namespace
}  // namespace protogres::testing

int main(int argc, char** argv) { return protogres::testing::Main(argc > 1 ? std::atoi(argv[1]) : 20); }
