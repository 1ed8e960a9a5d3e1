#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "text/excerpt.h"
#include "wire/decimal.h"
#include "wire/json.h"
#include "wire/writer.h"

namespace protogres::wire {
namespace {

// Field numbers of google/protobuf/struct.proto.
constexpr int kNull = 1;
constexpr int kNumber = 2;
constexpr int kString = 3;
constexpr int kBool = 4;
constexpr int kStruct = 5;
constexpr int kList = 6;
constexpr int kStructFields = 1;
constexpr int kListValues = 1;
constexpr int kEntryKey = 1;
constexpr int kEntryValue = 2;
// Messages between a Value and the Values in it.
constexpr int kObjectDepth = 3;  // Struct, its entry, the entry's Value
constexpr int kListDepth = 2;    // ListValue, its Value

constexpr double kExactBelow = 9007199254740992.0;  // 2^53: whole numbers below it are doubles
constexpr int kNumberOverflow = 406;                // nlohmann's id of that error

// Takes the parser's events and writes each at once.
class Writer : public nlohmann::json_sax<nlohmann::json> {
 public:
  Writer(bool unique_keys, int depth, std::string* out, std::string* why)
      : unique_keys_(unique_keys), depth_(depth), out_(out), why_(why) {}

  bool null() override {
    return Write([this] { AppendVarintField(kNull, 0, out_); });
  }
  bool boolean(bool value) override {
    return Write([this, value] { AppendVarintField(kBool, value ? 1 : 0, out_); });
  }
  bool number_integer(std::int64_t value) override {
    const auto number = static_cast<double>(value);
    return std::abs(number) < kExactBelow ? WriteNumber(number) : Number(number, std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) override {
    const auto number = static_cast<double>(value);
    return number < kExactBelow ? WriteNumber(number) : Number(number, std::to_string(value));
  }
  bool number_float(double value, const std::string& text) override { return Number(value, text); }
  bool string(std::string& value) override {
    return Write([this, &value] { AppendBytesField(kString, value, out_); });
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }

  bool start_object(std::size_t) override { return Open(true); }
  bool key(std::string& key) override {
    Level& level = levels_.back();
    level.entry = BeginBytesField(kStructFields, out_);
    AppendBytesField(kEntryKey, key, out_);
    level.value = BeginBytesField(kEntryValue, out_);
    if (!unique_keys_) level.keys.push_back(std::move(key));
    return true;
  }
  bool end_object() override {
    std::vector<std::string>& keys = levels_.back().keys;
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice != keys.end())
      return Fail(fmt::format("a JSON object with the key {} twice, which google.protobuf.Value cannot",
                              text::Excerpt(*twice, '\'')));
    Close();
    return true;
  }
  bool start_array(std::size_t) override { return Open(false); }
  bool end_array() override {
    Close();
    return true;
  }

  bool parse_error(std::size_t, const std::string& token, const nlohmann::json::exception& error) override {
    if (error.id == kNumberOverflow) return FailNumber(token);
    return Fail(fmt::format("JSON that is not Unicode text near {}, which google.protobuf.Value cannot",
                            text::Excerpt(token, '\'')));
  }

 private:
  // An object or array that is open.
  struct Level {
    bool object = false;
    std::size_t container = 0;  // where its Struct or ListValue begins,
    std::size_t entry = 0;      // the entry of the current key
    std::size_t value = 0;      // and the current Value
    std::vector<std::string> keys;
  };

  bool Fail(std::string why) {
    *why_ = std::move(why);
    return false;
  }

  bool FailNumber(std::string_view text) {
    return Fail(fmt::format("the JSON number {}, which google.protobuf.Value, a double, cannot exactly",
                            text::Excerpt(text, '\'')));
  }

  // Where a list is open, its next Value begins with whatever is written.
  void BeginValue() {
    if (!levels_.empty() && !levels_.back().object) levels_.back().value = BeginBytesField(kListValues, out_);
  }

  void EndValue() {
    if (levels_.empty()) return;
    EndBytesField(levels_.back().value, out_);
    if (levels_.back().object) EndBytesField(levels_.back().entry, out_);
  }

  template <typename Append>
  bool Write(const Append& append) {
    BeginValue();
    append();
    EndValue();
    return true;
  }

  bool Number(double value, const std::string& text) {
    return SurvivesDouble(text, value) ? WriteNumber(value) : FailNumber(text);
  }

  bool WriteNumber(double value) {
    return Write([this, value] { AppendFixed64Field(kNumber, std::bit_cast<std::uint64_t>(value), out_); });
  }

  bool Open(bool object) {
    // Counted as if something stood in it: an empty one at the very limit is no loss.
    const int inner = depth_ + (object ? kObjectDepth : kListDepth);
    if (inner > kMaxDepth) return Fail("JSON that is nested deeper than protobuf clients read");
    BeginValue();
    depth_ = inner;
    levels_.push_back({.object = object, .container = BeginBytesField(object ? kStruct : kList, out_), .keys = {}});
    return true;
  }

  void Close() {
    EndBytesField(levels_.back().container, out_);
    depth_ -= levels_.back().object ? kObjectDepth : kListDepth;
    levels_.pop_back();
    EndValue();
  }

  const bool unique_keys_;
  int depth_;  // of the Value that is being written
  std::string* out_;
  std::string* why_;
  std::vector<Level> levels_;
};

}  // namespace

bool EncodeJson(std::string_view json, bool jsonb, int depth, std::string* out, std::string* why) {
  Writer writer(jsonb, depth, out, why);
  return nlohmann::json::sax_parse(json.begin(), json.end(), &writer);
}

}  // namespace protogres::wire
