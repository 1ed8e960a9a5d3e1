// The Contract says what the API is: tables, their methods and their types, each with what it stands for in the
// Catalog, and with the names of its messages. Plain values. A Contract is derived from a Catalog (derive.h) or pinned
// by files (pin.h).
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

// What a Kind::kString is, if that matters: what it must look like, or what it is searched by.
enum class Text { kAny, kUuid, kNumeric, kRange, kMultirange, kVector };

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
  // The schema of its operators (of the operators of the element, when repeated), quoted. Empty: pg_catalog, which is
  // always found.
  std::string operator_schema;

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

// A column of a table or an attribute of a composite; or a computed column, which is what a function returns for a row.
struct Field {
  std::string name;    // protobuf's
  int number = 0;      // field number; the attnum unless a pinned contract says otherwise
  std::string column;  // SQL name, unquoted; of a computed column, the name of its function
  Type type;
  bool not_null = false;  // a NULL is refused
  // For columns of tables:
  bool never_null = false;   // no row has a NULL
  bool has_default = false;  // a DEFAULT, an identity or generated: never required on Create
  bool generated = false;    // GENERATED ALWAYS, as identity or by an expression: a caller cannot write it
  bool readable = true;      // false: input only (AIP-203), as the role may write it, but not read it
  bool insertable = false;   // the role and the relation allow it, and it is not `generated`
  bool updatable = false;
  bool shards = false;  // it says on which server a row is, so that it is not updatable
  // The function that computes it, quoted and schema-qualified, which is called with the whole row. Empty: it is a
  // column. The numbers of computed columns are those of relations: see computed.h.
  std::string function;

  bool computed() const { return !function.empty(); }
  // It is answered where no read_mask says otherwise.
  bool in_row() const { return readable && !computed(); }
};

// A field of a row's message that stands for a foreign key, on either side of it: the rows of another table that belong
// to the row. It is no column, and is filled only where a read_mask names it.
struct Relation {
  std::string name;      // protobuf's: customer, order_items
  int number = 0;        // field number: a hash of what it stands for (relations.h), or what a pinned contract says
  int target = 0;        // the other table, an index into Contract::tables; it may be the same table
  bool many = false;     // repeated; false: there is at most one row
  bool reverse = false;  // the foreign key is one of the target's columns; false: of this table's
  // A row of this table and one of the target belong together if they are equal in all of these, pairwise. They are
  // readable and comparable. Where one is NULL, nothing belongs to the row.
  std::vector<int> fields;         // indexes into the fields of this table
  std::vector<int> target_fields;  // indexes into the fields of the target
  std::string constraint;          // the foreign key's name, unquoted
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
  kAggregate,
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

// What a file says of a message beside its fields.
struct MessageNotes {
  std::string package;
  std::string name;
  std::string comment;
  std::vector<std::string> fields;          // the comment of each field
  std::vector<int> dropped;                 // numbers that are reserved
  std::vector<std::string> relations = {};  // the comment of each relation
};

// A relation as it is served.
struct Table {
  catalog::RelationKind relation = catalog::RelationKind::kTable;
  std::string schema;               // SQL, unquoted
  std::string name;                 // SQL, unquoted
  std::string sql_name;             // quoted: "public"."customer"
  std::string package;              // shop.v1
  std::string message;              // Customer: singular, within the package
  std::string plural;               // Customers: the word in ListCustomers
  std::string row_field;            // customer: the row's field in requests
  std::string rows_field;           // customers: the rows' field in responses
  std::vector<Field> fields;        // columns that can be read or written, in column order; then computed ones
  std::vector<Relation> relations;  // by number; empty where none are served
  std::vector<int> key;             // indexes into fields, all of them readable, in the key's order; empty: none
  bool key_unique = true;           // no two rows have the same key
  std::vector<int> distinct;        // without a key: indexes of fields that together differ in all rows; empty: none
  bool positioned = false;          // the role may read tableoid and ctid, which tell the rows apart
  std::optional<int> soft_delete;   // index into fields: a timestamp or boolean column
  bool has_etag = false;            // the role may read xmin and ctid, which a view and a sharded table do not have
  catalog::Sharding sharding = catalog::Sharding::kNone;
  bool readable = true;  // the role may read columns of it; false: rows are inserted, and answered as empty ones
  bool insertable = false;
  bool updatable = false;
  bool deletable = false;
  bool upsertable = true;      // INSERT can have ON CONFLICT (key)
  bool insert_returns = true;  // INSERT can have RETURNING
  bool update_returns = true;
  std::vector<MethodKind> methods;  // in the order in which the service lists them
  // The file that declares the service and its messages: shop/v1/customer.proto. descriptors.h makes it when somebody
  // asks for it, so that what nobody asks for takes no memory. Empty: it is in Contract::files.
  std::string file;
  // The row's message is not in `file`, but with those of the package's other tables in RowsFileName(package).
  bool rows_apart = false;
  MessageNotes notes;  // of the row's message, whose names are above

  // Its rows are on several servers: a statement on one of its rows is to meet one of them.
  bool sharded() const { return sharding != catalog::Sharding::kNone; }
  std::string FullMessage() const { return package + "." + message; }
  const Field& field(int index) const { return fields[static_cast<std::size_t>(index)]; }
  const Field* FindField(const std::string& field_name) const;           // by protobuf name; null: none
  int FieldIndex(int number) const;                                      // by field number; -1: none
  const Relation* FindRelation(const std::string& relation_name) const;  // by protobuf name; null: none
};

// An RPC of a table's service.
struct Method {
  MethodKind kind = MethodKind::kGet;
  std::string path;      // /shop.v1.CustomerService/GetCustomer
  std::string request;   // full name: shop.v1.GetCustomerRequest
  std::string response;  // full name
};

// An argument of a function or procedure.
struct Argument {
  // Its number is the position among the arguments that a caller gives. Field::column is its SQL name; empty: it has
  // none.
  Field field;
  std::string default_sql;  // the expression of its DEFAULT; empty: there is none
  bool variadic = false;
  bool out = false;  // an OUT argument of a procedure: no caller gives it, but a CALL has something in its place
  std::string note;  // the comment
};

// What a function returns, once or as rows of a set.
enum class ResultKind {
  kNothing,    // void
  kValues,     // Function::values, in a message of the function's own
  kComposite,  // Contract::composites[Function::result]
  kRow,        // a row of Contract::tables[Function::result]
};

// A function or procedure as it is served: a method of the FunctionService of its package.
struct Function {
  std::string schema;    // SQL, unquoted
  std::string name;      // SQL, unquoted
  std::string sql_name;  // quoted
  bool procedure = false;
  bool writes = true;  // it is VOLATILE; false: it runs in a transaction that is read-only
  bool set = false;    // it returns any number of rows
  // Others have its name, so that only a call with all arguments is certain to mean this one.
  bool overloaded = false;
  std::vector<Argument> arguments;
  ResultKind kind = ResultKind::kNothing;
  int result = -1;
  std::vector<Field> values;             // kValues; Field::column is the name in `aliases`
  std::vector<std::string> value_notes;  // the comment of each
  std::vector<std::string> aliases;      // kValues: the names that a call gives to all of its columns
  std::string path;                      // /shop.v1.FunctionService/Transfer
  std::string request;                   // full name: shop.v1.TransferRequest
  std::string response;                  // full name: its own message's, the row's, or google.protobuf.Empty
  std::string row;                       // the full name of the message of a row of a set; or that of its one row
  std::string rows_field;                // a set: the field of the rows in `response`
  std::string comment;

  bool OwnResponse() const { return kind != ResultKind::kNothing && (set || kind == ResultKind::kValues); }
  bool OwnRow() const { return set && kind == ResultKind::kValues; }
};

// The functions and procedures of a schema.
struct FunctionService {
  std::string schema;   // SQL, unquoted
  std::string package;  // shop.v1
  std::string name;     // FunctionService
  // The file that declares it: shop/v1/functions.proto, which is made as those of tables are. Empty: it is in
  // Contract::files.
  std::string file;
  bool go_apart = false;  // its file has a Go package of its own
  std::vector<Function> functions;
};

struct Contract {
  std::vector<Enum> enums;
  std::vector<Composite> composites;
  std::vector<Table> tables;               // sorted by (schema, name)
  std::vector<FunctionService> functions;  // sorted by schema
  // The files of types, and of a pinned contract all files: dependencies first, without google/protobuf/*.
  google::protobuf::FileDescriptorSet files;
  // What was left out or changed and why: a line each, for the log.
  std::vector<std::string> warnings;
};

// The numbers of those of Protogres' own fields that more than one layer writes or reads. own_fields.cc has all that
// are in requests.
namespace number {
// The own fields of a message that has columns, too, have numbers from kOwnFirst to kOwnLast.
inline constexpr int kOwnFirst = 2000;
inline constexpr int kOwnLast = 2047;
// Relations and computed columns, in the row message.
inline constexpr int kRelationFirst = 100'000;
inline constexpr int kRelationLast = 536'870'911;  // the greatest number of a field
// In the row message, and in Delete and Undelete requests.
inline constexpr int kEtag = 2000;
// The rows, in the responses of List, Stream and Batch methods and in Import requests; the groups, in those of
// Aggregate.
inline constexpr int kRows = 1;
// In List, Stream and Aggregate responses.
inline constexpr int kNextPageToken = 2;
inline constexpr int kTotalSize = 3;
// In Import, UpdateWhere and DeleteWhere responses.
inline constexpr int kAffected = 1;
}  // namespace number

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_CONTRACT_H_
