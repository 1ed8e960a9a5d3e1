#include "wire/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "contract/methods.h"
#include "contract/own_fields.h"
#include "text/utf8.h"
#include "wire/decode.h"
#include "wire/fault.h"
#include "wire/merged.h"
#include "wire/reader.h"

namespace protogres::wire {
namespace {

using contract::MethodKind;

// What error messages call the types of fields.
constexpr char kMaskType[] = "google.protobuf.FieldMask";
constexpr char kMessageType[] = "a message";

bool HasWireType(const Reader& reader, WireType wire_type, const char* type, Fault* fault) {
  return reader.type() == wire_type ||
         fault->Set(fmt::format("wire type {} does not fit {}", static_cast<int>(reader.type()), type));
}

bool ReadString(std::string_view text, std::string* out, Fault* fault) {
  if (!text::IsUtf8(text)) return fault->Set("not valid UTF-8");
  if (text.find('\0') != std::string_view::npos) return fault->Set("must not contain the character U+0000");
  *out = text;
  return true;
}

// Adds the paths: a mask that stands twice is merged.
bool ReadMask(std::string_view bytes, std::optional<std::vector<std::string>>* mask, Fault* fault) {
  if (!mask->has_value()) mask->emplace();
  Reader reader(bytes);
  while (reader.Next()) {
    if (reader.number() != 1) {
      return fault->Set(fmt::format("unknown field {} in {}", reader.number(), kMaskType));
    }
    if (reader.type() != WireType::kBytes) {
      return fault->Set(
          fmt::format("wire type {} does not fit the paths of {}", static_cast<int>(reader.type()), kMaskType));
    }
    if (!ReadString(reader.bytes(), &(*mask)->emplace_back(), fault)) return false;
  }
  return !reader.failed() || fault->Set(kMalformedBytes);
}

bool ReadInt32(std::uint64_t value, std::int32_t* out, Fault* fault) {
  const auto number = static_cast<std::int64_t>(value);
  if (number < std::numeric_limits<std::int32_t>::min() || number > std::numeric_limits<std::int32_t>::max()) {
    return fault->Set(fmt::format("{} is out of range for int32 (-2147483648 to 2147483647)", number));
  }
  *out = static_cast<std::int32_t>(number);
  return true;
}

// The message Expand: see own_fields.h.
bool ReadExpand(std::string_view bytes, contract::Expand* expand, Fault* fault) {
  std::string* const texts[] = {&expand->path, &expand->filter, &expand->order_by};
  Reader reader(bytes);
  while (reader.Next()) {
    const int number = reader.number();
    bool ok = false;
    if (number >= 1 && number <= 3) {
      ok = HasWireType(reader, WireType::kBytes, "string", fault) &&
           ReadString(reader.bytes(), texts[number - 1], fault);
    } else if (number == 4) {
      ok = HasWireType(reader, WireType::kVarint, "int32", fault) &&
           ReadInt32(reader.value(), &expand->page_size, fault);
    } else {
      fault->Set(fmt::format("unknown field {} in {}", number, contract::kExpandMessage));
    }
    if (!ok) return false;
  }
  return !reader.failed() || fault->Set(kMalformedBytes);
}

class RequestDecoder {
 public:
  RequestDecoder(const contract::Contract& contract, const contract::Table& table, MethodKind kind)
      : contract_(contract), table_(table), kind_(kind), keyed_(contract::InfoOf(kind).keyed) {}

  bool Decode(std::string_view bytes, Request* request, Fault* fault) {
    if (keyed_) key_.emplace(contract_, table_.fields, 0);
    Reader reader(bytes);
    while (reader.Next()) {
      const int column = keyed_ ? KeyColumn(reader.number()) : -1;
      const bool ok = column >= 0 ? key_->Add(column, reader, fault) : Own(reader, request, fault);
      if (!ok) return false;
    }
    if (reader.failed()) return fault->Set(kMalformedBytes);
    request->joined = row_.joined();
    return !keyed_ || FinishKey(request, fault);
  }

 private:
  // The key's column with this field number, as an index into Table::fields; -1: none.
  int KeyColumn(int number) const {
    const auto it =
        std::ranges::find_if(table_.key, [this, number](int field) { return table_.field(field).number == number; });
    return it == table_.key.end() ? -1 : *it;
  }

  bool Own(const Reader& reader, Request* request, Fault* fault) {
    const contract::RequestField* field = contract::FindRequestField(kind_, reader.number());
    if (field == nullptr || !field->IsOf(table_)) {
      return fault->Set(fmt::format("unknown field {} in {}; generate the client from this server's contract",
                                    reader.number(), contract::RequestName(kind_, table_)));
    }
    return std::visit([&](auto member) { return Read(reader, &(request->*member), fault); }, field->member) ||
           fault->Under(NameOf(*field));
  }

  std::string_view NameOf(const contract::RequestField& field) const {
    if (field.name != nullptr) return field.name;
    return std::holds_alternative<contract::RowMember>(field.member) ? table_.row_field : table_.rows_field;
  }

  // One for each type that a member of a Request can have.
  bool Read(const Reader& reader, std::string* value, Fault* fault) {
    return HasWireType(reader, WireType::kBytes, "string", fault) && ReadString(reader.bytes(), value, fault);
  }
  bool Read(const Reader& reader, std::vector<std::string>* texts, Fault* fault) {
    const std::string path = fmt::format("[{}]", texts->size());
    return Read(reader, &texts->emplace_back(), fault) || fault->Under(path);
  }
  bool Read(const Reader& reader, bool* value, Fault* fault) {
    if (!HasWireType(reader, WireType::kVarint, "bool", fault)) return false;
    *value = reader.value() != 0;
    return true;
  }
  bool Read(const Reader& reader, std::int32_t* value, Fault* fault) {
    return HasWireType(reader, WireType::kVarint, "int32", fault) && ReadInt32(reader.value(), value, fault);
  }
  bool Read(const Reader& reader, std::int64_t* value, Fault* fault) {
    if (!HasWireType(reader, WireType::kVarint, "int64", fault)) return false;
    *value = static_cast<std::int64_t>(reader.value());
    return true;
  }
  bool Read(const Reader& reader, std::optional<std::vector<std::string>>* mask, Fault* fault) {
    return HasWireType(reader, WireType::kBytes, kMaskType, fault) && ReadMask(reader.bytes(), mask, fault);
  }
  bool Read(const Reader& reader, std::optional<std::string_view>* row, Fault* fault) {
    if (!HasWireType(reader, WireType::kBytes, kMessageType, fault)) return false;
    row_.Add(reader.bytes());
    *row = row_.bytes();
    return true;
  }
  bool Read(const Reader& reader, std::vector<std::string_view>* messages, Fault* fault) {
    if (!HasWireType(reader, WireType::kBytes, kMessageType, fault)) return false;
    messages->push_back(reader.bytes());
    return true;
  }

  bool Read(const Reader& reader, std::vector<contract::Expand>* expands, Fault* fault) {
    // An empty one takes two bytes of a request, and a hundred of memory.
    if (expands->size() >= static_cast<std::size_t>(contract::kMostRelations)) {
      return fault->Set(fmt::format("has more than {} elements", contract::kMostRelations));
    }
    return HasWireType(reader, WireType::kBytes, kMessageType, fault) &&
           ReadExpand(reader.bytes(), &expands->emplace_back(), fault);
  }

  bool FinishKey(Request* request, Fault* fault) {
    std::vector<std::pair<int, std::string>> values;
    if (!key_->Finish(&values, fault)) return false;
    request->key.resize(table_.key.size());
    for (auto& [field, text] : values) {
      const auto position = std::ranges::find(table_.key, field) - table_.key.begin();
      request->key[static_cast<std::size_t>(position)] = std::move(text);
    }
    return true;
  }

  const contract::Contract& contract_;
  const contract::Table& table_;
  const MethodKind kind_;
  const bool keyed_;
  std::optional<FieldCollector> key_;
  Merged row_;
};

}  // namespace

absl::StatusOr<Request> DecodeRequest(const contract::Contract& contract, const contract::Table& table,
                                      contract::MethodKind kind, std::string_view bytes) {
  Request request;
  Fault fault;
  if (!RequestDecoder(contract, table, kind).Decode(bytes, &request, &fault)) return fault.ToStatus("");
  return request;
}

}  // namespace protogres::wire
