// The Catalog says what the database is: schemas, relations, columns, keys and types, as PostgreSQL's system catalogs
// have them. Plain values, no I/O. It knows nothing of protobuf, of gRPC, or of how it was read.
#ifndef PROTOGRES_SERVICE_CATALOG_CATALOG_H_
#define PROTOGRES_SERVICE_CATALOG_CATALOG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace protogres::catalog {

using Oid = std::uint32_t;

// What pg_type.typtype says. Arrays are a kind of their own: the types that are written by array_out.
enum class TypeKind { kBase, kArray, kEnum, kComposite, kDomain, kRange, kPseudo };

// An attribute of a composite type.
struct Attribute {
  int number = 0;  // attnum
  std::string name;
  Oid type = 0;
  std::string comment;

  bool operator==(const Attribute&) const = default;
};

struct Type {
  Oid oid = 0;
  std::string schema;
  std::string name;  // pg_type.typname, unquoted
  TypeKind kind = TypeKind::kBase;
  Oid element = 0;                    // kArray: the element's type
  Oid base = 0;                       // kDomain: the type it is over, one step down
  std::vector<std::string> labels;    // kEnum: in the order of their creation (by pg_enum.oid)
  std::vector<Attribute> attributes;  // kComposite: those that were not dropped, by number
  std::vector<int> dropped;           // kComposite: the attnums that were dropped
  char delimiter = ',';               // between the elements of an array of it (pg_type.typdelim)
  bool comparable = false;            // it has an equality operator (a btree or hash default operator class)
  bool orderable = false;             // it has a default btree operator class
  std::string operator_schema;        // where these operators are; empty: in pg_catalog, or there are none
  std::string comment;

  bool operator==(const Type&) const = default;
};

// pg_attribute.attidentity and attgenerated. kExpression: of other columns, stored or virtual.
enum class Generated { kNo, kIdentityByDefault, kIdentityAlways, kExpression };

struct Column {
  int number = 0;  // attnum: never reused by PostgreSQL (chapter 53.7, pg_attribute)
  std::string name;
  Oid type = 0;
  std::string sql_type;     // format_type(): for people, e.g. "numeric(10,2)"
  bool not_null = false;    // a NULL is refused
  bool never_null = false;  // no row has a NULL, from before the constraint or in a table that inherits from this one
  bool has_default = false;
  Generated generated = Generated::kNo;
  // What the role that connects, or one of the roles that it can become, may do with it (has_column_privilege()); for
  // views also what pg_column_is_updatable() says.
  bool readable = true;
  bool insertable = true;
  bool updatable = true;
  std::string comment;

  bool operator==(const Column&) const = default;
};

// A foreign key of a relation, whose other end is a relation of the Catalog, too.
struct ForeignKey {
  std::string name;                 // of the constraint
  std::vector<int> columns;         // attnums of the referencing columns
  Oid target = 0;                   // the relation that is referenced
  std::vector<int> target_columns;  // attnums there, one for each of `columns`
  bool unique = false;              // a row of `target` itself is referenced by at most one row of the relation itself
  std::string comment;

  bool operator==(const ForeignKey&) const = default;
};

enum class RelationKind { kTable, kPartitioned, kView, kMaterializedView, kForeign };

// How the rows of a table come to be on several servers.
enum class Sharding {
  kNone,
  kCitus,    // Citus distributes it
  kForeign,  // tables below it, its partitions as a rule, are foreign tables
};

// True: PostgreSQL itself stores and writes the rows.
inline bool IsStored(RelationKind kind) { return kind == RelationKind::kTable || kind == RelationKind::kPartitioned; }

struct Relation {
  Oid oid = 0;
  std::string schema;
  std::string name;
  RelationKind kind = RelationKind::kTable;
  std::vector<Column> columns;  // by number
  std::vector<int> dropped;     // attnums of dropped columns
  // The attnums of the key, in its order: of the primary key, or else of a UNIQUE constraint whose columns are never
  // NULL. A view that shows each row of a table at most once has the key of that table. Empty: there is none.
  std::vector<int> key;
  bool key_unique = true;  // no two rows have the same; false if other tables inherit from this one
  // INSERT can have ON CONFLICT (key). It cannot if the key is deferrable, or WITHOUT OVERLAPS.
  bool upsertable = true;
  // Without a key: the attnums of columns whose values together are different in each row, where NULL is like NULL
  // (GROUP BY). Empty: there are none.
  std::vector<int> distinct;
  // The role may also read tableoid, ctid and xmin: it has SELECT on the relation, not only on columns of it.
  bool selectable = true;
  // Where it is not kNone, a row's xmin and ctid are those of one server of several, or none at all.
  Sharding sharding = Sharding::kNone;
  // Attnums of the columns that say on which server a row is. Empty: none does, as of Citus' reference tables.
  std::vector<int> shard_by;
  // (tableoid, ctid) tells the rows apart, and the role may read it.
  bool positioned = false;
  // What the relation supports (pg_relation_is_updatable()) and the role may do.
  bool insertable = false;
  bool updatable = false;
  bool deletable = false;
  // INSERT and UPDATE can have RETURNING. They cannot if an INSTEAD rule without RETURNING replaces them.
  bool insert_returns = true;
  bool update_returns = true;
  std::vector<ForeignKey> foreign_keys;  // by name
  std::string comment;

  const Column* FindColumn(int number) const;
  const Column* FindColumn(const std::string& name) const;

  bool operator==(const Relation&) const = default;
};

enum class Volatility { kImmutable, kStable, kVolatile };

// pg_proc.proargmodes.
enum class ArgumentMode { kIn, kOut, kInOut, kVariadic, kTable };

struct Argument {
  ArgumentMode mode = ArgumentMode::kIn;
  std::string name;  // empty: it has none
  Oid type = 0;
  std::string sql_type;     // format_type(): for people
  std::string default_sql;  // the expression of its DEFAULT, in which names have their schema; empty: there is none

  bool operator==(const Argument&) const = default;
};

// A function or procedure that the role that connects, or one of the roles that it can become, may EXECUTE.
struct Function {
  Oid oid = 0;
  std::string schema;
  std::string name;
  bool procedure = false;
  Volatility volatility = Volatility::kVolatile;
  bool set = false;                 // it returns any number of rows
  Oid result = 0;                   // of a procedure, or a function with several OUT arguments: record
  std::string sql_result;           // format_type(): for people
  std::vector<Argument> arguments;  // in the order of their declaration
  bool overloaded = false;          // another function of the schema has this name
  std::string comment;

  bool operator==(const Function&) const = default;
};

struct Catalog {
  std::string database;
  int server_version = 0;            // e.g. 150018
  std::string server_encoding;       // e.g. "UTF8"
  std::vector<std::string> schemas;  // those served, sorted
  std::vector<Relation> relations;   // sorted by (schema, name)
  std::vector<Function> functions;   // sorted by (schema, name, types of the arguments)
  // Every type that a column or function reaches, through arrays, domains, composites.
  std::map<Oid, Type> types;

  // Null for an oid that none of them reaches.
  const Type* FindType(Oid oid) const;

  bool operator==(const Catalog&) const = default;
};

}  // namespace protogres::catalog

#endif  // PROTOGRES_SERVICE_CATALOG_CATALOG_H_
