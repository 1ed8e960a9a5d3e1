#include "rpc/reflection.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "db/memory.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "status/macros.h"
#include "status/status.h"
#include "text/excerpt.h"

namespace protogres::rpc {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

void SetError(absl::StatusCode code, const std::string& message, ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(static_cast<int>(code));
  response->mutable_error_response()->set_error_message(message);
}

// The answers of one stream.
class Reflector {
 public:
  // Null: all is shown.
  explicit Reflector(std::unique_ptr<RoleFilter> filter) : filter_(std::move(filter)) {}

  // Answers from `snapshot`. No value: what the caller may see is being looked up, and `call` will be woken then.
  absl::StatusOr<std::optional<ServerReflectionResponse>> Respond(const ServerReflectionRequest& request,
                                                                  std::shared_ptr<const Snapshot> snapshot,
                                                                  Call& call) {
    if (filter_) {
      ASSIGN_OR_RETURN(view_, filter_->Of(snapshot, call));
      if (!view_ && snapshot->api) return std::nullopt;
    }
    Renew(std::move(snapshot));
    auto response = Answer(request);
    snapshot_.reset();
    view_.reset();
    return response;
  }

 private:
  const ServedFiles& files() const { return snapshot_->files; }
  bool Shows(const std::string& service) const { return !view_ || view_->ShowsService(*snapshot_->api, service); }

  std::optional<api::File> FindFile(const std::string& name) const { return Shown(files().FindFile(name)); }
  std::optional<api::File> FindSymbol(const std::string& symbol) const {
    if (view_ && !view_->ShowsSymbol(*snapshot_->api, symbol)) return std::nullopt;
    return Shown(files().FindSymbol(symbol));
  }
  std::optional<api::File> Shown(std::optional<api::File> file) const {
    if (!file || !view_) return file;
    return view_->Shown(*snapshot_->api, *std::move(file));
  }

  ServerReflectionResponse Answer(const ServerReflectionRequest& request) {
    ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
      case ServerReflectionRequest::kFileByFilename:
        SetFile(FindFile(request.file_by_filename()), "file", request.file_by_filename(), &response);
        break;
      case ServerReflectionRequest::kFileContainingSymbol:
        SetFile(FindSymbol(request.file_containing_symbol()), "symbol", request.file_containing_symbol(), &response);
        break;
      case ServerReflectionRequest::kFileContainingExtension:
        // A contract has no extensions, and neither have the fixed files.
        SetError(absl::StatusCode::kNotFound,
                 fmt::format("there is no extension {} of {}", request.file_containing_extension().extension_number(),
                             text::Excerpt(request.file_containing_extension().containing_type())),
                 &response);
        break;
      case ServerReflectionRequest::kAllExtensionNumbersOfType:
        SetExtensionNumbers(request.all_extension_numbers_of_type(), &response);
        break;
      case ServerReflectionRequest::kListServices:
        ListServices(response.mutable_list_services_response());
        break;
      case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
        SetError(absl::StatusCode::kInvalidArgument, "message_request is not set, or is of a kind unknown here",
                 &response);
        break;
    }
    return response;
  }

  void ListServices(grpc::reflection::v1::ListServiceResponse* list) const {
    for (const std::string& name : files().services()) {
      if (Shows(name)) list->add_service()->set_name(name);
    }
  }

  void Renew(std::shared_ptr<const Snapshot> snapshot) {
    snapshot_ = std::move(snapshot);
    if (!snapshot_.owner_before(last_) && !last_.owner_before(snapshot_)) return;
    sent_.clear();  // the same names may be other files now
    last_ = snapshot_;
  }

  // The file that was asked for, and those of its transitive imports that the stream has not seen.
  void SetFile(const std::optional<api::File>& file, std::string_view kind, const std::string& name,
               ServerReflectionResponse* response) {
    if (!file.has_value()) {
      return SetError(absl::StatusCode::kNotFound, fmt::format("there is no {} {}", kind, text::Excerpt(name)),
                      response);
    }
    auto* answer = response->mutable_file_descriptor_response();
    answer->add_file_descriptor_proto(file->bytes);
    sent_.insert(file->name);
    std::vector<std::string> imports = file->dependencies;
    while (!imports.empty()) {
      const std::string import = std::move(imports.back());
      imports.pop_back();
      if (!sent_.insert(import).second) continue;
      const auto imported = FindFile(import);
      if (!imported.has_value()) continue;
      answer->add_file_descriptor_proto(imported->bytes);
      imports.insert(imports.end(), imported->dependencies.begin(), imported->dependencies.end());
    }
  }

  void SetExtensionNumbers(const std::string& type, ServerReflectionResponse* response) {
    if (!FindSymbol(type).has_value()) {
      return SetError(absl::StatusCode::kNotFound, fmt::format("there is no type {}", text::Excerpt(type)), response);
    }
    response->mutable_all_extension_numbers_response()->set_base_type_name(type);
  }

  const std::unique_ptr<RoleFilter> filter_;
  std::shared_ptr<const Snapshot> snapshot_;  // while a request is answered
  RoleViews::View view_;                      // the same; null: all is shown
  std::weak_ptr<const Snapshot> last_;        // of the last request: a stream that rests keeps no old Api alive
  absl::flat_hash_set<std::string> sent_;     // names of files
};

// One answer a request, in turn.
class ReflectionHandler final : public Handler {
 public:
  ReflectionHandler(const Current& current, ServiceCalls& service_calls, Call& call, std::unique_ptr<RoleFilter> filter)
      : current_(current), reflector_(std::move(filter)), service_calls_(service_calls), call_(call) {}

  void OnRequest(std::string_view message) override {
    // There may be many such streams, each with many requests.
    if (auto left = db::Memory::OfProcess().Left(); !left.ok()) return End(left);
    ServerReflectionRequest request;
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return End(status::BadRequest("", "the request is no grpc.reflection.v1.ServerReflectionRequest"));
    }
    Respond(std::move(request));
  }
  void OnRefused(const absl::Status& status) override { End(status); }
  void OnWritten() override {
    writing_ = false;
    if (service_calls_.draining()) return End(status::ShuttingDown());
    call_.Read();
  }
  void OnEnd() override { End(absl::OkStatus()); }
  void OnWake() override {
    if (writing_) return;
    if (service_calls_.draining()) return End(status::ShuttingDown());
    if (waiting_) Respond(*std::exchange(waiting_, std::nullopt));
  }

 private:
  void Respond(ServerReflectionRequest request) {
    const auto response = reflector_.Respond(request, current_.Get(), call_);
    if (!response.ok()) return End(response.status());
    if (!response->has_value()) {
      waiting_ = std::move(request);
      return;
    }
    if (auto written = call_.Write((*response)->SerializeAsString()); !written.ok()) return End(written);
    writing_ = true;
  }

  void End(const absl::Status& status) {
    service_calls_.Remove(call_);
    call_.Finish(status);
  }

  const Current& current_;
  Reflector reflector_;
  ServiceCalls& service_calls_;
  Call& call_;
  std::optional<ServerReflectionRequest> waiting_;  // until it is known what the caller may see
  bool writing_ = false;
};

}  // namespace

std::unique_ptr<Handler> MakeReflection(const Current& current, ServiceCalls& service_calls, Call& call,
                                        std::unique_ptr<RoleFilter> filter) {
  return std::make_unique<ReflectionHandler>(current, service_calls, call, std::move(filter));
}

}  // namespace protogres::rpc
