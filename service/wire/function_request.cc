#include "wire/function_request.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "fmt/format.h"
#include "text/utf8.h"
#include "wire/decode.h"
#include "wire/fault.h"
#include "wire/reader.h"

namespace protogres::wire {
namespace {

bool HasWireType(const Reader& reader, WireType wire_type, const char* type, Fault* fault) {
  return reader.type() == wire_type ||
         fault->Set(fmt::format("wire type {} does not fit {}", static_cast<int>(reader.type()), type));
}

// One for each type that a member of FunctionOptions can have.
bool Read(const Reader& reader, std::string* value, Fault* fault) {
  if (!HasWireType(reader, WireType::kBytes, "string", fault)) return false;
  if (!text::IsUtf8(reader.bytes())) return fault->Set("not valid UTF-8");
  if (reader.bytes().find('\0') != std::string_view::npos) {
    return fault->Set("must not contain the character U+0000");
  }
  *value = reader.bytes();
  return true;
}

bool Read(const Reader& reader, bool* value, Fault* fault) {
  if (!HasWireType(reader, WireType::kVarint, "bool", fault)) return false;
  *value = reader.value() != 0;
  return true;
}

bool Read(const Reader& reader, std::optional<std::vector<std::string>>* mask, Fault* fault) {
  if (!HasWireType(reader, WireType::kBytes, "google.protobuf.FieldMask", fault)) return false;
  if (!mask->has_value()) mask->emplace();
  Reader paths(reader.bytes());
  while (paths.Next()) {
    if (paths.number() != 1) {
      return fault->Set(fmt::format("unknown field {} in google.protobuf.FieldMask", paths.number()));
    }
    if (!Read(paths, &(*mask)->emplace_back(), fault)) return false;
  }
  return !paths.failed() || fault->Set(kMalformedBytes);
}

bool ReadOwn(const contract::Function& function, const Reader& reader, contract::FunctionOptions* options,
             Fault* fault) {
  const auto fields = contract::FunctionFields();
  const auto field = std::ranges::find(fields, reader.number(), &contract::FunctionField::number);
  if (field == fields.end() || !field->served(function)) {
    return fault->Set(fmt::format("unknown field {} in {}; generate the client from this server's contract",
                                  reader.number(), function.request));
  }
  return std::visit([&](auto member) { return Read(reader, &(options->*member), fault); }, field->member) ||
         fault->Under(field->name);
}

bool Decode(const contract::Contract& contract, const contract::Function& function,
            const std::vector<contract::Field>& fields, std::string_view bytes, FunctionRequest* request,
            Fault* fault) {
  FieldCollector collector(contract, fields, 0);
  Reader reader(bytes);
  while (reader.Next()) {
    const int index = FindByNumber(fields, reader.number());
    const bool ok =
        index >= 0 ? collector.Add(index, reader, fault) : ReadOwn(function, reader, &request->options, fault);
    if (!ok) return false;
  }
  if (reader.failed()) return fault->Set(kMalformedBytes);
  return collector.Finish(&request->arguments, fault);
}

}  // namespace

absl::StatusOr<FunctionRequest> DecodeFunctionRequest(const contract::Contract& contract,
                                                      const contract::Function& function,
                                                      const std::vector<contract::Field>& fields,
                                                      std::string_view bytes) {
  FunctionRequest request;
  Fault fault;
  if (!Decode(contract, function, fields, bytes, &request, &fault)) return fault.ToStatus("");
  return request;
}

}  // namespace protogres::wire
