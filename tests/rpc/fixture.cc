#include "rpc/fixture.h"

#include <thread>
#include <utility>

#include "catalog/catalog.h"
#include "contract/derive.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "transaction/transaction.h"

namespace protogres::rpc {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& message) {
  const grpc::Slice slice(message);
  return {&slice, 1};
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

}  // namespace

db::Rows Item(const std::string& name) { return db::FakeRows({{"1", name, "etag"}}); }

std::shared_ptr<const api::Api> MakeApi(const std::vector<std::string>& tables) {
  catalog::Catalog catalog;
  catalog.database = "shop";
  catalog.server_version = 150000;
  catalog.server_encoding = "UTF8";
  catalog.schemas = {"public"};
  const auto add_type = [&](catalog::Oid oid, const std::string& name) {
    catalog::Type type;
    type.oid = oid;
    type.schema = "pg_catalog";
    type.name = name;
    type.comparable = type.orderable = true;
    catalog.types[oid] = type;
  };
  add_type(20, "int8");
  add_type(25, "text");
  for (const auto& name : tables) {
    catalog::Relation relation;
    relation.oid = static_cast<catalog::Oid>(100 + catalog.relations.size());
    relation.schema = "public";
    relation.name = name;
    relation.key = {1};
    relation.insertable = relation.updatable = relation.deletable = true;
    relation.columns.resize(2);
    relation.columns[0].number = 1;
    relation.columns[0].name = "id";
    relation.columns[0].type = 20;
    relation.columns[0].sql_type = "bigint";
    relation.columns[0].not_null = true;
    relation.columns[1].number = 2;
    relation.columns[1].name = "name";
    relation.columns[1].type = 25;
    relation.columns[1].sql_type = "text";
    catalog.relations.push_back(relation);
  }
  auto contract = contract::Derive(catalog, {});
  EXPECT_TRUE(contract.ok()) << contract.status();
  constexpr api::Api::FixedMethod kFixed[] = {&transaction::MakeTransact, &transaction::MakeSession};
  return api::Api::Build(*std::move(contract), {}, kFixed);
}

ClientStream::ClientStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                           milliseconds timeout) {
  context_.set_deadline(std::chrono::system_clock::now() + timeout);
  stream_ = grpc::GenericStub(channel).PrepareCall(&context_, path, &cq_);
  stream_->StartCall(this);
  Next();
}

ClientStream::~ClientStream() {
  context_.TryCancel();
  cq_.Shutdown();
  while (Next()) {
  }
}

bool ClientStream::Next() {
  void* tag = nullptr;
  bool ok = false;
  return cq_.Next(&tag, &ok) && ok;
}

bool ClientStream::Write(const std::string& message) {
  stream_->Write(ToBuffer(message), this);
  return Next();
}

bool ClientStream::WritesDone() {
  stream_->WritesDone(this);
  return Next();
}

bool ClientStream::Read(std::string* message) {
  grpc::ByteBuffer buffer;
  stream_->Read(&buffer, this);
  if (!Next()) return false;
  *message = ToString(buffer);
  return true;
}

grpc::Status ClientStream::Finish() {
  grpc::Status status;
  stream_->Finish(&status, this);
  Next();
  return status;
}

Reply CallUnary(const std::shared_ptr<grpc::Channel>& channel, const std::string& path, const std::string& request,
                grpc::ClientContext* context) {
  grpc::ClientContext own;
  if (!context) {
    context = &own;
    own.set_deadline(std::chrono::system_clock::now() + kTestPatience);
  }
  grpc::CompletionQueue cq;
  grpc::ByteBuffer response;
  Reply reply;
  auto call = grpc::GenericStub(channel).PrepareUnaryCall(context, path, ToBuffer(request), &cq);
  call->StartCall();
  call->Finish(&response, &reply.status, &reply);
  void* tag = nullptr;
  bool ok = false;
  cq.Next(&tag, &ok);
  if (reply.status.ok()) reply.message = ToString(response);
  cq.Shutdown();
  while (cq.Next(&tag, &ok)) {
  }
  return reply;
}

std::vector<Reply> CallMany(const std::shared_ptr<grpc::Channel>& channel, int count,
                            const std::function<milliseconds()>& timeout) {
  struct OneCall {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer response;
  };
  grpc::CompletionQueue cq;
  std::vector<OneCall> calls(static_cast<std::size_t>(count));
  std::vector<Reply> replies(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].context.set_deadline(std::chrono::system_clock::now() + timeout());
    calls[i].reader =
        grpc::GenericStub(channel).PrepareUnaryCall(&calls[i].context, kGetItem, ToBuffer(GetRequest()), &cq);
    calls[i].reader->StartCall();
    calls[i].reader->Finish(&calls[i].response, &replies[i].status, &replies[i]);
  }
  void* tag = nullptr;
  bool ok = false;
  for (int i = 0; i < count; ++i) cq.Next(&tag, &ok);
  cq.Shutdown();
  while (cq.Next(&tag, &ok)) {
  }
  return replies;
}

std::string GetRequest() { return "\x08\x01"; }

std::string Reason(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details())) return "(malformed details)";
  EXPECT_EQ(details.details_size() > 0 ? details.code() : static_cast<int>(status.error_code()), status.error_code());
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

void RpcTest::Start() {
  pool_ = std::make_unique<db::Pool>(pool_options_, database_.Factory());
  auto server = Server::Start(options_, *pool_, [this] {
    ++catalog_moved_;
    return reload_.load();
  });
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  server_->SetApi(MakeApi({"item"}));
  server_->SetReady(true);
  channel_ = NewChannel();
}

std::shared_ptr<grpc::Channel> RpcTest::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace protogres::rpc
