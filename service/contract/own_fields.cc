#include "contract/own_fields.h"

#include <array>

#include "contract/methods.h"

namespace protogres::contract {
namespace {

using enum MethodKind;

constexpr char kReadMaskNote[] = "The fields to read; none: all (AIP-157).";
constexpr char kShowDeletedNote[] = "Reads soft-deleted rows too (AIP-164).";
constexpr char kUpdateMaskNote[] =
    "The fields to write, unset ones as NULL; none: those that are set; *: all (AIP-134).";
constexpr char kValidateOnlyNote[] = "Runs everything and rolls it back (AIP-163).";
constexpr char kRequestIdNote[] =
    "The caller's own id of the request: sent again, it is answered as before and not run again (AIP-155).";
constexpr char kLockNote[] =
    "Locks the rows, in a transaction only: FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or FOR KEY SHARE, then nothing,\n"
    "NOWAIT or SKIP LOCKED.";
constexpr char kEtagNote[] = "Where given, the row must still have it (AIP-154).";
constexpr char kImportRowsNote[] =
    "Rows to insert, in any number of messages; an unset field takes its column's default.";
constexpr char kCreateMaskNote[] =
    "The fields that are written as they are, unset ones as NULL; *: all that can be NULL.";
constexpr char kImportMaskNote[] =
    "For all rows, in the first message alone: the fields that are written as they are, unset ones as NULL.";
constexpr char kUpsertNote[] = "Inserts the row where it does not exist (AIP-134).";
constexpr char kMaxAffectedNote[] =
    "Nothing is changed where more rows than this would be; 0: the server's own limit, if it has one.";
constexpr char kBatchRowsNote[] = "The rows, in the order of the requests.";
constexpr char kNextPageNote[] = "The page_token of the next page; empty: this is the last one.";
constexpr char kNextChunkNote[] = "The page_token of a new call that begins with the row after this chunk.";
constexpr char kTotalSizeNote[] = "How many rows all pages have, where count_total asks for it.";
constexpr char kExpandNote[] = "Which of the related rows that read_mask names, and in which order; none: all.";
constexpr char kGroupByNote[] =
    "The fields whose values tell the groups apart; none: all rows are one group. created_at.month is the month of a\n"
    "timestamp or date, as year, quarter, week, day, hour and minute are, in UTC.";
constexpr char kAggregatesNote[] =
    "What is computed of each group: count(), sum(price), average(price), min(price), max(price).";
constexpr char kFilterNote[] = "Which rows (AIP-160).";

// Those that write without the key's columns in the request.
constexpr KindSet kWrites = {kCreate, kBatchCreate, kUpdate, kBatchUpdate, kUpdateWhere, kBatchDelete, kDeleteWhere};

bool HasEtag(const Table& table) { return table.has_etag; }

bool HasSoftDelete(const Table& table) { return table.soft_delete.has_value(); }

bool HasRelations(const Table& table) { return !table.relations.empty(); }

bool HasUpsert(const Table& table) { return table.insertable && table.upsertable; }

// PostgreSQL manual, SELECT, "The Locking Clause".
bool HasLock(const Table& table) { return table.relation != catalog::RelationKind::kMaterializedView; }

// Of each kind in the order of the numbers. A number stays what it is for good, and has one meaning in a group.
constexpr RequestField kRequestFields[] = {
    // Beside the key's columns.
    {{kDelete, kUndelete}, number::kEtag, kEtagName, &Request::etag, kEtagNote, HasEtag},
    {{kGet}, 2001, "read_mask", &Request::mask, kReadMaskNote},
    {{kGet}, 2002, "show_deleted", &Request::show_deleted, kShowDeletedNote, HasSoftDelete},
    {{kDelete}, 2003, "allow_missing", &Request::allow_missing, "Succeeds where there is no such row (AIP-135)."},
    {{kDelete, kUndelete}, 2004, "validate_only", &Request::validate_only, kValidateOnlyNote},
    {{kDelete, kUndelete}, 2005, "request_id", &Request::request_id, kRequestIdNote},
    {{kGet}, 2006, "lock", &Request::lock, kLockNote, HasLock},
    {{kGet}, 2007, "expand", &Request::expand, kExpandNote, HasRelations},

    // In requests that read many rows.
    {{kList}, 1, "page_size", &Request::page_size, "The most rows of a page (AIP-158)."},
    {{kStream}, 1, "page_size", &Request::page_size, "The most rows of a chunk; 0: as many as make a good size."},
    {{kList}, 2, "page_token", &Request::page_token, "The next_page_token of the page before."},
    {{kStream}, 2, "page_token", &Request::page_token, "The next_page_token of a chunk: begins with the row after it."},
    {{kList, kStream}, 3, "filter", &Request::filter, kFilterNote},
    {{kList, kStream}, 4, "order_by", &Request::order_by, "As in \"name desc, id\" (AIP-132)."},
    {{kList, kStream}, 5, "read_mask", &Request::mask, kReadMaskNote},
    {{kList, kStream}, 6, "show_deleted", &Request::show_deleted, kShowDeletedNote, HasSoftDelete},
    {{kList}, 7, "count_total", &Request::count_total, "Asks for total_size."},
    {{kList}, 8, "lock", &Request::lock, kLockNote, HasLock},
    {{kList, kStream}, 9, "expand", &Request::expand, kExpandNote, HasRelations},

    // In requests of Aggregate.
    {{kAggregate}, 1, "filter", &Request::filter, kFilterNote},
    {{kAggregate}, 2, "group_by", &Request::group_by, kGroupByNote},
    {{kAggregate}, 3, "aggregates", &Request::aggregates, kAggregatesNote},
    {{kAggregate}, 4, "order_by", &Request::order_by, "As in \"sum.price desc, created_at.month\"."},
    {{kAggregate}, 5, "page_size", &Request::page_size, "The most groups of a page (AIP-158)."},
    {{kAggregate}, 6, "page_token", &Request::page_token, "The next_page_token of the page before."},
    {{kAggregate},
     7,
     "show_deleted",
     &Request::show_deleted,
     "Computes soft-deleted rows too (AIP-164).",
     HasSoftDelete},

    // In requests of BatchGet.
    {{kBatchGet}, 1, "requests", &Request::requests, "One for each row to read; all or none of them succeed."},
    {{kBatchGet}, 2, "read_mask", &Request::mask, kReadMaskNote},
    {{kBatchGet}, 3, "show_deleted", &Request::show_deleted, kShowDeletedNote, HasSoftDelete},
    {{kBatchGet}, 4, "lock", &Request::lock, kLockNote, HasLock},
    {{kBatchGet}, 5, "expand", &Request::expand, kExpandNote, HasRelations},

    // In requests that write.
    {{kCreate}, 1, nullptr, &Request::row, "The row to insert; an unset field takes its column's default."},
    {{kUpdate}, 1, nullptr, &Request::row, "The row's key, and the values that it is to have."},
    {{kUpdateWhere}, 1, nullptr, &Request::row, "The values that the rows are to have."},
    {{kImport}, number::kRows, nullptr, &Request::requests, kImportRowsNote},
    {{kBatchCreate}, 1, "requests", &Request::requests, "One for each row to insert; all or none of them succeed."},
    {{kBatchUpdate}, 1, "requests", &Request::requests, "One for each row to change; all or none of them succeed."},
    {{kBatchDelete}, 1, "requests", &Request::requests, "One for each row to delete; all or none of them succeed."},
    {{kCreate}, 2, "create_mask", &Request::mask, kCreateMaskNote},
    {{kImport}, 2, "create_mask", &Request::mask, kImportMaskNote},
    {{kUpdate, kUpdateWhere}, 2, "update_mask", &Request::mask, kUpdateMaskNote},
    {{kUpdate}, 3, "allow_missing", &Request::allow_missing, kUpsertNote, HasUpsert},
    {kWrites, 4, "validate_only", &Request::validate_only, kValidateOnlyNote},
    {kWrites, 5, "request_id", &Request::request_id, kRequestIdNote},
    {{kUpdateWhere, kDeleteWhere}, 6, "filter", &Request::filter, kFilterNote},
    {{kUpdateWhere, kDeleteWhere}, 7, "max_affected", &Request::max_affected, kMaxAffectedNote},
};

constexpr ResponseField kResponseFields[] = {
    {{kList}, number::kRows, nullptr, Kind::kMessage, "A page of rows."},
    {{kStream}, number::kRows, nullptr, Kind::kMessage, "A chunk of rows."},
    {{kBatchGet, kBatchCreate, kBatchUpdate, kBatchDelete}, number::kRows, nullptr, Kind::kMessage, kBatchRowsNote},
    {{kAggregate}, number::kRows, "aggregates", Kind::kMessage, "A page of groups."},
    {{kList, kAggregate}, number::kNextPageToken, "next_page_token", Kind::kString, kNextPageNote},
    {{kStream}, number::kNextPageToken, "next_page_token", Kind::kString, kNextChunkNote},
    {{kList}, number::kTotalSize, "total_size", Kind::kInt64, kTotalSizeNote, true},
    {{kImport, kUpdateWhere, kDeleteWhere}, number::kAffected, "affected", Kind::kInt64, "How many rows there were."},
};

// Numbers below it have one byte on the wire.
constexpr int kPlainEnd = 16;
constexpr int kSlots = kPlainEnd + number::kOwnLast - number::kOwnFirst + 1;

// The place of a number in the list of all that own fields can have; -1: no own field can have it.
constexpr int SlotOf(int number) {
  if (number >= 0 && number < kPlainEnd) return number;
  if (number >= number::kOwnFirst && number <= number::kOwnLast) return kPlainEnd + number - number::kOwnFirst;
  return -1;
}

// For each kind and slot 1 + the index into kRequestFields; 0: there is no such field.
using Places = std::array<std::array<std::uint8_t, kSlots>, kMethodKinds>;

consteval Places MakePlaces() {
  Places places = {};
  for (std::size_t kind = 0; kind < places.size(); ++kind) {
    for (std::size_t i = 0; i < std::size(kRequestFields); ++i) {
      if (!kRequestFields[i].kinds.contains(static_cast<MethodKind>(kind))) continue;
      places[kind].at(static_cast<std::size_t>(SlotOf(kRequestFields[i].number))) = static_cast<std::uint8_t>(i + 1);
    }
  }
  return places;
}
constexpr Places kPlaces = MakePlaces();

// So no number stands twice in a message.
consteval bool NumbersRise() {
  for (int kind = 0; kind < kMethodKinds; ++kind) {
    int last = 0;
    for (const RequestField& field : kRequestFields) {
      if (!field.kinds.contains(static_cast<MethodKind>(kind))) continue;
      if (field.number <= last) return false;
      last = field.number;
    }
  }
  return true;
}
static_assert(NumbersRise());

}  // namespace

std::span<const RequestField> RequestFields() { return kRequestFields; }

std::span<const ResponseField> ResponseFields() { return kResponseFields; }

const RequestField* FindRequestField(MethodKind kind, int number) {
  const int slot = SlotOf(number);
  if (slot < 0) return nullptr;
  const std::uint8_t place = kPlaces[static_cast<std::size_t>(kind)][static_cast<std::size_t>(slot)];
  return place == 0 ? nullptr : &kRequestFields[place - 1];
}

Kind KindOf(const RequestMember& member) {
  if (std::holds_alternative<std::string Request::*>(member) || std::holds_alternative<TextsMember>(member))
    return Kind::kString;
  if (std::holds_alternative<bool Request::*>(member)) return Kind::kBool;
  if (std::holds_alternative<std::int32_t Request::*>(member)) return Kind::kInt32;
  return std::holds_alternative<std::int64_t Request::*>(member) ? Kind::kInt64 : Kind::kMessage;
}

}  // namespace protogres::contract
