#include "contract/descriptors.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "contract/aggregates.h"
#include "contract/file_builder.h"
#include "contract/function_file.h"
#include "contract/methods.h"
#include "contract/naming.h"
#include "contract/own_fields.h"
#include "contract/table_names.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

const FieldType kMask = {FieldDescriptorProto::TYPE_MESSAGE, "google.protobuf.FieldMask"};

FieldType Message(const std::string& full_name) { return {FieldDescriptorProto::TYPE_MESSAGE, full_name}; }

// Of a kind that needs no name but its own.
FieldType Scalar(Kind kind) {
  switch (kind) {
    case Kind::kInt32:
      return {FieldDescriptorProto::TYPE_INT32, ""};
    case Kind::kInt64:
      return {FieldDescriptorProto::TYPE_INT64, ""};
    case Kind::kUint32:
      return {FieldDescriptorProto::TYPE_UINT32, ""};
    case Kind::kFloat:
      return {FieldDescriptorProto::TYPE_FLOAT, ""};
    case Kind::kDouble:
      return {FieldDescriptorProto::TYPE_DOUBLE, ""};
    case Kind::kBool:
      return {FieldDescriptorProto::TYPE_BOOL, ""};
    case Kind::kBytes:
      return {FieldDescriptorProto::TYPE_BYTES, ""};
    case Kind::kTimestamp:
      return Message("google.protobuf.Timestamp");
    case Kind::kJson:
      return Message("google.protobuf.Value");
    default:
      return {FieldDescriptorProto::TYPE_STRING, ""};
  }
}

FieldType TypeOf(const Contract& contract, const Type& type) {
  const auto index = static_cast<std::size_t>(type.index);
  if (type.kind == Kind::kEnum) return {FieldDescriptorProto::TYPE_ENUM, contract.enums[index].full_name};
  if (type.kind == Kind::kMessage) return Message(contract.composites[index].full_name);
  return Scalar(type.kind);
}

std::string PackageOf(const std::string& full_name) { return full_name.substr(0, full_name.rfind('.')); }

}  // namespace

void AddField(const Contract& contract, const Field& field, std::string_view comment, FileBuilder* file) {
  const FieldType type = TypeOf(contract, field.type);
  file->Field(field.name, field.number, type, field.type.repeated ? Presence::kRepeated : Presence::kOptional, comment);
  if (field.type.index >= 0) file->Import(TypesFileName(PackageOf(type.name)));
}

namespace {

// Adds the messages of one table's methods.
class TableMessages {
 public:
  TableMessages(const Contract& contract, const Table& table, FileBuilder* file)
      : contract_(contract), table_(table), file_(*file) {}

  // `shown`: see RowsFile.
  void AddRow(const std::vector<bool>* shown = nullptr) {
    file_.BeginMessage(table_.message, table_.notes.comment);
    for (std::size_t i = 0; i < table_.fields.size(); ++i) {
      AddField(contract_, table_.fields[i], table_.notes.fields[i], &file_);
    }
    for (std::size_t i = 0; i < table_.relations.size(); ++i) {
      const Relation& relation = table_.relations[i];
      const auto index = static_cast<std::size_t>(relation.target);
      if (shown != nullptr && !(*shown)[index]) continue;
      const Table& target = contract_.tables[index];
      file_.Field(relation.name, relation.number, Message(target.FullMessage()),
                  relation.many ? Presence::kRepeated : Presence::kPlain, table_.notes.relations[i]);
      file_.Import(RowsFileName(target.package));
    }
    file_.Reserve(table_.notes.dropped);
    if (table_.has_etag) {
      file_.Field(kEtagName, number::kEtag, Scalar(Kind::kString), Presence::kPlain,
                  "Changes whenever the row does; given on Update, checked there (AIP-154).");
    }
  }

  void AddRequest(const Method& method) {
    file_.BeginMessage(method.request.substr(table_.package.size() + 1), "");
    if (InfoOf(method.kind).keyed) Key();
    for (const RequestField& field : RequestFields()) {
      if (field.kinds.contains(method.kind) && field.IsOf(table_)) Own(method.kind, field);
    }
  }

  // The message of a response that is one of the method's own.
  void AddResponse(const Method& method) {
    file_.BeginMessage(method.response.substr(table_.package.size() + 1), "");
    for (const ResponseField& field : ResponseFields()) {
      if (field.kinds.contains(method.kind)) Own(field);
    }
  }

 private:
  // A message of the package that stands in the file of the rows, if there is one.
  FieldType OfRows(const std::string& full_name) {
    if (table_.rows_apart) file_.Import(RowsFileName(table_.package));
    return Message(full_name);
  }

  void Key() {
    for (const int index : table_.key) AddField(contract_, table_.field(index), "", &file_);
  }

  void Own(MethodKind kind, const RequestField& field) {
    const bool repeated = std::holds_alternative<MessagesMember>(field.member) ||
                          std::holds_alternative<TextsMember>(field.member) ||
                          std::holds_alternative<ExpandMember>(field.member);
    const std::string& row = repeated ? table_.rows_field : table_.row_field;
    file_.Field(field.name == nullptr ? row : field.name, field.number, OwnType(kind, field),
                repeated ? Presence::kRepeated : Presence::kPlain, field.note);
  }

  void Own(const ResponseField& field) {
    if (field.name == nullptr) {
      file_.Field(table_.rows_field, field.number, OfRows(table_.FullMessage()), Presence::kRepeated, field.note);
    } else if (field.kind == Kind::kMessage) {
      file_.Field(field.name, field.number, Message(table_.FullMessage() + "Aggregate"), Presence::kRepeated,
                  field.note);
    } else {
      file_.Field(field.name, field.number, Scalar(field.kind), field.optional ? Presence::kOptional : Presence::kPlain,
                  field.note);
    }
  }

  FieldType OwnType(MethodKind kind, const RequestField& field) {
    if (std::holds_alternative<MaskMember>(field.member)) return kMask;
    if (std::holds_alternative<ExpandMember>(field.member)) return OfRows(table_.package + "." + kExpandMessage);
    const Kind value = KindOf(field.member);
    if (value != Kind::kMessage) return Scalar(value);
    const std::optional<MethodKind> single = InfoOf(kind).single;
    return single ? Message(RequestName(*single, table_)) : OfRows(table_.FullMessage());
  }

  const Contract& contract_;
  const Table& table_;
  FileBuilder& file_;
};

std::string MethodNote(const MethodInfo& info, const Table& table) {
  if (info.blind_note != nullptr && !table.readable) return info.blind_note;
  return info.soft_note != nullptr && table.soft_delete.has_value() ? info.soft_note : info.note;
}

// In a service's comment: grpc_cpp_plugin takes "$" for the begin of a variable, and Python's makes a string of it.
std::string InServiceComment(const std::string& name) { return text::Escaped(name, "$\"\\"); }

void AddExpand(FileBuilder* file) {
  file->BeginMessage(kExpandMessage, "Which rows of a relation to many are read, and in which order.");
  file->Field("path", 1, Scalar(Kind::kString), Presence::kPlain, "As in the read_mask, which must name it, too.");
  file->Field("filter", 2, Scalar(Kind::kString), Presence::kPlain, "Which rows (AIP-160).");
  file->Field("order_by", 3, Scalar(Kind::kString), Presence::kPlain, "As in \"name desc, id\"; none: by the key.");
  file->Field("page_size", 4, Scalar(Kind::kInt32), Presence::kPlain, "The first so many rows of each; 0: all.");
}

}  // namespace

FileDescriptorProto TableFile(const Contract& contract, const Table& table) {
  const std::vector<Method> methods = MethodsOf(table);
  FileBuilder file(table.file, table.package, table.message + "Proto", "");
  file.BeginService(table.message + "Service",
                    fmt::format("The rows of {}.", InServiceComment(table.schema + "." + table.name)));
  for (const Method& method : methods) {
    const MethodInfo& info = InfoOf(method.kind);
    file.Method(MethodName(method.kind, table.message, table.plural), method.request, method.response, info.streaming,
                MethodNote(info, table));
    if (table.rows_apart && method.response == table.FullMessage()) file.Import(RowsFileName(table.package));
  }
  TableMessages messages(contract, table, &file);
  if (!table.rows_apart) messages.AddRow();
  for (const Method& method : methods) {
    messages.AddRequest(method);
    if (HasOwnResponse(method.kind, table)) messages.AddResponse(method);
    if (method.kind == MethodKind::kAggregate) AddAggregateMessages(table, &file);
  }
  return file.Finish();
}

FileDescriptorProto RowsFile(const Contract& contract, const std::string& package, const std::vector<bool>* shown) {
  FileBuilder file(RowsFileName(package), package, "RowsProto", "");
  bool expands = false;
  for (std::size_t i = 0; i < contract.tables.size(); ++i) {
    const Table& table = contract.tables[i];
    if (!table.rows_apart || table.package != package || (shown != nullptr && !(*shown)[i])) continue;
    TableMessages(contract, table, &file).AddRow(shown);
    expands = expands || !table.relations.empty();
  }
  if (expands) AddExpand(&file);
  return file.Finish();
}

std::vector<std::string> RowsPackages(const Contract& contract) {
  std::map<std::string, std::set<std::string>> imports;
  for (const Table& table : contract.tables) {
    if (!table.rows_apart) continue;
    std::set<std::string>& of_package = imports[table.package];
    for (const Relation& relation : table.relations) {
      const std::string& target = contract.tables[static_cast<std::size_t>(relation.target)].package;
      if (target != table.package) of_package.insert(target);
    }
  }
  std::vector<std::string> ordered;
  while (!imports.empty()) {
    // Relations make no circles: see relations.h.
    const auto ready = std::ranges::find_if(imports, [&](const auto& package) {
      return std::ranges::none_of(package.second, [&](const std::string& import) { return imports.contains(import); });
    });
    ordered.push_back(ready->first);
    imports.erase(ready);
  }
  return ordered;
}

FileDescriptorSet AllFiles(const Contract& contract) {
  FileDescriptorSet files = contract.files;
  for (const std::string& package : RowsPackages(contract)) *files.add_file() = RowsFile(contract, package);
  for (const Table& table : contract.tables) {
    if (!table.file.empty()) *files.add_file() = TableFile(contract, table);
  }
  for (const FunctionService& service : contract.functions) {
    if (!service.file.empty()) *files.add_file() = FunctionsFile(contract, service);
  }
  return files;
}

FileDescriptorProto TypesFile(const Contract& contract, const TypeMap& types, const std::string& package,
                              const std::string& name, bool go_apart) {
  FileBuilder file(name, package, "TypesProto", go_apart ? "types" : "");
  for (std::size_t i = 0; i < contract.enums.size(); ++i) {
    const EnumNotes& notes = types.enums()[i];
    if (notes.package != package) continue;
    const std::string prefix = text::Upper(Snake(notes.name)) + "_";
    file.BeginEnum(notes.name, notes.comment);
    file.Value(prefix + "UNSPECIFIED", 0, "");
    for (const EnumValue& value : contract.enums[i].values) {
      const bool plain = text::Lower(value.name.substr(prefix.size())) == value.label;
      file.Value(value.name, value.number, plain ? "" : fmt::format("SQL: '{}'.", text::Escaped(value.label)));
    }
  }
  for (std::size_t i = 0; i < contract.composites.size(); ++i) {
    const MessageNotes& notes = types.composites()[i];
    if (notes.package != package) continue;
    file.BeginMessage(notes.name, notes.comment);
    const std::vector<Field>& fields = contract.composites[i].fields;
    for (std::size_t j = 0; j < fields.size(); ++j) AddField(contract, fields[j], notes.fields[j], &file);
    file.Reserve(notes.dropped);
  }
  return file.Finish();
}

}  // namespace protogres::contract
