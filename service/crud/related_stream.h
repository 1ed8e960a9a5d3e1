// A Stream whose rows have related rows.
#ifndef PROTOGRES_SERVICE_CRUD_RELATED_STREAM_H_
#define PROTOGRES_SERVICE_CRUD_RELATED_STREAM_H_

#include <cstdint>
#include <memory>

#include "crud/bound_table.h"
#include "crud/listing.h"
#include "crud/streaming.h"

namespace protogres::crud {

// Its rows come from a cursor, so that between two chunks what belongs to them can be read in the same transaction. A
// chunk has at most `page_size` rows. `bound` and `access` must outlive it.
std::unique_ptr<ServerStream> MakeRelatedStream(const BoundTable& bound, Listing listing, std::int64_t page_size,
                                                const db::Access& access);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_RELATED_STREAM_H_
