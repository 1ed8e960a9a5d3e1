// Writes, reads, compares and pins contracts as files. Uses the file system, never the database.
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
// The file of TransactionService, which is the same for every contract and no part of it. Write puts it beside the
// others, and ReadFiles leaves it out.
inline constexpr char kTransactionFile[] = "protogres/v1/transaction.proto";
// What buf, a linter of .proto files, needs to know of every contract. Write puts it beside the .proto files.
inline constexpr char kBufFile[] = "buf.yaml";

// Writes each file of `contract` as .proto text below `directory`, which is made if it is missing, and the whole as a
// FileDescriptorSet in kDescriptorSetFile. A kBufFile that is there already stays as it is. Returns how many .proto
// files there are, kTransactionFile among them.
absl::StatusOr<int> Write(const Contract& contract, const std::string& directory);

// Reads a contract from a directory that Write has made or that has .proto files, from one .proto file, or from a
// FileDescriptorSet. NOT_FOUND: there is no such file. INVALID_ARGUMENT: what is there is no contract; the message
// names the file, the line and the reason.
absl::StatusOr<google::protobuf::FileDescriptorSet> ReadFiles(const std::string& path);

// The differences between `pinned` and `derived`, a line each, sorted. Comments do not count. For `protogres contract
// --check`.
std::vector<std::string> Compare(const google::protobuf::FileDescriptorSet& pinned, const Contract& derived);

// Cuts and renumbers `derived` so that it serves exactly `pinned`: its files, methods, fields and numbers. Tables and
// columns that `pinned` does not name are not served. FAILED_PRECONDITION, with the list of differences: `pinned` asks
// for what the Catalog does not have, or has with another type.
absl::StatusOr<Contract> Pin(const google::protobuf::FileDescriptorSet& pinned, const Contract& derived);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_PIN_H_
