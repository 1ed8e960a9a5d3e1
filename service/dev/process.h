// Starts child processes, which end with their parent. Knows nothing of PostgreSQL.
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
  std::optional<User> user = {};  // the user that it runs as; without one: that of this process
  std::string directory = {};     // where it runs; empty: where this process runs
  int out = -1;                   // the descriptor for its stdout; -1: /dev/null
  int err = -1;                   // the same for its stderr
  // It gets a process group of its own, so that a terminal's Ctrl-C does not reach it.
  bool own_group = false;
};

// Starts a process and returns its id. The caller must wait for it. It gets SIGINT when the thread that has called this
// ends, in whatever way. INTERNAL: the system refused to start it.
absl::StatusOr<pid_t> Spawn(const Command& command);

// Blocks until the process has ended, and returns its exit status: 0 is success. As in a shell, a process that was
// ended by a signal has 128 + the number of the signal.
int Wait(pid_t pid);

// Runs a command, blocks until it has ended, and returns its stderr. `out` gets its stdout, unless it is null. UNKNOWN:
// the command failed; the message is the tail of its stderr. INTERNAL: the system refused to start it.
absl::StatusOr<std::string> Run(Command command, std::string* out = nullptr);

// The last lines of what a program wrote, whole and without white space at the end.
std::string Tail(const std::string& text);

}  // namespace protogres::dev

#endif  // PROTOGRES_SERVICE_DEV_PROCESS_H_
