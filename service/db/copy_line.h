// A line of COPY ... TO STDOUT in the text format (PostgreSQL manual, COPY, "Text Format"). Pure.
#ifndef PROTOGRES_SERVICE_DB_COPY_LINE_H_
#define PROTOGRES_SERVICE_DB_COPY_LINE_H_

#include <span>

#include "db/connection.h"

namespace protogres::db {

// Fills `cells` with the columns of `line`, which has no end-of-line. They are views into it: what is escaped there is
// put right in place.
void SplitCopyLine(std::span<char> line, Cells* cells);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_COPY_LINE_H_
