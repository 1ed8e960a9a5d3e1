// Makes the FileDescriptorProtos of a Contract: messages, services and their comments (in SourceCodeInfo). Pure. All
// names must have been chosen. It needs no DescriptorPool.
#ifndef PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
#define PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_

#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "contract/type_map.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

class FileBuilder;

// Adds the field of a column, attribute or argument to the last message of `file`, and imports what its type needs.
void AddField(const Contract& contract, const Field& field, std::string_view comment, FileBuilder* file);

// The file of a table of `contract`, whose name is Table::file: its service, the messages of its methods, and its row
// message, if that does not stand apart. It is the same each time.
google::protobuf::FileDescriptorProto TableFile(const Contract& contract, const Table& table);

// The file of the row messages of a package whose tables have them apart. It is the same each time. `shown` says by the
// table's index whether its rows, and relations to it, are in the file; null: all are.
google::protobuf::FileDescriptorProto RowsFile(const Contract& contract, const std::string& package,
                                               const std::vector<bool>* shown = nullptr);
// The packages that have such a file, each after those that its file imports.
std::vector<std::string> RowsPackages(const Contract& contract);

// Contract::files, the files of rows, and those of all tables and functions, dependencies first. It takes about 50 kB
// for each table.
google::protobuf::FileDescriptorSet AllFiles(const Contract& contract);

// The file `name` of the enums and composites of `package`. `go_apart` gives it a Go package of its own.
google::protobuf::FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types,
                                                const std::string& package, const std::string& name, bool go_apart);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_DESCRIPTORS_H_
