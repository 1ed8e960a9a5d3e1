#include "protogres/filter.h"

#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"

namespace protogres {

std::string Filter::Inside(Kind outer) const {
  return kind_ == Kind::kOne || kind_ == outer ? text_ : "(" + text_ + ")";
}

Filter operator&&(const Filter& a, const Filter& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return Filter(a.Inside(Filter::Kind::kAll) + " AND " + b.Inside(Filter::Kind::kAll), Filter::Kind::kAll);
}

Filter operator||(const Filter& a, const Filter& b) {
  if (a.empty() || b.empty()) return Filter();
  return Filter(a.Inside(Filter::Kind::kAny) + " OR " + b.Inside(Filter::Kind::kAny), Filter::Kind::kAny);
}

Filter operator!(const Filter& a) { return Filter("NOT (" + a.text_ + ")", Filter::Kind::kOne); }

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '*') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

namespace internal {

std::string Literal(std::string_view text) { return Quote(text); }

std::string Literal(const Bytes& bytes) { return "\"\\\\x" + absl::BytesToHexString(std::string(bytes.bytes)) + '"'; }

std::string Literal(bool value) { return value ? "true" : "false"; }
std::string Literal(int64_t value) { return std::to_string(value); }
std::string Literal(uint64_t value) { return std::to_string(value); }

std::string Literal(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return absl::StrFormat("%.17g", value);
}

std::string Literal(const google::protobuf::Timestamp& value) {
  return '"' + google::protobuf::util::TimeUtil::ToString(value) + '"';
}

std::string Path(std::string_view accessors) {
  std::string path;
  for (const char c : accessors) {
    if ((c == '(' || c == ')') || c == ' ') continue;
    path += c;
  }
  return path;
}

std::string KeyPath(const std::string& path, std::string_view key) { return path + "." + Quote(key); }

}  // namespace internal
}  // namespace protogres
