#include "contract/table_index.h"

#include <algorithm>
#include <cstddef>

#include "contract/aggregates.h"
#include "contract/methods.h"

namespace protogres::contract {
namespace {

// Takes `tail` off the end of `name`. False: it does not stand there, or nothing is before it.
bool TakeTail(std::string_view tail, std::string_view* name) {
  if (name->size() <= tail.size() || !name->ends_with(tail)) return false;
  name->remove_suffix(tail.size());
  return true;
}

}  // namespace

TableIndex::TableIndex(const std::vector<Table>& tables) : tables_(tables) {
  services_.reserve(tables.size());  // so that none moves
  by_service_.reserve(tables.size());
  by_message_.reserve(tables.size());
  by_plural_.reserve(tables.size());
  for (std::size_t i = 0; i < tables.size(); ++i) {
    by_service_.emplace(services_.emplace_back(tables[i].FullMessage() + "Service"), static_cast<int>(i));
    by_message_.emplace(Name(tables[i].package, tables[i].message), static_cast<int>(i));
    by_plural_.emplace(Name(tables[i].package, tables[i].plural), static_cast<int>(i));
  }
}

TableIndex::Name TableIndex::Split(std::string_view full_name) {
  const std::size_t dot = full_name.rfind('.');
  if (dot == std::string_view::npos) return {"", full_name};
  return {full_name.substr(0, dot), full_name.substr(dot + 1)};
}

int TableIndex::FindMessage(const Name& name) const {
  const auto it = by_message_.find(name);
  return it == by_message_.end() ? -1 : it->second;
}

int TableIndex::FindService(std::string_view service) const {
  const auto it = by_service_.find(service);
  return it == by_service_.end() ? -1 : it->second;
}

std::optional<TableIndex::TableMethod> TableIndex::FindMethod(Name message, std::string_view tail) const {
  if (!TakeTail(tail, &message.second)) return std::nullopt;
  for (const MethodInfo& info : Methods()) {
    Name name = message;
    const std::string_view verb = info.verb;
    if (!name.second.starts_with(verb)) continue;
    name.second.remove_prefix(verb.size());
    if (!TakeTail(info.tail, &name.second)) continue;
    const Tables& tables = info.plural ? by_plural_ : by_message_;
    const auto it = tables.find(name);
    if (it == tables.end()) continue;
    const std::vector<MethodKind>& served = tables_[static_cast<std::size_t>(it->second)].methods;
    if (std::ranges::find(served, info.kind) != served.end()) return TableMethod{it->second, info.kind};
  }
  return std::nullopt;
}

std::optional<TableIndex::TableMethod> TableIndex::FindRequest(std::string_view message) const {
  return FindMethod(Split(message), "Request");
}

int TableIndex::FindAggregated(const Name& message) const {
  for (const std::string_view tail : kAggregateTails) {
    Name name = message;
    if (!TakeTail(tail, &name.second)) continue;
    const int table = FindMessage(name);
    if (table < 0) continue;
    const Table& found = tables_[static_cast<std::size_t>(table)];
    const bool served = std::ranges::find(found.methods, MethodKind::kAggregate) != found.methods.end();
    if (served && HasAggregateMessage(found, tail)) return table;
  }
  return -1;
}

int TableIndex::FindDeclaring(std::string_view symbol) const {
  if (const int table = FindMessage(Split(symbol)); table >= 0) return table;
  if (const int table = FindService(symbol); table >= 0) return table;
  if (const auto request = FindRequest(symbol)) return request->table;
  const auto response = FindMethod(Split(symbol), "Response");
  if (!response.has_value()) return FindAggregated(Split(symbol));
  return HasOwnResponse(response->kind, tables_[static_cast<std::size_t>(response->table)]) ? response->table : -1;
}

int TableIndex::FindAround(std::string_view symbol) const {
  const int table = FindDeclaring(symbol);
  const std::size_t dot = symbol.rfind('.');
  return table >= 0 || dot == std::string_view::npos ? table : FindDeclaring(symbol.substr(0, dot));
}

}  // namespace protogres::contract
