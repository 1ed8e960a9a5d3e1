// What the allocator says of the process's memory, where it is tcmalloc; else, under sanitizers, nothing.
#ifndef PROTOGRES_SERVICE_RPC_ALLOCATED_H_
#define PROTOGRES_SERVICE_RPC_ALLOCATED_H_

#include <cstdint>

namespace protogres::rpc {

// Bytes that the process has allocated and not freed; 0: it is not known. Takes some microseconds.
std::int64_t AllocatedBytes();

// Gives memory that nobody uses back to the system where there are more than `keep` bytes of it: tcmalloc keeps it for
// ever. What is kept costs nothing to be used again.
void GiveBackFreeMemory(std::int64_t keep);

}  // namespace protogres::rpc

#endif  // PROTOGRES_SERVICE_RPC_ALLOCATED_H_
