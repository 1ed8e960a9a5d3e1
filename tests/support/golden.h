// Golden files: what a test has given once, kept in tests/golden to be read in a change's diff.
#ifndef PROTOGRES_TESTS_SUPPORT_GOLDEN_H_
#define PROTOGRES_TESTS_SUPPORT_GOLDEN_H_

#include <string>

namespace protogres::testing {

// Expects the file tests/golden/`name` to have exactly this text; the failure names the first line that differs. With
// PROTOGRES_UPDATE_GOLDEN=1 in the environment it writes the file instead.
void ExpectGolden(const std::string& name, const std::string& text);

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_SUPPORT_GOLDEN_H_
