#include "wire/reader.h"

#include <cstring>

namespace protogres::wire {
namespace {

constexpr int kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxTag = 0xFFFFFFFFu;

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

}  // namespace

bool TakeVarint(std::string_view* rest, std::uint64_t* value) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < rest->size() && i < kMaxVarintBytes; ++i) {
    const auto byte = static_cast<unsigned char>((*rest)[i]);
    result |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      // The tenth byte has room for one bit.
      if (i == kMaxVarintBytes - 1 && byte > 1) return false;
      rest->remove_prefix(i + 1);
      *value = result;
      return true;
    }
  }
  return false;
}

bool TakeFixed(std::string_view* rest, std::size_t size, std::uint64_t* value) {
  if (rest->size() < size) return false;
  *value = LittleEndian(rest->substr(0, size));
  rest->remove_prefix(size);
  return true;
}

bool Reader::Fail() {
  failed_ = true;
  rest_ = {};
  return false;
}

bool Reader::Next() {
  if (rest_.empty()) return false;
  std::uint64_t tag = 0;
  if (!TakeVarint(&rest_, &tag) || tag > kMaxTag || tag >> 3 == 0) return Fail();
  number_ = static_cast<int>(tag >> 3);
  type_ = static_cast<WireType>(tag & 7);
  value_ = 0;
  bytes_ = {};
  switch (type_) {
    case WireType::kVarint:
      return TakeVarint(&rest_, &value_) || Fail();
    case WireType::kFixed64:
      return TakeFixed(&rest_, 8, &value_) || Fail();
    case WireType::kFixed32:
      return TakeFixed(&rest_, 4, &value_) || Fail();
    case WireType::kBytes: {
      std::uint64_t size = 0;
      if (!TakeVarint(&rest_, &size) || size > rest_.size()) return Fail();
      bytes_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    case WireType::kStartGroup:
    case WireType::kEndGroup:
      break;
  }
  return Fail();
}

}  // namespace protogres::wire
