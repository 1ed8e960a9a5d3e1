#include "contract/methods.h"

#include <algorithm>
#include <unordered_set>

#include "contract/aggregates.h"
#include "fmt/format.h"

namespace protogres::contract {
namespace {

constexpr char kEmpty[] = "google.protobuf.Empty";

bool IsReadable(const Table& table) { return table.readable; }

bool HasKey(const Table& table) { return !table.key.empty(); }

bool HasCreate(const Table& table) { return table.insertable && table.insert_returns; }

// PostgreSQL manual, COPY, "Notes".
bool HasImport(const Table& table) {
  return table.insertable && (catalog::IsStored(table.relation) || table.relation == catalog::RelationKind::kForeign);
}

bool HasUpdate(const Table& table) {
  if (table.key.empty() || !table.updatable || !table.update_returns) return false;
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const bool in_key = std::ranges::find(table.key, static_cast<int>(i)) != table.key.end();
    if (table.fields[i].updatable && !in_key) return true;
  }
  return false;
}

// Its filter reads columns.
bool HasUpdateWhere(const Table& table) { return table.updatable && table.readable; }

// A soft delete is an UPDATE, whose row is answered.
bool HasDelete(const Table& table) {
  return !table.key.empty() && table.deletable && (table.update_returns || !table.soft_delete.has_value());
}

bool HasDeleteWhere(const Table& table) { return table.deletable && table.readable; }

bool HasUndelete(const Table& table) { return HasDelete(table) && table.soft_delete.has_value(); }

// In the order of MethodKind.
constexpr MethodInfo kMethods[] = {
    {.kind = MethodKind::kGet,
     .verb = "Get",
     .served = HasKey,
     .keyed = true,
     .response = ResponseShape::kRow,
     .note = "Reads one row by its key (AIP-131)."},
    {.kind = MethodKind::kBatchGet,
     .verb = "BatchGet",
     .plural = true,
     .served = HasKey,
     .single = MethodKind::kGet,
     .note = "Reads rows by their keys, all or none (AIP-231)."},
    {.kind = MethodKind::kList,
     .verb = "List",
     .plural = true,
     .served = IsReadable,
     .note = "Reads rows by page, filter and order (AIP-132, 158, 160)."},
    {.kind = MethodKind::kStream,
     .verb = "Stream",
     .plural = true,
     .served = IsReadable,
     .streaming = Streaming::kServer,
     .note = "Reads any number of rows by filter and order, in chunks, as fast as the caller takes them."},
    {.kind = MethodKind::kAggregate,
     .verb = "Aggregate",
     .plural = true,
     .served = IsReadable,
     .note = "Counts, sums and the like of the rows that meet a filter, by groups."},
    {.kind = MethodKind::kCreate,
     .verb = "Create",
     .served = HasCreate,
     .response = ResponseShape::kRow,
     .note = "Inserts a row and returns it as it is stored (AIP-133).",
     .blind_note = "Inserts a row. It is answered as an empty one, as the server's role may not read it (AIP-133)."},
    {.kind = MethodKind::kBatchCreate,
     .verb = "BatchCreate",
     .plural = true,
     .served = HasCreate,
     .single = MethodKind::kCreate,
     .note = "Inserts rows, all or none (AIP-233).",
     .blind_note = "Inserts rows, all or none. Each is answered as an empty one, as the server's role may not read it\n"
                   "(AIP-233)."},
    {.kind = MethodKind::kImport,
     .verb = "Import",
     .plural = true,
     .served = HasImport,
     .streaming = Streaming::kClient,
     .note = "Inserts any number of rows, all or none."},
    {.kind = MethodKind::kUpdate,
     .verb = "Update",
     .served = HasUpdate,
     .response = ResponseShape::kRow,
     .note = "Changes one row by its key and returns it (AIP-134)."},
    {.kind = MethodKind::kBatchUpdate,
     .verb = "BatchUpdate",
     .plural = true,
     .served = HasUpdate,
     .single = MethodKind::kUpdate,
     .note = "Changes rows by their keys, all or none (AIP-234)."},
    {.kind = MethodKind::kUpdateWhere,
     .verb = "Update",
     .plural = true,
     .tail = "Where",
     .served = HasUpdateWhere,
     .note = "Gives all rows that meet a filter the same values."},
    {.kind = MethodKind::kDelete,
     .verb = "Delete",
     .served = HasDelete,
     .keyed = true,
     .response = ResponseShape::kDeletedRow,
     .note = "Deletes one row by its key (AIP-135).",
     .soft_note = "Marks one row as deleted and returns it (AIP-135, 164)."},
    {.kind = MethodKind::kBatchDelete,
     .verb = "BatchDelete",
     .plural = true,
     .served = HasDelete,
     .single = MethodKind::kDelete,
     .response = ResponseShape::kDeletedRows,
     .note = "Deletes rows by their keys, all or none (AIP-235).",
     .soft_note = "Marks rows as deleted, all or none (AIP-235, 164)."},
    {.kind = MethodKind::kDeleteWhere,
     .verb = "Delete",
     .plural = true,
     .tail = "Where",
     .served = HasDeleteWhere,
     .note = "Deletes all rows that meet a filter.",
     .soft_note = "Marks all rows that meet a filter as deleted."},
    {.kind = MethodKind::kUndelete,
     .verb = "Undelete",
     .served = HasUndelete,
     .keyed = true,
     .response = ResponseShape::kRow,
     .note = "Brings a row back that was marked as deleted (AIP-164)."},
};

// A kind is its own index into kMethods.
constexpr bool IsInOrder() {
  for (int i = 0; i < kMethodKinds; ++i) {
    if (kMethods[i].kind != static_cast<MethodKind>(i) || kMethods[i].served == nullptr) return false;
  }
  return std::size(kMethods) == kMethodKinds;
}
static_assert(IsInOrder());

}  // namespace

std::span<const MethodInfo> Methods() { return kMethods; }

const MethodInfo& InfoOf(MethodKind kind) { return kMethods[static_cast<std::size_t>(kind)]; }

std::string MethodName(MethodKind kind, const std::string& message, const std::string& plural) {
  const MethodInfo& info = InfoOf(kind);
  return info.verb + (info.plural ? plural : message) + info.tail;
}

std::string RequestName(MethodKind kind, const Table& table) {
  return fmt::format("{}.{}Request", table.package, MethodName(kind, table.message, table.plural));
}

bool HasOwnResponse(MethodKind kind, const Table& table) {
  const ResponseShape response = InfoOf(kind).response;
  return response == ResponseShape::kOwn || (response == ResponseShape::kDeletedRows && table.soft_delete.has_value());
}

std::vector<MethodKind> Supported(const Table& table) {
  std::vector<MethodKind> kinds;
  for (const MethodInfo& info : kMethods) {
    if (info.served(table)) kinds.push_back(info.kind);
  }
  return kinds;
}

Method MakeMethod(MethodKind kind, const Table& table) {
  const std::string name = MethodName(kind, table.message, table.plural);
  Method method;
  method.kind = kind;
  method.path = fmt::format("/{}Service/{}", table.FullMessage(), name);
  method.request = RequestName(kind, table);
  const ResponseShape response = InfoOf(kind).response;
  if (HasOwnResponse(kind, table)) {
    method.response = table.package + "." + name + "Response";
  } else if (response == ResponseShape::kRow ||
             (response == ResponseShape::kDeletedRow && table.soft_delete.has_value())) {
    method.response = table.FullMessage();
  } else {
    method.response = kEmpty;
  }
  return method;
}

std::vector<Method> MethodsOf(const Table& table) {
  std::vector<Method> methods;
  methods.reserve(table.methods.size());
  for (const MethodKind kind : table.methods) methods.push_back(MakeMethod(kind, table));
  return methods;
}

std::vector<std::string> NamesOf(const std::string& message, const std::string& plural) {
  // One name may come twice where message and plural are one word.
  std::unordered_set<std::string> names = {message};
  for (const char* tail : {"Service", "ServiceGrpc", "ServiceClient", "ServiceServer", "Proto", "OrBuilder"}) {
    names.insert(message + tail);
  }
  for (const std::string_view tail : kAggregateTails) names.insert(message + std::string(tail));
  for (const MethodInfo& info : kMethods) {
    const std::string name = MethodName(info.kind, message, plural);
    names.insert(name + "Request");
    names.insert(name + "Response");
  }
  return {names.begin(), names.end()};
}

}  // namespace protogres::contract
