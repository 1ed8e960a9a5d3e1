// The two steps that most functions are made of: a status that is not OK ends the function with it.
#ifndef PROTOGRES_SERVICE_STATUS_MACROS_H_
#define PROTOGRES_SERVICE_STATUS_MACROS_H_

#include <utility>

// Returns from the function with the status of `expression`, an absl::Status, unless it is OK.
#define RETURN_IF_ERROR(expression)                                             \
  do {                                                                          \
    if (auto status_of_expression = (expression); !status_of_expression.ok()) { \
      return status_of_expression;                                              \
    }                                                                           \
  } while (false)

// Gives `target` the value of `expression`, an absl::StatusOr; returns from the function with its status unless it is
// OK. `target` may declare a variable: ASSIGN_OR_RETURN(const int size, SizeOf(x));
#define ASSIGN_OR_RETURN(target, ...) \
  PROTOGRES_ASSIGN_OR_RETURN(PROTOGRES_JOIN(or_status_, __LINE__), target, __VA_ARGS__)

#define PROTOGRES_ASSIGN_OR_RETURN(result, target, ...) \
  auto result = (__VA_ARGS__);                          \
  if (!result.ok()) return std::move(result).status();  \
  target = *std::move(result)

#define PROTOGRES_JOIN(a, b) PROTOGRES_JOIN_TEXT(a, b)
#define PROTOGRES_JOIN_TEXT(a, b) a##b

#endif  // PROTOGRES_SERVICE_STATUS_MACROS_H_
