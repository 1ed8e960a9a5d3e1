// The types and services of a FileDescriptorSet by full name, and how a field
// or method reads. For Compare and Pin. Pure.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTOR_INDEX_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTOR_INDEX_H_

#include <map>
#include <string>

#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// Points into the set that it was made of, which must outlive it.
struct DescriptorIndex {
  explicit DescriptorIndex(const google::protobuf::FileDescriptorSet& set);

  std::map<std::string, const google::protobuf::DescriptorProto*> messages;  // nested ones too
  std::map<std::string, const google::protobuf::EnumDescriptorProto*> enums;
  std::map<std::string, const google::protobuf::ServiceDescriptorProto*> services;
};

// "optional int64", "repeated shop.v1.Item": all but the name and the number.
// Messages are optional whether or not it is written.
std::string TypeOf(const google::protobuf::FieldDescriptorProto& field);

// "(shop.v1.GetItemRequest) returns (shop.v1.Item)".
std::string SignatureOf(const google::protobuf::MethodDescriptorProto& method);

// The member of `parent` that is called `name`; null: there is none.
const google::protobuf::FieldDescriptorProto* FindField(const google::protobuf::DescriptorProto& parent,
                                                        const std::string& name);
const google::protobuf::EnumValueDescriptorProto* FindValue(const google::protobuf::EnumDescriptorProto& parent,
                                                            const std::string& name);
const google::protobuf::MethodDescriptorProto* FindMethod(const google::protobuf::ServiceDescriptorProto& parent,
                                                          const std::string& name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTOR_INDEX_H_
