#include "exporter/http_server.h"

#include <civetweb.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace protogres::exporter {
namespace {

int OnLog(const mg_connection* /*connection*/, const char* message) {
  spdlog::debug("metrics: {}", message);
  return 1;  // it is logged
}

void Send(mg_connection* connection, const Answer& answer, bool with_body) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: "
      "close\r\n\r\n",
      answer.code, mg_get_response_code_text(connection, answer.code), answer.type, answer.body.size());
  mg_write(connection, head.data(), head.size());
  if (with_body) mg_write(connection, answer.body.data(), answer.body.size());
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const text::Address& address, Handler handler) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler)));
  const std::string where = address.ToString();
  // Whoever waits for one of these threads is a client that does not read: it has the time of a request.
  const char* const options[] = {"listening_ports",   where.c_str(), "num_threads", "4", "request_timeout_ms", "5000",
                                 "enable_keep_alive", "no",          nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &HttpServer::OnRequest;
  callbacks.log_message = &OnLog;
  char why[256] = "";
  mg_init_data init{&callbacks, server.get(), const_cast<const char**>(options)};
  mg_error_data error{nullptr, why, sizeof(why)};
  mg_init_library(0);
  server->context_ = mg_start2(&init, &error);
  mg_server_port port{};
  if (server->context_ == nullptr || mg_get_server_ports(server->context_, 1, &port) < 1) {
    return absl::UnavailableError(why[0] != '\0' ? why : "the address is in use, or none of this machine");
  }
  server->port_ = port.port;
  return server;
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
  mg_exit_library();
}

int HttpServer::OnRequest(mg_connection* connection) {
  const auto* const server = static_cast<const HttpServer*>(mg_get_user_data(mg_get_context(connection)));
  const mg_request_info* const request = mg_get_request_info(connection);
  const std::string_view method = request->request_method;
  Answer answer;
  if (method != "GET" && method != "HEAD") {
    answer = {.code = 405, .body = "only GET and HEAD are answered\n"};
  } else {
    answer = server->handler_(request->local_uri);
  }
  Send(connection, answer, method != "HEAD");
  return answer.code;
}

}  // namespace protogres::exporter
