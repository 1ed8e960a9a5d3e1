#include "api/api.h"

#include <algorithm>

#include "crud/methods.h"

namespace protogres::api {
namespace {

using contract::MethodKind;
using google::protobuf::FileDescriptorProto;

std::unique_ptr<crud::Method> Bind(MethodKind kind, const crud::BoundTable& bound, const crud::Method::Names& names) {
  switch (kind) {
    case MethodKind::kGet:
      return crud::MakeGet(bound, names);
    case MethodKind::kBatchGet:
      return crud::MakeBatchGet(bound, names);
    case MethodKind::kList:
      return crud::MakeList(bound, names);
    case MethodKind::kCreate:
      return crud::MakeCreate(bound, names);
    case MethodKind::kBatchCreate:
      return crud::MakeBatchCreate(bound, names);
    case MethodKind::kUpdate:
      return crud::MakeUpdate(bound, names);
    case MethodKind::kBatchUpdate:
      return crud::MakeBatchUpdate(bound, names);
    case MethodKind::kUpdateWhere:
      return crud::MakeUpdateWhere(bound, names);
    case MethodKind::kDelete:
      return crud::MakeDelete(bound, names);
    case MethodKind::kBatchDelete:
      return crud::MakeBatchDelete(bound, names);
    case MethodKind::kDeleteWhere:
      return crud::MakeDeleteWhere(bound, names);
    case MethodKind::kUndelete:
      return crud::MakeUndelete(bound, names);
    case MethodKind::kStream:
      return crud::MakeStream(bound, names);
    case MethodKind::kImport:
      return crud::MakeImport(bound, names);
  }
  return nullptr;
}

File Serialize(const FileDescriptorProto& proto, std::vector<std::string>* services) {
  const std::string scope = proto.package().empty() ? "" : proto.package() + ".";
  for (const auto& service : proto.service()) services->push_back(scope + service.name());
  return {.name = proto.name(),
          .bytes = proto.SerializeAsString(),
          .dependencies = {proto.dependency().begin(), proto.dependency().end()}};
}

}  // namespace

std::shared_ptr<const Api> Api::Build(contract::Contract contract, const crud::Limits& limits,
                                      std::span<const FixedMethod> fixed) {
  std::shared_ptr<Api> api(new Api(std::move(contract), limits));
  for (const auto& proto : api->contract_.files.file()) api->files_.push_back(Serialize(proto, &api->services_));
  std::ranges::sort(api->services_);
  google::protobuf::FileDescriptorSet().Swap(&api->contract_.files);
  for (const auto& table : api->contract_.tables) {
    api->tables_.push_back(std::make_unique<crud::BoundTable>(api->contract_, table, api->limits_));
  }
  for (const auto& method : api->contract_.methods) {
    const crud::BoundTable& bound = *api->tables_[static_cast<std::size_t>(method.table)];
    auto made = Bind(method.kind, bound, {.path = method.path, .request = method.request, .response = method.response});
    if (const auto* unary = made->As<crud::UnaryMethod>()) api->by_request_.emplace(unary->names().request, unary);
    api->Add(std::move(made));
  }
  for (const FixedMethod make : fixed) api->Add(make(*api));
  return api;
}

Api::Api(contract::Contract contract, const crud::Limits& limits) : contract_(std::move(contract)), limits_(limits) {}

Api::~Api() = default;

void Api::Add(std::unique_ptr<crud::Method> method) {
  by_path_.emplace(method->names().path, method.get());
  methods_.push_back(std::move(method));
}

const crud::Method* Api::Find(std::string_view path) const {
  const auto it = by_path_.find(path);
  return it == by_path_.end() ? nullptr : it->second;
}

const crud::UnaryMethod* Api::FindByRequest(std::string_view type) const {
  const auto it = by_request_.find(type);
  return it == by_request_.end() ? nullptr : it->second;
}

}  // namespace protogres::api
