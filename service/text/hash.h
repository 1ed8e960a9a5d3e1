// FNV-1a, by which bytes are the same number in every process, on every machine and in every version. It is no secret:
// whoever likes finds other bytes of the same hash. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_HASH_H_
#define PROTOGRES_SERVICE_TEXT_HASH_H_

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace protogres::text {

// Word: std::uint32_t or std::uint64_t.
template <typename Word>
class Hash {
  static_assert(std::is_same_v<Word, std::uint32_t> || std::is_same_v<Word, std::uint64_t>);

 public:
  Hash& AddByte(unsigned char byte) {
    value_ = (value_ ^ byte) * kPrime;
    return *this;
  }
  Hash& Add(std::string_view bytes) {
    for (const char c : bytes) AddByte(static_cast<unsigned char>(c));
    return *this;
  }
  // With its length, so that "ab" and "c" differ from "a" and "bc".
  Hash& AddText(std::string_view text) {
    for (int shift = 0; shift < 64; shift += 8) AddByte(static_cast<unsigned char>(text.size() >> shift));
    return Add(text);
  }
  Word value() const { return value_; }

 private:
  static constexpr bool kLong = sizeof(Word) == 8;
  static constexpr Word kPrime = static_cast<Word>(kLong ? 0x100000001b3 : 0x01000193);

  Word value_ = static_cast<Word>(kLong ? 0xcbf29ce484222325 : 0x811c9dc5);
};

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_HASH_H_
