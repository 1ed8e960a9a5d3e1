// A real Server on a loopback port, its real gRPC clients, and a pool of connections to a fake database.
#ifndef PROTOGRES_TESTS_RPC_FIXTURE_H_
#define PROTOGRES_TESTS_RPC_FIXTURE_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "db/pool.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/server.h"
#include "support/eventually.h"
#include "support/fake_database.h"

namespace protogres::rpc {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a statement of Get answers: the row {id: 1, name: `name`} with an etag.
db::Rows Item(const std::string& name);

// The Api of a database with these tables, each (id bigint primary key, name text).
std::shared_ptr<const api::Api> MakeApi(const std::vector<std::string>& tables);

inline constexpr char kGetItem[] = "/shop.v1.ItemService/GetItem";

struct Reply {
  grpc::Status status;
  std::string message;
};

// A bidirectional stream of raw messages, used by one thread.
class ClientStream {
 public:
  ClientStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
               milliseconds timeout = seconds(60));
  ~ClientStream();
  bool Write(const std::string& message);
  bool WritesDone();
  bool Read(std::string* message);
  grpc::Status Finish();
  void Cancel() { context_.TryCancel(); }

 private:
  bool Next();

  grpc::ClientContext context_;
  grpc::CompletionQueue cq_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

// One unary call. Blocks.
Reply CallUnary(const std::shared_ptr<grpc::Channel>& channel, const std::string& path, const std::string& request,
                grpc::ClientContext* context = nullptr);

// Gets of the item 1, all at once, each with a deadline of its own. Blocks.
std::vector<Reply> CallMany(const std::shared_ptr<grpc::Channel>& channel, int count,
                            const std::function<milliseconds()>& timeout);

// "GetItemRequest{id: 1}".
std::string GetRequest();
// The reason of the ErrorInfo that came with it.
std::string Reason(const grpc::Status& status);

class RpcTest : public testing::Test {
 protected:
  RpcTest() {
    options_.coalesce = false;  // the fake rows are of single Gets
    options_.listen = "127.0.0.1:0";
    pool_options_.pool_size = 2;
    pool_options_.max_overflow = 0;
    pool_options_.backoff_min = milliseconds(5);
    pool_options_.backoff_max = milliseconds(20);
    AnswerOne();
  }
  ~RpcTest() override { database_.Release(); }

  // Each statement answers Item("one"), as it does before the test says otherwise.
  void AnswerOne() {
    database_.SetScript([] { return Item("one"); });
  }

  // Starts with an Api of the table item, ready.
  void Start();
  std::shared_ptr<grpc::Channel> NewChannel() const;
  Reply Call(const std::string& path = kGetItem, const std::string& request = GetRequest()) {
    return CallUnary(channel_, path, request);
  }
  std::future<Reply> CallAsync(grpc::ClientContext* context = nullptr) {
    return std::async(std::launch::async,
                      [this, context] { return CallUnary(channel_, kGetItem, GetRequest(), context); });
  }

  ServerOptions options_;
  db::PoolOptions pool_options_;
  db::FakeDatabase database_;
  std::unique_ptr<db::Pool> pool_;
  std::atomic<int> catalog_moved_{0};
  std::atomic<std::uint64_t> reload_{0};  // the number of the one that is asked for
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace protogres::rpc

#endif  // PROTOGRES_TESTS_RPC_FIXTURE_H_
