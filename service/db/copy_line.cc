#include "db/copy_line.h"

#include <cstring>

namespace protogres::db {
namespace {

// What a character after a backslash stands for. PostgreSQL writes no other escapes than these.
char Unescape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

char* Find(char* begin, char* end, char c) {
  void* const found = std::memchr(begin, c, static_cast<std::size_t>(end - begin));
  return found == nullptr ? end : static_cast<char*>(found);
}

std::optional<std::string_view> Cell(char* begin, char* end) {
  const char* in = Find(begin, end, '\\');
  if (end - begin == 2 && in == begin && begin[1] == 'N') return std::nullopt;
  char* out = begin + (in - begin);
  while (in < end) {
    const bool escaped = *in == '\\' && in + 1 < end;
    *out++ = escaped ? Unescape(in[1]) : *in;
    in += escaped ? 2 : 1;
  }
  return std::string_view(begin, static_cast<std::size_t>(out - begin));
}

}  // namespace

void SplitCopyLine(std::span<char> line, Cells* cells) {
  cells->clear();
  char* const end = line.data() + line.size();
  for (char* begin = line.data();; ++begin) {
    char* const delimiter = Find(begin, end, '\t');
    cells->push_back(Cell(begin, delimiter));
    if (delimiter == end) return;
    begin = delimiter;
  }
}

}  // namespace protogres::db
