// Options: a table of names, help, defaults and where each value goes. The
// table of a command is the one source of its parsing and of its --help.
#ifndef PROTOGRES_SERVICE_CONFIG_OPTION_H_
#define PROTOGRES_SERVICE_CONFIG_OPTION_H_

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace protogres::config {

struct Option {
  std::string group;          // the heading in --help
  std::string name;           // pool_size
  std::string value;          // what stands for the value in --help: N; a flag's may be left out
  std::string help;           // one sentence with the unit
  std::string default_value;  // as it would be given; empty: not set
  bool flag = false;          // --name alone means --name=on
  bool repeatable = false;    // given several times, the values are one list
  // Stores the value; else says what would be right ("must be ..."), and stores nothing.
  std::function<std::string(const std::string&)> set;
};

// PROTOGRES_POOL_SIZE.
std::string EnvironmentName(const std::string& name);

// The options of each command, bound to `command`, which must outlive them;
// what it holds now are the defaults.
std::vector<Option> ServeOptions(Serve* command);
std::vector<Option> DevOptions(Dev* command);
std::vector<Option> ContractOptions(ContractCommand* command);
std::vector<Option> InstallOptions(InstallCommand* command);

// What is wrong between options of a whole command; empty: nothing.
std::string CheckServe(const Serve& command);
std::string CheckApi(const ApiOptions& api);

// The options' part of a command's --help.
std::string Describe(const std::vector<Option>& options);

}  // namespace protogres::config

#endif  // PROTOGRES_SERVICE_CONFIG_OPTION_H_
