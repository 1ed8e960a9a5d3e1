// JSON text <-> the wire bytes of google.protobuf.Value, without a tree between. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_JSON_H_
#define PROTOGRES_SERVICE_WIRE_JSON_H_

#include <string>
#include <string_view>

#include "wire/fault.h"

namespace protogres::wire {

// Messages within messages that a client parses by default, the response itself not counted. What is
// nested deeper would be read by nobody. A row stands at depth 1, a Value in it at depth 2.
inline constexpr int kMaxDepth = 100;

// Appends the bytes of a Value at `depth` (no tag, no length). False, and `why` says
// what the text holds: a number that does not survive a double, a key that
// stands twice (looked for only in `json`: jsonb has none), a lone surrogate,
// nesting past kMaxDepth.
bool EncodeJson(std::string_view json, bool jsonb, int depth, std::string* out, std::string* why);

// Appends the JSON text of a Value's bytes. Fields that stand twice are merged
// and the last of equal keys wins, as protobuf has it. False: malformed bytes, an unknown field, no kind, NaN or
// infinity, invalid UTF-8, U+0000 where it is for `jsonb`, nesting past kMaxDepth.
bool DecodeJson(std::string_view value, bool jsonb, int depth, std::string* out, Fault* fault);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_JSON_H_
