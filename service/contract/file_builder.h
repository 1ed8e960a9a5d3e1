// Builds one FileDescriptorProto, message by message, with comments and
// imports. Knows protobuf, not PostgreSQL.
#ifndef PROTOGRES_SERVICE_CONTRACT_FILE_BUILDER_H_
#define PROTOGRES_SERVICE_CONTRACT_FILE_BUILDER_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "contract/methods.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// What a field is: its type, and for messages and enums the full name.
struct FieldType {
  google::protobuf::FieldDescriptorProto::Type type = google::protobuf::FieldDescriptorProto::TYPE_STRING;
  std::string name;
};

// Singular fields of scalars that tell unset from zero are kOptional.
enum class Presence { kPlain, kOptional, kRepeated };

class FileBuilder {
 public:
  // `go_tail` is appended to the Go package's path and name.
  FileBuilder(const std::string& name, const std::string& package, const std::string& java_class,
              const std::string& go_tail);

  // Each begins the next message, enum or service of the file; Field, Value and Method add to the last one begun.
  void BeginMessage(const std::string& name, std::string_view comment);
  void Field(const std::string& name, int number, const FieldType& type, Presence presence, std::string_view comment);
  // Numbers of the last message that no field may have; merged into ranges.
  void Reserve(std::vector<int> numbers);
  void BeginEnum(const std::string& name, std::string_view comment);
  void Value(const std::string& name, int number, std::string_view comment);
  void BeginService(const std::string& name, std::string_view comment);
  // `request` and `response` are full names.
  void Method(const std::string& name, const std::string& request, const std::string& response, Streaming streaming,
              std::string_view comment);
  // Imports the file itself is none of.
  void Import(const std::string& file);

  // Completes the file; the builder is done with.
  google::protobuf::FileDescriptorProto Finish();

 private:
  void Comment(std::initializer_list<int> path, std::string_view text);
  // Names the `optional` fields' oneofs as protoc does.
  void CloseMessage();

  google::protobuf::FileDescriptorProto file_;
  std::set<std::string> imports_;
};

// Imports of google/protobuf that a type's full name needs; empty: none.
std::string WellKnownFile(std::string_view type_name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_FILE_BUILDER_H_
