#include "rpc/served_files.h"

#include <algorithm>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres::rpc {
namespace {

namespace pb = google::protobuf;

// They name a message of each file, so that the linker keeps it.
std::vector<std::string> CompiledServices(Reflection reflection) {
  std::vector<const pb::FileDescriptor*> files = {protogres::v1::TransactRequest::descriptor()->file(),
                                                  grpc::health::v1::HealthCheckRequest::descriptor()->file()};
  if (reflection != Reflection::kOff) {
    files.push_back(grpc::reflection::v1::ServerReflectionRequest::descriptor()->file());
    files.push_back(grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()->file());
  }
  std::vector<std::string> services;
  for (const pb::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i)->full_name());
  }
  return services;
}

std::optional<api::File> Compiled(const pb::FileDescriptor* file) {
  if (file == nullptr) return std::nullopt;
  pb::FileDescriptorProto proto;
  file->CopyTo(&proto);
  return api::ToFile(proto);
}

}  // namespace

ServedFiles::ServedFiles(const api::Api* api, Reflection reflection)
    : api_(api), services_(CompiledServices(reflection)) {
  if (api_ != nullptr) services_.insert(services_.end(), api_->services().begin(), api_->services().end());
  std::ranges::sort(services_);
}

std::optional<api::File> ServedFiles::FindFile(const std::string& name) const {
  if (api_ != nullptr) {
    if (auto own = api_->messages().FindFile(name)) return own;
  }
  return Compiled(pb::DescriptorPool::generated_pool()->FindFileByName(name));
}

std::optional<api::File> ServedFiles::FindSymbol(const std::string& symbol) const {
  if (api_ != nullptr) {
    if (auto own = api_->messages().FindFileOf(symbol)) return own;
  }
  return Compiled(pb::DescriptorPool::generated_pool()->FindFileContainingSymbol(symbol));
}

}  // namespace protogres::rpc
