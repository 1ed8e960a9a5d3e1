#include "rpc/reflection_index.h"

#include <algorithm>

#include "google/protobuf/any.pb.h"
#include "google/protobuf/api.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "protogres/v1/transaction.pb.h"

namespace protogres::rpc {
namespace {

namespace pb = google::protobuf;

// A message of each file, which also links the file in; files that they import (type,
// source_context) come with them.
std::vector<const pb::FileDescriptor*> FixedDescriptors() {
  std::vector<const pb::FileDescriptor*> files = {
      pb::Any::descriptor()->file(),
      pb::Api::descriptor()->file(),
      pb::FileDescriptorProto::descriptor()->file(),
      pb::Duration::descriptor()->file(),
      pb::Empty::descriptor()->file(),
      pb::FieldMask::descriptor()->file(),
      pb::Struct::descriptor()->file(),
      pb::Timestamp::descriptor()->file(),
      pb::Int64Value::descriptor()->file(),
      protogres::v1::TransactRequest::descriptor()->file(),
      google::rpc::Status::descriptor()->file(),
      google::rpc::ErrorInfo::descriptor()->file(),
      grpc::health::v1::HealthCheckRequest::descriptor()->file(),
      grpc::reflection::v1::ServerReflectionRequest::descriptor()->file(),
      grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()->file(),
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (int j = 0; j < files[i]->dependency_count(); ++j) {
      const auto* dependency = files[i]->dependency(j);
      if (std::ranges::find(files, dependency) == files.end()) files.push_back(dependency);
    }
  }
  return files;
}

void AddSymbols(const pb::EnumDescriptor& type, std::vector<std::string>* symbols) {
  symbols->push_back(type.full_name());
  for (int i = 0; i < type.value_count(); ++i) symbols->push_back(type.value(i)->full_name());
}

void AddSymbols(const pb::Descriptor& message, std::vector<std::string>* symbols) {
  symbols->push_back(message.full_name());
  for (int i = 0; i < message.nested_type_count(); ++i) AddSymbols(*message.nested_type(i), symbols);
  for (int i = 0; i < message.enum_type_count(); ++i) AddSymbols(*message.enum_type(i), symbols);
}

void AddSymbols(const pb::ServiceDescriptor& service, std::vector<std::string>* symbols) {
  symbols->push_back(service.full_name());
  for (int i = 0; i < service.method_count(); ++i) symbols->push_back(service.method(i)->full_name());
}

api::File ToFile(const pb::FileDescriptor& file) {
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  api::File result{.name = file.name(),
                   .bytes = proto.SerializeAsString(),
                   .dependencies = {proto.dependency().begin(), proto.dependency().end()},
                   .symbols = {}};
  for (int i = 0; i < file.message_type_count(); ++i) AddSymbols(*file.message_type(i), &result.symbols);
  for (int i = 0; i < file.enum_type_count(); ++i) AddSymbols(*file.enum_type(i), &result.symbols);
  for (int i = 0; i < file.service_count(); ++i) AddSymbols(*file.service(i), &result.symbols);
  return result;
}

struct Fixed {
  std::vector<api::File> files;
  std::vector<std::string> services;
};

const Fixed& FixedFiles() {
  static const Fixed* const fixed = [] {
    auto* made = new Fixed;
    for (const auto* descriptor : FixedDescriptors()) {
      made->files.push_back(ToFile(*descriptor));
      for (int i = 0; i < descriptor->service_count(); ++i) {
        made->services.push_back(descriptor->service(i)->full_name());
      }
    }
    return made;
  }();
  return *fixed;
}

// Whether the message `path` (relative to `message`'s own scope) has this field.
bool HasField(const pb::DescriptorProto& message, std::string_view path, std::string_view field) {
  if (path == message.name()) {
    return std::ranges::any_of(message.field(), [&](const auto& f) { return f.name() == field; }) ||
           std::ranges::any_of(message.oneof_decl(), [&](const auto& o) { return o.name() == field; });
  }
  if (!path.starts_with(message.name() + ".")) return false;
  path.remove_prefix(message.name().size() + 1);
  return std::ranges::any_of(message.nested_type(), [&](const auto& m) { return HasField(m, path, field); });
}

bool HasField(const api::File& file, std::string_view message, std::string_view field) {
  pb::FileDescriptorProto proto;
  if (!proto.ParseFromString(file.bytes)) return false;
  if (!proto.package().empty()) {
    if (!message.starts_with(proto.package() + ".")) return false;
    message.remove_prefix(proto.package().size() + 1);
  }
  return std::ranges::any_of(proto.message_type(), [&](const auto& m) { return HasField(m, message, field); });
}

}  // namespace

ReflectionIndex::ReflectionIndex(const api::Api* api) : services_(FixedFiles().services) {
  // The Api's first: what it declares itself (a pinned contract may bring a file of its own) wins.
  if (api) {
    Add(api->files());
    services_.insert(services_.end(), api->services().begin(), api->services().end());
  }
  Add(FixedFiles().files);
  std::ranges::sort(services_);
}

void ReflectionIndex::Add(const std::vector<api::File>& files) {
  for (const auto& file : files) {
    if (!by_name_.emplace(file.name, &file).second) continue;
    for (const auto& symbol : file.symbols) by_symbol_.emplace(symbol, &file);
  }
}

const api::File* ReflectionIndex::FindFile(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

const api::File* ReflectionIndex::FindSymbol(std::string_view symbol) const {
  if (const auto it = by_symbol_.find(symbol); it != by_symbol_.end()) return it->second;
  const std::size_t dot = symbol.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  const auto it = by_symbol_.find(symbol.substr(0, dot));
  if (it == by_symbol_.end()) return nullptr;
  return HasField(*it->second, symbol.substr(0, dot), symbol.substr(dot + 1)) ? it->second : nullptr;
}

}  // namespace protogres::rpc
