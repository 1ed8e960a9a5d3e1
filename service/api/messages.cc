#include "api/messages.h"

#include "absl/container/flat_hash_map.h"
#include "contract/descriptors.h"
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

// The files of a Contract's tables, each made when it is asked for.
class TableFiles : public pb::DescriptorDatabase {
 public:
  TableFiles(const contract::Contract& contract, const contract::TableIndex& index)
      : contract_(contract), index_(index) {
    for (const contract::Table& table : contract.tables) {
      if (!table.file.empty()) by_name_.emplace(table.file, &table);
    }
  }

  bool FindFileByName(const std::string& name, pb::FileDescriptorProto* file) override {
    const auto it = by_name_.find(name);
    return it != by_name_.end() && Make(it->second, file);
  }
  bool FindFileContainingSymbol(const std::string& symbol, pb::FileDescriptorProto* file) override {
    return Make(FindDeclaring(symbol), file);
  }
  bool FindFileContainingExtension(const std::string&, int, pb::FileDescriptorProto*) override { return false; }

  // The table whose file declares the message or service that `symbol` is or is in. Null: there is none.
  const contract::Table* FindDeclaring(std::string_view symbol) const {
    int index = index_.FindDeclaring(symbol);
    const std::size_t dot = symbol.rfind('.');
    if (index < 0 && dot != std::string_view::npos) index = index_.FindDeclaring(symbol.substr(0, dot));
    if (index < 0) return nullptr;
    const contract::Table& table = contract_.tables[static_cast<std::size_t>(index)];
    return table.file.empty() ? nullptr : &table;
  }

 private:
  bool Make(const contract::Table* table, pb::FileDescriptorProto* file) const {
    if (table != nullptr) *file = contract::TableFile(contract_, *table);
    return table != nullptr;
  }

  const contract::Contract& contract_;
  const contract::TableIndex& index_;
  absl::flat_hash_map<std::string_view, const contract::Table*> by_name_;
};

}  // namespace

File ToFile(const pb::FileDescriptorProto& proto) {
  return {.name = proto.name(),
          .bytes = proto.SerializeAsString(),
          .dependencies = {proto.dependency().begin(), proto.dependency().end()}};
}

struct Messages::Pool {
  Pool(const contract::Contract& contract, const contract::TableIndex& index, const std::vector<File>& files)
      : tables(contract, index) {
    for (const File& file : files) others.Add(file.bytes.data(), static_cast<int>(file.bytes.size()));
    // The database sorts its index at the first question, and is only read after it.
    std::string name;
    others.FindNameOfFileContainingSymbol("", &name);
  }

  pb::EncodedDescriptorDatabase others;
  TableFiles tables;
  mutable pb::MergedDescriptorDatabase own{&others, &tables};
  pb::DescriptorPoolDatabase imports{*pb::DescriptorPool::generated_pool()};
  pb::MergedDescriptorDatabase all{&own, &imports};
  pb::DescriptorPool descriptors{&all};
  mutable pb::DynamicMessageFactory factory{&descriptors};
};

Messages::Messages(const contract::Contract& contract, const contract::TableIndex& index,
                   const std::vector<File>& others)
    : contract_(contract), index_(index), others_(others) {}

Messages::~Messages() = default;

const Messages::Pool& Messages::pool() const {
  std::call_once(once_, [this] {
    LinkImports();
    pool_ = std::make_unique<Pool>(contract_, index_, others_);
  });
  return *pool_;
}

std::optional<File> Messages::FindFile(const std::string& name) const {
  pb::FileDescriptorProto proto;
  if (!pool().own.FindFileByName(name, &proto)) return std::nullopt;
  return ToFile(proto);
}

std::optional<File> Messages::FindFileOf(const std::string& symbol) const {
  pb::FileDescriptorProto proto;
  if (!pool().own.FindFileContainingSymbol(symbol, &proto)) return FindFileOfValue(symbol);
  // The databases do not know the members of a message or service. Only for them descriptors are built, which take far
  // more memory than the files.
  const std::string parent = symbol.substr(0, symbol.rfind('.'));
  pb::FileDescriptorProto ignored;
  const bool is_member = pool().own.FindFileContainingSymbol(parent, &ignored);
  if (is_member && pool().descriptors.FindFileContainingSymbol(symbol) == nullptr) return std::nullopt;
  return ToFile(proto);
}

// The names of an enum's values stand beside its own, and the databases do not know them.
std::optional<File> Messages::FindFileOfValue(const std::string& symbol) const {
  const std::size_t end = symbol.rfind('.') + 1;
  const std::string_view scope = std::string_view(symbol).substr(0, end);
  for (const contract::Enum& declared : contract_.enums) {
    if (!declared.full_name.starts_with(scope) || declared.full_name.find('.', end) != std::string::npos) continue;
    const pb::EnumDescriptor* type = pool().descriptors.FindEnumTypeByName(declared.full_name);
    if (type != nullptr && type->FindValueByName(symbol.substr(end)) != nullptr) return FindFile(type->file()->name());
  }
  return std::nullopt;
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
