// Makes the FileDescriptorProtos of a Contract: messages, services and their comments (in SourceCodeInfo). Pure. All
// names must have been chosen. It needs no DescriptorPool.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_

#include <span>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "contract/type_map.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// The file `name` of a table: its service, its row message, and the messages of `methods`.
google::protobuf::FileDescriptorProto TableFile(const Contract& contract, const Table& table, const MessageNotes& row,
                                                std::span<const Method> methods, const std::string& name);

// The file `name` of the enums and composites of `package`. `go_apart` gives it a Go package of its own.
google::protobuf::FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types,
                                                const std::string& package, const std::string& name, bool go_apart);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
