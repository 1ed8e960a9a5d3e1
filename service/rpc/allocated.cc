#include "rpc/allocated.h"

#ifdef PROTOGRES_TCMALLOC
#include <gperftools/malloc_extension.h>
#endif

namespace protogres::rpc {

#ifdef PROTOGRES_TCMALLOC

namespace {

std::int64_t Property(const char* name) {
  std::size_t value = 0;
  return MallocExtension::instance()->GetNumericProperty(name, &value) ? static_cast<std::int64_t>(value) : 0;
}

}  // namespace

std::int64_t AllocatedBytes() { return Property("generic.current_allocated_bytes"); }

void GiveBackFreeMemory(std::int64_t keep) {
  const std::int64_t free = Property("tcmalloc.pageheap_free_bytes");
  if (free > keep) MallocExtension::instance()->ReleaseToSystem(static_cast<std::size_t>(free - keep));
}

#else

// What a sanitizer's allocator keeps to find faults with would be taken for an attack.
std::int64_t AllocatedBytes() { return 0; }

void GiveBackFreeMemory(std::int64_t) {}

#endif

}  // namespace protogres::rpc
