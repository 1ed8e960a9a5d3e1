// Writes a FileDescriptorProto as the source text of a .proto file. Pure. protobuf's own FileDescriptor::DebugString is
// not used: it needs descriptors that are built, and writes each type by its full name with a dot before it, which
// nobody would write by hand.
#ifndef PROTOGRES_SERVICE_CONTRACT_PROTO_TEXT_H_
#define PROTOGRES_SERVICE_CONTRACT_PROTO_TEXT_H_

#include <string>

#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// The text of `file`, with the comments of its SourceCodeInfo. protoc makes the same descriptors of it again, except
// for the comments. For files as a Contract has them: proto3, without maps, oneofs, groups and extensions.
std::string ProtoText(const google::protobuf::FileDescriptorProto& file);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PROTO_TEXT_H_
