// The files and messages of an Api as protobuf's own reflection has them: for gRPC's reflection service, and for the
// few places that look into a message by a path, where the codecs of wire/ know only whole requests.
#ifndef PROTOGRES_SERVICE_API_MESSAGES_H_
#define PROTOGRES_SERVICE_API_MESSAGES_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "contract/table_index.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"

namespace protogres::api {

// A file of the Contract as reflection hands it out.
struct File {
  std::string name;                       // shop/v1/customer.proto
  std::string bytes;                      // a serialized FileDescriptorProto
  std::vector<std::string> dependencies;  // names, google/protobuf/* among them
};

File ToFile(const google::protobuf::FileDescriptorProto& proto);

// Thread-safe. The files of tables are made each time that they are asked for. Descriptors are built when they are
// first asked for, and with them those that they need.
class Messages {
 public:
  // The files are those of the tables of `contract`, and `others`. All must outlive it.
  Messages(const contract::Contract& contract, const contract::TableIndex& index, const std::vector<File>& others);
  ~Messages();

  // No value: there is no such file.
  std::optional<File> FindFile(const std::string& name) const;
  // The file that declares a message, enum, enum value, field, service or method by this full name. No value: none
  // does.
  std::optional<File> FindFileOf(const std::string& symbol) const;
  // Null: there is no such message. Lives as long as this.
  const google::protobuf::Descriptor* Find(std::string_view type) const;
  // Null: the bytes are no such message. Must not outlive this.
  std::unique_ptr<google::protobuf::Message> Parse(const google::protobuf::Descriptor& type,
                                                   std::string_view bytes) const;

 private:
  struct Pool;
  const Pool& pool() const;
  // The file of the enum that has a value of this full name.
  std::optional<File> FindFileOfValue(const std::string& symbol) const;

  const contract::Contract& contract_;
  const contract::TableIndex& index_;
  const std::vector<File>& others_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<Pool> pool_;
};

// The same bytes for all messages that say the same: fields and map entries in order. To be compared within one
// version of protobuf.
std::string Canonical(const google::protobuf::Message& message);

}  // namespace protogres::api

#endif  // PROTOGRES_SERVICE_API_MESSAGES_H_
