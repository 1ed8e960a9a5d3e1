#include "api/messages.h"

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
    for (const File& file : files) own.Add(file.bytes.data(), static_cast<int>(file.bytes.size()));
  }

  pb::EncodedDescriptorDatabase own;
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
