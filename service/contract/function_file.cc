#include "contract/function_file.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "contract/descriptors.h"
#include "contract/file_builder.h"
#include "contract/function_fields.h"
#include "contract/table_names.h"
#include "fmt/format.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

using google::protobuf::FieldDescriptorProto;

std::string PackageOf(const std::string& full_name) { return full_name.substr(0, full_name.rfind('.')); }

FieldType OwnType(const FunctionField& field) {
  if (std::holds_alternative<std::string FunctionOptions::*>(field.member)) {
    return {FieldDescriptorProto::TYPE_STRING, ""};
  }
  if (std::holds_alternative<bool FunctionOptions::*>(field.member)) return {FieldDescriptorProto::TYPE_BOOL, ""};
  return {FieldDescriptorProto::TYPE_MESSAGE, "google.protobuf.FieldMask"};
}

// Adds the messages of one function.
class FunctionMessages {
 public:
  FunctionMessages(const Contract& contract, const FunctionService& service, const Function& function,
                   FileBuilder* file)
      : contract_(contract), service_(service), function_(function), file_(*file) {}

  void Add() {
    AddRequest();
    if (function_.OwnRow()) AddValues(function_.row, "A row of the set.");
    if (function_.set) {
      file_.BeginMessage(Own(function_.response), "");
      file_.Field(function_.rows_field, number::kRows, {FieldDescriptorProto::TYPE_MESSAGE, function_.row},
                  Presence::kRepeated, "A chunk of rows.");
    } else if (function_.OwnResponse()) {
      AddValues(function_.response, "");
    }
    if (function_.kind == ResultKind::kRow) {
      const Table& table = contract_.tables[static_cast<std::size_t>(function_.result)];
      file_.Import(table.rows_apart ? RowsFileName(table.package) : table.file);
    }
    if (function_.kind == ResultKind::kComposite) file_.Import(TypesFileName(PackageOf(function_.row)));
  }

 private:
  void AddRequest() {
    file_.BeginMessage(Own(function_.request), "");
    for (const Argument& argument : function_.arguments) {
      if (!argument.out) AddField(contract_, argument.field, argument.note, &file_);
    }
    for (const FunctionField& field : FunctionFields()) {
      if (field.served(function_)) {
        file_.Field(field.name, field.number, OwnType(field), Presence::kPlain, field.note);
      }
    }
  }

  void AddValues(const std::string& message, std::string_view comment) {
    file_.BeginMessage(Own(message), comment);
    for (std::size_t i = 0; i < function_.values.size(); ++i) {
      AddField(contract_, function_.values[i], function_.value_notes[i], &file_);
    }
  }

  // The name within the package.
  std::string Own(const std::string& full_name) const { return full_name.substr(service_.package.size() + 1); }

  const Contract& contract_;
  const FunctionService& service_;
  const Function& function_;
  FileBuilder& file_;
};

void AddPackage(const std::string& full_name, const FunctionService& service, std::set<std::string>* packages) {
  const std::string package = PackageOf(full_name);
  if (package != service.package) packages->insert(package);
}

void AddPackage(const Contract& contract, const Field& field, const FunctionService& service,
                std::set<std::string>* packages) {
  if (field.type.index < 0) return;
  const auto index = static_cast<std::size_t>(field.type.index);
  const bool is_enum = field.type.kind == Kind::kEnum;
  AddPackage(is_enum ? contract.enums[index].full_name : contract.composites[index].full_name, service, packages);
}

std::string MethodNote(const Function& function) {
  std::string note = function.comment;
  if (!function.writes) note += " It runs read-only.";
  // grpc_cpp_plugin takes "$" for the begin of a variable, and Python's makes a string of it.
  std::string escaped;
  for (std::size_t begin = 0; begin <= note.size();) {
    const std::size_t end = std::min(note.find('\n', begin), note.size());
    escaped += text::Escaped(note.substr(begin, end - begin), "$\"\\");
    if (end < note.size()) escaped += '\n';
    begin = end + 1;
  }
  return escaped;
}

}  // namespace

google::protobuf::FileDescriptorProto FunctionsFile(const Contract& contract, const FunctionService& service) {
  FileBuilder file(service.file, service.package, "FunctionsProto", service.go_apart ? "functions" : "");
  file.BeginService(service.name, fmt::format("The functions and procedures of the schema {}.",
                                              text::Escaped(service.schema, "$\"\\")));
  for (const Function& function : service.functions) {
    file.Method(function.path.substr(function.path.rfind('/') + 1), function.request, function.response,
                function.set ? Streaming::kServer : Streaming::kNone, MethodNote(function));
  }
  for (const Function& function : service.functions) FunctionMessages(contract, service, function, &file).Add();
  return file.Finish();
}

std::set<std::string> FunctionImports(const Contract& contract, const FunctionService& service) {
  std::set<std::string> packages;
  for (const Function& function : service.functions) {
    for (const Argument& argument : function.arguments) AddPackage(contract, argument.field, service, &packages);
    for (const Field& field : function.values) AddPackage(contract, field, service, &packages);
    if (function.kind == ResultKind::kRow || function.kind == ResultKind::kComposite) {
      AddPackage(function.row, service, &packages);
    }
  }
  return packages;
}

}  // namespace protogres::contract
