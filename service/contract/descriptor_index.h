// Finds the types and services of a FileDescriptorSet by their full names, and says what a field or a method is. For
// Compare and Pin. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTOR_INDEX_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTOR_INDEX_H_

#include <map>
#include <string>

#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// Points into `set`, which must outlive it.
struct DescriptorIndex {
  explicit DescriptorIndex(const google::protobuf::FileDescriptorSet& set);

  std::map<std::string, const google::protobuf::DescriptorProto*> messages;  // nested ones too
  std::map<std::string, const google::protobuf::EnumDescriptorProto*> enums;
  std::map<std::string, const google::protobuf::ServiceDescriptorProto*> services;
};

// What a field is, without its name and number: "optional int64", "repeated shop.v1.Item". "optional" is left out
// before messages, as they always are.
std::string TypeOf(const google::protobuf::FieldDescriptorProto& field);

// What a method is, without its name: "(shop.v1.GetItemRequest) returns (shop.v1.Item)".
std::string SignatureOf(const google::protobuf::MethodDescriptorProto& method);
// The same of the method with this gRPC path. Empty: there is none.
std::string SignatureAt(const std::string& path, const DescriptorIndex& index);

// The member of `parent` with this name. Null: there is none.
const google::protobuf::FieldDescriptorProto* FindField(const google::protobuf::DescriptorProto& parent,
                                                        const std::string& name);
const google::protobuf::EnumValueDescriptorProto* FindValue(const google::protobuf::EnumDescriptorProto& parent,
                                                            const std::string& name);
const google::protobuf::MethodDescriptorProto* FindMethod(const google::protobuf::ServiceDescriptorProto& parent,
                                                          const std::string& name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTOR_INDEX_H_
