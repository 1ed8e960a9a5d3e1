#include "api/functions.h"

#include <memory>

#include "crud/function.h"

namespace protogres::api {
namespace {

std::vector<const contract::Function*> All(const contract::Contract& contract) {
  std::vector<const contract::Function*> functions;
  for (const contract::FunctionService& service : contract.functions) {
    for (const contract::Function& function : service.functions) functions.push_back(&function);
  }
  return functions;
}

}  // namespace

// A function with its method.
class Functions::Bound {
 public:
  Bound(const contract::Contract& contract, const contract::Function& function, const crud::Limits& limits)
      : function_(contract, function, limits),
        method_(crud::MakeFunction(
            function_, {.path = function.path, .request = function.request, .response = function.response})) {}

  const crud::Method* method() const { return method_.get(); }

 private:
  const crud::BoundFunction function_;
  const std::unique_ptr<crud::Method> method_;
};

Functions::Functions(const contract::Contract& contract, const crud::Limits& limits)
    : contract_(contract), limits_(limits), functions_(All(contract)), bound_(functions_.size()) {
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    by_path_.emplace(functions_[i]->path, i);
    by_request_.emplace(functions_[i]->request, i);
  }
}

Functions::~Functions() = default;

const crud::Method* Functions::Find(std::string_view path) const { return Bind(by_path_, path); }

const crud::Method* Functions::FindByRequest(std::string_view type) const { return Bind(by_request_, type); }

const crud::Method* Functions::Bind(const Index& index, std::string_view name) const {
  const auto it = index.find(name);
  if (it == index.end()) return nullptr;
  const std::size_t i = it->second;
  return bound_.Get(i, [&] { return std::make_unique<const Bound>(contract_, *functions_[i], limits_); }).method();
}

std::vector<std::string> Functions::MethodNames(std::string_view service) const {
  std::vector<std::string> names;
  for (const contract::Function* function : functions_) {
    const std::string_view path = function->path;
    const std::size_t slash = path.rfind('/');
    if (path.substr(1, slash - 1) == service) names.emplace_back(path.substr(slash + 1));
  }
  return names;
}

}  // namespace protogres::api
