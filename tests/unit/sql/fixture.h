// A Contract made by hand, of tables that have what sql/ must tell apart.
#ifndef PROTOGRES_TESTS_UNIT_SQL_FIXTURE_H_
#define PROTOGRES_TESTS_UNIT_SQL_FIXTURE_H_

#include <string>
#include <utility>

#include "contract/contract.h"

namespace protogres::sql {

inline contract::Type MakeType(contract::Kind kind, const std::string& sql_type) {
  contract::Type type;
  type.kind = kind;
  type.sql_type = type.element_sql_type = sql_type;
  type.comparable = type.orderable = true;
  return type;
}

inline contract::Type PgType(contract::Kind kind, const std::string& name) {
  return MakeType(kind, "\"pg_catalog\".\"" + name + "\"");
}

inline contract::Type TextType(const std::string& name = "text") {
  contract::Type type = PgType(contract::Kind::kString, name);
  type.textual = true;
  return type;
}

inline contract::Type ArrayOf(contract::Type type) {
  type.repeated = true;
  type.sql_type += "[]";
  if (!type.read_cast.empty()) type.read_cast += "[]";
  if (!type.write_cast.empty()) type.write_cast += "[]";
  return type;
}

inline contract::Field MakeField(const std::string& name, contract::Type type, bool not_null = false) {
  contract::Field field;
  field.name = name;
  field.column = name;
  field.type = std::move(type);
  field.not_null = field.never_null = not_null;
  field.insertable = field.updatable = true;
  return field;
}

inline void Add(contract::Field field, contract::Table* table) {
  field.number = static_cast<int>(table->fields.size()) + 1;
  table->fields.push_back(std::move(field));
}

inline contract::Table MakeTable(const std::string& name) {
  contract::Table table;
  table.schema = "public";
  table.name = name;
  table.sql_name = "\"public\".\"" + name + "\"";
  table.package = "shop.v1";
  table.has_etag = table.insertable = table.updatable = table.deletable = true;
  return table;
}

// create type mood as enum ('sad', 'so so', 'happy'); create domain mood_d as mood;
// create type address as (city text, zip int, "Tags" text[], extra jsonb);
// create domain email as citext check (value like '%@%');
// create table customer(id bigint primary key, name text, nick citext, email email, age int, rank smallint,
//   born date, seen timestamptz, made timestamp, balance numeric, price money, score float8, ratio real, vip bool,
//   ref uuid, blob bytea, mood mood, mood_d mood_d, tags text[], moods mood[], prices money[], attrs jsonb, doc json,
//   address address, place point, code char(5), ident name, owner oid, "odd "" name" text, deleted_at timestamptz,
//   files json[]);
inline contract::Contract MakeContract() {
  using contract::Kind;
  contract::Contract contract;
  contract.enums.push_back({"shop.v1.Mood",
                            "\"public\".\"mood\"",
                            {{"sad", "MOOD_SAD", 1}, {"so so", "MOOD_SO_SO", 2}, {"happy", "MOOD_HAPPY", 3}}});
  contract::Type mood = MakeType(Kind::kEnum, "\"public\".\"mood\"");
  mood.index = 0;
  contract::Type mood_domain = mood;
  mood_domain.sql_type = mood_domain.element_sql_type = "\"public\".\"mood_d\"";
  mood_domain.comparable = mood_domain.orderable = false;
  contract::Type jsonb = PgType(Kind::kJson, "jsonb");
  jsonb.jsonb = true;
  contract::Type json = PgType(Kind::kJson, "json");
  json.comparable = json.orderable = false;
  contract::Type point = PgType(Kind::kString, "point");
  point.comparable = point.orderable = false;
  contract::Type numeric = PgType(Kind::kString, "numeric");
  numeric.text = contract::Text::kNumeric;
  contract::Type money = PgType(Kind::kString, "money");
  money.text = contract::Text::kNumeric;
  money.read_cast = money.write_cast = "::numeric";
  contract::Type uuid = PgType(Kind::kString, "uuid");
  uuid.text = contract::Text::kUuid;
  contract::Type smallint = PgType(Kind::kInt32, "int2");
  smallint.small = true;
  contract::Type timestamptz = PgType(Kind::kTimestamp, "timestamptz");
  timestamptz.zoned = true;
  contract::Type citext = MakeType(Kind::kString, "\"public\".\"citext\"");
  citext.textual = true;
  citext.operator_schema = "\"public\"";
  contract::Type email = citext;
  email.sql_type = email.element_sql_type = "\"public\".\"email\"";
  contract::Type address = MakeType(Kind::kMessage, "\"public\".\"address\"");
  address.index = 0;

  contract::Composite composite{"shop.v1.Address", "\"public\".\"address\"", {}};
  composite.fields = {MakeField("city", TextType()), MakeField("zip", PgType(Kind::kInt32, "int4")),
                      MakeField("tags", ArrayOf(TextType())), MakeField("extra", jsonb)};
  composite.fields[2].column = "Tags";
  contract.composites.push_back(composite);

  contract::Table customer = MakeTable("customer");
  Add(MakeField("id", PgType(Kind::kInt64, "int8"), true), &customer);
  Add(MakeField("name", TextType()), &customer);
  Add(MakeField("nick", citext), &customer);
  Add(MakeField("email", email), &customer);
  Add(MakeField("age", PgType(Kind::kInt32, "int4")), &customer);
  Add(MakeField("rank", smallint), &customer);
  Add(MakeField("born", PgType(Kind::kString, "date")), &customer);
  Add(MakeField("seen", timestamptz), &customer);
  Add(MakeField("made", PgType(Kind::kTimestamp, "timestamp")), &customer);
  Add(MakeField("balance", numeric), &customer);
  Add(MakeField("price", money), &customer);
  Add(MakeField("score", PgType(Kind::kDouble, "float8")), &customer);
  Add(MakeField("ratio", PgType(Kind::kFloat, "float4")), &customer);
  Add(MakeField("vip", PgType(Kind::kBool, "bool")), &customer);
  Add(MakeField("ref", uuid), &customer);
  Add(MakeField("blob", PgType(Kind::kBytes, "bytea")), &customer);
  Add(MakeField("mood", mood), &customer);
  Add(MakeField("mood_d", mood_domain), &customer);
  Add(MakeField("tags", ArrayOf(TextType())), &customer);
  Add(MakeField("moods", ArrayOf(mood)), &customer);
  Add(MakeField("prices", ArrayOf(money)), &customer);
  Add(MakeField("attrs", jsonb), &customer);
  Add(MakeField("doc", json), &customer);
  Add(MakeField("address", address), &customer);
  Add(MakeField("place", point), &customer);
  Add(MakeField("code", TextType("bpchar")), &customer);
  Add(MakeField("ident", TextType("name")), &customer);
  Add(MakeField("owner", PgType(Kind::kUint32, "oid")), &customer);
  Add(MakeField("odd_name", TextType()), &customer);
  customer.fields.back().column = "odd \" name";
  Add(MakeField("deleted_at", timestamptz), &customer);
  Add(MakeField("files", ArrayOf(json)), &customer);
  customer.key = {0};
  customer.soft_delete = customer.FieldIndex(30);
  contract.tables.push_back(customer);

  // create table item(order_id bigint, line int, note text, gone bool, primary key (order_id, line));
  contract::Table item = MakeTable("item");
  Add(MakeField("order_id", PgType(Kind::kInt64, "int8"), true), &item);
  Add(MakeField("line", PgType(Kind::kInt32, "int4"), true), &item);
  Add(MakeField("note", TextType()), &item);
  Add(MakeField("gone", PgType(Kind::kBool, "bool")), &item);
  item.key = {0, 1};
  item.soft_delete = 3;
  contract.tables.push_back(item);

  // create table log(at timestamptz, line text, place point);
  contract::Table log = MakeTable("log");
  Add(MakeField("at", timestamptz), &log);
  Add(MakeField("line", TextType()), &log);
  Add(MakeField("place", point), &log);
  contract.tables.push_back(log);

  // create table book(isbn ext.isbn primary key, path ext.ltree, paths ext.ltree[], attrs ext.hstore);
  const auto extension = [](const std::string& name) {
    contract::Type type = MakeType(Kind::kString, "\"ext\".\"" + name + "\"");
    type.operator_schema = "\"ext\"";
    return type;
  };
  contract::Type hstore = extension("hstore");
  hstore.orderable = false;
  contract::Table book = MakeTable("book");
  Add(MakeField("isbn", extension("isbn"), true), &book);
  Add(MakeField("path", extension("ltree")), &book);
  Add(MakeField("paths", ArrayOf(extension("ltree"))), &book);
  Add(MakeField("attrs", hstore), &book);
  book.key = {0};
  contract.tables.push_back(book);

  // create table doc(body text, words tsvector, during tstzrange, spans int4multirange, counts int[], attrs jsonb,
  //   shape box);
  const auto special = [](const std::string& name, contract::Text text) {
    contract::Type type = PgType(Kind::kString, name);
    type.text = text;
    return type;
  };
  contract::Table doc = MakeTable("doc");
  Add(MakeField("body", TextType()), &doc);
  Add(MakeField("words", special("tsvector", contract::Text::kVector)), &doc);
  Add(MakeField("during", special("tstzrange", contract::Text::kRange)), &doc);
  Add(MakeField("spans", special("int4multirange", contract::Text::kMultirange)), &doc);
  Add(MakeField("counts", ArrayOf(PgType(Kind::kInt32, "int4"))), &doc);
  Add(MakeField("attrs", jsonb), &doc);
  Add(MakeField("shape", special("box", contract::Text::kAny)), &doc);
  contract.tables.push_back(doc);
  return contract;
}

inline void Relate(const std::string& name, std::size_t from, int field, std::size_t to, int target_field, bool reverse,
                   bool many, contract::Contract* contract) {
  contract::Relation relation;
  relation.name = name;
  relation.number = contract::number::kRelationFirst + static_cast<int>(contract->tables[from].relations.size());
  relation.target = static_cast<int>(to);
  relation.reverse = reverse;
  relation.many = many;
  relation.fields = {field};
  relation.target_fields = {target_field};
  relation.constraint = name + "_fkey";
  contract->tables[from].relations.push_back(relation);
}

// The same with relations: customer.parent (by owner), customer.items, item.customer, and item.book by its note.
inline contract::Contract MakeRelatedContract() {
  contract::Contract contract = MakeContract();
  contract.tables[0].message = "Customer";
  contract.tables[1].message = "Item";
  const int owner = contract.tables[0].FieldIndex(28);
  Relate("parent", 0, owner, 0, 0, /*reverse=*/false, /*many=*/false, &contract);
  Relate("items", 0, 0, 1, 0, /*reverse=*/true, /*many=*/true, &contract);
  Relate("customer", 1, 0, 0, 0, /*reverse=*/false, /*many=*/false, &contract);
  Relate("book", 1, 2, 3, 0, /*reverse=*/false, /*many=*/false, &contract);
  return contract;
}

}  // namespace protogres::sql

#endif  // PROTOGRES_TESTS_UNIT_SQL_FIXTURE_H_
