// The files and messages of an Api as protobuf's own reflection has them: for gRPC's reflection service, and for the
// few places that look into a message by a path, where the codecs of wire/ know only whole requests.
#ifndef PROTOGRES_SERVICE_API_MESSAGES_H_
#define PROTOGRES_SERVICE_API_MESSAGES_H_

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace protogres::api {

// A file of the Contract as reflection hands it out.
struct File {
  std::string name;                       // shop/v1/customer.proto
  std::string bytes;                      // a serialized FileDescriptorProto
  std::vector<std::string> dependencies;  // names, google/protobuf/* among them
};

// Thread-safe. Descriptors are built when they are first asked for, and with them those that they need.
class Messages {
 public:
  // `files` must outlive it.
  explicit Messages(const std::vector<File>& files);
  ~Messages();

  // Null: there is no such file. It lives as long as `files`.
  const File* FindFile(std::string_view name) const;
  // The file that declares a message, enum, enum value, field, service or method by this full name. Null: none does. It
  // lives as long as `files`.
  const File* FindFileOf(const std::string& symbol) const;
  // Null: there is no such message. Lives as long as this.
  const google::protobuf::Descriptor* Find(std::string_view type) const;
  // Null: the bytes are no such message. Must not outlive this.
  std::unique_ptr<google::protobuf::Message> Parse(const google::protobuf::Descriptor& type,
                                                   std::string_view bytes) const;

 private:
  struct Pool;
  const Pool& pool() const;

  const std::vector<File>& files_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<Pool> pool_;
};

// The same bytes for all messages that say the same: fields and map entries in order. To be compared within one
// version of protobuf.
std::string Canonical(const google::protobuf::Message& message);

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_MESSAGES_H_
