#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "text/excerpt.h"
#include "text/utf8.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/merged.h"
#include "wire/reader.h"

namespace protogres::wire {
namespace {

// Field numbers of google/protobuf/struct.proto.
enum ValueKind { kNone = 0, kNull = 1, kNumber = 2, kString = 3, kBool = 4, kStruct = 5, kList = 6 };
constexpr int kStructFields = 1;
constexpr int kListValues = 1;
constexpr int kEntryKey = 1;
constexpr int kEntryValue = 2;

struct Entry {
  std::string_view key;
  Merged value;
};

// A key as it stands in a path: keys may be anything, of any length.
std::string Segment(std::string_view key) {
  constexpr std::size_t kMaxPlain = 40;
  const bool plain = !key.empty() && key.size() <= kMaxPlain && std::ranges::all_of(key, [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  return plain ? std::string(key) : text::Excerpt(key, '\'');
}

class ValueDecoder {
 public:
  ValueDecoder(bool jsonb, std::string* out, Fault* fault) : jsonb_(jsonb), out_(out), fault_(fault) {}

  bool Value(std::string_view bytes, int depth) {
    if (depth > kMaxDepth) return TooDeep();
    int kind = kNone;
    std::uint64_t scalar = 0;
    Merged content;
    Reader reader(bytes);
    while (reader.Next()) {
      if (!Fits(reader)) return false;
      // A oneof: another kind replaces, the same message merges.
      if (reader.number() != kind || kind == kString) content = {};
      kind = reader.number();
      if (reader.type() == WireType::kBytes) content.Add(reader.bytes());
      scalar = reader.value();
    }
    if (reader.failed()) return fault_->Set(kMalformedBytes);
    switch (kind) {
      case kNull:
        out_->append("null");
        return true;
      case kNumber:
        return Number(std::bit_cast<double>(scalar));
      case kString:
        return String(content.bytes());
      case kBool:
        out_->append(scalar != 0 ? "true" : "false");
        return true;
      case kStruct:
        return Struct(content.bytes(), depth + 1);
      case kList:
        return List(content.bytes(), depth + 1);
      default:
        return fault_->Set("a google.protobuf.Value without a kind; set null_value for JSON's null");
    }
  }

 private:
  bool Fits(const Reader& reader) {
    static constexpr WireType kTypes[] = {WireType::kVarint, WireType::kFixed64, WireType::kBytes,
                                          WireType::kVarint, WireType::kBytes,   WireType::kBytes};
    if (reader.number() > kList) return Unknown(reader, "google.protobuf.Value");
    return reader.type() == kTypes[reader.number() - 1] || Mismatch(reader, "google.protobuf.Value");
  }

  bool TooDeep() { return fault_->Set(fmt::format("nested deeper than {} messages", kMaxDepth)); }

  bool Unknown(const Reader& reader, std::string_view message) {
    return fault_->Set(fmt::format("unknown field {} in {}", reader.number(), message));
  }

  bool Mismatch(const Reader& reader, std::string_view message) {
    return fault_->Set(fmt::format("wire type {} does not fit field {} of {}", static_cast<int>(reader.type()),
                                   reader.number(), message));
  }

  bool Number(double value) {
    if (!std::isfinite(value)) return fault_->Set("JSON has neither NaN nor infinity");
    AppendJsonNumber(value, out_);
    return true;
  }

  bool String(std::string_view text) {
    if (!text::IsUtf8(text)) return fault_->Set("not valid UTF-8");
    out_->push_back('"');
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      if (c == 0 && jsonb_) return fault_->Set("jsonb cannot hold the character U+0000");
      out_->append(text.substr(begin, i - begin));
      begin = i + 1;
      if (c >= 0x20) {
        out_->push_back('\\');
        out_->push_back(text[i]);
      } else if (c == '\n') {
        out_->append("\\n");
      } else {
        out_->append(fmt::format("\\u{:04x}", c));
      }
    }
    out_->append(text.substr(begin));
    out_->push_back('"');
    return true;
  }

  bool List(std::string_view bytes, int depth) {
    // An empty one too: it is encoded again by the same measure.
    if (depth + 1 > kMaxDepth) return TooDeep();
    std::size_t count = 0;
    out_->push_back('[');
    Reader reader(bytes);
    while (reader.Next()) {
      if (reader.number() != kListValues) return Unknown(reader, "google.protobuf.ListValue");
      if (reader.type() != WireType::kBytes) return Mismatch(reader, "google.protobuf.ListValue");
      if (count > 0) out_->push_back(',');
      if (!Value(reader.bytes(), depth + 1)) return fault_->Under(fmt::format("[{}]", count));
      ++count;
    }
    if (reader.failed()) return fault_->Set(kMalformedBytes);
    out_->push_back(']');
    return true;
  }

  bool Struct(std::string_view bytes, int depth) {
    if (depth + 2 > kMaxDepth) return TooDeep();
    std::vector<Entry> entries;
    if (!ReadEntries(bytes, &entries)) return false;
    const std::vector<bool> overridden = Overridden(entries);
    bool first = true;
    out_->push_back('{');
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (overridden[i]) continue;
      if (!first) out_->push_back(',');
      first = false;
      const std::string_view key = entries[i].key;
      if (!String(key)) return fault_->Under(Segment(key));
      out_->push_back(':');
      if (!Value(entries[i].value.bytes(), depth + 2)) return fault_->Under(Segment(key));
    }
    out_->push_back('}');
    return true;
  }

  bool ReadEntries(std::string_view bytes, std::vector<Entry>* entries) {
    Reader reader(bytes);
    while (reader.Next()) {
      if (reader.number() != kStructFields) return Unknown(reader, "google.protobuf.Struct");
      if (reader.type() != WireType::kBytes) return Mismatch(reader, "google.protobuf.Struct");
      Entry& entry = entries->emplace_back();
      Reader parts(reader.bytes());
      while (parts.Next()) {
        if (parts.number() > kEntryValue) return Unknown(parts, "google.protobuf.Struct.FieldsEntry");
        if (parts.type() != WireType::kBytes) return Mismatch(parts, "google.protobuf.Struct.FieldsEntry");
        if (parts.number() == kEntryKey) {
          entry.key = parts.bytes();
        } else {
          entry.value.Add(parts.bytes());
        }
      }
      if (parts.failed()) return fault_->Set(kMalformedBytes);
    }
    return !reader.failed() || fault_->Set(kMalformedBytes);
  }

  // Which entries a later one with the same key replaces.
  static std::vector<bool> Overridden(const std::vector<Entry>& entries) {
    std::vector<bool> result(entries.size());
    std::vector<std::size_t> order(entries.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, {}, [&entries](std::size_t i) { return entries[i].key; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      result[order[i - 1]] = entries[order[i - 1]].key == entries[order[i]].key;
    }
    return result;
  }

  const bool jsonb_;
  std::string* out_;
  Fault* fault_;
};

}  // namespace

bool DecodeJson(std::string_view value, bool jsonb, int depth, std::string* out, Fault* fault) {
  return ValueDecoder(jsonb, out, fault).Value(value, depth);
}

}  // namespace protogres::wire
