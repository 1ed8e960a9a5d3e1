#include "api/messages.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "contract/descriptors.h"
#include "contract/function_file.h"
#include "contract/own_fields.h"
#include "contract/table_names.h"
#include "db/memory.h"
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

// The files of a Contract's tables and functions, each made when it is asked for.
class TableFiles : public pb::DescriptorDatabase {
 public:
  TableFiles(const contract::Contract& contract, const contract::TableIndex& index)
      : contract_(contract), index_(index) {
    for (const contract::Table& table : contract.tables) {
      if (!table.file.empty()) by_name_.emplace(table.file, &table);
    }
    for (const std::string& package : contract::RowsPackages(contract)) {
      rows_.emplace(contract::RowsFileName(package), package);
      expand_.emplace(package + "." + contract::kExpandMessage, package);
    }
    for (const contract::FunctionService& service : contract.functions) {
      if (!service.file.empty()) AddFunctions(service);
    }
  }

  bool FindFileByName(const std::string& name, pb::FileDescriptorProto* file) override {
    if (const auto rows = rows_.find(name); rows != rows_.end()) return MakeRows(rows->second, file);
    const auto it = by_name_.find(name);
    if (it != by_name_.end()) return Make(it->second, file);
    const auto functions = functions_.find(name);
    return functions != functions_.end() && MakeFunctions(*functions->second, file);
  }
  bool FindFileContainingSymbol(const std::string& symbol, pb::FileDescriptorProto* file) override {
    const contract::Table* table = FindDeclaring(symbol);
    if (table != nullptr && table->rows_apart && IsOfMessage(symbol, table->FullMessage())) {
      return MakeRows(table->package, file);
    }
    if (table != nullptr) return Make(table, file);
    for (const auto& [message, package] : expand_) {
      if (IsOfMessage(symbol, message)) return MakeRows(package, file);
    }
    auto functions = functions_.find(symbol);
    const std::size_t dot = symbol.rfind('.');
    if (functions == functions_.end() && dot != std::string::npos) functions = functions_.find(symbol.substr(0, dot));
    return functions != functions_.end() && MakeFunctions(*functions->second, file);
  }
  bool FindFileContainingExtension(const std::string&, int, pb::FileDescriptorProto*) override { return false; }

  // The table whose file declares the message or service that `symbol` is or is in. Null: there is none.
  const contract::Table* FindDeclaring(std::string_view symbol) const {
    const int index = index_.FindAround(symbol);
    if (index < 0) return nullptr;
    const contract::Table& table = contract_.tables[static_cast<std::size_t>(index)];
    return table.file.empty() ? nullptr : &table;
  }

 private:
  // It is the message, or a field of it.
  static bool IsOfMessage(std::string_view symbol, std::string_view message) {
    return symbol.starts_with(message) && (symbol.size() == message.size() || symbol[message.size()] == '.');
  }

  bool MakeRows(const std::string& package, pb::FileDescriptorProto* file) const {
    *file = contract::RowsFile(contract_, package);
    return true;
  }
  bool Make(const contract::Table* table, pb::FileDescriptorProto* file) const {
    if (table != nullptr) *file = contract::TableFile(contract_, *table);
    return table != nullptr;
  }

  // A file's name is no full name of a message or service.
  void AddFunctions(const contract::FunctionService& service) {
    functions_.emplace(service.file, &service);
    functions_.emplace(service.package + "." + service.name, &service);
    for (const contract::Function& function : service.functions) {
      functions_.emplace(function.request, &service);
      if (function.OwnResponse()) functions_.emplace(function.response, &service);
      if (function.OwnRow()) functions_.emplace(function.row, &service);
    }
  }

  bool MakeFunctions(const contract::FunctionService& service, pb::FileDescriptorProto* file) const {
    *file = contract::FunctionsFile(contract_, service);
    return true;
  }

  const contract::Contract& contract_;
  const contract::TableIndex& index_;
  absl::flat_hash_map<std::string_view, const contract::Table*> by_name_;
  absl::flat_hash_map<std::string, std::string> rows_;                            // the package of each file of rows
  absl::flat_hash_map<std::string, std::string> expand_;                          // and of each message Expand
  absl::flat_hash_map<std::string, const contract::FunctionService*> functions_;  // by file and full name
};

template <typename Named>
const Named* FindNamed(const pb::RepeatedPtrField<Named>& all, std::string_view name) {
  for (const Named& one : all) {
    if (one.name() == name) return &one;
  }
  return nullptr;
}

// The values of an enum are named as if they stood beside it.
template <typename Enums>
bool HasValue(const Enums& enums, std::string_view name) {
  return std::ranges::any_of(enums, [&](const auto& one) { return FindNamed(one.value(), name) != nullptr; });
}

// `path` is the name of something in the message, which may be in messages in between.
bool Declares(const pb::DescriptorProto& message, std::string_view path) {
  const std::size_t dot = path.find('.');
  const pb::DescriptorProto* const nested = FindNamed(message.nested_type(), path.substr(0, dot));
  if (dot != std::string_view::npos) return nested != nullptr && Declares(*nested, path.substr(dot + 1));
  return nested != nullptr || FindNamed(message.field(), path) != nullptr ||
         FindNamed(message.oneof_decl(), path) != nullptr || FindNamed(message.enum_type(), path) != nullptr ||
         HasValue(message.enum_type(), path);
}

// `path` is the name of something in the file's package.
bool Declares(const pb::FileDescriptorProto& file, std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string_view first = path.substr(0, dot);
  const pb::DescriptorProto* const message = FindNamed(file.message_type(), first);
  const pb::ServiceDescriptorProto* const service = FindNamed(file.service(), first);
  if (dot == std::string_view::npos) {
    return message != nullptr || service != nullptr || FindNamed(file.enum_type(), first) != nullptr ||
           HasValue(file.enum_type(), first);
  }
  const std::string_view rest = path.substr(dot + 1);
  return (message != nullptr && Declares(*message, rest)) ||
         (service != nullptr && FindNamed(service->method(), rest) != nullptr);
}

// Counts, for as long as it lives, what the descriptors take that a pool builds of the files of `database`. The pool
// must be the only one who asks, which it does by one thread at a time.
class Counted : public pb::DescriptorDatabase {
 public:
  explicit Counted(pb::DescriptorDatabase& database) : database_(database) {}

  bool FindFileByName(const std::string& name, pb::FileDescriptorProto* file) override {
    return database_.FindFileByName(name, file) && Count(*file);
  }
  bool FindFileContainingSymbol(const std::string& symbol, pb::FileDescriptorProto* file) override {
    return database_.FindFileContainingSymbol(symbol, file) && Count(*file);
  }
  bool FindFileContainingExtension(const std::string&, int, pb::FileDescriptorProto*) override { return false; }

 private:
  bool Count(const pb::FileDescriptorProto& file) {
    if (!counted_.insert(file.name()).second) return true;
    bytes_ += kOfFile * file.SpaceUsedLong();
    db::Memory::OfDescriptions().Force(bytes_, &hold_);
    return true;
  }

  // Descriptors, and the prototypes of messages that are parsed, beside the file itself: as measured.
  static constexpr std::size_t kOfFile = 2;

  pb::DescriptorDatabase& database_;
  absl::flat_hash_set<std::string> counted_;
  std::size_t bytes_ = 0;
  db::Memory::Hold hold_;
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
  Counted counted{all};
  pb::DescriptorPool descriptors{&counted};
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
  // The databases do not know the members of a message or service. No descriptors are built only to look for one: they
  // take far more memory than the files, and stay.
  std::string_view name = symbol;
  if (!proto.package().empty()) name.remove_prefix(std::min(name.size(), proto.package().size() + 1));
  if (!Declares(proto, name)) return std::nullopt;
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
