// A call's deadline, which is a wall-clock time, as the Pool and the cancels of its statements use it.
#ifndef PROTOGRES_SERVICE_DB_DEADLINE_H_
#define PROTOGRES_SERVICE_DB_DEADLINE_H_

#include <chrono>

#include "db/pool.h"

namespace protogres::db {

// How long before the deadline a cancel may come and still have the deadline for its cause. A client that has seen its
// deadline pass cancels the call, but its clock is another: gRPC rounds a deadline by up to a hundredth of its length,
// and counts it here from the moment when the call came.
std::chrono::system_clock::duration Slack(std::chrono::system_clock::time_point deadline);

// The deadline on the Pool's clock. max(): there is none, or none that comes soon.
Clock::time_point Steady(std::chrono::system_clock::time_point deadline);

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_DEADLINE_H_
