// Contract -> FileDescriptorProtos: messages, services and their comments
// (in SourceCodeInfo). Pure; every name is chosen already. No DescriptorPool is
// needed to make them.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_

#include <span>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "contract/type_map.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// The file of a table: its service, its row message, and the messages of `methods`.
google::protobuf::FileDescriptorProto TableFile(const Contract& contract, const Table& table, const MessageNotes& row,
                                                std::span<const Method> methods, const std::string& name);

// The file of the enums and composites of `package`. `go_apart`: with a Go package of its own.
google::protobuf::FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types,
                                                const std::string& package, const std::string& name, bool go_apart);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
