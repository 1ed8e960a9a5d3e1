#include "server.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <thread>

namespace protogres::testing {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) {
  const char* binary = std::getenv("PROTOGRES_BINARY");
  if (binary == nullptr) Fail("PROTOGRES_BINARY must name the server");
  std::vector<char*> argv = {const_cast<char*>(binary)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> ends;
  if (pipe(ends.data()) != 0) Fail("pipe failed");
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(ends[1], STDERR_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(binary, argv.data());
    _exit(127);
  }
  close(ends[1]);
  output_ = ends[0];
  ReadLog();
}

void Process::ReadLog() {
  static const std::regex kServing("serving [0-9]+ tables");
  std::array<char, 4096> buffer;
  while (!std::regex_search(log_, kServing)) {
    const ssize_t length = read(output_, buffer.data(), buffer.size());
    if (length <= 0) Fail("the server ended:\n" + log_);
    log_.append(buffer.data(), static_cast<size_t>(length));
  }
  std::smatch found;
  if (!std::regex_search(log_, found, std::regex("listening on .*port ([0-9]+)"))) Fail("no port in:\n" + log_);
  port_ = std::stoi(found[1]);
  // A server must not wait for somebody to read its log.
  std::thread([fd = output_] {
    std::array<char, 4096> rest;
    while (read(fd, rest.data(), rest.size()) > 0) {
    }
    close(fd);
  }).detach();
}

void Process::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Process::~Process() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

const Process& Demo() {
  static const Process demo(
      {"dev", PROTOGRES_SOURCE "/deploy/demo.sql", "--database_name=demo", "--listen=127.0.0.1:0"});
  return demo;
}

std::string DemoDatabase() {
  std::smatch found;
  if (!std::regex_search(Demo().log(), found, std::regex("psql \"([^\"]*)\"")))
    Fail("no database in:\n" + Demo().log());
  return found[1];
}

std::string Psql(const std::string& sql) {
  const std::string command =
      "psql -X -q -A -t -v ON_ERROR_STOP=1 \"" + DemoDatabase() + "\" <<'END'\n" + sql + "\nEND\n";
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (pipe != nullptr && fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  if (pipe == nullptr || pclose(pipe) != 0) Fail("psql failed on: " + sql);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

std::string FreshEmail() {
  static std::atomic<int> count = 0;
  return "test" + std::to_string(++count) + "-" + std::to_string(getpid()) + "@example.org";
}

}  // namespace protogres::testing
