#include "rpc/allocated.h"

#ifdef PROTOGRES_TCMALLOC
#include <gperftools/malloc_extension.h>
#else
#include <malloc.h>
#include <unistd.h>

#include <fstream>
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

std::int64_t AllocatedBytes() {
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void GiveBackFreeMemory(std::int64_t keep) { malloc_trim(static_cast<std::size_t>(keep)); }

#endif

}  // namespace protogres::rpc
