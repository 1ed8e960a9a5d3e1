// Contracts as files: written, read, compared, and pinned. Touches the file
// system, never the database.
#ifndef PROTOGRES_SERVICE_CONTRACT_PIN_H_
#define PROTOGRES_SERVICE_CONTRACT_PIN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "contract/contract.h"

namespace protogres::contract {

// The name of the descriptor set that Write puts beside the .proto files.
inline constexpr char kDescriptorSetFile[] = "contract.binpb";
// TransactionService, which is the same for every contract and no part of it: Write puts it beside the others, and who
// reads them leaves it out.
inline constexpr char kTransactionFile[] = "protogres/v1/transaction.proto";

// Writes each file of `contract` as .proto text below `directory` (created
// where missing), and the whole as a FileDescriptorSet in kDescriptorSetFile.
// Returns how many .proto files there are, kTransactionFile among them.
absl::StatusOr<int> Write(const Contract& contract, const std::string& directory);

// Reads a contract's files from a directory that Write made or that holds
// .proto files, from one .proto file, or from a FileDescriptorSet.
// NOT_FOUND, or INVALID_ARGUMENT with the file, line and reason.
absl::StatusOr<google::protobuf::FileDescriptorSet> ReadFiles(const std::string& path);

// How `pinned` differs from `derived`, a line each, sorted; empty: not at all.
// Comments do not count. For `protogres contract --check`.
std::vector<std::string> Compare(const google::protobuf::FileDescriptorSet& pinned, const Contract& derived);

// `derived` cut and renumbered to serve exactly `pinned`: its files, methods,
// fields and numbers. Tables and columns that it does not name are not served.
// FAILED_PRECONDITION, with the list of differences, where `pinned` asks for
// what the Catalog does not have or has in another type.
absl::StatusOr<Contract> Pin(const google::protobuf::FileDescriptorSet& pinned, const Contract& derived);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PIN_H_
