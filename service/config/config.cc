#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "config/option.h"
#include "config/value.h"
#include "text/nearest.h"

namespace protogres::config {
namespace {

constexpr char kVersion[] = PROTOGRES_VERSION;

constexpr char kOverview[] =
    R"(Protogres serves a PostgreSQL database as a typed gRPC API.

Usage: protogres serve [--name=value ...]                   serve a database
       protogres dev [FILE.sql ...] [--name=value ...]      serve a private PostgreSQL, loaded from the files
       protogres contract --out=DIR [--name=value ...]      write the API's .proto files, or compare with --check
       protogres install [--name=value ...]                 create the table that request_id needs
       protogres COMMAND --help                             every option of a command
       protogres --version
)";

constexpr char kNotes[] =
    R"(
Each option can stand in the environment as PROTOGRES_NAME, e.g. PROTOGRES_POOL_SIZE; a flag wins.
In brackets is the default. TIME is in seconds, or with a unit: 250ms, 30s, 5m, 1h. BYTES may have one: KiB, MiB, GiB.
)";

constexpr char kServeUsage[] = "Usage: protogres serve [--name=value ...]\n\nServes a database as a gRPC API.\n";
constexpr char kDevUsage[] =
    "Usage: protogres dev [FILE.sql ...] [--name=value ...]\n\n"
    "Starts a private PostgreSQL, loads the files into it with psql, serves it, and removes it at exit.\n";
constexpr char kContractUsage[] =
    "Usage: protogres contract [--out=DIR] [--check=FILE] [--name=value ...]\n\n"
    "Writes the API of a database as .proto files, or compares it with one that was written.\n";

constexpr char kInstallUsage[] =
    "Usage: protogres install [--role=NAME] [--name=value ...]\n\n"
    "Creates the schema protogres with the table that request_id needs, unless it is there.\n";

bool IsHelp(const std::string& argument) { return argument == "--help" || argument == "-h"; }

Exit Wrong(const std::string& what) { return {fmt::format("protogres: {}\n", what), 2}; }

// A command of the command line: its table, and what was given to it.
struct Subcommand {
  std::string name;
  std::string usage;
  std::vector<Option> options;
  std::map<std::string, std::string> given =
      {};  // by an option's name; of one that is given twice the last value, or a list of both
  std::vector<std::string> arguments = {};  // those that are no options
};

std::string Unknown(const Subcommand& command, const std::vector<Subcommand>& all, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  std::vector<std::string_view> names;
  for (const Option& option : command.options) names.push_back(option.name);
  std::string hint = fmt::format("protogres {} --help lists all", command.name);
  if (const auto nearest = text::Nearest(bare, names, 1); !nearest.empty()) {
    hint = fmt::format("did you mean --{}?", nearest.front());
  }
  for (const Subcommand& other : all) {
    for (const Option& option : other.options) {
      if (option.name == bare)
        return fmt::format("{} has no option {}: it is one of {}", command.name, name, other.name);
    }
  }
  return fmt::format("{} has no option {}: {}", command.name, name, hint);
}

// Stores the values, those of the command line before those of the environment. What is wrong; empty: nothing.
std::string Apply(const Subcommand& command) {
  for (const Option& option : command.options) {
    std::string source = "--" + option.name;
    std::string value;
    if (const auto given = command.given.find(option.name); given != command.given.end()) {
      value = given->second;
    } else {
      source = EnvironmentName(option.name);
      const char* const found = std::getenv(source.c_str());
      // Set but empty is how many an environment leaves a variable out.
      if (found == nullptr || *found == '\0') continue;
      value = found;
    }
    if (const std::string right = option.set(value); !right.empty()) {
      return fmt::format("{}={}: {}", source, value, right);
    }
  }
  return "";
}

// Takes the arguments of `command` apart: --name=value, --name value, --name of a flag, and what follows "--" as it is.
// What is wrong; empty: nothing.
std::string Split(std::span<const std::string> arguments, const std::vector<Subcommand>& all, Subcommand* command) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      command->arguments.insert(command->arguments.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                arguments.end());
      break;
    }
    if (!argument.starts_with('-') || argument == "-") {
      command->arguments.push_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.starts_with("--") ? argument.substr(2, equals - 2) : "";
    const auto option = std::ranges::find(command->options, name, &Option::name);
    if (option == command->options.end()) return Unknown(*command, all, argument);
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (option->flag) {
      value = "on";
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) {
      value = arguments[++i];
    }
    if (value.empty()) return fmt::format("--{0} needs a value: --{0}={1}", name, option->value);
    std::string& given = command->given[name];
    given = option->repeatable && !given.empty() ? given + "," + value : value;
  }
  return "";
}

// How the program ends where it is not to run the command; none: it is parsed into its struct.
std::optional<Exit> Finish(std::span<const std::string> arguments, const std::vector<Subcommand>& all,
                           Subcommand* command) {
  if (std::ranges::any_of(arguments, IsHelp)) return Exit{command->usage + Describe(command->options) + kNotes, 0};
  if (const std::string wrong = Split(arguments, all, command); !wrong.empty()) return Wrong(wrong);
  if (const std::string wrong = Apply(*command); !wrong.empty()) return Wrong(wrong);
  if (command->name != "dev" && !command->arguments.empty()) {
    return Wrong(
        fmt::format("{} takes no argument '{}': options are --name=value", command->name, command->arguments[0]));
  }
  return std::nullopt;
}

std::string UnknownCommand(const std::vector<Subcommand>& commands, const std::string& name) {
  if (name.starts_with("-")) return fmt::format("a command must come before {}: serve, dev, contract or install", name);
  std::vector<std::string_view> names;
  for (const Subcommand& command : commands) names.push_back(command.name);
  const auto nearest = text::Nearest(name, names, 1);
  return fmt::format("no command '{}': {}", name,
                     nearest.empty() ? "it must be serve, dev, contract or install"
                                     : fmt::format("did you mean {}?", nearest.front()));
}

}  // namespace

Command Parse(int argc, const char* const* argv) {
  Serve serve;
  Dev dev;
  ContractCommand contract;
  InstallCommand install;
  std::vector<Subcommand> commands(4);
  commands[0] = {.name = "serve", .usage = kServeUsage, .options = ServeOptions(&serve)};
  commands[1] = {.name = "dev", .usage = kDevUsage, .options = DevOptions(&dev)};
  commands[2] = {.name = "contract", .usage = kContractUsage, .options = ContractOptions(&contract)};
  commands[3] = {.name = "install", .usage = kInstallUsage, .options = InstallOptions(&install)};

  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (arguments.empty()) return Wrong("a command is missing: serve, dev, contract or install (protogres --help)");
  const std::string& first = arguments[0];
  if (first == "--version") return Exit{fmt::format("protogres {}\n", kVersion), 0};
  if (IsHelp(first)) return Exit{std::string(kOverview) + kNotes, 0};

  for (Subcommand& command : commands) {
    if (first != command.name) continue;
    if (auto exit = Finish(std::span(arguments).subspan(1), commands, &command)) return *exit;
    if (command.name == "serve") {
      if (const std::string wrong = CheckServe(serve); !wrong.empty()) return Wrong(wrong);
      serve.server.queue_timeout = serve.pool.pool_timeout;
      return serve;
    }
    if (command.name == "dev") {
      if (const std::string wrong = CheckServe(dev.serve); !wrong.empty()) return Wrong(wrong);
      dev.serve.server.queue_timeout = dev.serve.pool.pool_timeout;
      dev.files = command.arguments;
      return dev;
    }
    if (command.name == "install") return install;
    if (contract.out.empty() && contract.check.empty()) return Wrong("contract needs --out=DIR or --check=FILE");
    if (const std::string wrong = CheckApi(contract.api); !wrong.empty()) return Wrong(wrong);
    return contract;
  }
  return Wrong(UnknownCommand(commands, first));
}

}  // namespace protogres::config
