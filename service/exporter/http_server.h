// A small HTTP server for those who watch the process: GET of a few paths. It is civetweb's, and knows nothing of what
// it answers. The only place that includes civetweb.
#ifndef PROTOGRES_SERVICE_EXPORTER_HTTP_SERVER_H_
#define PROTOGRES_SERVICE_EXPORTER_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "text/address.h"

struct mg_connection;
struct mg_context;

namespace protogres::exporter {

struct Answer {
  int code = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::shared_ptr<void> turn = {};  // is released when the answer has been sent
};

class HttpServer {
 public:
  // What is answered to a GET of `path`. Is called on several threads at the same time, and may block shortly.
  using Handler = std::function<Answer(std::string_view path)>;

  // Listens on `address`, which has a host and a port, and starts its threads. A client that has not sent its request
  // within two seconds, or reads nothing for so long, is disconnected. 64 clients are served at a time; others wait.
  // UNAVAILABLE: nobody can listen there.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const text::Address& address, Handler handler);
  // Blocks until the requests under way are answered, or their clients are disconnected.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }

 private:
  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {}
  static int OnRequest(mg_connection* connection);

  const Handler handler_;
  mg_context* context_ = nullptr;
  int port_ = 0;
};

}  // namespace protogres::exporter

#endif  // PROTOGRES_SERVICE_EXPORTER_HTTP_SERVER_H_
