#include "text/ascii.h"

#include <algorithm>

namespace protogres::text {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ToLower);
  return out;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ToUpper);
  return out;
}

}  // namespace protogres::text
