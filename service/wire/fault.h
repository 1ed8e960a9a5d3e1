// What is wrong with a message that is being decoded, and where. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_FAULT_H_
#define PROTOGRES_SERVICE_WIRE_FAULT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace protogres::wire {

// It is filled from the inside out: the innermost decoder says what is wrong, and each one around it puts its own field
// before the path.
struct Fault {
  std::string path;
  std::string what;

  // Always returns false, which the decoder returns in turn.
  bool Set(std::string what_is_wrong);
  // Puts a field ("address") or an element ("[2]") before the path. Always returns false.
  bool Under(std::string_view segment);

  // INVALID_ARGUMENT with the path below `root` (empty: none).
  absl::Status ToStatus(const std::string& root) const;
};

inline constexpr char kMalformedBytes[] = "malformed protobuf bytes";

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_FAULT_H_
