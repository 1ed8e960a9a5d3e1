#include "wire/writer.h"

#include "wire/reader.h"

namespace protogres::wire {
namespace {

void AppendTag(int number, WireType type, std::string* out) {
  AppendVarint(static_cast<std::uint64_t>(number) << 3 | static_cast<std::uint64_t>(type), out);
}

}  // namespace

std::size_t WriteVarint(std::uint64_t value, char* out) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = static_cast<char>(value | 0x80);
  out[size++] = static_cast<char>(value);
  return size;
}

void AppendLongVarint(std::uint64_t value, std::string* out) {
  char bytes[10];
  out->append(bytes, WriteVarint(value, bytes));
}

void AppendFixed(std::uint64_t value, std::size_t size, std::string* out) {
  char bytes[8];
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  out->append(bytes, size);
}

void AppendVarintField(int number, std::uint64_t value, std::string* out) {
  AppendTag(number, WireType::kVarint, out);
  AppendVarint(value, out);
}

void AppendBytesField(int number, std::string_view bytes, std::string* out) {
  AppendTag(number, WireType::kBytes, out);
  AppendVarint(bytes.size(), out);
  out->append(bytes);
}

void AppendFixed32Field(int number, std::uint32_t value, std::string* out) {
  AppendTag(number, WireType::kFixed32, out);
  AppendFixed(value, 4, out);
}

void AppendFixed64Field(int number, std::uint64_t value, std::string* out) {
  AppendTag(number, WireType::kFixed64, out);
  AppendFixed(value, 8, out);
}

std::size_t BeginBytesField(int number, std::string* out) {
  AppendTag(number, WireType::kBytes, out);
  out->push_back('\0');  // most contents are under 128 bytes: then nothing moves
  return out->size();
}

void EndBytesField(std::size_t begin, std::string* out) {
  const std::size_t size = out->size() - begin;
  if (size < 0x80) {
    (*out)[begin - 1] = static_cast<char>(size);
    return;
  }
  std::string length;  // at most 10 bytes: never on the heap
  AppendVarint(size, &length);
  out->replace(begin - 1, 1, length);
}

}  // namespace protogres::wire
