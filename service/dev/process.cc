#include "dev/process.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <array>

namespace protogres::dev {
namespace {

constexpr std::size_t kTailBytes = 4000;

// This part runs in the child. Between fork and exec only async-signal-safe calls are allowed, as other threads may
// hold any lock.
[[noreturn]] void Fail(const char* what) {
  const char* const parts[] = {what, ": ", strerrordesc_np(errno), "\n"};
  for (const char* part : parts) {
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  }
  _exit(127);
}

void Become(const User& user) {
  if (setgroups(1, &user.gid) != 0 || setgid(user.gid) != 0 || setuid(user.uid) != 0) {
    Fail("cannot drop root's privileges");
  }
}

[[noreturn]] void Exec(const Command& command, char* const* argv, int null, pid_t parent) {
  dup2(null, STDIN_FILENO);
  dup2(command.err >= 0 ? command.err : null, STDERR_FILENO);
  dup2(command.out >= 0 ? command.out : null, STDOUT_FILENO);
#ifdef __linux__
  close_range(STDERR_FILENO + 1, ~0U, 0);
#endif
  // The parent may block or ignore signals, which the child must not inherit.
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (command.own_group) setpgid(0, 0);
  if (command.user) Become(*command.user);
#ifdef __linux__
  // This comes after setuid, which would clear it.
  prctl(PR_SET_PDEATHSIG, SIGINT);
#endif
  if (getppid() != parent) _exit(127);
  if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) Fail(command.directory.c_str());
  execvp(argv[0], argv);
  Fail(argv[0]);
}

std::string ReadAll(int file) {
  std::string text;
  std::array<char, 4096> buffer;
  lseek(file, 0, SEEK_SET);
  for (;;) {
    const ssize_t size = read(file, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

// Opens a file without a name, so that a child can write any amount while nobody reads. -1: the system refused.
int ScratchFile() {
  std::string path = "/tmp/protogres-XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file >= 0) unlink(path.c_str());
  return file;
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const Command& command) {
  std::vector<char*> argv;
  argv.reserve(command.args.size() + 1);
  for (const std::string& arg : command.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return absl::InternalError(fmt::format("/dev/null: {}", strerror(errno)));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Exec(command, argv.data(), null, parent);
  const int error = errno;
  close(null);
  if (pid < 0) return absl::InternalError(fmt::format("cannot start {}: {}", command.args[0], strerror(error)));
  return pid;
}

int Wait(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return 127;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

absl::StatusOr<std::string> Run(Command command, std::string* out) {
  const int err = ScratchFile();
  const int scratch_out = out != nullptr ? ScratchFile() : -1;
  command.err = err;
  command.out = scratch_out;
  const absl::StatusOr<pid_t> pid = Spawn(command);
  const int code = pid.ok() ? Wait(*pid) : 127;
  const std::string errors = ReadAll(err);
  if (out != nullptr) *out = ReadAll(scratch_out);
  close(err);
  if (scratch_out >= 0) close(scratch_out);
  if (!pid.ok()) return pid.status();
  if (code == 0) return errors;
  const std::string tail = Tail(errors);
  return absl::UnknownError(tail.empty() ? fmt::format("{} ended with status {}", command.args[0], code) : tail);
}

std::string Tail(const std::string& text) {
  std::size_t begin = 0;
  if (text.size() > kTailBytes) {
    const std::size_t line = text.find('\n', text.size() - kTailBytes);
    begin = line == std::string::npos ? text.size() - kTailBytes : line + 1;
  }
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return end == std::string::npos || end < begin ? "" : text.substr(begin, end + 1 - begin);
}

}  // namespace protogres::dev
