// Appends protobuf's wire format to a string. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_WRITER_H_
#define PROTOGRES_SERVICE_WIRE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace protogres::wire {

// Writes at most 10 bytes to `out`, or 5 if `value` has 32 bits. Returns how many.
std::size_t WriteVarint(std::uint64_t value, char* out);
void AppendLongVarint(std::uint64_t value, std::string* out);
// Most values, and nearly all lengths, take one byte.
inline void AppendVarint(std::uint64_t value, std::string* out) {
  if (value < 0x80) {
    out->push_back(static_cast<char>(value));
  } else {
    AppendLongVarint(value, out);
  }
}
// `size` (4 or 8) bytes, without a tag.
void AppendFixed(std::uint64_t value, std::size_t size, std::string* out);
// Tag and value. `number` is a field number.
void AppendVarintField(int number, std::uint64_t value, std::string* out);
void AppendBytesField(int number, std::string_view bytes, std::string* out);
void AppendFixed32Field(int number, std::uint32_t value, std::string* out);
void AppendFixed64Field(int number, std::uint64_t value, std::string* out);

// A length-delimited field whose length is known only when its content has
// been appended: Begin reserves room, End writes the length and closes the gap.
std::size_t BeginBytesField(int number, std::string* out);
void EndBytesField(std::size_t begin, std::string* out);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_WRITER_H_
