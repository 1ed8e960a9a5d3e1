#include "config/config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "config/option.h"
#include "config/value.h"

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

Exit Wrong(const std::string& what) { return {fmt::format("protogres: {}\n", what), 2}; }

// A command of the command line: its table, and what CLI11 found for it.
struct Subcommand {
  std::string name;
  std::string usage;
  std::vector<Option> options;
  CLI::App* app = nullptr;
  std::vector<std::string> arguments = {};  // those that are no options
  bool help = false;
};

void AddTo(CLI::App& parser, Subcommand& command) {
  command.app = parser.add_subcommand(command.name);
  // --help is an option like any, lest another one's error be told before it.
  command.app->set_help_flag();
  command.app->add_flag("--help,-h", command.help);
  // What is unknown is named by Unknown, with the nearest name.
  command.app->allow_extras();
  for (const Option& option : command.options) {
    const std::string flag = "--" + option.name;
    CLI::Option* added = option.flag ? command.app->add_flag(flag) : command.app->add_option(flag);
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

// CLI11 takes the next argument for the value of "--name="; an empty one of its own is what was meant.
std::vector<std::string> Arguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    arguments.emplace_back(argv[i]);
    std::string& argument = arguments.back();
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      argument.pop_back();
      arguments.emplace_back();
    }
  }
  return arguments;
}

std::string Unknown(const Subcommand& command, const std::vector<Subcommand>& all, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  std::vector<std::string> names;
  for (const Option& option : command.options) names.push_back(option.name);
  std::string hint = fmt::format("protogres {} --help lists all", command.name);
  if (const auto nearest = Nearest(bare, names)) {
    hint = fmt::format("did you mean --{}?", *nearest);
  }
  for (const Subcommand& other : all) {
    for (const Option& option : other.options) {
      if (option.name == bare)
        return fmt::format("{} has no option {}: it is one of {}", command.name, name, other.name);
    }
  }
  return fmt::format("{} has no option {}: {}", command.name, name, hint);
}

// Stores the values, flag before environment; what is wrong, or empty.
std::string Apply(const Subcommand& command) {
  for (const Option& option : command.options) {
    const CLI::Option* given = command.app->get_option("--" + option.name);
    std::string source = "--" + option.name;
    std::string value;
    if (given->count() > 0) {
      value = given->results().back();
      const bool taken = value.starts_with("--");
      if (taken || (value.empty() && !option.flag))
        return fmt::format("{0} needs a value: {0}={1}", source, option.value);
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

// Usage errors of one command that was named; none: parsed into its struct.
std::optional<Exit> Finish(Subcommand& command, const std::vector<Subcommand>& all) {
  if (command.help) return Exit{command.usage + Describe(command.options) + kNotes, 0};
  for (const std::string& extra : command.app->remaining()) {
    if (extra.starts_with("-")) return Wrong(Unknown(command, all, extra));
    command.arguments.push_back(extra);
  }
  if (const std::string wrong = Apply(command); !wrong.empty()) return Wrong(wrong);
  if (command.name != "dev" && !command.arguments.empty()) {
    return Wrong(
        fmt::format("{} takes no argument '{}': options are --name=value", command.name, command.arguments[0]));
  }
  return std::nullopt;
}

std::string UnknownCommand(const std::vector<Subcommand>& commands, const std::string& name) {
  if (name.starts_with("-")) return fmt::format("a command must come before {}: serve, dev, contract or install", name);
  std::vector<std::string> names;
  for (const Subcommand& command : commands) names.push_back(command.name);
  const auto nearest = Nearest(name, names);
  return fmt::format(
      "no command '{}': {}", name,
      nearest ? fmt::format("did you mean {}?", *nearest) : "it must be serve, dev, contract or install");
}

}  // namespace

Command Parse(int argc, const char* const* argv) {
  Serve serve;
  Dev dev;
  // Its PostgreSQL lets everybody in as superuser, so that nobody else should reach it unless asked for.
  dev.serve.server.listen = "127.0.0.1:50051";
  ContractCommand contract;
  InstallCommand install;
  std::vector<Subcommand> commands(4);
  commands[0] = {.name = "serve", .usage = kServeUsage, .options = ServeOptions(&serve)};
  commands[1] = {.name = "dev", .usage = kDevUsage, .options = DevOptions(&dev)};
  commands[2] = {.name = "contract", .usage = kContractUsage, .options = ContractOptions(&contract)};
  commands[3] = {.name = "install", .usage = kInstallUsage, .options = InstallOptions(&install)};

  CLI::App parser;
  bool help = false;
  bool version = false;
  parser.set_help_flag();
  parser.add_flag("--help,-h", help);
  parser.add_flag("--version", version);
  parser.allow_extras();
  // A file may have a command's name.
  parser.require_subcommand(0, 1);
  for (Subcommand& command : commands) AddTo(parser, command);
  std::vector<std::string> arguments = Arguments(argc, argv);
  const std::string first = arguments.empty() ? "" : arguments[0];
  try {
    parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    return Wrong(fmt::format("{} needs a value", what.substr(0, what.find(':'))));
  } catch (const CLI::ParseError& error) {
    return Wrong(error.what());
  }
  if (version) return Exit{fmt::format("protogres {}\n", kVersion), 0};
  if (help) return Exit{std::string(kOverview) + kNotes, 0};
  if (first.empty()) return Wrong("a command is missing: serve, dev, contract or install (protogres --help)");

  for (Subcommand& command : commands) {
    if (first != command.name) continue;
    if (auto exit = Finish(command, commands)) return *exit;
    // CLI11 leaves what follows "--" to the parser above.
    for (const std::string& extra : parser.remaining()) {
      if (extra != "--") command.arguments.push_back(extra);
    }
    if (command.name != "dev" && !command.arguments.empty()) {
      return Wrong(
          fmt::format("{} takes no argument '{}': options are --name=value", command.name, command.arguments[0]));
    }
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
