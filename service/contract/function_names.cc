#include "contract/function_names.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "contract/naming.h"
#include "contract/table_names.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

// Generated code of C++ and Rust has these beside the methods of a service.
constexpr std::string_view kReserved[] = {"Stub",
                                          "StubInterface",
                                          "Service",
                                          "AsyncService",
                                          "NewStub",
                                          "New",
                                          "Connect",
                                          "WithOrigin",
                                          "WithInterceptor",
                                          "SendCompressed",
                                          "AcceptCompressed",
                                          "MaxDecodingMessageSize",
                                          "MaxEncodingMessageSize"};

// bigint -> Bigint, shop.order_status[] -> OrderStatusArray.
std::string TypeWord(std::string_view sql_type) {
  const bool array = sql_type.ends_with("[]");
  if (array) sql_type.remove_suffix(2);
  const std::size_t dot = sql_type.rfind('.');
  if (dot != std::string_view::npos) sql_type.remove_prefix(dot + 1);
  return Pascal(Fold(text::Lower(sql_type))) + (array ? "Array" : "");
}

std::string TypeWords(const catalog::Function& function) {
  std::string words;
  for (const catalog::Argument& argument : function.arguments) {
    if (IsGiven(argument)) words += TypeWord(argument.sql_type);
  }
  return words;
}

// Chooses the methods' names of all services.
class Naming {
 public:
  Naming(const std::vector<FunctionDraft>& drafts, const std::map<std::string, std::string>& packages,
         std::map<std::string, PackageScope>* scopes, Contract* contract)
      : drafts_(drafts), packages_(packages), scopes_(*scopes), contract_(*contract), names_(drafts.size()) {}

  std::vector<std::string> Run() {
    for (const FunctionDraft& draft : drafts_) {
      const std::string& schema = draft.function->schema;
      if (contract_.functions.empty() || contract_.functions.back().schema != schema) AddService(schema);
    }
    // Those whose name was asked for choose first.
    std::vector<std::size_t> order(drafts_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_partition(order.begin(), order.end(),
                          [this](std::size_t i) { return drafts_[i].notes.name.has_value(); });
    for (const std::size_t i : order) names_[i] = Choose(i);
    return std::move(names_);
  }

 private:
  void AddService(const std::string& schema) {
    FunctionService service;
    service.schema = schema;
    service.package = packages_.at(schema);
    PackageScope& scope = scopes_[service.package];
    service.name = "FunctionService";
    for (int i = 2; !scope.Take({service.name, service.name + "Grpc", service.name + "Client", service.name + "Server",
                                 service.name + "OrBuilder"});
         ++i) {
      service.name = fmt::format("FunctionService{}", i);
    }
    scope.Take({"FunctionsProto"});
    service.file = FunctionsFileName(service.package);
    const auto taken = [this](const std::string& file) {
      return std::ranges::find(contract_.tables, file, &Table::file) != contract_.tables.end() ||
             std::ranges::find(contract_.functions, file, &FunctionService::file) != contract_.functions.end();
    };
    for (int i = 2; taken(service.file); ++i) {
      service.file = FunctionsFileName(service.package);
      service.file.insert(service.file.size() - std::string_view(".proto").size(), fmt::format("_{}", i));
    }
    contract_.functions.push_back(std::move(service));
  }

  // Of overloads the first has the plain name.
  bool IsFirst(std::size_t i) const {
    const auto same = [this](std::size_t a, std::size_t b) {
      return std::tie(drafts_[a].function->schema, drafts_[a].function->name) ==
             std::tie(drafts_[b].function->schema, drafts_[b].function->name);
    };
    return i == 0 || !same(i - 1, i);
  }

  std::string Choose(std::size_t i) {
    const FunctionDraft& draft = drafts_[i];
    const catalog::Function& function = *draft.function;
    std::string wanted = Pascal(draft.notes.name.value_or(Fold(function.name)));
    if (!draft.notes.name.has_value() && !IsFirst(i)) wanted += TypeWords(function);
    if (wanted.size() > kMaxIdentifier) wanted = Fold(wanted);
    if (Take(function.schema, wanted)) return wanted;
    std::string name = wanted + "Function";
    for (int n = 2; !Take(function.schema, name); ++n) name = fmt::format("{}Function{}", wanted, n);
    if (draft.notes.name.has_value()) {
      contract_.warnings.push_back(
          fmt::format("{}: @protogres name={} is taken: it is served as {}", Label(function), wanted, name));
    }
    return name;
  }

  bool Take(const std::string& schema, const std::string& name) {
    if (std::ranges::find(kReserved, name) != std::end(kReserved)) return false;
    std::set<std::string>& methods = methods_[schema];
    // C++ has the members AsyncFoo and PrepareAsyncFoo beside Foo, and Java foo().
    if (methods.contains(text::Lower(name)) || methods.contains("async" + text::Lower(name))) return false;
    for (std::string_view prefix : {"async", "prepareasync"}) {
      const std::string lower = text::Lower(name);
      if (lower.starts_with(prefix) && methods.contains(lower.substr(prefix.size()))) return false;
    }
    if (!scopes_[packages_.at(schema)].Take({name + "Request", name + "Response", name + "Row"})) return false;
    methods.insert(text::Lower(name));
    return true;
  }

  const std::vector<FunctionDraft>& drafts_;
  const std::map<std::string, std::string>& packages_;
  std::map<std::string, PackageScope>& scopes_;
  Contract& contract_;
  std::map<std::string, std::set<std::string>> methods_;  // by schema, in lower case
  std::vector<std::string> names_;
};

}  // namespace

bool IsGiven(const catalog::Argument& argument) {
  return argument.mode != catalog::ArgumentMode::kOut && argument.mode != catalog::ArgumentMode::kTable;
}

std::string Label(const catalog::Function& function) {
  std::string arguments;
  for (const catalog::Argument& argument : function.arguments) {
    if (!IsGiven(argument)) continue;
    if (!arguments.empty()) arguments += ", ";
    if (!argument.name.empty()) arguments += text::Escaped(argument.name) + " ";
    arguments += text::Escaped(argument.sql_type);
  }
  return fmt::format("{} {}({})", function.procedure ? "procedure" : "function",
                     text::Escaped(function.schema + "." + function.name), arguments);
}

std::vector<std::string> NameFunctions(const std::vector<FunctionDraft>& drafts,
                                       const std::map<std::string, std::string>& packages,
                                       std::map<std::string, PackageScope>* scopes, Contract* contract) {
  return Naming(drafts, packages, scopes, contract).Run();
}

}  // namespace protogres::contract
