// What is wrong with a message that is being decoded, and where. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_FAULT_H_
#define PROTOGRES_SERVICE_WIRE_FAULT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace protogres::wire {

// Filled from the inside out: the innermost decoder says what, each one around it
// puts its own field before the path.
struct Fault {
  std::string path;
  std::string what;

  // Always false, to be returned.
  bool Set(std::string what_is_wrong);
  // Puts a field ("address") or an element ("[2]") before the path. Always false.
  bool Under(std::string_view segment);

  // INVALID_ARGUMENT with the path below `root` (empty: none).
  absl::Status ToStatus(const std::string& root) const;
};

inline constexpr char kMalformedBytes[] = "malformed protobuf bytes";

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_FAULT_H_
