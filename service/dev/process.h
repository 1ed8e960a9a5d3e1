// Child processes: fork, drop privileges, exec; all of them end with their
// parent. Knows nothing of PostgreSQL.
#ifndef PROTOGRES_SERVICE_DEV_PROCESS_H_
#define PROTOGRES_SERVICE_DEV_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace protogres::dev {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Command {
  std::vector<std::string> args;  // args[0] is the program's path, or a name to find on PATH
  std::optional<User> user = {};  // whom to run as; none: as ourselves
  std::string directory = {};     // where to run; empty: where we are
  int out = -1;                   // the descriptor for its stdout; -1: /dev/null
  int err = -1;                   // the same for its stderr
  // A process group of its own: a terminal's Ctrl-C does not reach it.
  bool own_group = false;
};

// Starts a process and gives its id; the caller must wait for it. It gets
// SIGINT when the thread that called this ends, however it ends.
// INTERNAL: the system refused.
absl::StatusOr<pid_t> Spawn(const Command& command);

// Waits for the process. 0 is success; a signal counts as 128 + its number, as shells have it.
int Wait(pid_t pid);

// Runs a command to its end and gives its stderr; `out` too where it is asked for.
// UNKNOWN: it failed; the message is the tail of its stderr.
absl::StatusOr<std::string> Run(Command command, std::string* out = nullptr);

// The last part of what a program wrote, whole lines, trimmed.
std::string Tail(const std::string& text);

}  // namespace protogres::dev

#endif  // PROTOGRES_SERVICE_DEV_PROCESS_H_
