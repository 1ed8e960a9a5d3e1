// Makes the FileDescriptorProto of a FunctionService. Pure. All names must have been chosen.
#ifndef PROTOGRES_SERVICE_CONTRACT_FUNCTION_FILE_H_
#define PROTOGRES_SERVICE_CONTRACT_FUNCTION_FILE_H_

#include <set>
#include <string>

#include "contract/contract.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// The file of a service of `contract`, whose name is FunctionService::file. It is the same each time.
google::protobuf::FileDescriptorProto FunctionsFile(const Contract& contract, const FunctionService& service);

// The other packages whose files it imports.
std::set<std::string> FunctionImports(const Contract& contract, const FunctionService& service);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_FUNCTION_FILE_H_
