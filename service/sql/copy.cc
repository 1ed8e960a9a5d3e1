#include "sql/copy.h"

#include "fmt/format.h"
#include "sql/statement.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

// What stands after the backslash; 0: the character stands for itself.
constexpr char Escape(char c) {
  switch (c) {
    case '\\':
      return '\\';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    default:
      return 0;
  }
}

}  // namespace

std::string CopyFrom(const contract::Table& table, const std::vector<int>& fields) {
  std::string columns;
  for (const int field : fields) {
    if (!columns.empty()) columns += ", ";
    columns += text::QuoteName(table.field(field).column);
  }
  return fmt::format("COPY {} ({}) FROM STDIN", table.sql_name, columns);
}

void AppendCopied(std::string_view value, std::string* out) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] > '\r' && value[i] != '\\') continue;
    const char escape = Escape(value[i]);
    if (escape == 0) continue;
    out->append(value, begin, i - begin);
    out->push_back('\\');
    out->push_back(escape);
    begin = i + 1;
  }
  out->append(value, begin);
}

}  // namespace protogres::sql
