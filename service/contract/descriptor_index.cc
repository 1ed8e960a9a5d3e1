// See descriptor_index.h.
#include "contract/descriptor_index.h"

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;

void AddMessage(const std::string& prefix, const pb::DescriptorProto& message, DescriptorIndex* index) {
  const std::string name = prefix + message.name();
  index->messages[name] = &message;
  for (const auto& nested : message.nested_type()) AddMessage(name + ".", nested, index);
  for (const auto& nested : message.enum_type()) index->enums[name + "." + nested.name()] = &nested;
}

std::string Unrooted(const std::string& type_name) {
  return type_name.starts_with('.') ? type_name.substr(1) : type_name;
}

template <typename Members>
auto FindByName(const Members& members, const std::string& name) -> decltype(&*members.begin()) {
  for (const auto& member : members) {
    if (member.name() == name) return &member;
  }
  return nullptr;
}

}  // namespace

DescriptorIndex::DescriptorIndex(const pb::FileDescriptorSet& set) {
  for (const auto& file : set.file()) {
    const std::string prefix = file.package().empty() ? "" : file.package() + ".";
    for (const auto& message : file.message_type()) AddMessage(prefix, message, this);
    for (const auto& type : file.enum_type()) enums[prefix + type.name()] = &type;
    for (const auto& service : file.service()) services[prefix + service.name()] = &service;
  }
}

std::string TypeOf(const pb::FieldDescriptorProto& field) {
  std::string label;
  if (field.label() == pb::FieldDescriptorProto::LABEL_REPEATED) label = "repeated ";
  if (field.proto3_optional() && field.type() != pb::FieldDescriptorProto::TYPE_MESSAGE) label += "optional ";
  if (!field.type_name().empty()) return label + Unrooted(field.type_name());
  return label + pb::FieldDescriptor::TypeName(static_cast<pb::FieldDescriptor::Type>(field.type()));
}

std::string SignatureOf(const pb::MethodDescriptorProto& method) {
  return fmt::format("({}{}) returns ({}{})", method.client_streaming() ? "stream " : "", Unrooted(method.input_type()),
                     method.server_streaming() ? "stream " : "", Unrooted(method.output_type()));
}

std::string SignatureAt(const std::string& path, const DescriptorIndex& index) {
  const std::size_t slash = path.rfind('/');
  const auto service = index.services.find(path.substr(1, slash - 1));
  if (service == index.services.end()) return "";
  const pb::MethodDescriptorProto* method = FindMethod(*service->second, path.substr(slash + 1));
  return method == nullptr ? "" : SignatureOf(*method);
}

const pb::FieldDescriptorProto* FindField(const pb::DescriptorProto& parent, const std::string& name) {
  return FindByName(parent.field(), name);
}

const pb::EnumValueDescriptorProto* FindValue(const pb::EnumDescriptorProto& parent, const std::string& name) {
  return FindByName(parent.value(), name);
}

const pb::MethodDescriptorProto* FindMethod(const pb::ServiceDescriptorProto& parent, const std::string& name) {
  return FindByName(parent.method(), name);
}

}  // namespace protogres::contract
