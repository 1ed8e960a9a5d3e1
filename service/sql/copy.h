// COPY ... FROM STDIN and its text format (PostgreSQL manual, COPY, "Text Format"). Pure.
#ifndef PROTOGRES_SERVICE_SQL_COPY_H_
#define PROTOGRES_SERVICE_SQL_COPY_H_

#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"

namespace protogres::sql {

// COPY into `table` of `fields` (indexes into Table::fields), of which there must be one at the least.
std::string CopyFrom(const contract::Table& table, const std::vector<int>& fields);

// A column of a line. Columns are divided by kCopyDelimiter, lines end with kCopyEnd.
void AppendCopied(std::string_view value, std::string* out);
inline constexpr std::string_view kCopyNull = "\\N";
inline constexpr char kCopyDelimiter = '\t';
inline constexpr char kCopyEnd = '\n';

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_COPY_H_
