// Turns JSON text into the wire bytes of google.protobuf.Value and back, without a tree in between. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_JSON_H_
#define PROTOGRES_SERVICE_WIRE_JSON_H_

#include <string>
#include <string_view>

#include "wire/fault.h"

namespace protogres::wire {

// How deep messages may be nested for clients to parse them by default, the response itself not counted. Nobody could
// read what is nested deeper. A row is at depth 1, a Value in it at depth 2.
inline constexpr int kMaxDepth = 100;

// Appends the bytes of a Value at `depth`, without tag and length. False: a Value cannot hold the text exactly, and
// `why` says what it holds: a number that does not survive a double, a key that stands twice (only looked for in
// `json`, as jsonb has none), a lone surrogate, or nesting past kMaxDepth.
bool EncodeJson(std::string_view json, bool jsonb, int depth, std::string* out, std::string* why);

// Appends the JSON text of a Value's bytes. As protobuf has it, fields that stand twice are merged, and the last of
// equal keys wins. False: malformed bytes, an unknown field, a Value without a kind, NaN or infinity, invalid UTF-8,
// U+0000 if it is for `jsonb`, or nesting past kMaxDepth.
bool DecodeJson(std::string_view value, bool jsonb, int depth, std::string* out, Fault* fault);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_JSON_H_
