#include "wire/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "contract/methods.h"
#include "text/utf8.h"
#include "wire/decode.h"
#include "wire/fault.h"
#include "wire/merged.h"
#include "wire/reader.h"

namespace protogres::wire {
namespace {

using contract::MethodKind;

// Protogres' own fields of requests, whatever their numbers.
enum class Part {
  kRow,
  kRows,
  kRequests,
  kReadMask,
  kUpdateMask,
  kCreateMask,
  kEtag,
  kFilter,
  kOrderBy,
  kPageToken,
  kRequestId,
  kLock,
  kPageSize,
  kMaxAffected,
  kShowDeleted,
  kAllowMissing,
  kValidateOnly,
  kCountTotal,
};

struct Own {
  int number;
  Part part;
};

constexpr Own kGet[] = {
    {contract::number::kKeyedReadMask, Part::kReadMask},
    {contract::number::kKeyedShowDeleted, Part::kShowDeleted},
    {contract::number::kKeyedLock, Part::kLock},
};
constexpr Own kBatchGet[] = {
    {contract::number::kRequests, Part::kRequests},
    {contract::number::kBatchReadMask, Part::kReadMask},
    {contract::number::kBatchShowDeleted, Part::kShowDeleted},
    {contract::number::kBatchLock, Part::kLock},
};
constexpr Own kList[] = {
    {contract::number::kPageSize, Part::kPageSize},     {contract::number::kPageToken, Part::kPageToken},
    {contract::number::kFilter, Part::kFilter},         {contract::number::kOrderBy, Part::kOrderBy},
    {contract::number::kReadMask, Part::kReadMask},     {contract::number::kShowDeleted, Part::kShowDeleted},
    {contract::number::kCountTotal, Part::kCountTotal}, {contract::number::kLock, Part::kLock},
};
constexpr Own kCreate[] = {
    {contract::number::kRow, Part::kRow},
    {contract::number::kCreateMask, Part::kCreateMask},
    {contract::number::kValidateOnly, Part::kValidateOnly},
    {contract::number::kRequestId, Part::kRequestId},
};
constexpr Own kBatchWrite[] = {
    {contract::number::kRequests, Part::kRequests},
    {contract::number::kValidateOnly, Part::kValidateOnly},
    {contract::number::kRequestId, Part::kRequestId},
};
constexpr Own kImport[] = {
    {contract::number::kRows, Part::kRows},
    {contract::number::kCreateMask, Part::kCreateMask},
};
constexpr Own kUpdate[] = {
    {contract::number::kRow, Part::kRow},
    {contract::number::kUpdateMask, Part::kUpdateMask},
    {contract::number::kAllowMissing, Part::kAllowMissing},
    {contract::number::kValidateOnly, Part::kValidateOnly},
    {contract::number::kRequestId, Part::kRequestId},
};
constexpr Own kUpdateWhere[] = {
    {contract::number::kRow, Part::kRow},
    {contract::number::kUpdateMask, Part::kUpdateMask},
    {contract::number::kValidateOnly, Part::kValidateOnly},
    {contract::number::kRequestId, Part::kRequestId},
    {contract::number::kWhereFilter, Part::kFilter},
    {contract::number::kMaxAffected, Part::kMaxAffected},
};
constexpr Own kDelete[] = {
    {contract::number::kEtag, Part::kEtag},
    {contract::number::kKeyedAllowMissing, Part::kAllowMissing},
    {contract::number::kKeyedValidateOnly, Part::kValidateOnly},
    {contract::number::kKeyedRequestId, Part::kRequestId},
};
constexpr Own kDeleteWhere[] = {
    {contract::number::kValidateOnly, Part::kValidateOnly},
    {contract::number::kRequestId, Part::kRequestId},
    {contract::number::kWhereFilter, Part::kFilter},
    {contract::number::kMaxAffected, Part::kMaxAffected},
};
constexpr Own kUndelete[] = {
    {contract::number::kEtag, Part::kEtag},
    {contract::number::kKeyedValidateOnly, Part::kValidateOnly},
    {contract::number::kKeyedRequestId, Part::kRequestId},
};

// What the request of a kind of method consists of.
struct Shape {
  bool keyed = false;  // the key's columns, at their own numbers
  std::span<const Own> own;
};

Shape ShapeOf(MethodKind kind) {
  switch (kind) {
    case MethodKind::kGet:
      return {true, kGet};
    case MethodKind::kBatchGet:
      return {false, kBatchGet};
    case MethodKind::kList:
      return {false, kList};
    case MethodKind::kStream:
      return {false, std::span(kList).first(std::size(kList) - 2)};  // all but count_total and lock
    case MethodKind::kCreate:
      return {false, kCreate};
    case MethodKind::kBatchCreate:
    case MethodKind::kBatchUpdate:
    case MethodKind::kBatchDelete:
      return {false, kBatchWrite};
    case MethodKind::kImport:
      return {false, kImport};
    case MethodKind::kUpdate:
      return {false, kUpdate};
    case MethodKind::kUpdateWhere:
      return {false, kUpdateWhere};
    case MethodKind::kDelete:
      return {true, kDelete};
    case MethodKind::kDeleteWhere:
      return {false, kDeleteWhere};
    case MethodKind::kUndelete:
      return {true, kUndelete};
  }
  return {};
}

struct PartInfo {
  const char* name;  // of kRow and kRows: the table's own
  const char* type;
  WireType wire_type;
};

PartInfo InfoOf(Part part) {
  switch (part) {
    case Part::kRow:
    case Part::kRows:
      return {"", "a message", WireType::kBytes};
    case Part::kRequests:
      return {"requests", "a message", WireType::kBytes};
    case Part::kReadMask:
      return {"read_mask", "google.protobuf.FieldMask", WireType::kBytes};
    case Part::kUpdateMask:
      return {"update_mask", "google.protobuf.FieldMask", WireType::kBytes};
    case Part::kCreateMask:
      return {"create_mask", "google.protobuf.FieldMask", WireType::kBytes};
    case Part::kEtag:
      return {"etag", "string", WireType::kBytes};
    case Part::kFilter:
      return {"filter", "string", WireType::kBytes};
    case Part::kOrderBy:
      return {"order_by", "string", WireType::kBytes};
    case Part::kPageToken:
      return {"page_token", "string", WireType::kBytes};
    case Part::kRequestId:
      return {"request_id", "string", WireType::kBytes};
    case Part::kLock:
      return {"lock", "string", WireType::kBytes};
    case Part::kPageSize:
      return {"page_size", "int32", WireType::kVarint};
    case Part::kMaxAffected:
      return {"max_affected", "int64", WireType::kVarint};
    case Part::kShowDeleted:
      return {"show_deleted", "bool", WireType::kVarint};
    case Part::kAllowMissing:
      return {"allow_missing", "bool", WireType::kVarint};
    case Part::kValidateOnly:
      return {"validate_only", "bool", WireType::kVarint};
    case Part::kCountTotal:
      return {"count_total", "bool", WireType::kVarint};
  }
  return {};
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
      return fault->Set(fmt::format("unknown field {} in google.protobuf.FieldMask", reader.number()));
    }
    if (reader.type() != WireType::kBytes) {
      return fault->Set(fmt::format("wire type {} does not fit the paths of google.protobuf.FieldMask",
                                    static_cast<int>(reader.type())));
    }
    if (!ReadString(reader.bytes(), &(*mask)->emplace_back(), fault)) return false;
  }
  return !reader.failed() || fault->Set(kMalformedBytes);
}

bool ReadPageSize(std::uint64_t value, std::int32_t* out, Fault* fault) {
  const auto number = static_cast<std::int64_t>(value);
  if (number < std::numeric_limits<std::int32_t>::min() || number > std::numeric_limits<std::int32_t>::max()) {
    return fault->Set(fmt::format("{} is out of range for int32 (-2147483648 to 2147483647)", number));
  }
  *out = static_cast<std::int32_t>(number);
  return true;
}

class RequestDecoder {
 public:
  RequestDecoder(const contract::Contract& contract, const contract::Table& table, MethodKind kind)
      : contract_(contract), table_(table), kind_(kind), shape_(ShapeOf(kind)) {}

  bool Decode(std::string_view bytes, Request* request, Fault* fault) {
    if (shape_.keyed) key_.emplace(contract_, table_.fields, 0);
    Reader reader(bytes);
    while (reader.Next()) {
      const int column = shape_.keyed ? KeyColumn(reader.number()) : -1;
      const bool ok = column >= 0 ? key_->Add(column, reader, fault) : Own(reader, request, fault);
      if (!ok) return false;
    }
    if (reader.failed()) return fault->Set(kMalformedBytes);
    if (row_.present()) request->row = row_.bytes();
    request->joined = row_.joined();
    return !shape_.keyed || FinishKey(request, fault);
  }

 private:
  // The key's column with this field number, as an index into Table::fields; -1: none.
  int KeyColumn(int number) const {
    const auto it =
        std::ranges::find_if(table_.key, [this, number](int field) { return table_.field(field).number == number; });
    return it == table_.key.end() ? -1 : *it;
  }

  // What the table does not have, its messages do not have.
  bool Has(Part part) const {
    if (part == Part::kShowDeleted) return table_.soft_delete.has_value();
    if (part == Part::kEtag) return table_.has_etag;
    if (part == Part::kLock) return contract::HasLock(table_);
    if (part == Part::kAllowMissing && kind_ == MethodKind::kUpdate) return contract::HasUpsert(table_);
    return true;
  }

  bool Own(const Reader& reader, Request* request, Fault* fault) {
    const auto own = std::ranges::find(shape_.own, reader.number(), &wire::Own::number);
    if (own == shape_.own.end() || !Has(own->part)) {
      return fault->Set(fmt::format("unknown field {} in {}; generate the client from this server's contract",
                                    reader.number(), RequestName()));
    }
    const PartInfo info = InfoOf(own->part);
    const std::string_view name = NameOf(own->part, info);
    if (reader.type() != info.wire_type) {
      fault->Set(fmt::format("wire type {} does not fit {}", static_cast<int>(reader.type()), info.type));
      return fault->Under(name);
    }
    return Read(own->part, reader, request, fault) || fault->Under(name);
  }

  std::string_view NameOf(Part part, const PartInfo& info) const {
    if (part == Part::kRow) return table_.row_field;
    return part == Part::kRows ? std::string_view(table_.rows_field) : info.name;
  }

  bool Read(Part part, const Reader& reader, Request* request, Fault* fault) {
    switch (part) {
      case Part::kRow:
        row_.Add(reader.bytes());
        return true;
      case Part::kRows:
      case Part::kRequests:
        request->requests.push_back(reader.bytes());
        return true;
      case Part::kReadMask:
      case Part::kUpdateMask:
      case Part::kCreateMask:
        return ReadMask(reader.bytes(), &request->mask, fault);
      case Part::kEtag:
        return ReadString(reader.bytes(), &request->etag, fault);
      case Part::kFilter:
        return ReadString(reader.bytes(), &request->filter, fault);
      case Part::kOrderBy:
        return ReadString(reader.bytes(), &request->order_by, fault);
      case Part::kPageToken:
        return ReadString(reader.bytes(), &request->page_token, fault);
      case Part::kRequestId:
        return ReadString(reader.bytes(), &request->request_id, fault);
      case Part::kLock:
        return ReadString(reader.bytes(), &request->lock, fault);
      case Part::kPageSize:
        return ReadPageSize(reader.value(), &request->page_size, fault);
      case Part::kMaxAffected:
        request->max_affected = static_cast<std::int64_t>(reader.value());
        return true;
      case Part::kShowDeleted:
        request->show_deleted = reader.value() != 0;
        return true;
      case Part::kAllowMissing:
        request->allow_missing = reader.value() != 0;
        return true;
      case Part::kValidateOnly:
        request->validate_only = reader.value() != 0;
        return true;
      case Part::kCountTotal:
        request->count_total = reader.value() != 0;
        return true;
    }
    return false;
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

  std::string RequestName() const {
    for (const contract::Method& method : contract_.methods) {
      if (method.kind == kind_ && &contract_.tables[static_cast<std::size_t>(method.table)] == &table_) {
        return method.request;
      }
    }
    return "the request";
  }

  const contract::Contract& contract_;
  const contract::Table& table_;
  const MethodKind kind_;
  const Shape shape_;
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
