#include "crud/api.h"

#include <algorithm>

#include "crud/methods.h"
#include "crud/transaction.h"

namespace protogres::crud {
namespace {

using contract::MethodKind;
using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FileDescriptorProto;

// Null for those that are not unary.
std::unique_ptr<Method> Bind(MethodKind kind, const Binding& binding, const Method::Names& names) {
  switch (kind) {
    case MethodKind::kGet:
      return MakeGet(binding, names);
    case MethodKind::kBatchGet:
      return MakeBatchGet(binding, names);
    case MethodKind::kList:
      return MakeList(binding, names);
    case MethodKind::kCreate:
      return MakeCreate(binding, names);
    case MethodKind::kBatchCreate:
      return MakeBatchCreate(binding, names);
    case MethodKind::kUpdate:
      return MakeUpdate(binding, names);
    case MethodKind::kBatchUpdate:
      return MakeBatchUpdate(binding, names);
    case MethodKind::kUpdateWhere:
      return MakeUpdateWhere(binding, names);
    case MethodKind::kDelete:
      return MakeDelete(binding, names);
    case MethodKind::kBatchDelete:
      return MakeBatchDelete(binding, names);
    case MethodKind::kDeleteWhere:
      return MakeDeleteWhere(binding, names);
    case MethodKind::kUndelete:
      return MakeUndelete(binding, names);
    case MethodKind::kStream:
    case MethodKind::kImport:
      break;
  }
  return nullptr;
}

void AddEnum(const std::string& scope, const EnumDescriptorProto& type, std::vector<std::string>* symbols) {
  symbols->push_back(scope + type.name());
  for (const auto& value : type.value()) symbols->push_back(scope + value.name());
}

void AddMessage(const std::string& scope, const DescriptorProto& message, std::vector<std::string>* symbols) {
  const std::string name = scope + message.name();
  symbols->push_back(name);
  for (const auto& nested : message.nested_type()) AddMessage(name + ".", nested, symbols);
  for (const auto& type : message.enum_type()) AddEnum(name + ".", type, symbols);
}

File Serialize(const FileDescriptorProto& proto, std::vector<std::string>* services) {
  File file{.name = proto.name(),
            .bytes = proto.SerializeAsString(),
            .dependencies = {proto.dependency().begin(), proto.dependency().end()},
            .symbols = {}};
  const std::string scope = proto.package().empty() ? "" : proto.package() + ".";
  for (const auto& message : proto.message_type()) AddMessage(scope, message, &file.symbols);
  for (const auto& type : proto.enum_type()) AddEnum(scope, type, &file.symbols);
  for (const auto& service : proto.service()) {
    services->push_back(scope + service.name());
    file.symbols.push_back(scope + service.name());
    for (const auto& method : service.method()) file.symbols.push_back(scope + service.name() + "." + method.name());
  }
  return file;
}

}  // namespace

std::shared_ptr<const Api> Api::Build(contract::Contract contract, const Limits& limits) {
  std::shared_ptr<Api> api(new Api(std::move(contract), limits));
  for (const auto& proto : api->contract_.files.file()) api->files_.push_back(Serialize(proto, &api->services_));
  std::ranges::sort(api->services_);
  google::protobuf::FileDescriptorSet().Swap(&api->contract_.files);
  for (const auto& table : api->contract_.tables) {
    api->bindings_.push_back(std::make_unique<Binding>(api->contract_, table, api->limits_));
  }
  for (const auto& method : api->contract_.methods) {
    const Binding& binding = *api->bindings_[static_cast<std::size_t>(method.table)];
    if (method.kind == MethodKind::kStream) api->streams_.emplace(method.path, &binding);
    if (method.kind == MethodKind::kImport) api->imports_.emplace(method.path, &binding);
    auto bound =
        Bind(method.kind, binding, {.path = method.path, .request = method.request, .response = method.response});
    if (bound == nullptr) continue;
    api->by_request_.emplace(bound->names().request, bound.get());
    api->Add(std::move(bound));
  }
  api->Add(MakeTransact(*api, api->limits_));
  return api;
}

Api::Api(contract::Contract contract, const Limits& limits) : contract_(std::move(contract)), limits_(limits) {}

Api::~Api() = default;

void Api::Add(std::unique_ptr<Method> method) {
  by_path_.emplace(method->names().path, method.get());
  methods_.push_back(std::move(method));
}

const Method* Api::Find(std::string_view path) const {
  const auto it = by_path_.find(path);
  return it == by_path_.end() ? nullptr : it->second;
}

const Binding* Api::FindStream(std::string_view path) const {
  const auto it = streams_.find(path);
  return it == streams_.end() ? nullptr : it->second;
}

const Binding* Api::FindImport(std::string_view path) const {
  const auto it = imports_.find(path);
  return it == imports_.end() ? nullptr : it->second;
}

const Method* Api::FindByRequest(std::string_view type) const {
  const auto it = by_request_.find(type);
  return it == by_request_.end() ? nullptr : it->second;
}

}  // namespace protogres::crud
