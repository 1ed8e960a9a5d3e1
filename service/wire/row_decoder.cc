#include <fmt/format.h>

#include <algorithm>

#include "text/utf8.h"
#include "wire/decode.h"
#include "wire/row.h"

namespace protogres::wire {
namespace {

constexpr int kRowDepth = 1;

bool Decode(const contract::Contract& contract, const contract::Table& table, std::string_view bytes, RowInput* row,
            Fault* fault) {
  FieldCollector collector(contract, table.fields, kRowDepth);
  Reader reader(bytes);
  while (reader.Next()) {
    if (const int index = FindByNumber(table.fields, reader.number()); index >= 0) {
      if (!collector.Add(index, reader, fault)) return false;
    } else if (reader.number() == contract::number::kEtag && table.has_etag) {
      if (reader.type() != WireType::kBytes) {
        fault->Set(fmt::format("wire type {} does not fit string", static_cast<int>(reader.type())));
        return fault->Under("etag");
      }
      if (!text::IsUtf8(reader.bytes()) || reader.bytes().find('\0') != std::string_view::npos) {
        fault->Set("not an etag that this server gave");
        return fault->Under("etag");
      }
      row->etag = reader.bytes();
    } else if (const auto relation = std::ranges::find(table.relations, reader.number(), &contract::Relation::number);
               relation != table.relations.end()) {
      fault->Set(
          "holds related rows, which are read but not written here: write them by their own methods, in a "
          "Transact where all or none shall be written");
      return fault->Under(relation->name);
    } else {
      return fault->Set(
          fmt::format("unknown field {} in {}; it has no such column (dropped, or newer than this server?)",
                      reader.number(), table.FullMessage()));
    }
  }
  if (reader.failed()) return fault->Set(kMalformedBytes);
  return collector.Finish(&row->values, fault);
}

}  // namespace

const std::string* RowInput::Find(int field) const {
  const auto it = std::ranges::find(values, field, &std::pair<int, std::string>::first);
  return it == values.end() ? nullptr : &it->second;
}

absl::StatusOr<RowInput> DecodeRow(const contract::Contract& contract, const contract::Table& table,
                                   std::string_view bytes, const std::string& path) {
  RowInput row;
  Fault fault;
  if (!Decode(contract, table, bytes, &row, &fault)) return fault.ToStatus(path);
  return row;
}

}  // namespace protogres::wire
