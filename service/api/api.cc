#include "api/api.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "contract/methods.h"
#include "crud/bound_table.h"
#include "crud/methods.h"

namespace protogres::api {
namespace {

using contract::MethodKind;

std::unique_ptr<crud::Method> Make(MethodKind kind, const crud::BoundTable& bound, const crud::Method::Names& names) {
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
    case MethodKind::kAggregate:
      return crud::MakeAggregate(bound, names);
    case MethodKind::kImport:
      return crud::MakeImport(bound, names);
  }
  return nullptr;
}

// Of the last slash, which is found faster than by rfind(). 0: there is none but the first.
std::size_t SlashOf(std::string_view path) {
  const void* slash = memrchr(path.data(), '/', path.size());
  return slash == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(slash) - path.data());
}

// Takes the files out of `contract`.
std::vector<File> TakeFiles(contract::Contract* contract) {
  google::protobuf::FileDescriptorSet taken;
  taken.Swap(&contract->files);
  std::vector<File> files;
  files.reserve(static_cast<std::size_t>(taken.file_size()));
  for (const auto& proto : taken.file()) files.push_back(ToFile(proto));
  return files;
}

// Sorted.
std::vector<std::string> ServicesOf(const contract::Contract& contract) {
  std::vector<std::string> services;
  for (const auto& file : contract.files.file()) {
    const std::string scope = file.package().empty() ? "" : file.package() + ".";
    for (const auto& service : file.service()) services.push_back(scope + service.name());
  }
  for (const contract::Table& table : contract.tables) {
    if (!table.file.empty()) services.push_back(table.FullMessage() + "Service");
  }
  for (const contract::FunctionService& service : contract.functions) {
    if (!service.file.empty()) services.push_back(service.package + "." + service.name);
  }
  std::ranges::sort(services);
  return services;
}

}  // namespace

// A table with its methods.
class Api::Bound {
 public:
  Bound(const contract::Contract& contract, const contract::Table& table, const crud::Limits& limits)
      : table_(contract, table, limits), names_(contract::MethodsOf(table)) {
    for (const contract::Method& method : names_) {
      const crud::Method::Names names{.path = method.path, .request = method.request, .response = method.response};
      const std::string_view name = names.path.substr(SlashOf(names.path) + 1);
      methods_.push_back({name, method.kind, Make(method.kind, table_, names)});
    }
  }

  // By its name, as GetCustomer. Null: the table has no such method.
  const crud::Method* Find(std::string_view name) const {
    for (const BoundMethod& method : methods_) {
      if (method.name == name) return method.method.get();
    }
    return nullptr;
  }
  const crud::Method* Find(MethodKind kind) const {
    for (const BoundMethod& method : methods_) {
      if (method.kind == kind) return method.method.get();
    }
    return nullptr;
  }

 private:
  struct BoundMethod {
    std::string_view name;
    MethodKind kind;
    std::unique_ptr<crud::Method> method;
  };

  const crud::BoundTable table_;
  const std::vector<contract::Method> names_;
  std::vector<BoundMethod> methods_;
};

std::shared_ptr<const Api> Api::Build(contract::Contract contract, const crud::Limits& limits,
                                      std::span<const FixedMethod> fixed) {
  std::shared_ptr<Api> api(new Api(std::move(contract), limits));
  for (const FixedMethod make : fixed) api->fixed_.push_back(make(*api));
  return api;
}

Api::Api(contract::Contract contract, const crud::Limits& limits)
    : contract_(std::move(contract)),
      limits_(limits),
      services_(ServicesOf(contract_)),
      files_(TakeFiles(&contract_)),
      bound_(contract_.tables.size()) {}

Api::~Api() = default;

const Api::Bound& Api::Bind(int table) const {
  const auto index = static_cast<std::size_t>(table);
  return bound_.Get(index, [&] { return std::make_unique<const Bound>(contract_, contract_.tables[index], limits_); });
}

const crud::Method* Api::Find(std::string_view path) const {
  const std::size_t slash = SlashOf(path);
  if (!path.starts_with('/') || slash == 0) return nullptr;
  const int table = index_.FindService(path.substr(1, slash - 1));
  const crud::Method* method = table < 0 ? functions_.Find(path) : Bind(table).Find(path.substr(slash + 1));
  for (std::size_t i = 0; i < fixed_.size() && method == nullptr; ++i) {
    if (fixed_[i]->names().path == path) method = fixed_[i].get();
  }
  return method;
}

const crud::UnaryMethod* Api::FindByRequest(std::string_view type) const {
  const auto found = index_.FindRequest(type);
  if (found.has_value()) return Bind(found->table).Find(found->kind)->As<crud::UnaryMethod>();
  const crud::Method* function = functions_.FindByRequest(type);
  return function == nullptr ? nullptr : function->As<crud::UnaryMethod>();
}

std::vector<std::string> Api::MethodNames(std::string_view service) const {
  std::vector<std::string> names;
  const int index = index_.FindService(service);
  if (index < 0) return functions_.MethodNames(service);
  const contract::Table& table = contract_.tables[static_cast<std::size_t>(index)];
  for (const MethodKind kind : table.methods) {
    names.push_back(contract::MethodName(kind, table.message, table.plural));
  }
  return names;
}

std::size_t Api::method_count() const {
  std::size_t count = functions_.size();
  for (const contract::Table& table : contract_.tables) count += table.methods.size();
  return count;
}

}  // namespace protogres::api
