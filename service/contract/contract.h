// The Contract: what the API is. Messages, services and methods as file
// descriptors, and beside them, for each, what of the Catalog it stands for.
// Plain values: derived from a Catalog (derive.h) or pinned by a file (pin.h).
#ifndef PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_
#define PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// How a value stands on the wire.
enum class Kind {
  kInt32,
  kInt64,
  kUint32,
  kFloat,
  kDouble,
  kBool,
  kString,
  kBytes,
  kTimestamp,  // google.protobuf.Timestamp
  kJson,       // google.protobuf.Value
  kEnum,
  kMessage,  // a composite
};

// What a string of Kind::kString must look like, where it can be told without PostgreSQL.
enum class Text { kAny, kUuid, kNumeric };

// A PostgreSQL type as the Contract carries it. Domains are resolved to what
// they are over, but `sql_type` stays the column's own, so that a cast to it
// checks the domain's constraints.
struct Type {
  Kind kind = Kind::kString;
  bool repeated = false;  // T[]; then `kind` and the rest speak of T
  std::string sql_type;   // quoted and schema-qualified, without a modifier, for casts: "pg_catalog"."int8"; with []
                          // when repeated
  std::string element_sql_type;  // when repeated: that of one element; else as sql_type
  std::string read_cast;   // appended to a column that is read: "" or e.g. "::numeric" (money); with [] when repeated
  std::string write_cast;  // between a parameter and sql_type: "" or e.g. "::numeric" (money)
  char delimiter = ',';    // when repeated: between elements in PostgreSQL's text form
  Text text = Text::kAny;
  bool textual = false;     // text, varchar, char, citext, name: `=` knows wildcards
  bool small = false;       // smallint: an int32 that must fit in 16 bits
  bool zoned = false;       // Kind::kTimestamp: timestamptz; false: timestamp, read as UTC
  int index = -1;           // kEnum: into Contract::enums; kMessage: into Contract::composites
  bool comparable = false;  // it has =
  bool orderable = false;   // it has <
  bool jsonb = false;       // Kind::kJson: jsonb, not json

  bool operator==(const Type&) const = default;
};

struct EnumValue {
  std::string label;  // PostgreSQL's
  std::string name;   // protobuf's, e.g. ORDER_STATUS_SHIPPED
  int number = 0;     // from 1

  bool operator==(const EnumValue&) const = default;
};

struct Enum {
  std::string full_name;          // shop.v1.OrderStatus
  std::string sql_type;           // quoted and schema-qualified
  std::vector<EnumValue> values;  // without <ENUM>_UNSPECIFIED = 0
};

// A column of a table or an attribute of a composite.
struct Field {
  std::string name;    // protobuf's
  int number = 0;      // field number; the attnum unless a pinned contract says otherwise
  std::string column;  // SQL name, unquoted
  Type type;
  bool not_null = false;  // a NULL is refused
  // For columns of tables:
  bool never_null = false;   // and no row has one
  bool has_default = false;  // a DEFAULT, an identity or generated: never required on Create
  bool generated = false;    // GENERATED ALWAYS, as identity or stored: never written by a caller
  bool insertable = false;   // the role and the relation allow it, and it is not `generated`
  bool updatable = false;
};

struct Composite {
  std::string full_name;
  std::string sql_type;       // quoted and schema-qualified
  std::vector<Field> fields;  // in attribute order, as PostgreSQL's text form of a row lists them
};

enum class MethodKind {
  kGet,
  kBatchGet,
  kList,
  kStream,
  kCreate,
  kBatchCreate,
  kImport,
  kUpdate,
  kBatchUpdate,
  kUpdateWhere,
  kDelete,
  kBatchDelete,
  kDeleteWhere,
  kUndelete,
};

// A relation as it is served.
struct Table {
  catalog::RelationKind relation = catalog::RelationKind::kTable;
  std::string schema;              // SQL, unquoted
  std::string name;                // SQL, unquoted
  std::string sql_name;            // quoted: "public"."customer"
  std::string package;             // shop.v1
  std::string message;             // Customer: singular, within the package
  std::string plural;              // Customers: the word in ListCustomers
  std::string row_field;           // customer: the row's field in requests
  std::string rows_field;          // customers: the rows' field in responses
  std::vector<Field> fields;       // readable columns in column order
  std::vector<int> key;            // indexes into fields, in the key's order; empty: none
  bool key_unique = true;          // no two rows have the same key
  std::vector<int> distinct;       // without a key: indexes into fields that no two rows have all alike; empty: none
  bool positioned = false;         // the role may read tableoid and ctid, which tell the rows apart
  std::optional<int> soft_delete;  // index into fields: a timestamp or boolean column
  bool has_etag = false;           // the role may read xmin and ctid, which a view does not have
  bool insertable = false;
  bool updatable = false;
  bool deletable = false;
  bool insert_returns = true;  // INSERT can have RETURNING
  bool update_returns = true;

  std::string FullMessage() const { return package + "." + message; }
  const Field& field(int index) const { return fields[static_cast<std::size_t>(index)]; }
  const Field* FindField(const std::string& field_name) const;  // by protobuf name; null: none
  int FieldIndex(int number) const;                             // by field number; -1: none
};

// An RPC of a table's service.
struct Method {
  MethodKind kind = MethodKind::kGet;
  int table = 0;         // into Contract::tables
  std::string path;      // /shop.v1.CustomerService/GetCustomer
  std::string request;   // full name: shop.v1.GetCustomerRequest
  std::string response;  // full name
};

struct Contract {
  std::vector<Enum> enums;
  std::vector<Composite> composites;
  std::vector<Table> tables;  // sorted by (schema, name)
  std::vector<Method> methods;
  google::protobuf::FileDescriptorSet files;  // dependencies first; google/protobuf/* not among them
  // What was left out or changed and why: a line each, for the log.
  std::vector<std::string> warnings;
};

// Field numbers of Protogres' own fields. Those of messages that carry columns
// too are 2000 to 2047 (design, "Numbers are stable").
namespace number {
// In the row message.
inline constexpr int kEtag = 2000;
// In Get, Delete and Undelete requests, beside the key's columns. Delete and
// Undelete requests have kEtag too.
inline constexpr int kKeyedReadMask = 2001;
inline constexpr int kKeyedShowDeleted = 2002;
inline constexpr int kKeyedAllowMissing = 2003;
inline constexpr int kKeyedValidateOnly = 2004;
inline constexpr int kKeyedRequestId = 2005;
inline constexpr int kKeyedLock = 2006;
// In List and Stream requests.
inline constexpr int kPageSize = 1;
inline constexpr int kPageToken = 2;
inline constexpr int kFilter = 3;
inline constexpr int kOrderBy = 4;
inline constexpr int kReadMask = 5;
inline constexpr int kShowDeleted = 6;
inline constexpr int kCountTotal = 7;
inline constexpr int kLock = 8;
// In List and Stream responses; 1 is the rows, as in all batch responses, and in Import requests.
inline constexpr int kRows = 1;
inline constexpr int kNextPageToken = 2;
inline constexpr int kTotalSize = 3;
// In Create, Update, UpdateWhere and DeleteWhere requests, and in Batch
// requests where it makes sense: one number, one meaning.
inline constexpr int kRow = 1;  // Create, Update, UpdateWhere: the row; Batch: repeated requests
inline constexpr int kRequests = 1;
inline constexpr int kUpdateMask = 2;    // Update, UpdateWhere
inline constexpr int kCreateMask = 2;    // Create, Import
inline constexpr int kAllowMissing = 3;  // Update
inline constexpr int kValidateOnly = 4;
inline constexpr int kRequestId = 5;
inline constexpr int kWhereFilter = 6;  // UpdateWhere, DeleteWhere
inline constexpr int kMaxAffected = 7;  // UpdateWhere, DeleteWhere
// In BatchGet requests, beside kRequests.
inline constexpr int kBatchReadMask = 2;
inline constexpr int kBatchShowDeleted = 3;
inline constexpr int kBatchLock = 4;
// In Import, UpdateWhere and DeleteWhere responses.
inline constexpr int kAffected = 1;
}  // namespace number

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_
