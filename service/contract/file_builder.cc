#include "contract/file_builder.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "contract/naming.h"
#include "contract/packages.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

std::vector<std::string> Parts(std::string_view package) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = package.find('.');
    parts.emplace_back(package.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    package.remove_prefix(dot + 1);
  }
}

// shop/v1;shopv1
std::string GoPackage(const std::string& package, const std::string& tail) {
  const std::vector<std::string> parts = Parts(package);
  std::string path = package;
  std::ranges::replace(path, '.', '/');
  if (!tail.empty()) path += "/" + tail;
  return path + ";" + (parts.size() > 1 ? parts[parts.size() - 2] : "") + parts.back() + tail;
}

std::string JavaPackage(const std::string& package) {
  std::string name;
  for (const std::string& part : Parts(package)) {
    if (!name.empty()) name += ".";
    name += part;
    if (IsJavaWord(part)) name += "_";
  }
  return name;
}

}  // namespace

std::string WellKnownFile(std::string_view type_name) {
  static constexpr std::pair<std::string_view, const char*> kFiles[] = {
      {"google.protobuf.Empty", "google/protobuf/empty.proto"},
      {"google.protobuf.FieldMask", "google/protobuf/field_mask.proto"},
      {"google.protobuf.Timestamp", "google/protobuf/timestamp.proto"},
      {"google.protobuf.Value", "google/protobuf/struct.proto"},
  };
  for (const auto& [name, file] : kFiles) {
    if (name == type_name) return file;
  }
  return "";
}

FileBuilder::FileBuilder(const std::string& name, const std::string& package, const std::string& java_class,
                         const std::string& go_tail) {
  file_.set_name(name);
  file_.set_package(package);
  file_.set_syntax("proto3");
  file_.mutable_options()->set_java_package(JavaPackage(package));
  file_.mutable_options()->set_java_outer_classname(java_class);
  file_.mutable_options()->set_java_multiple_files(true);
  file_.mutable_options()->set_go_package(GoPackage(package, go_tail));
}

void FileBuilder::Comment(std::initializer_list<int> path, std::string_view text) {
  if (text.empty()) return;
  auto* location = file_.mutable_source_code_info()->add_location();
  location->mutable_path()->Assign(path.begin(), path.end());
  // A span is required for a location to count; there is no source that it could point into.
  const int span[] = {0, 0, 0};
  location->mutable_span()->Assign(std::begin(span), std::end(span));
  std::string* comment = location->mutable_leading_comments();
  comment->reserve(text.size() + 2);
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) comment->append(" ").append(text::Escaped(line));
    comment->push_back('\n');
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void FileBuilder::BeginMessage(const std::string& name, std::string_view comment) {
  CloseMessage();
  file_.add_message_type()->set_name(name);
  Comment({FileDescriptorProto::kMessageTypeFieldNumber, file_.message_type_size() - 1}, comment);
}

void FileBuilder::Field(const std::string& name, int number, const FieldType& type, Presence presence,
                        std::string_view comment) {
  const int message = file_.message_type_size() - 1;
  auto* field = file_.mutable_message_type(message)->add_field();
  field->set_name(name);
  field->set_number(number);
  field->set_label(presence == Presence::kRepeated ? FieldDescriptorProto::LABEL_REPEATED
                                                   : FieldDescriptorProto::LABEL_OPTIONAL);
  field->set_type(type.type);
  if (!type.name.empty()) {
    field->set_type_name("." + type.name);
    Import(WellKnownFile(type.name));
  }
  if (presence == Presence::kOptional) field->set_proto3_optional(true);
  Comment({FileDescriptorProto::kMessageTypeFieldNumber, message, DescriptorProto::kFieldFieldNumber,
           file_.message_type(message).field_size() - 1},
          comment);
}

void FileBuilder::CloseMessage() {
  if (file_.message_type_size() == 0) return;
  DescriptorProto* message = file_.mutable_message_type(file_.message_type_size() - 1);
  if (std::ranges::none_of(message->field(), &FieldDescriptorProto::proto3_optional)) return;
  std::unordered_set<std::string> names;
  for (const auto& field : message->field()) names.insert(field.name());
  for (auto& field : *message->mutable_field()) {
    if (!field.proto3_optional()) continue;
    std::string oneof = field.name().starts_with('_') ? field.name() : "_" + field.name();
    while (!names.insert(oneof).second) oneof.insert(0, 1, 'X');
    field.set_oneof_index(message->oneof_decl_size());
    message->add_oneof_decl()->set_name(oneof);
  }
}

void FileBuilder::Reserve(std::vector<int> numbers) {
  DescriptorProto* message = file_.mutable_message_type(file_.message_type_size() - 1);
  std::ranges::sort(numbers);
  DescriptorProto::ReservedRange* range = nullptr;
  for (const int number : numbers) {
    if (range == nullptr || number > range->end()) {
      range = message->add_reserved_range();
      range->set_start(number);
    }
    range->set_end(number + 1);
  }
}

void FileBuilder::BeginEnum(const std::string& name, std::string_view comment) {
  file_.add_enum_type()->set_name(name);
  Comment({FileDescriptorProto::kEnumTypeFieldNumber, file_.enum_type_size() - 1}, comment);
}

void FileBuilder::Value(const std::string& name, int number, std::string_view comment) {
  const int index = file_.enum_type_size() - 1;
  auto* value = file_.mutable_enum_type(index)->add_value();
  value->set_name(name);
  value->set_number(number);
  Comment({FileDescriptorProto::kEnumTypeFieldNumber, index, google::protobuf::EnumDescriptorProto::kValueFieldNumber,
           file_.enum_type(index).value_size() - 1},
          comment);
}

void FileBuilder::BeginService(const std::string& name, std::string_view comment) {
  file_.add_service()->set_name(name);
  Comment({FileDescriptorProto::kServiceFieldNumber, file_.service_size() - 1}, comment);
}

void FileBuilder::Method(const std::string& name, const std::string& request, const std::string& response,
                         Streaming streaming, std::string_view comment) {
  const int index = file_.service_size() - 1;
  auto* method = file_.mutable_service(index)->add_method();
  method->set_name(name);
  method->set_input_type("." + request);
  method->set_output_type("." + response);
  if (streaming == Streaming::kClient) method->set_client_streaming(true);
  if (streaming == Streaming::kServer) method->set_server_streaming(true);
  Import(WellKnownFile(response));
  Comment({FileDescriptorProto::kServiceFieldNumber, index,
           google::protobuf::ServiceDescriptorProto::kMethodFieldNumber, file_.service(index).method_size() - 1},
          comment);
}

void FileBuilder::Import(const std::string& file) {
  if (!file.empty() && file != file_.name()) imports_.insert(file);
}

FileDescriptorProto FileBuilder::Finish() {
  CloseMessage();
  for (const std::string& import : imports_) file_.add_dependency(import);
  return std::move(file_);
}

}  // namespace protogres::contract
