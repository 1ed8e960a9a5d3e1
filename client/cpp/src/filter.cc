#include "protogres/filter.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/time_util.h"

namespace protogres {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

// The field that protoc has given this accessor: in lower case, and with a "_" after a word of C++'s.
const FieldDescriptor* FieldOf(const Descriptor* message, const std::string& accessor) {
  for (const char* suffix : {"", "_"}) {
    for (int i = 0; message != nullptr && i < message->field_count(); ++i) {
      if (absl::AsciiStrToLower(message->field(i)->name()) + suffix == accessor) return message->field(i);
    }
  }
  return nullptr;
}

}  // namespace

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

std::string Path(const Descriptor* message, std::string_view accessors) {
  std::string path;
  for (const auto& part : absl::StrSplit(std::string(accessors), '.')) {
    const std::string accessor = absl::StrReplaceAll(part, {{"(", ""}, {")", ""}, {" ", ""}});
    const FieldDescriptor* field = FieldOf(message, accessor);
    path += (path.empty() ? "" : ".") + (field == nullptr ? accessor : field->name());
    message = field == nullptr ? nullptr : field->message_type();
  }
  return path;
}

std::string KeyPath(const std::string& path, std::string_view key) { return path + "." + Quote(key); }

}  // namespace internal
}  // namespace protogres
