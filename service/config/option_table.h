// How the table of the options of a command is written: one line for each option, with the values that it may have.
// Private to config/.
#ifndef PROTOGRES_SERVICE_CONFIG_OPTION_TABLE_H_
#define PROTOGRES_SERVICE_CONFIG_OPTION_TABLE_H_

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/option.h"
#include "config/value.h"

namespace protogres::config {

// The options of a command, one call for each option.
class OptionTable {
 public:
  void Group(const std::string& group) { group_ = group; }

  void Text(const std::string& name, const std::string& value, std::string* target, const std::string& help) {
    Add(name, value, help, *target, [target](const std::string& text) {
      *target = text;
      return std::string();
    });
  }

  // A list of names, none of them twice.
  void Names(const std::string& name, const std::string& value, std::vector<std::string>* target,
             const std::string& help) {
    Add(name, value, help, "", [target](const std::string& text) -> std::string {
      auto names = ParseList(text);
      if (!names) return "must be names between commas; one that has a comma or a quote stands in double quotes";
      if (std::set<std::string>(names->begin(), names->end()).size() < names->size()) return "names one twice";
      *target = *std::move(names);
      return "";
    });
  }

  void Integer(const std::string& name, int* target, int least, int most, const std::string& help) {
    Add(name, "N", help, std::to_string(*target), [=](const std::string& text) {
      const auto number = ParseInteger(text);
      if (!number || *number < least || *number > most) {
        return fmt::format("must be a whole number from {} to {}", least, most);
      }
      *target = static_cast<int>(*number);
      return std::string();
    });
  }

  template <typename Integral>
  void Bytes(const std::string& name, Integral* target, bool unlimited, const std::string& help,
             std::int64_t most = std::numeric_limits<int>::max()) {
    Add(name, "BYTES", help, std::to_string(*target), [=](const std::string& text) {
      const auto bytes = unlimited && text == "-1" ? std::optional<std::int64_t>(-1) : ParseBytes(text);
      if (!bytes || *bytes == 0 || *bytes > most) {
        return fmt::format("must be a size from 1 to {} bytes, e.g. 4194304 or 4MiB{}", most,
                           unlimited ? ", or -1 for no limit" : "");
      }
      *target = static_cast<Integral>(*bytes);
      return std::string();
    });
  }

  template <typename Duration>
  void Time(const std::string& name, Duration* target, std::chrono::milliseconds least, const std::string& help) {
    const std::chrono::milliseconds step = Duration(1);
    Add(name, "TIME", help, FormatDuration(*target), [=](const std::string& text) {
      const auto time = ParseDuration(text);
      if (!time || *time < least || *time > std::chrono::hours(24 * 365) ||
          *time % step != std::chrono::milliseconds(0)) {
        return fmt::format("must be {}{}, at least {} and at most a year; e.g. 30, 1.5, 250ms, 30s, 5m, 1h",
                           "a time in seconds or with a unit", step.count() > 1 ? ", of whole seconds" : "",
                           FormatDuration(least));
      }
      *target = std::chrono::duration_cast<Duration>(*time);
      return std::string();
    });
  }

  void Switch(const std::string& name, bool* target, const std::string& help) {
    Add(name, "on|off", help, *target ? "on" : "off", [target](const std::string& text) -> std::string {
      const auto on = ParseSwitch(text);
      if (!on) return "must be on or off";
      *target = *on;
      return "";
    });
    options_.back().flag = true;
  }

  // An option whose value is one of some words. The first word is the default.
  template <typename Value>
  void Choice(const std::string& name, Value* target, const std::vector<std::pair<std::string, Value>>& choices,
              const std::string& help) {
    std::string words;
    for (const auto& [word, value] : choices) words += (words.empty() ? "" : "|") + word;
    Add(name, words, help, choices.front().first, [=](const std::string& text) {
      for (const auto& [word, value] : choices) {
        if (text != word) continue;
        *target = value;
        return std::string();
      }
      return fmt::format("must be one of {}", words);
    });
  }

  void Add(const std::string& name, const std::string& value, const std::string& help, const std::string& default_value,
           std::function<std::string(const std::string&)> set) {
    options_.push_back({group_, name, value, help, default_value, false, false, std::move(set)});
  }

  void MarkFlag() { options_.back().flag = true; }
  void MarkRepeatable() { options_.back().repeatable = true; }
  std::vector<Option> Take() { return std::move(options_); }

 private:
  std::string group_;
  std::vector<Option> options_;
};

}  // namespace protogres::config

#endif  // PROTOGRES_SERVICE_CONFIG_OPTION_TABLE_H_
