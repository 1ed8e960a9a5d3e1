// Floating-point numbers and their decimal texts. Pure.
#ifndef PROTOGRES_SERVICE_WIRE_DECIMAL_H_
#define PROTOGRES_SERVICE_WIRE_DECIMAL_H_

#include <string>
#include <string_view>

namespace protogres::wire {

// True: `decimal`, a number as JSON has it, and the shortest decimal form of `value` are the same number, as 1.10 and
// 1.1 or 1e2 and 100 are. Then nothing is lost if a double carries it. False for NaN and infinity.
bool SurvivesDouble(std::string_view decimal, double value);

// Appends the shortest decimal that reads back as `value`, as JSON has it. Whole numbers below 1e17 have no exponent.
// `value` must be finite.
void AppendJsonNumber(double value, std::string* out);

// Append PostgreSQL's text form: the shortest decimal, NaN, Infinity, -Infinity.
void AppendFloat(float value, std::string* out);
void AppendDouble(double value, std::string* out);

}  // namespace protogres::wire

#endif  // PROTOGRES_SERVICE_WIRE_DECIMAL_H_
