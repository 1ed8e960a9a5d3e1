// Reads protobuf's wire format field by field, without a message class. Pure.
// https://protobuf.dev/programming-guides/encoding
#ifndef PROTOGRES_SERVICE_WIRE_READER_H_
#define PROTOGRES_SERVICE_WIRE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace protogres::wire {

enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

// Walks one message:
//   while (reader.Next()) { switch (reader.number()) {...} }
//   if (reader.failed()) -> malformed
// Borrowed: the bytes must outlive the reader and the views it hands out.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // Reads the next tag and its value. False at the end and on malformed bytes
  // (truncated, a varint over 10 bytes, field number 0, groups).
  bool Next();
  bool failed() const { return failed_; }

  int number() const { return number_; }
  WireType type() const { return type_; }
  // The value of the current field, by its wire type: varint, fixed64, fixed32 ...
  std::uint64_t value() const { return value_; }
  // ... or kBytes.
  std::string_view bytes() const { return bytes_; }

 private:
  bool Fail();

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t value_ = 0;
  int number_ = 0;
  WireType type_ = WireType::kVarint;
  bool failed_ = false;
};

// Takes a varint, or a fixed number of `size` bytes, from the front of `rest`, which is how the elements of a packed
// field are read. False: it is truncated, or a varint over 64 bits.
bool TakeVarint(std::string_view* rest, std::uint64_t* value);
bool TakeFixed(std::string_view* rest, std::size_t size, std::uint64_t* value);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_READER_H_
