#include "exporter/http_server.h"

#include <civetweb.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string_view>
#include <utility>

namespace protogres::exporter {
namespace {

int OnLog(const mg_connection* /*connection*/, const char* message) {
  spdlog::debug("metrics: {}", message);
  return 1;  // it is logged
}

// For an answer in all, however slowly it is read.
constexpr std::chrono::seconds kSendTime{20};
constexpr std::size_t kPart = 16384;

// Ends early where the client takes no more, or the time is over.
void Write(mg_connection* connection, std::string_view text) {
  const auto until = std::chrono::steady_clock::now() + kSendTime;
  while (!text.empty() && std::chrono::steady_clock::now() < until) {
    const std::string_view part = text.substr(0, kPart);
    if (mg_write(connection, part.data(), part.size()) != static_cast<int>(part.size())) return;
    text.remove_prefix(part.size());
  }
}

void Send(mg_connection* connection, const Answer& answer, bool with_body) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: "
      "close\r\n\r\n",
      answer.code, mg_get_response_code_text(connection, answer.code), answer.type, answer.body.size());
  Write(connection, head);
  if (with_body) Write(connection, answer.body);
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const text::Address& address, Handler handler) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler)));
  const std::string where = address.ToString();
  // A connection has a thread as long as it is open, whatever it will ask for. Probes wait only where so many others
  // are open; the time of a request is short, so that silent ones do not stay.
  const char* const options[] = {"listening_ports",   where.c_str(), "num_threads", "64", "request_timeout_ms", "2000",
                                 "enable_keep_alive", "no",          nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &HttpServer::OnRequest;
  callbacks.log_message = &OnLog;
  char why[256] = "";
  // By name, as the structs differ between civetweb 1.15 and 1.16.
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = server.get();
  init.configuration_options = const_cast<const char**>(options);
  mg_error_data error{};
  error.text = why;
  error.text_buffer_size = sizeof(why);
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
