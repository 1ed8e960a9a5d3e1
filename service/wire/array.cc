#include "wire/array.h"

namespace protogres::wire {
namespace {

bool IsNullWord(std::string_view text) {
  constexpr std::string_view kNull = "NULL";
  if (text.size() != kNull.size()) return false;
  for (std::size_t i = 0; i < kNull.size(); ++i) {
    if ((text[i] & ~0x20) != kNull[i]) return false;
  }
  return true;
}

}  // namespace

ArrayReader::ArrayReader(std::string_view text, char delimiter) : rest_(text), delimiter_(delimiter) {
  // "[0:2]={...}" stands only where the bounds are not the usual ones.
  if (rest_.starts_with('[')) {
    Fail(Problem::kBounds);
  } else if (!rest_.starts_with('{')) {
    Fail(Problem::kMalformed);
  } else {
    rest_.remove_prefix(1);
  }
}

bool ArrayReader::Fail(Problem problem) {
  problem_ = problem;
  done_ = true;
  return false;
}

bool ArrayReader::Next() {
  if (done_) return false;
  if (rest_.empty()) return Fail(Problem::kMalformed);
  if (first_ && rest_ == "}") {
    done_ = true;
    return false;
  }
  if (!first_) {
    if (rest_ == "}") {
      done_ = true;
      return false;
    }
    if (rest_.front() != delimiter_) return Fail(Problem::kMalformed);
    rest_.remove_prefix(1);
  }
  first_ = false;
  if (rest_.starts_with('{')) return Fail(Problem::kDimensions);
  return (rest_.starts_with('"') ? ReadQuoted() : ReadBare()) || Fail(Problem::kMalformed);
}

bool ArrayReader::ReadQuoted() {
  rest_.remove_prefix(1);
  const std::size_t special = rest_.find_first_of("\"\\");
  if (special == std::string_view::npos) return false;
  if (rest_[special] == '"') {
    element_ = rest_.substr(0, special);
    rest_.remove_prefix(special + 1);
    return true;
  }
  unescaped_.clear();
  for (std::size_t next = special; next != std::string_view::npos; next = rest_.find_first_of("\"\\")) {
    unescaped_.append(rest_.substr(0, next));
    const bool end = rest_[next] == '"';
    rest_.remove_prefix(next + 1);
    if (end) {
      element_ = unescaped_;
      return true;
    }
    if (rest_.empty()) return false;
    unescaped_.push_back(rest_.front());
    rest_.remove_prefix(1);
  }
  return false;
}

bool ArrayReader::ReadBare() {
  const char ends[] = {delimiter_, '}', '{', '"', '\\', '\0'};
  const std::size_t end = rest_.find_first_of(ends);
  if (end == std::string_view::npos || end == 0 || (rest_[end] != delimiter_ && rest_[end] != '}')) return false;
  const std::string_view word = rest_.substr(0, end);
  rest_.remove_prefix(end);
  element_ = IsNullWord(word) ? std::nullopt : std::optional(word);
  return true;
}

RecordReader::RecordReader(std::string_view text) : rest_(text) {
  if (rest_.starts_with('(')) {
    rest_.remove_prefix(1);
  } else {
    Fail();
  }
}

bool RecordReader::Fail() {
  failed_ = true;
  done_ = true;
  return false;
}

bool RecordReader::Next() {
  if (done_) return false;
  unescaped_.clear();
  std::size_t size = 0;
  bool plain = true;  // so far the attribute is as it stands in the text
  bool quoted = false;
  const std::string_view begin = rest_;
  while (true) {
    if (rest_.empty()) return Fail();
    char c = rest_.front();
    if (!quoted && (c == ',' || c == ')')) break;
    rest_.remove_prefix(1);
    if (c == '"') {
      if (plain) unescaped_.assign(begin.substr(0, size));
      plain = false;
      if (quoted && rest_.starts_with('"')) {
        rest_.remove_prefix(1);
        unescaped_.push_back('"');
      } else {
        quoted = !quoted;
      }
      continue;
    }
    if (c == '\\') {
      if (plain) unescaped_.assign(begin.substr(0, size));
      plain = false;
      if (rest_.empty()) return Fail();
      c = rest_.front();
      rest_.remove_prefix(1);
    }
    if (!plain) unescaped_.push_back(c);
    ++size;
  }
  if (!plain) {
    attribute_ = unescaped_;
  } else {
    attribute_ = size == 0 ? std::nullopt : std::optional(begin.substr(0, size));
  }
  done_ = rest_.front() == ')';
  rest_.remove_prefix(1);
  if (done_ && !rest_.empty()) return Fail();
  return true;
}

}  // namespace protogres::wire
