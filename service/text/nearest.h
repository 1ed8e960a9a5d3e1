// The names that an unknown one was most likely meant to be. Pure.
#ifndef PROTOGRES_SERVICE_TEXT_NEAREST_H_
#define PROTOGRES_SERVICE_TEXT_NEAREST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace protogres::text {

// At most `limit` of `names` that differ from `name` by a slip or two, the nearest first: at most a third of the
// letters are other, missing or too many; upper and lower case are alike. None: nothing is near. It compares all
// letters with all, so it is for some hundred names; names of more than 64 bytes are near to none.
std::vector<std::string_view> Nearest(std::string_view name, const std::vector<std::string_view>& names,
                                      std::size_t limit);

// At most `limit` of `names` that begin most like `name`, the best first: of dotted names the last parts are compared,
// without case. It looks at each name once and only as far as both are alike, so that it stays cheap with ten thousand
// names, which a caller can make the server search as often as it likes.
std::vector<std::string_view> NearestByBeginning(std::string_view name, const std::vector<std::string>& names,
                                                 std::size_t limit);

}  // namespace protogres::text

#endif  // PROTOGRES_SERVICE_TEXT_NEAREST_H_
