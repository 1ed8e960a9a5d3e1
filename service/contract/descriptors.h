// Makes the FileDescriptorProtos of a Contract: messages, services and their comments (in SourceCodeInfo). Pure. All
// names must have been chosen. It needs no DescriptorPool.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_

#include <string>
#include <string_view>

#include "contract/contract.h"
#include "contract/type_map.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

class FileBuilder;

// Adds the field of a column, attribute or argument to the last message of `file`, and imports what its type needs.
void AddField(const Contract& contract, const Field& field, std::string_view comment, FileBuilder* file);

// The file of a table of `contract`, whose name is Table::file: its service, its row message, and the messages of its
// methods. It is the same each time.
google::protobuf::FileDescriptorProto TableFile(const Contract& contract, const Table& table);

// Contract::files and the files of all tables and functions, dependencies first. It takes about 50 kB for each table.
google::protobuf::FileDescriptorSet AllFiles(const Contract& contract);

// The file `name` of the enums and composites of `package`. `go_apart` gives it a Go package of its own.
google::protobuf::FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types,
                                                const std::string& package, const std::string& name, bool go_apart);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
