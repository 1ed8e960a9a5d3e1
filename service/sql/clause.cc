#include "sql/clause.h"

#include "fmt/format.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;
using contract::Table;
using contract::Type;

// The type that PostgreSQL's own columns of this kind have, for a domain over it. Empty where the kind does not tell.
std::string_view BaseSqlType(const Type& type) {
  switch (type.kind) {
    case Kind::kInt32:
      return type.small ? R"("pg_catalog"."int2")" : R"("pg_catalog"."int4")";
    case Kind::kInt64:
      return R"("pg_catalog"."int8")";
    case Kind::kUint32:
      return R"("pg_catalog"."oid")";
    case Kind::kFloat:
      return R"("pg_catalog"."float4")";
    case Kind::kDouble:
      return R"("pg_catalog"."float8")";
    case Kind::kBool:
      return R"("pg_catalog"."bool")";
    case Kind::kBytes:
      return R"("pg_catalog"."bytea")";
    case Kind::kTimestamp:
      return type.zoned ? R"("pg_catalog"."timestamptz")" : R"("pg_catalog"."timestamp")";
    case Kind::kJson:
      return type.jsonb ? R"("pg_catalog"."jsonb")" : R"("pg_catalog"."json")";
    case Kind::kEnum:
    case Kind::kMessage:
      return type.element_sql_type;
    case Kind::kString:
      break;
  }
  if (type.text == contract::Text::kUuid) return R"("pg_catalog"."uuid")";
  if (type.text == contract::Text::kNumeric && type.write_cast.empty()) return R"("pg_catalog"."numeric")";
  return {};
}

// The written form's cast for one element: "::numeric[]" of money[] is "::numeric".
std::string_view ElementCast(const Type& type) {
  std::string_view cast = type.write_cast;
  if (type.repeated && cast.ends_with("[]")) cast.remove_suffix(2);
  return cast;
}

// The cast of an operand; with `suffix` "[]" that of an array of operands.
std::string CastWith(const Type& type, std::string_view suffix) {
  // name and "char" would cut the value to their length.
  if (type.element_sql_type == R"("pg_catalog"."name")" || type.element_sql_type == R"("pg_catalog"."char")") {
    return fmt::format("::text{}", suffix);
  }
  const std::string_view written = ElementCast(type);
  const std::string own =
      fmt::format("{}{}::{}{}", written, written.empty() ? "" : suffix, type.element_sql_type, suffix);
  if (BuiltIn(type)) return own;
  if (const std::string_view base = BaseSqlType(type); !base.empty()) return fmt::format("::{}{}", base, suffix);
  // citext, or a domain over a textual type: without a cast PostgreSQL takes the parameter to be of the column's base
  // type, so that citext stays citext and no check can fail.
  return type.textual ? "" : own;
}

const Field& SoftDelete(const Table& table) { return table.field(*table.soft_delete); }

std::string SelectListWith(const Table& table, const Projection& projection, const std::string& etag) {
  std::string list;
  for (const int field : projection.fields) {
    if (!list.empty()) list += ", ";
    list += ReadColumn(table.field(field));
  }
  if (projection.etag) {
    if (!list.empty()) list += ", ";
    list += table.has_etag ? etag : "NULL::text";
  }
  for (const int field : projection.links) {
    if (!list.empty()) list += ", ";
    list += ReadColumn(table.field(field));
  }
  return list.empty() ? "1" : list;
}

}  // namespace

// A function is given t.*, as t alone would be a column of that name where there is one.
std::string Column(const Field& field, std::string_view alias) {
  if (field.computed()) return fmt::format("{}({}.*)", field.function, alias);
  return fmt::format("{}.{}", alias, text::QuoteName(field.column));
}

std::string ReadColumn(const Field& field, std::string_view alias) {
  return Column(field, alias) + field.type.read_cast;
}

std::string Exactly(const Type& type, int n) { return fmt::format("${}{}::{}", n, type.write_cast, type.sql_type); }

std::string Operator(const Type& type, std::string_view op) {
  if (type.operator_schema.empty()) return std::string(op);
  if (op == "LIKE") op = "~~";
  if (op == "NOT LIKE") op = "!~~";
  if (op == "ILIKE") op = "~~*";
  return fmt::format("OPERATOR({}.{})", type.operator_schema, op);
}

bool BuiltIn(const Type& type) { return type.element_sql_type.starts_with("\"pg_catalog\"."); }

std::string OperandCast(const Type& type) { return CastWith(type, ""); }

std::string ArrayOperandCast(const Type& type) { return CastWith(type, "[]"); }

bool HasArrayCast(const Type& type) {
  // An array in text form: to PostgreSQL an array of arrays is one array.
  if (type.element_sql_type.ends_with("[]")) return false;
  return BuiltIn(type) || type.textual || !BaseSqlType(type).empty();
}

std::string Likeable(const std::string& sql, const Type& type) {
  // A domain may be over char(n); over other types the cast changes nothing, and an index still serves.
  const bool domain = !BuiltIn(type) && type.operator_schema.empty();
  return domain || type.element_sql_type == R"("pg_catalog"."bpchar")" ? sql + "::text" : sql;
}

// Said so, rather than by coalesce(), an index still serves.
std::string Has(const std::string& sql, std::string_view what) {
  return fmt::format("({0} IS NOT NULL AND {0} {1})", sql, what);
}

std::string Operand(const Type& type, int n) { return fmt::format("${}{}", n, OperandCast(type)); }

std::string Presence(const std::string& sql, const Type& type, bool present) {
  // A string that is no built-in type may be a composite in text form.
  const bool composite = type.kind == Kind::kMessage || (type.kind == Kind::kString && !type.textual && !BuiltIn(type));
  if (composite && !type.repeated) return fmt::format("{} IS {}DISTINCT FROM NULL", sql, present ? "" : "NOT ");
  return fmt::format("{} IS {}NULL", sql, present ? "NOT " : "");
}

std::string KeyIs(const Table& table, int first) {
  std::string condition;
  for (const int index : table.key) {
    const Field& field = table.field(index);
    if (!condition.empty()) condition += " AND ";
    condition += fmt::format("{} {} {}", Column(field), field.type.repeated ? "=" : Operator(field.type, "="),
                             field.type.repeated ? Exactly(field.type, first) : Operand(field.type, first));
    ++first;
  }
  return condition;
}

std::string Live(const Table& table, std::string_view alias) {
  if (!table.soft_delete.has_value()) return "";
  const Field& field = SoftDelete(table);
  return Column(field, alias) + (field.type.kind == Kind::kBool ? " IS NOT TRUE" : " IS NULL");
}

std::string Deleted(const Table& table) {
  if (!table.soft_delete.has_value()) return "";
  const Field& field = SoftDelete(table);
  return Column(field) + (field.type.kind == Kind::kBool ? " IS TRUE" : " IS NOT NULL");
}

std::string Parenthesized(const std::string& condition) { return condition.empty() ? "" : "(" + condition + ")"; }

std::string And(const std::vector<std::string>& conditions) {
  std::string text;
  for (const std::string& condition : conditions) {
    if (condition.empty()) continue;
    if (!text.empty()) text += " AND ";
    text += condition;
  }
  return text;
}

std::string Where(const std::vector<std::string>& conditions) {
  const std::string text = And(conditions);
  return text.empty() ? "" : " WHERE " + text;
}

std::string Etag() { return "(t.xmin::text || '-' || t.ctid::text)"; }

std::string WrittenEtag(const Table& table) {
  if (table.relation != catalog::RelationKind::kPartitioned) return Etag();
  // RETURNING cannot read xmin of a row that was routed to a partition ("cannot retrieve a system column in this
  // context"); a row just written has the transaction's own id as its xmin.
  return "(pg_current_xact_id()::xid::text || '-' || t.ctid::text)";
}

std::string SelectList(const Table& table, const Projection& projection) {
  return SelectListWith(table, projection, Etag());
}

std::string MoreColumns(const Table& table, const Projection& projection) {
  const bool empty = projection.fields.empty() && !projection.etag && projection.links.empty();
  return empty ? "" : ", " + SelectList(table, projection);
}

std::string Returning(const Table& table, const Projection& projection) {
  return " RETURNING " + ReturnedColumns(table, projection);
}

std::string ReturnedColumns(const Table& table, const Projection& projection) {
  return SelectListWith(table, projection, WrittenEtag(table));
}

std::string ArrayText(const std::vector<std::string_view>& elements) {
  std::string text = "{";
  for (const std::string_view element : elements) {
    if (text.size() > 1) text += ',';
    text::AppendQuotedElement(element, &text);
  }
  text += '}';
  return text;
}

}  // namespace protogres::sql
