// Reflection and health through the real server.
#include <set>
#include <string>
#include <vector>

#include "db/memory.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "rpc/fixture.h"

namespace protogres::rpc {
namespace {

using grpc::StatusCode;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RpcReflectionTest : public RpcTest, public testing::WithParamInterface<std::string> {
 protected:
  std::string Path() const { return "/grpc.reflection." + GetParam() + ".ServerReflection/ServerReflectionInfo"; }

  static ServerReflectionResponse Ask(ClientStream& stream, const ServerReflectionRequest& request) {
    ServerReflectionResponse response;
    std::string message;
    EXPECT_TRUE(stream.Write(request.SerializeAsString()));
    EXPECT_TRUE(stream.Read(&message));
    EXPECT_TRUE(response.ParseFromString(message));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }
  static ServerReflectionResponse AskSymbol(ClientStream& stream, const std::string& symbol) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    return Ask(stream, request);
  }
  static ServerReflectionResponse AskFile(ClientStream& stream, const std::string& name) {
    ServerReflectionRequest request;
    request.set_file_by_filename(name);
    return Ask(stream, request);
  }
  static std::vector<google::protobuf::FileDescriptorProto> Files(const ServerReflectionResponse& response) {
    std::vector<google::protobuf::FileDescriptorProto> files;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      EXPECT_TRUE(files.emplace_back().ParseFromString(bytes));
    }
    return files;
  }
  static std::vector<std::string> Names(const ServerReflectionResponse& response) {
    std::vector<std::string> names;
    for (const auto& file : Files(response)) names.push_back(file.name());
    return names;
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, RpcReflectionTest, testing::Values("v1", "v1alpha"));

TEST_P(RpcReflectionTest, ListsServicesOfTheApiInForce) {
  Start();
  ClientStream stream(channel_, Path());
  ServerReflectionRequest request;
  request.set_list_services("*");
  request.set_host("h");
  const auto list = [&] {
    std::vector<std::string> names;
    const auto response = Ask(stream, request);
    EXPECT_EQ(response.valid_host(), "h");
    for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
    return names;
  };
  EXPECT_THAT(list(), ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                  "grpc.reflection.v1alpha.ServerReflection", "protogres.v1.TransactionService",
                                  "shop.v1.ItemService"));
  server_->SetApi(MakeApi({"zebra"}));
  EXPECT_THAT(list(), Contains("shop.v1.ZebraService"));
  EXPECT_THAT(list(), Not(Contains("shop.v1.ItemService")));
  server_->SetApi(nullptr, "gone");
  EXPECT_EQ(list().size(), 4u);
  EXPECT_TRUE(stream.WritesDone());
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_P(RpcReflectionTest, FilesComeWithAllTheyImport) {
  Start();
  for (const char* symbol :
       {"shop.v1.ItemService", "shop.v1.ItemService.GetItem", "shop.v1.Item", "shop.v1.Item.name",
        "grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc.health.v1.HealthCheckResponse.SERVING",
        "grpc.reflection.v1.ServerReflectionRequest.host", "google.protobuf.FieldDescriptorProto.TYPE_INT32",
        "google.protobuf.NULL_VALUE", "google.protobuf.Value.kind", "google.rpc.BadRequest.FieldViolation.field",
        "google.protobuf.UInt32Value", "google.protobuf.Any"}) {
    ClientStream stream(channel_, Path());
    const auto response = AskSymbol(stream, symbol);
    const auto files = Files(response);
    ASSERT_THAT(files, Not(IsEmpty())) << symbol << " " << response.error_response().error_message();
    google::protobuf::SimpleDescriptorDatabase database;
    for (const auto& file : files) database.Add(file);
    google::protobuf::DescriptorPool complete(&database);
    ASSERT_NE(complete.FindFileByName(files[0].name()), nullptr) << symbol;
    const auto* file = complete.FindFileContainingSymbol(symbol);
    ASSERT_NE(file, nullptr) << symbol;
    EXPECT_EQ(file->name(), files[0].name());
  }
}

TEST_P(RpcReflectionTest, ImportsAreSentOnceAStream) {
  Start();
  ClientStream stream(channel_, Path());
  const auto first = Names(AskSymbol(stream, "shop.v1.ItemService"));
  ASSERT_GT(first.size(), 1u);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), first.size());
  EXPECT_THAT(Names(AskSymbol(stream, "shop.v1.GetItemRequest")), ElementsAre(first[0]));
  EXPECT_THAT(Names(AskFile(stream, "google/protobuf/type.proto")), Contains("google/protobuf/source_context.proto"));
  // Files of another Api are others, whatever their names.
  server_->SetApi(MakeApi({"item"}));
  EXPECT_EQ(Names(AskSymbol(stream, "shop.v1.GetItemRequest")), first);
}

TEST_P(RpcReflectionTest, WhatIsNotThereIsNotFound) {
  Start();
  ClientStream stream(channel_, Path());
  for (const char* symbol : {"", ".", "shop", "shop.v1", "shop.v1.", "shop.v1.Ite", "shop.v1.Item.nam",
                             "shop.v1.Item.name.x", ".shop.v1.Item", "shop.v1.Item."}) {
    const auto error = AskSymbol(stream, symbol).error_response();
    EXPECT_EQ(error.error_code(), StatusCode::NOT_FOUND) << symbol;
    EXPECT_THAT(error.error_message(), HasSubstr("\"" + std::string(symbol) + "\""));
  }
  EXPECT_EQ(AskFile(stream, "no/such.proto").error_response().error_code(), StatusCode::NOT_FOUND);
  ServerReflectionRequest request;
  EXPECT_EQ(Ask(stream, request).error_response().error_code(), StatusCode::INVALID_ARGUMENT);
  request.mutable_file_containing_extension()->set_containing_type("shop.v1.Item");
  EXPECT_EQ(Ask(stream, request).error_response().error_code(), StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("shop.v1.Nothing");
  EXPECT_EQ(Ask(stream, request).error_response().error_code(), StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("shop.v1.Item");
  const auto none = Ask(stream, request);
  EXPECT_EQ(none.all_extension_numbers_response().base_type_name(), "shop.v1.Item");
  EXPECT_EQ(none.all_extension_numbers_response().extension_number_size(), 0);
}

TEST_P(RpcReflectionTest, AMalformedRequestEndsTheStream) {
  Start();
  ClientStream stream(channel_, Path());
  std::string message;
  EXPECT_TRUE(stream.Write("\xff\xff"));
  EXPECT_FALSE(stream.Read(&message));
  EXPECT_EQ(stream.Finish().error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_P(RpcReflectionTest, IsRefusedWhereThereIsNoMemory) {
  Start();
  ClientStream open(channel_, Path());
  EXPECT_EQ(AskSymbol(open, std::string(1000, 'x')).error_response().error_message(),
            "there is no symbol \"" + std::string(60, 'x') + "...\"");
  db::Memory::Hold all;
  db::Memory::OfProcess().Force(static_cast<std::size_t>(options_.max_memory), &all);
  EXPECT_TRUE(open.Write(""));
  ClientStream late(channel_, Path());
  for (ClientStream* stream : {&open, &late}) {
    std::string message;
    EXPECT_FALSE(stream->Read(&message));
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(Reason(status), "MEMORY_EXHAUSTED");
  }
}

class RpcHealthTest : public RpcTest {
 protected:
  static std::string Request(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request.SerializeAsString();
  }
  static int Parse(const std::string& message) {
    HealthCheckResponse response;
    return response.ParseFromString(message) ? response.status() : -1;
  }
  int Check(const std::string& service) {
    const Reply reply = Call("/grpc.health.v1.Health/Check", Request(service));
    return reply.status.ok() ? Parse(reply.message) : -reply.status.error_code();
  }
  std::unique_ptr<ClientStream> Watch(const std::string& service) {
    auto stream = std::make_unique<ClientStream>(channel_, "/grpc.health.v1.Health/Watch");
    EXPECT_TRUE(stream->Write(Request(service)));
    EXPECT_TRUE(stream->WritesDone());
    return stream;
  }
  static int Next(ClientStream& stream) {
    std::string message;
    return stream.Read(&message) ? Parse(message) : -1;
  }
};

TEST_F(RpcHealthTest, Check) {
  Start();
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("shop.v1.ItemService"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("liveness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("protogres.v1.TransactionService"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("grpc.reflection.v1.ServerReflection"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("shop.v1.Item"), -StatusCode::NOT_FOUND);
  server_->SetReady(false);
  EXPECT_EQ(Check(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check("shop.v1.ItemService"), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check("liveness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Call("/grpc.health.v1.Health/Check", "\xff").status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(database_.counts().executed, 0);
}

TEST_F(RpcHealthTest, ReflectionThatIsOffIsNoService) {
  options_.reflection = Reflection::kOff;
  Start();
  EXPECT_EQ(Check("grpc.reflection.v1.ServerReflection"), -StatusCode::NOT_FOUND);
  EXPECT_EQ(Check("protogres.v1.TransactionService"), HealthCheckResponse::SERVING);
  server_->SetApi(nullptr, "gone");
  EXPECT_EQ(Check("grpc.reflection.v1.ServerReflection"), -StatusCode::NOT_FOUND);
  EXPECT_EQ(Call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo").status.error_code(),
            StatusCode::UNIMPLEMENTED);
}

TEST_F(RpcHealthTest, OnlyALargeRequestIsRefusedWhereThereIsNoMemory) {
  Start();
  db::Memory::Hold all;
  db::Memory::OfProcess().Force(static_cast<std::size_t>(options_.max_memory), &all);
  const std::string large(2000, 'x');
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(large), -StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Next(*Watch("")), HealthCheckResponse::SERVING);
  ClientStream watch(channel_, "/grpc.health.v1.Health/Watch");
  EXPECT_TRUE(watch.Write(Request(large)));
  EXPECT_EQ(watch.Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(RpcHealthTest, WatchTellsEachChange) {
  Start();
  auto all = Watch("");
  auto one = Watch("shop.v1.ZebraService");
  EXPECT_EQ(Next(*all), HealthCheckResponse::SERVING);
  EXPECT_EQ(Next(*one), HealthCheckResponse::SERVICE_UNKNOWN);
  server_->SetReady(false);
  EXPECT_EQ(Next(*all), HealthCheckResponse::NOT_SERVING);
  server_->SetApi(MakeApi({"zebra"}));
  EXPECT_EQ(Next(*one), HealthCheckResponse::NOT_SERVING);
  server_->SetReady(true);
  EXPECT_EQ(Next(*all), HealthCheckResponse::SERVING);
  EXPECT_EQ(Next(*one), HealthCheckResponse::SERVING);
  all->Cancel();
  EXPECT_EQ(all->Finish().error_code(), StatusCode::CANCELLED);
  server_->SetReady(false);
  EXPECT_EQ(Next(*one), HealthCheckResponse::NOT_SERVING);
}

TEST_F(RpcHealthTest, WatchSurvivesManyChangesAndCancels) {
  Start();
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<ClientStream>> streams;
    for (int i = 0; i < 10; ++i) streams.push_back(Watch(""));
    for (int i = 0; i < 50; ++i) server_->SetReady(i % 2 == 0);
    if (round % 2 == 0) {
      for (auto& stream : streams) EXPECT_NE(Next(*stream), -1);
    }
  }
  server_->SetReady(true);
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
}

TEST_F(RpcHealthTest, MalformedWatchIsAnError) {
  Start();
  ClientStream stream(channel_, "/grpc.health.v1.Health/Watch");
  EXPECT_TRUE(stream.Write("\xff"));
  EXPECT_EQ(stream.Finish().error_code(), StatusCode::INVALID_ARGUMENT);
  ClientStream none(channel_, "/grpc.health.v1.Health/Watch");
  EXPECT_TRUE(none.WritesDone());
  EXPECT_FALSE(none.Finish().ok());
}

}  // namespace
}  // namespace protogres::rpc
