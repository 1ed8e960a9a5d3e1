#include "contract/methods.h"

#include <algorithm>
#include <unordered_set>

#include "fmt/format.h"

namespace protogres::contract {
namespace {

constexpr char kEmpty[] = "google.protobuf.Empty";

constexpr MethodKind kAllKinds[] = {
    MethodKind::kGet,         MethodKind::kBatchGet,    MethodKind::kList,   MethodKind::kStream,
    MethodKind::kCreate,      MethodKind::kBatchCreate, MethodKind::kImport, MethodKind::kUpdate,
    MethodKind::kBatchUpdate, MethodKind::kUpdateWhere, MethodKind::kDelete, MethodKind::kBatchDelete,
    MethodKind::kDeleteWhere, MethodKind::kUndelete,
};

// PostgreSQL manual, COPY, "Notes".
bool TakesCopy(catalog::RelationKind relation) {
  return catalog::IsStored(relation) || relation == catalog::RelationKind::kForeign;
}

bool Supports(const Table& table, MethodKind kind) {
  const bool keyed = !table.key.empty();
  switch (kind) {
    case MethodKind::kGet:
    case MethodKind::kBatchGet:
      return keyed;
    case MethodKind::kList:
    case MethodKind::kStream:
      return true;
    case MethodKind::kImport:
      return table.insertable && TakesCopy(table.relation);
    case MethodKind::kCreate:
    case MethodKind::kBatchCreate:
      return table.insertable && table.insert_returns;
    case MethodKind::kUpdate:
    case MethodKind::kBatchUpdate:
      for (std::size_t i = 0; keyed && table.updatable && table.update_returns && i < table.fields.size(); ++i) {
        if (table.fields[i].updatable && std::ranges::find(table.key, static_cast<int>(i)) == table.key.end())
          return true;
      }
      return false;
    case MethodKind::kUpdateWhere:
      return table.updatable;
    case MethodKind::kDelete:
    case MethodKind::kBatchDelete:
      // A soft delete is an UPDATE, whose row is answered.
      return keyed && table.deletable && (table.update_returns || !table.soft_delete.has_value());
    case MethodKind::kDeleteWhere:
      return table.deletable;
    case MethodKind::kUndelete:
      return keyed && table.deletable && table.update_returns && table.soft_delete.has_value();
  }
  return false;
}

}  // namespace

std::string MethodName(MethodKind kind, const std::string& message, const std::string& plural) {
  switch (kind) {
    case MethodKind::kGet:
      return "Get" + message;
    case MethodKind::kBatchGet:
      return "BatchGet" + plural;
    case MethodKind::kList:
      return "List" + plural;
    case MethodKind::kStream:
      return "Stream" + plural;
    case MethodKind::kCreate:
      return "Create" + message;
    case MethodKind::kBatchCreate:
      return "BatchCreate" + plural;
    case MethodKind::kImport:
      return "Import" + plural;
    case MethodKind::kUpdate:
      return "Update" + message;
    case MethodKind::kBatchUpdate:
      return "BatchUpdate" + plural;
    case MethodKind::kUpdateWhere:
      return "Update" + plural + "Where";
    case MethodKind::kDelete:
      return "Delete" + message;
    case MethodKind::kBatchDelete:
      return "BatchDelete" + plural;
    case MethodKind::kDeleteWhere:
      return "Delete" + plural + "Where";
    case MethodKind::kUndelete:
      return "Undelete" + message;
  }
  return "";
}

std::vector<MethodKind> MethodsOf(const Table& table) {
  std::vector<MethodKind> kinds;
  for (const MethodKind kind : kAllKinds) {
    if (Supports(table, kind)) kinds.push_back(kind);
  }
  return kinds;
}

Method MakeMethod(MethodKind kind, const Table& table, int index) {
  const std::string name = MethodName(kind, table.message, table.plural);
  Method method;
  method.kind = kind;
  method.table = index;
  method.path = fmt::format("/{}Service/{}", table.FullMessage(), name);
  method.request = table.package + "." + name + "Request";
  method.response = table.package + "." + name + "Response";
  const bool soft = table.soft_delete.has_value();
  const bool row = kind == MethodKind::kGet || kind == MethodKind::kCreate || kind == MethodKind::kUpdate ||
                   kind == MethodKind::kUndelete || (kind == MethodKind::kDelete && soft);
  if (row) {
    method.response = table.FullMessage();
  } else if (kind == MethodKind::kDelete || (kind == MethodKind::kBatchDelete && !soft)) {
    method.response = kEmpty;
  }
  return method;
}

// PostgreSQL has no ON CONFLICT DO UPDATE for foreign tables.
bool HasUpsert(const Table& table) { return table.insertable && table.relation != catalog::RelationKind::kForeign; }

// PostgreSQL manual, SELECT, "The Locking Clause".
bool HasLock(const Table& table) { return table.relation != catalog::RelationKind::kMaterializedView; }

std::vector<std::string> NamesOf(const std::string& message, const std::string& plural) {
  // One name may come twice where message and plural are one word.
  std::unordered_set<std::string> names = {message};
  for (const char* tail : {"Service", "ServiceGrpc", "ServiceClient", "ServiceServer", "Proto", "OrBuilder"}) {
    names.insert(message + tail);
  }
  for (const MethodKind kind : kAllKinds) {
    const std::string name = MethodName(kind, message, plural);
    names.insert(name + "Request");
    names.insert(name + "Response");
  }
  return {names.begin(), names.end()};
}

}  // namespace protogres::contract
