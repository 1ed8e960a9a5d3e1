#include <fmt/format.h>

#include <algorithm>

#include "text/utf8.h"
#include "wire/decode.h"
#include "wire/row.h"

namespace protogres::wire {
namespace {

constexpr int kRowDepth = 1;

// Takes the related row at which `reader` is.
bool AddRelated(const contract::Table& table, std::size_t index, const Reader& reader, RelatedInput* related,
                Fault* fault) {
  const contract::Relation& relation = table.relations[index];
  if (related == nullptr) {
    fault->Set(
        "holds related rows, which only a Create writes: write them by their own methods, in a Transact where all or "
        "none shall be written");
  } else if (reader.type() != WireType::kBytes) {
    fault->Set(fmt::format("wire type {} does not fit a message", static_cast<int>(reader.type())));
  } else if (const auto same = std::ranges::find(related->one, static_cast<int>(index), &std::pair<int, Merged>::first);
             same != related->one.end()) {
    same->second.Add(reader.bytes());
    return true;
  } else if (related->count->read++ >= related->count->most) {
    fault->Set(fmt::format("makes more than {} related rows in all (--max_batch_size)", related->count->most));
  } else if (relation.many) {
    related->many.emplace_back(static_cast<int>(index), reader.bytes());
    return true;
  } else {
    related->one.emplace_back(static_cast<int>(index), Merged()).second.Add(reader.bytes());
    return true;
  }
  return fault->Under(relation.name);
}

bool Decode(const contract::Contract& contract, const contract::Table& table, std::string_view bytes, RowInput* row,
            RelatedInput* related, Fault* fault) {
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
      const auto place = static_cast<std::size_t>(relation - table.relations.begin());
      if (!AddRelated(table, place, reader, related, fault)) return false;
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
                                   std::string_view bytes, const std::string& path, RelatedInput* related) {
  RowInput row;
  Fault fault;
  if (!Decode(contract, table, bytes, &row, related, &fault)) return fault.ToStatus(path);
  return row;
}

}  // namespace protogres::wire
