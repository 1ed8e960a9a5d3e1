#include "api/messages.h"

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace protogres::api {
namespace {

namespace pb = google::protobuf;

// What contracts import: linked in, so that the generated pool has them.
void LinkImports() {
  pb::Empty::descriptor();
  pb::FieldMask::descriptor();
  pb::Value::descriptor();
  pb::Timestamp::descriptor();
}

}  // namespace

struct Messages::Pool {
  explicit Pool(const std::vector<File>& files) {
    for (const File& file : files) {
      own.Add(file.bytes.data(), static_cast<int>(file.bytes.size()));
      by_name.emplace(file.name, &file);
    }
    // The database sorts its index at the first question, and is only read after it.
    std::string name;
    own.FindNameOfFileContainingSymbol("", &name);
  }

  // The name of the file that declares the message, enum or service that `symbol` is or is in. False: none does.
  bool FindName(const std::string& symbol, std::string* name) const {
    return own.FindNameOfFileContainingSymbol(symbol, name);
  }

  absl::flat_hash_map<std::string_view, const File*> by_name;

  mutable pb::EncodedDescriptorDatabase own;
  pb::DescriptorPoolDatabase imports{*pb::DescriptorPool::generated_pool()};
  pb::MergedDescriptorDatabase all{&own, &imports};
  pb::DescriptorPool descriptors{&all};
  mutable pb::DynamicMessageFactory factory{&descriptors};
};

Messages::Messages(const std::vector<File>& files) : files_(files) {}

Messages::~Messages() = default;

const Messages::Pool& Messages::pool() const {
  std::call_once(once_, [this] {
    LinkImports();
    pool_ = std::make_unique<Pool>(files_);
  });
  return *pool_;
}

const File* Messages::FindFile(std::string_view name) const {
  const auto it = pool().by_name.find(name);
  return it == pool().by_name.end() ? nullptr : it->second;
}

const File* Messages::FindFileOf(const std::string& symbol) const {
  std::string name;
  if (!pool().FindName(symbol, &name)) return nullptr;
  // The database does not know the members of a message or service. Only for them descriptors are built, which take far
  // more memory than the files.
  const std::string parent = symbol.substr(0, symbol.rfind('.'));
  const bool is_member = pool().FindName(parent, &name);
  if (is_member && pool().descriptors.FindFileContainingSymbol(symbol) == nullptr) return nullptr;
  return FindFile(name);
}

const pb::Descriptor* Messages::Find(std::string_view type) const {
  return pool().descriptors.FindMessageTypeByName(std::string(type));
}

std::unique_ptr<pb::Message> Messages::Parse(const pb::Descriptor& type, std::string_view bytes) const {
  std::unique_ptr<pb::Message> message(pool().factory.GetPrototype(&type)->New());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  return message;
}

std::string Canonical(const pb::Message& message) {
  std::string bytes;
  {
    pb::io::StringOutputStream stream(&bytes);
    pb::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace protogres::api
