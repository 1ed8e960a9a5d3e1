// The Contract says what the API is. It has messages, services and methods as file descriptors, and for each of them
// what it stands for in the Catalog. Plain values. A Contract is derived from a Catalog (derive.h) or pinned by files
// (pin.h).
#ifndef PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_
#define PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "google/protobuf/descriptor.pb.h"

namespace protogres::contract {

// What a value is on the wire.
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

// What a Kind::kString must look like, if that can be told without PostgreSQL.
enum class Text { kAny, kUuid, kNumeric };

// A PostgreSQL type as the Contract has it. A domain has the kind of its base type, but `sql_type` is the domain
// itself, so that a cast to it checks its constraints.
struct Type {
  Kind kind = Kind::kString;
  bool repeated = false;  // T[]; `kind` and the rest, unless they say otherwise, are then of T
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
  bool never_null = false;   // no row has a NULL
  bool has_default = false;  // a DEFAULT, an identity or generated: never required on Create
  bool generated = false;    // GENERATED ALWAYS, as identity or stored: a caller cannot write it
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
inline constexpr int kMethodKinds = static_cast<int>(MethodKind::kUndelete) + 1;

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
  std::vector<int> distinct;       // without a key: indexes of fields that together differ in all rows; empty: none
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
  google::protobuf::FileDescriptorSet files;  // dependencies first, without google/protobuf/*
  // What was left out or changed and why: a line each, for the log.
  std::vector<std::string> warnings;
};

// The numbers of those of Protogres' own fields that more than one layer writes or reads. own_fields.cc has all that
// are in requests.
namespace number {
// The own fields of a message that has columns, too, have numbers from kOwnFirst to kOwnLast.
inline constexpr int kOwnFirst = 2000;
inline constexpr int kOwnLast = 2047;
// In the row message, and in Delete and Undelete requests.
inline constexpr int kEtag = 2000;
// The rows, in the responses of List, Stream and Batch methods and in Import requests.
inline constexpr int kRows = 1;
// In List and Stream responses.
inline constexpr int kNextPageToken = 2;
inline constexpr int kTotalSize = 3;
// In Import, UpdateWhere and DeleteWhere responses.
inline constexpr int kAffected = 1;
}  // namespace number

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_
