// Real servers for the tests of the client library: one private PostgreSQL with the demo, and servers of it that a test
// can kill and start again.
#ifndef PROTOGRES_TESTS_CLIENT_SERVER_H_
#define PROTOGRES_TESTS_CLIENT_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace protogres::testing {

// A protogres process and its log. It ends with the test's process, however that ends.
class Process {
 public:
  // Starts the program that $PROTOGRES_BINARY names, and returns when it serves. Ends the test's process where it does
  // not. On the main thread: the server ends with the thread that has started it.
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // What the log had when the server began to serve.
  const std::string& log() const { return log_; }
  // Ends it at once, as a crash does.
  void Kill();

 private:
  void ReadLog();

  pid_t pid_ = -1;
  int output_ = -1;
  std::string log_;
  int port_ = 0;
};

// `protogres dev` with the demo: started at the first use, ended with the process.
const Process& Demo();
// The connection string of its PostgreSQL.
std::string DemoDatabase();
// Runs SQL on it, as psql does, and gives what that prints.
std::string Psql(const std::string& sql);

// What every test needs of a database that has seen other tests: an email that no customer has.
std::string FreshEmail();

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_CLIENT_SERVER_H_
