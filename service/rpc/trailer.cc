#include "rpc/trailer.h"

#include <algorithm>
#include <string_view>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "status/status.h"
#include "text/utf8.h"

namespace protogres::rpc {
namespace {

constexpr std::string_view kCut = "...";
// Inside the details the message is only a repetition.
constexpr std::size_t kMaxRepeatedMessage = 512;

// gRPC over HTTP/2, "Responses": all but the printable ASCII characters, and %, become %XX.
std::size_t EncodedSize(char c) { return c >= 0x20 && c <= 0x7e && c != '%' ? 1 : 3; }

std::size_t Base64Size(std::size_t size) { return (size + 2) / 3 * 4; }

// The longest prefix of whole characters that stays within `limit` encoded bytes.
std::string Cut(std::string_view text, std::size_t limit) {
  std::size_t encoded = 0, at = 0;
  std::size_t fits = 0;  // the last place to cut that leaves room for kCut
  for (; at < text.size(); ++at) {
    if (text::BeginsCharacter(text[at]) && encoded + kCut.size() <= limit) fits = at;
    encoded += EncodedSize(text[at]);
    if (encoded > limit) return std::string(text.substr(0, fits)) + std::string(kCut);
  }
  return std::string(text);
}

std::size_t EncodedSize(std::string_view text) {
  std::size_t size = 0;
  for (const char c : text) size += EncodedSize(c);
  return size;
}

// `details` with a shorter message and without the details that do not fit in `limit` bytes.
std::string CutDetails(const std::string& details, std::size_t limit) {
  google::rpc::Status status;
  if (!status.ParseFromString(details)) return "";
  status.set_message(Cut(status.message(), kMaxRepeatedMessage));
  auto* list = status.mutable_details();
  std::sort(list->pointer_begin(), list->pointer_end(),
            [](const auto* a, const auto* b) { return a->value().size() < b->value().size(); });
  while (!list->empty() && status.ByteSizeLong() > limit) list->RemoveLast();
  return list->empty() ? "" : status.SerializeAsString();
}

std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.RetryInfo");
  google::rpc::RetryInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return std::chrono::seconds(info.retry_delay().seconds()) +
         std::chrono::milliseconds(info.retry_delay().nanos() / 1'000'000);
}

}  // namespace

Trailer MakeTrailer(const absl::Status& status) {
  Trailer trailer;
  const absl::string_view message = status.message();
  trailer.message = Cut({message.data(), message.size()}, kMaxMessageBytes);
  trailer.details = status::DetailsOf(status);
  const std::size_t room = kMaxTrailerBytes - EncodedSize(trailer.message);
  if (Base64Size(trailer.details.size()) > room) trailer.details = CutDetails(trailer.details, room / 4 * 3);
  trailer.pushback = RetryDelay(status);
  return trailer;
}

}  // namespace protogres::rpc
