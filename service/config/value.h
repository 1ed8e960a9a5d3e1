// The values of options: text -> numbers, durations, sizes, lists, and back for --help. Pure.
#ifndef PROTOGRES_SERVICE_CONFIG_VALUE_H_
#define PROTOGRES_SERVICE_CONFIG_VALUE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protogres::config {

// A whole decimal number; none: it is something else or beyond 64 bits.
std::optional<std::int64_t> ParseInteger(std::string_view text);

// "1500", "0.25": seconds, as SQLAlchemy has them; "250ms", "30s", "5m", "1h".
// Not negative; a fraction of a millisecond is refused.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::milliseconds duration);  // "1500s", "250ms"

// "4194304", "4096KiB", "4MiB", "1GiB"; also K, M, G.
std::optional<std::int64_t> ParseBytes(std::string_view text);

// on, true, yes, 1 / off, false, no, 0.
std::optional<bool> ParseSwitch(std::string_view text);

// Names between commas; one with a comma in it stands in double quotes, as in CSV.
// None: an empty name or an open quote.
std::optional<std::vector<std::string>> ParseList(std::string_view text);

// "function" or "schema.function" -> the name as SQL, each part in quotes as it is written. None: it is something else.
std::optional<std::string> ParseQualified(std::string_view text);

}  // namespace protogres::config

#endif  // PROTOGRES_SERVICE_CONFIG_VALUE_H_
