// A Contract with a field of every kind, and protobuf's own classes for the
// same messages, to hold the codecs against.
#ifndef PROTOGRES_TESTS_UNIT_WIRE_SAMPLE_H_
#define PROTOGRES_TESTS_UNIT_WIRE_SAMPLE_H_

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/contract.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "wire/row.h"

namespace protogres::wire {

using contract::Kind;
using google::protobuf::FieldDescriptorProto;

inline contract::Type TypeOf(Kind kind, bool repeated = false, int index = -1) {
  contract::Type type;
  type.kind = kind;
  type.repeated = repeated;
  type.index = index;
  return type;
}

// The table "public"."sample", message shop.v1.Sample. Numbers have gaps, as after dropped columns.
inline contract::Contract SampleContract() {
  contract::Contract contract;
  contract.enums.push_back(
      {"shop.v1.Status",
       "\"public\".\"status\"",
       {{"new", "STATUS_NEW", 1}, {"in \"transit\", {x}", "STATUS_TRANSIT", 2}, {"NULL", "STATUS_NULL", 3}}});

  const auto field = [](std::string name, int number, contract::Type type) {
    contract::Field result;
    result.name = name;
    result.number = number;
    result.column = name;
    result.type = std::move(type);
    return result;
  };
  contract::Composite point{"shop.v1.Point", "\"public\".\"point\"", {}};
  point.fields = {field("x", 1, TypeOf(Kind::kDouble)), field("y", 3, TypeOf(Kind::kDouble))};
  contract::Composite address{"shop.v1.Address", "\"public\".\"address\"", {}};
  address.fields = {field("city", 1, TypeOf(Kind::kString)),
                    field("zip", 2, TypeOf(Kind::kInt32)),
                    field("since", 4, TypeOf(Kind::kTimestamp)),
                    field("lines", 5, TypeOf(Kind::kString, true)),
                    field("place", 6, TypeOf(Kind::kMessage, false, 0)),
                    field("extra", 7, TypeOf(Kind::kJson)),
                    field("path", 8, TypeOf(Kind::kMessage, true, 0)),
                    field("data", 9, TypeOf(Kind::kBytes))};
  address.fields[5].type.jsonb = true;
  contract::Composite single{"shop.v1.Single", "\"public\".\"single\"", {}};
  single.fields = {field("only", 1, TypeOf(Kind::kString))};
  contract.composites = {point, address, single};

  contract::Table table;
  table.schema = "public";
  table.name = "sample";
  table.sql_name = "\"public\".\"sample\"";
  table.package = "shop.v1";
  table.message = "Sample";
  table.plural = "Samples";
  table.row_field = "sample";
  table.rows_field = "samples";
  table.has_etag = true;
  const struct {
    const char* name;
    Kind kind;
    int index;
  } kinds[] = {{"int2", Kind::kInt32, -1},     {"int4", Kind::kInt32, -1},   {"int8", Kind::kInt64, -1},
               {"oid", Kind::kUint32, -1},     {"real", Kind::kFloat, -1},   {"float8", Kind::kDouble, -1},
               {"flag", Kind::kBool, -1},      {"text", Kind::kString, -1},  {"bytea", Kind::kBytes, -1},
               {"at", Kind::kTimestamp, -1},   {"doc", Kind::kJson, -1},     {"status", Kind::kEnum, 0},
               {"address", Kind::kMessage, 1}, {"single", Kind::kMessage, 2}};
  int number = 1;
  for (const bool repeated : {false, true}) {
    for (const auto& [name, kind, index] : kinds) {
      table.fields.push_back(field(repeated ? std::string(name) + "s" : name, number, TypeOf(kind, repeated, index)));
      if (std::string_view(name) == "int2") table.fields.back().type.small = true;
      if (std::string_view(name) == "doc") table.fields.back().type.jsonb = true;
      number += number % 5 == 0 ? 2 : 1;
    }
  }
  table.fields.push_back(field("uuid", 100, TypeOf(Kind::kString)));
  table.fields.back().type.text = contract::Text::kUuid;
  table.fields.push_back(field("numeric", 101, TypeOf(Kind::kString)));
  table.fields.back().type.text = contract::Text::kNumeric;
  table.fields.push_back(field("json", 102, TypeOf(Kind::kJson)));
  table.fields.push_back(field("boxes", 1600, TypeOf(Kind::kString, true)));
  table.fields.back().type.delimiter = ';';
  contract.tables.push_back(std::move(table));
  return contract;
}

// Protobuf's own classes for the messages of a Contract.
class Classes {
 public:
  explicit Classes(const contract::Contract& contract) {
    // The generated pool's descriptors, so that both kinds of class agree.
    google::protobuf::FileDescriptorProto file;
    google::protobuf::Timestamp::descriptor()->file()->CopyTo(&file);
    pool_.BuildFile(file);
    file.Clear();
    google::protobuf::Value::descriptor()->file()->CopyTo(&file);
    pool_.BuildFile(file);
    file.Clear();
    file.set_name("sample.proto");
    file.set_package("shop.v1");
    file.set_syntax("proto3");
    file.add_dependency("google/protobuf/timestamp.proto");
    file.add_dependency("google/protobuf/struct.proto");
    for (const auto& enumeration : contract.enums) {
      auto* type = file.add_enum_type();
      type->set_name(ShortName(enumeration.full_name));
      type->add_value()->set_name(type->name() + "_UNSPECIFIED");
      type->mutable_value(0)->set_number(0);
      for (const auto& value : enumeration.values) {
        auto* added = type->add_value();
        added->set_name(value.name);
        added->set_number(value.number);
      }
    }
    for (const auto& composite : contract.composites) {
      AddMessage(contract, ShortName(composite.full_name), composite.fields, &file);
    }
    for (const auto& table : contract.tables) {
      auto* message = AddMessage(contract, table.message, table.fields, &file);
      auto* etag = message->add_field();
      etag->set_name("etag");
      etag->set_number(contract::number::kEtag);
      etag->set_type(FieldDescriptorProto::TYPE_STRING);
      etag->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    }
    if (pool_.BuildFile(file) == nullptr) throw std::logic_error("the sample is no valid file");
  }

  std::unique_ptr<google::protobuf::Message> New(const std::string& full_name) {
    const auto* descriptor = pool_.FindMessageTypeByName(full_name);
    if (descriptor == nullptr) throw std::logic_error("no message " + full_name);
    return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(descriptor)->New());
  }

 private:
  static std::string ShortName(const std::string& full_name) { return full_name.substr(full_name.rfind('.') + 1); }

  static google::protobuf::DescriptorProto* AddMessage(const contract::Contract& contract, const std::string& name,
                                                       const std::vector<contract::Field>& fields,
                                                       google::protobuf::FileDescriptorProto* file) {
    auto* message = file->add_message_type();
    message->set_name(name);
    for (const auto& field : fields) {
      auto* added = message->add_field();
      added->set_name(field.name);
      added->set_number(field.number);
      added->set_label(field.type.repeated ? FieldDescriptorProto::LABEL_REPEATED
                                           : FieldDescriptorProto::LABEL_OPTIONAL);
      SetType(contract, field.type, added);
    }
    // proto3's `optional`: each in a oneof of its own, after all else.
    for (auto& field : *message->mutable_field()) {
      if (field.label() == FieldDescriptorProto::LABEL_REPEATED) continue;
      field.set_proto3_optional(true);
      field.set_oneof_index(message->oneof_decl_size());
      message->add_oneof_decl()->set_name("_" + field.name());
    }
    return message;
  }

  static void SetType(const contract::Contract& contract, const contract::Type& type, FieldDescriptorProto* field) {
    const auto named = [field](FieldDescriptorProto::Type kind, const std::string& name) {
      field->set_type(kind);
      field->set_type_name("." + name);
    };
    const auto index = static_cast<std::size_t>(type.index);
    switch (type.kind) {
      case Kind::kInt32:
        return field->set_type(FieldDescriptorProto::TYPE_INT32);
      case Kind::kInt64:
        return field->set_type(FieldDescriptorProto::TYPE_INT64);
      case Kind::kUint32:
        return field->set_type(FieldDescriptorProto::TYPE_UINT32);
      case Kind::kFloat:
        return field->set_type(FieldDescriptorProto::TYPE_FLOAT);
      case Kind::kDouble:
        return field->set_type(FieldDescriptorProto::TYPE_DOUBLE);
      case Kind::kBool:
        return field->set_type(FieldDescriptorProto::TYPE_BOOL);
      case Kind::kString:
        return field->set_type(FieldDescriptorProto::TYPE_STRING);
      case Kind::kBytes:
        return field->set_type(FieldDescriptorProto::TYPE_BYTES);
      case Kind::kTimestamp:
        return named(FieldDescriptorProto::TYPE_MESSAGE, "google.protobuf.Timestamp");
      case Kind::kJson:
        return named(FieldDescriptorProto::TYPE_MESSAGE, "google.protobuf.Value");
      case Kind::kEnum:
        return named(FieldDescriptorProto::TYPE_ENUM, contract.enums[index].full_name);
      case Kind::kMessage:
        return named(FieldDescriptorProto::TYPE_MESSAGE, contract.composites[index].full_name);
    }
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
};

// The sample and short ways to encode and decode single fields of it.
struct Sample {
  contract::Contract contract = SampleContract();
  const contract::Table& table = contract.tables[0];
  Classes classes{contract};

  int Index(const std::string& name) const {
    for (std::size_t i = 0; i < table.fields.size(); ++i) {
      if (table.fields[i].name == name) return static_cast<int>(i);
    }
    throw std::logic_error("no field " + name);
  }

  absl::StatusOr<std::string> Encode(const std::string& name, std::optional<std::string_view> cell) const {
    const RowEncoder encoder(contract, table, {Index(name)}, false);
    std::string out;
    const Cell cells[] = {cell};
    const absl::Status status = encoder.Encode(cells, &out);
    if (!status.ok()) return status;
    return out;
  }

  // The encoded row as protobuf's text format, on one line; an error's message where it cannot be.
  std::string Shown(const std::string& name, std::optional<std::string_view> cell) {
    const auto bytes = Encode(name, cell);
    if (!bytes.ok()) return std::string(bytes.status().message());
    const auto message = classes.New("shop.v1.Sample");
    if (!message->ParseFromString(*bytes)) return "unparseable";
    std::string text = message->ShortDebugString();
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  }

  // The value of a field in the decoded row; "unset", or an error's message.
  std::string Decoded(const std::string& name, std::string_view bytes) const {
    const auto row = DecodeRow(contract, table, bytes, "sample");
    if (!row.ok()) return std::string(row.status().message());
    const std::string* value = row->Find(Index(name));
    return value == nullptr ? "unset" : *value;
  }
};

}  // namespace protogres::wire

#endif  // PROTOGRES_TESTS_UNIT_WIRE_SAMPLE_H_
