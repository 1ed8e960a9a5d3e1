// Waiting for what other threads do.
#ifndef PROTOGRES_TESTS_SUPPORT_EVENTUALLY_H_
#define PROTOGRES_TESTS_SUPPORT_EVENTUALLY_H_

#include <chrono>
#include <functional>
#include <thread>

namespace protogres {

// How long a test waits for what must happen. It is so long that only a defect exceeds it, on the busiest machine too.
inline constexpr std::chrono::seconds kTestPatience{60};

// Blocks until `holds` is true, and asks it every two milliseconds. False: it was not within kTestPatience.
inline bool Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kTestPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace protogres

#endif  // PROTOGRES_TESTS_SUPPORT_EVENTUALLY_H_
