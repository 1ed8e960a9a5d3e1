// Contract -> FileDescriptorProtos: messages, services and their comments
// (in SourceCodeInfo). Pure; every name is chosen already. No DescriptorPool is
// needed to make them.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_

#include <string>

#include "contract/contract.h"
#include "contract/type_map.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// The file of a table of `contract`, which is called Table::file: its service, its row message, and the messages of its
// methods. The same each time.
google::protobuf::FileDescriptorProto TableFile(const Contract& contract, const Table& table);

// Contract::files and those of all tables: dependencies first. Takes some 50 kB a table.
google::protobuf::FileDescriptorSet AllFiles(const Contract& contract);

// The file of the enums and composites of `package`. `go_apart`: with a Go package of its own.
google::protobuf::FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types,
                                                const std::string& package, const std::string& name, bool go_apart);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
