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

// The type of a field, and for messages and enums its full name.
struct FieldType {
  google::protobuf::FieldDescriptorProto::Type type = google::protobuf::FieldDescriptorProto::TYPE_STRING;
  std::string name;
};

// kOptional: a singular field of a scalar that tells unset from zero.
enum class Presence { kPlain, kOptional, kRepeated };

class FileBuilder {
 public:
  // `go_tail` is appended to the Go package's path and name.
  FileBuilder(const std::string& name, const std::string& package, const std::string& java_class,
              const std::string& go_tail);

  // BeginMessage, BeginEnum and BeginService begin the next message, enum or service of the file. Field, Value and
  // Method add to the one that was begun last.
  void BeginMessage(const std::string& name, std::string_view comment);
  void Field(const std::string& name, int number, const FieldType& type, Presence presence, std::string_view comment);
  // Numbers that no field of the last message may have. They are merged into ranges.
  void Reserve(std::vector<int> numbers);
  void BeginEnum(const std::string& name, std::string_view comment);
  void Value(const std::string& name, int number, std::string_view comment);
  void BeginService(const std::string& name, std::string_view comment);
  // `request` and `response` are full names.
  void Method(const std::string& name, const std::string& request, const std::string& response, Streaming streaming,
              std::string_view comment);
  // Imports `file`, unless it is empty or the file that is being built.
  void Import(const std::string& file);

  // Completes the file and returns it. The builder cannot be used any more.
  google::protobuf::FileDescriptorProto Finish();

 private:
  void Comment(std::initializer_list<int> path, std::string_view text);
  // Names the `optional` fields' oneofs as protoc does.
  void CloseMessage();

  google::protobuf::FileDescriptorProto file_;
  std::set<std::string> imports_;
};

// The file of google/protobuf that must be imported for this type. Empty: none.
std::string WellKnownFile(std::string_view type_name);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_FILE_BUILDER_H_
