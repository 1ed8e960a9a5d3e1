// Pin: a derived Contract cut and renumbered to a pinned one. Everything is
// bound by name: messages, fields, enum values, services, methods. See pin.h.
#include "contract/pin.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_set>

#include "contract/descriptor_index.h"
#include "contract/descriptors.h"
#include "contract/methods.h"
#include "contract/pin_enums.h"
#include "contract/pin_relations.h"
#include "fmt/format.h"
#include "status/status.h"

namespace protogres::contract {
namespace {

namespace pb = google::protobuf;

class Pinning {
 public:
  Pinning(const pb::FileDescriptorSet& pinned, const Contract& derived)
      : derived_(derived), derived_files_(AllFiles(derived)), pinned_(pinned), known_(derived_files_) {
    result_.warnings = derived.warnings;
    result_.files = pinned;
    for (const Table& table : derived.tables) {
      rows_[table.FullMessage()] = &table;
      for (const char* tail : {"Sum", "Average"}) aggregated_[table.FullMessage() + tail] = table.FullMessage();
      for (const MethodKind kind : table.methods) {
        if (InfoOf(kind).keyed) keyed_requests_.insert(RequestName(kind, table));
      }
    }
    for (const Composite& composite : derived.composites) composites_[composite.full_name] = &composite;
  }

  absl::StatusOr<Contract> Run() {
    CheckSyntax();
    CheckMessages();
    CheckEnums(pinned_, known_, &differences_);
    PinEnums();
    PinComposites();
    PinTables();
    PinRelations(pinned_, derived_, table_index_, &result_, &differences_);
    PinMethods();
    if (differences_.empty()) return std::move(result_);
    std::ranges::sort(differences_);
    return status::Error(absl::StatusCode::kFailedPrecondition,
                         fmt::format("the contract does not fit the database:\n{}", fmt::join(differences_, "\n")),
                         status::kContractMismatch);
  }

 private:
  template <typename... Args>
  void Differ(fmt::format_string<Args...> format, Args&&... args) {
    differences_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void CheckSyntax() {
    for (const auto& file : result_.files.file()) {
      if (file.syntax() != "proto3") Differ("{}: is not proto3", file.name());
    }
  }

  void CheckMessages() {
    for (const auto& [name, message] : pinned_.messages) {
      const auto known = known_.messages.find(name);
      if (known == known_.messages.end()) {
        Differ("{}: the database has nothing that this message stands for", name);
        continue;
      }
      for (const auto& field : message->field()) CheckField(name, field, *known->second);
    }
  }

  // The types must be those derived. Numbers are free for columns alone, and
  // there they keep clear of Protogres' own.
  void CheckField(const std::string& message, const pb::FieldDescriptorProto& field, const pb::DescriptorProto& known) {
    const pb::FieldDescriptorProto* derived = FindField(known, field.name());
    if (derived == nullptr) {
      Differ("{}.{}: the database has no such column, or protogres no such field", message, field.name());
      return;
    }
    if (TypeOf(field) != TypeOf(*derived)) {
      Differ("{}.{}: is {}, and {} by the database", message, field.name(), TypeOf(field), TypeOf(*derived));
    }
    if (const auto summed = aggregated_.find(message); summed != aggregated_.end()) {
      return CheckAggregated(message, field, summed->second);
    }
    if (field.number() == derived->number()) return;
    const bool row = rows_.contains(message) && derived->number() != number::kEtag;
    const bool free = row || composites_.contains(message) || IsKey(message, *derived);
    if (!free) {
      Differ("{}.{}: has number {}, which must be {}", message, field.name(), field.number(), derived->number());
    } else if (!composites_.contains(message) && field.number() >= number::kOwnFirst &&
               field.number() <= number::kOwnLast) {
      Differ("{}.{}: has number {}; {} to {} are reserved for protogres", message, field.name(), field.number(),
             number::kOwnFirst, number::kOwnLast);
    }
  }

  // A key column in a request of Get, Delete or Undelete: its number is the row's (see CheckKey).
  bool IsKey(const std::string& message, const pb::FieldDescriptorProto& derived) const {
    return derived.number() < number::kOwnFirst && keyed_requests_.contains(message);
  }

  // A column in the message of its sum or average has the number that it has in `row`.
  void CheckAggregated(const std::string& message, const pb::FieldDescriptorProto& field, const std::string& row) {
    const auto pinned = pinned_.messages.find(row);
    const auto* column = pinned == pinned_.messages.end() ? nullptr : FindField(*pinned->second, field.name());
    if (column != nullptr && column->number() == field.number()) return;
    Differ("{}.{}: has number {}, which must be its number in {}", message, field.name(), field.number(), row);
  }

  // A label that the contract does not name cannot be served: reading it is an error then.
  void PinEnums() {
    for (std::size_t i = 0; i < derived_.enums.size(); ++i) {
      const Enum& derived = derived_.enums[i];
      const auto pinned = pinned_.enums.find(derived.full_name);
      if (pinned == pinned_.enums.end()) continue;
      Enum type = derived;
      type.values.clear();
      for (EnumValue value : derived.values) {
        const pb::EnumValueDescriptorProto* named = FindValue(*pinned->second, value.name);
        if (named == nullptr) {
          Warn("{}: label \"{}\" of the database is not in the contract: rows that have it cannot be read",
               type.full_name, value.label);
          continue;
        }
        value.number = named->number();
        type.values.push_back(std::move(value));
      }
      enum_index_[static_cast<int>(i)] = static_cast<int>(result_.enums.size());
      result_.enums.push_back(std::move(type));
    }
  }

  // Composites are whole or not at all: their text form counts attributes, and
  // one that is written must have a value for each. They may reach each other,
  // so that all have their place before their fields are pinned.
  void PinComposites() {
    for (std::size_t i = 0; i < derived_.composites.size(); ++i) {
      if (!pinned_.messages.contains(derived_.composites[i].full_name)) continue;
      composite_index_[static_cast<int>(i)] = static_cast<int>(result_.composites.size());
      result_.composites.push_back(derived_.composites[i]);
    }
    for (Composite& composite : result_.composites) {
      const pb::DescriptorProto& message = *pinned_.messages.at(composite.full_name);
      for (Field& field : composite.fields) {
        if (!PinField(message, &field)) {
          Differ("{}.{}: is missing; a composite must have all its attributes", composite.full_name, field.name);
        }
      }
    }
  }

  // False: `message` has no such field.
  bool PinField(const pb::DescriptorProto& message, Field* field) {
    const pb::FieldDescriptorProto* pinned = FindField(message, field->name);
    if (pinned == nullptr) return false;
    field->number = pinned->number();
    const bool is_enum = field->type.kind == Kind::kEnum;
    if (!is_enum && field->type.kind != Kind::kMessage) return true;
    const std::map<int, int>& places = is_enum ? enum_index_ : composite_index_;
    const auto place = places.find(field->type.index);
    if (place != places.end()) {
      field->type.index = place->second;
    } else {
      Differ("{}.{}: its type {} is not in the contract", message.name(), field->name, TypeOf(*pinned));
    }
    return true;
  }

  void PinTables() {
    for (std::size_t i = 0; i < derived_.tables.size(); ++i) {
      const auto pinned = pinned_.messages.find(derived_.tables[i].FullMessage());
      if (pinned == pinned_.messages.end()) continue;
      table_index_[static_cast<int>(i)] = static_cast<int>(result_.tables.size());
      result_.tables.push_back(PinTable(derived_.tables[i], *pinned->second));
    }
  }

  // The key must be there: paging is by it. So must a soft-delete column: without
  // it deleted rows would show, and Delete would remove rows for good.
  Table PinTable(const Table& derived, const pb::DescriptorProto& message) {
    Table table = derived;
    table.fields.clear();
    table.methods.clear();
    table.relations.clear();
    table.file.clear();
    table.rows_apart = false;
    table.notes = {};
    std::map<int, int> places;
    for (std::size_t i = 0; i < derived.fields.size(); ++i) {
      Field field = derived.fields[i];
      if (PinField(message, &field)) {
        places[static_cast<int>(i)] = static_cast<int>(table.fields.size());
        table.fields.push_back(std::move(field));
      } else if (derived.insertable && field.not_null && !field.has_default) {
        Warn(
            "{}: column \"{}\" is NOT NULL, has no default and is not in the contract: the database will refuse new "
            "rows",
            derived.FullMessage(), field.column);
      }
    }
    for (int& key : table.key) {
      if (!Move(places, &key))
        Differ("{}.{}: is missing; it is of the key", derived.FullMessage(), derived.field(key).name);
    }
    const auto gone = [&places](int& index) { return !Move(places, &index); };
    if (std::ranges::any_of(table.distinct, gone)) table.distinct.clear();
    if (table.soft_delete && !Move(places, &*table.soft_delete)) {
      Differ("{}.{}: is missing; it marks deleted rows", derived.FullMessage(), derived.field(*table.soft_delete).name);
    }
    table.has_etag = derived.has_etag && HasOwnEtag(message);
    return table;
  }

  static bool Move(const std::map<int, int>& places, int* index) {
    const auto place = places.find(*index);
    if (place != places.end()) *index = place->second;
    return place != places.end();
  }

  static bool HasOwnEtag(const pb::DescriptorProto& message) {
    return std::ranges::any_of(message.field(), [](const auto& field) { return field.number() == number::kEtag; });
  }

  void PinMethods() {
    std::set<std::string> unknown;  // what is left of the pinned methods
    for (const auto& [name, service] : pinned_.services) {
      for (const auto& method : service->method()) unknown.insert(fmt::format("/{}/{}", name, method.name()));
    }
    for (std::size_t i = 0; i < derived_.tables.size(); ++i) {
      for (const Method& derived : MethodsOf(derived_.tables[i])) {
        if (unknown.erase(derived.path) > 0) PinMethod(derived, static_cast<int>(i));
      }
    }
    for (const FunctionService& service : derived_.functions) PinFunctions(service, &unknown);
    for (const std::string& path : unknown) Differ("{}: the database has nothing that this method stands for", path);
  }

  // Takes those that are pinned out of `unknown`, which has the paths of all pinned methods.
  void PinFunctions(const FunctionService& derived, std::set<std::string>* unknown) {
    FunctionService service = derived;
    service.file.clear();
    std::erase_if(service.functions, [&](Function& function) {
      return unknown->erase(function.path) == 0 || !CheckSignature(function.path) || !PinFunction(&function);
    });
    if (!service.functions.empty()) result_.functions.push_back(std::move(service));
  }

  // False, with a difference: it does not fit.
  bool PinFunction(Function* function) {
    const pb::DescriptorProto& request = *pinned_.messages.at(function->request);
    for (Argument& argument : function->arguments) {
      if (argument.out || PinField(request, &argument.field)) continue;
      argument.field.number = 0;  // no caller gives it
      if (!argument.default_sql.empty()) continue;
      Differ("{}.{}: is missing; the function needs it", function->request, argument.field.name);
    }
    if (const auto values = pinned_.messages.find(function->row); values != pinned_.messages.end()) {
      std::erase_if(function->values, [&](Field& field) {
        if (PinField(*values->second, &field)) return false;
        if (function->procedure) Differ("{}.{}: is missing; a CALL returns it", function->row, field.name);
        return true;
      });
    }
    const auto& places = function->kind == ResultKind::kRow ? table_index_ : composite_index_;
    const bool found = function->result < 0 || Move(places, &function->result);
    if (!found) Differ("{}: its row {} is not in the contract", function->path, function->row);
    return found;
  }

  // False, with a difference: the method is not what it is by the database.
  bool CheckSignature(const std::string& path) {
    const std::string pinned = SignatureAt(path, pinned_), known = SignatureAt(path, known_);
    if (pinned != known) Differ("{}: is {}, and {} by the database", path, pinned, known);
    return pinned == known;
  }

  // `table` is its table's index in the derived Contract.
  void PinMethod(const Method& derived, int table) {
    if (!CheckSignature(derived.path)) return;
    const auto place = table_index_.find(table);
    if (place == table_index_.end()) {
      Differ("{}: its row {} is not in the contract", derived.path, derived_.tables[table].FullMessage());
      return;
    }
    Table& served = result_.tables[place->second];
    CheckRequest(derived, derived_.tables[table], served);
    served.methods.push_back(derived.kind);
  }

  void CheckRequest(const Method& method, const Table& derived, const Table& served) {
    const auto request = pinned_.messages.find(method.request);
    if (request == pinned_.messages.end()) return;  // a well-known type, or checked by the signature
    const pb::DescriptorProto& message = *request->second;
    if (!InfoOf(method.kind).keyed) return;
    if (derived.has_etag && !served.has_etag && HasOwnEtag(message)) {
      Differ("{}.etag: stands here, but not in {}", method.request, derived.FullMessage());
    }
    const pb::DescriptorProto& row = *pinned_.messages.at(derived.FullMessage());
    for (const int key : derived.key) CheckKey(method.request, message, row, derived.field(key).name);
  }

  // A key column has the same number in requests as in the row.
  void CheckKey(const std::string& request, const pb::DescriptorProto& message, const pb::DescriptorProto& row,
                const std::string& name) {
    const pb::FieldDescriptorProto* field = FindField(message, name);
    const pb::FieldDescriptorProto* column = FindField(row, name);
    if (field == nullptr) {
      Differ("{}.{}: is missing; it is of the key", request, name);
    } else if (column != nullptr && field->number() != column->number()) {
      Differ("{}.{}: has number {}, and {} in {}", request, name, field->number(), column->number(), row.name());
    }
  }

  template <typename... Args>
  void Warn(fmt::format_string<Args...> format, Args&&... args) {
    result_.warnings.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  const Contract& derived_;
  const pb::FileDescriptorSet derived_files_;
  DescriptorIndex pinned_;
  DescriptorIndex known_;
  std::map<std::string, const Table*> rows_;
  std::unordered_set<std::string> keyed_requests_;
  std::map<std::string, std::string> aggregated_;  // shop.v1.OrderSum -> shop.v1.Order
  std::map<std::string, const Composite*> composites_;
  std::map<int, int> enum_index_, composite_index_, table_index_;  // derived -> result
  std::vector<std::string> differences_;
  Contract result_;
};

}  // namespace

absl::StatusOr<Contract> Pin(const pb::FileDescriptorSet& pinned, const Contract& derived) {
  return Pinning(pinned, derived).Run();
}

}  // namespace protogres::contract
