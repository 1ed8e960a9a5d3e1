// Random rows: protobuf's bytes -> PostgreSQL's text -> bytes again, compared by protobuf's own classes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "google/protobuf/util/message_differencer.h"
#include "sample.h"

namespace protogres::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Value;

class Randomizer {
 public:
  explicit Randomizer(unsigned seed) : random_(seed) {}

  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  void Fill(Message* message, int depth) {
    if (message->GetDescriptor()->full_name() == "google.protobuf.Timestamp") return FillTimestamp(message);
    if (message->GetDescriptor()->full_name() == "google.protobuf.Value") {
      Value value;
      FillValue(&value, depth);
      message->ParseFromString(value.SerializeAsString());
      return;
    }
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message->GetDescriptor()->field(i);
      if (field->name() == "etag" || field->name() == "uuid" || field->name() == "numeric") continue;
      const int count = field->is_repeated() ? Below(4) : Below(2);
      for (int n = 0; n < count; ++n) Set(message, field, depth);
    }
  }

 private:
  template <typename Int>
  Int Integer() {
    const Int edges[] = {0, 1, std::numeric_limits<Int>::min(), std::numeric_limits<Int>::max(), static_cast<Int>(-1)};
    const int choice = Below(10);
    return choice < 5 ? edges[choice] : static_cast<Int>(random_() >> Below(64));
  }

  double Double() {
    const double edges[] = {0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, -1e17};
    const int choice = Below(12);
    if (choice < 6) return edges[choice];
    if (choice < 9) return std::ldexp(static_cast<double>(random_()), Below(200) - 160);
    return static_cast<double>(random_() >> Below(64));
  }

  std::string Text(bool binary) {
    static const char* const kPieces[] = {
        "a", "\"", "\\", ",", "{", "}", "(", ")", " ", "NULL", "'", "\n", "\xc3\xa9", "\xf0\x9f\x98\x80", ";", "\x01"};
    std::string text;
    for (int i = Below(8); i > 0; --i)
      text += binary ? std::string(1, static_cast<char>(random_())) : kPieces[Below(16)];
    return text;
  }

  void FillTimestamp(Message* message) {
    const auto* seconds = message->GetDescriptor()->FindFieldByNumber(1);
    const auto* nanos = message->GetDescriptor()->FindFieldByNumber(2);
    std::uniform_int_distribution<std::int64_t> range(-62135596800, 253402300799);
    message->GetReflection()->SetInt64(message, seconds, range(random_));
    message->GetReflection()->SetInt32(message, nanos, Below(2) * Below(1000000) * 1000);
  }

  void FillValue(Value* value, int depth) {
    switch (Below(depth > 4 ? 4 : 6)) {
      case 0:
        return value->set_null_value({});
      case 1:
        return value->set_bool_value(Below(2) == 1);
      case 2:
        return value->set_number_value(Double());
      case 3:
        return value->set_string_value(Text(false));
      case 4:
        value->mutable_list_value();
        for (int i = Below(4); i > 0; --i) FillValue(value->mutable_list_value()->add_values(), depth + 1);
        return;
      default:
        value->mutable_struct_value();
        for (int i = Below(4); i > 0; --i)
          FillValue(&(*value->mutable_struct_value()->mutable_fields())[Text(false)], depth + 1);
    }
  }

  void Set(Message* message, const FieldDescriptor* field, int depth) {
    const auto* reflection = message->GetReflection();
    const bool add = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32: {
        const std::int32_t value =
            field->name().starts_with("int2") ? Integer<std::int16_t>() : Integer<std::int32_t>();
        return add ? reflection->AddInt32(message, field, value) : reflection->SetInt32(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const auto value = Integer<std::int64_t>();
        return add ? reflection->AddInt64(message, field, value) : reflection->SetInt64(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        const auto value = Integer<std::uint32_t>();
        return add ? reflection->AddUInt32(message, field, value) : reflection->SetUInt32(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_FLOAT: {
        const auto value = static_cast<float>(std::ldexp(Below(1 << 24), Below(200) - 100));
        return add ? reflection->AddFloat(message, field, value) : reflection->SetFloat(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double value = Double();
        return add ? reflection->AddDouble(message, field, value) : reflection->SetDouble(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool value = Below(2) == 1;
        return add ? reflection->AddBool(message, field, value) : reflection->SetBool(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value = 1 + Below(3);
        return add ? reflection->AddEnumValue(message, field, value) : reflection->SetEnumValue(message, field, value);
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string value = Text(field->type() == FieldDescriptor::TYPE_BYTES);
        return add ? reflection->AddString(message, field, value) : reflection->SetString(message, field, value);
      }
      default:
        return Fill(add ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field),
                    depth + 1);
    }
  }

  std::mt19937_64 random_;
};

TEST(RoundTrip, RandomRows) {
  Sample sample;
  std::vector<int> all;
  for (std::size_t i = 0; i < sample.table.fields.size(); ++i) all.push_back(static_cast<int>(i));
  const RowEncoder encoder(sample.contract, sample.table, all, true);
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const auto sent = sample.classes.New("shop.v1.Sample");
    Randomizer(seed).Fill(sent.get(), 0);
    const auto row = DecodeRow(sample.contract, sample.table, sent->SerializeAsString(), "sample");
    ASSERT_TRUE(row.ok()) << row.status() << "\n" << sent->DebugString();
    std::vector<Cell> cells(all.size());
    for (const auto& [field, text] : row->values) cells[static_cast<std::size_t>(field)] = text;
    cells.push_back(std::nullopt);
    std::string bytes;
    const absl::Status status = encoder.Encode(cells, &bytes);
    ASSERT_TRUE(status.ok()) << status << "\n" << sent->DebugString();
    const auto received = sample.classes.New("shop.v1.Sample");
    ASSERT_TRUE(received->ParseFromString(bytes)) << sent->DebugString();
    ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*sent, *received)) << "seed " << seed << "\n"
                                                                                      << sent->DebugString() << "\n"
                                                                                      << received->DebugString();
  }
}

// Bytes cut and changed anywhere: an error or a row, never a crash; what is taken can be written again.
TEST(RoundTrip, DamagedRows) {
  Sample sample;
  std::mt19937 random(7);
  for (unsigned seed = 0; seed < 300; ++seed) {
    const auto sent = sample.classes.New("shop.v1.Sample");
    Randomizer(seed).Fill(sent.get(), 0);
    const std::string whole = sent->SerializeAsString();
    for (int i = 0; i < 50 && !whole.empty(); ++i) {
      std::string bytes = whole.substr(0, random() % (whole.size() + 1));
      for (int n = static_cast<int>(random() % 4); n > 0 && !bytes.empty(); --n) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      const auto row = DecodeRow(sample.contract, sample.table, bytes, "sample");
      if (!row.ok()) {
        EXPECT_EQ(row.status().code(), absl::StatusCode::kInvalidArgument);
        continue;
      }
      for (const auto& [field, text] : row->values) {
        const RowEncoder encoder(sample.contract, sample.table, {field}, false);
        std::string out;
        const Cell cells[] = {text};
        const absl::Status status = encoder.Encode(cells, &out);
        EXPECT_TRUE(status.ok()) << status;
      }
    }
  }
}

}  // namespace
}  // namespace protogres::wire
