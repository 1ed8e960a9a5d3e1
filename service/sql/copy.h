// COPY ... FROM STDIN and its text format (PostgreSQL manual, COPY, "Text Format"). Pure.
#ifndef PROTOGRES_SERVICE_SQL_COPY_H_
#define PROTOGRES_SERVICE_SQL_COPY_H_

#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"

namespace protogres::sql {

// The COPY that stores rows of `fields` (indexes into Table::fields) in `table`. There must be at least one field.
std::string CopyFrom(const contract::Table& table, const std::vector<int>& fields);

// Appends the value of one column to a line. kCopyDelimiter stands between columns, kCopyEnd at the end of a line, and
// kCopyNull for NULL.
void AppendCopied(std::string_view value, std::string* out);
inline constexpr std::string_view kCopyNull = "\\N";
inline constexpr char kCopyDelimiter = '\t';
inline constexpr char kCopyEnd = '\n';

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_COPY_H_
