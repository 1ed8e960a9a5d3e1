#include "sql/fits.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "fmt/format.h"
#include "sql/clause.h"
#include "text/quote.h"

namespace protogres::sql {
namespace {

using contract::Field;
using contract::Kind;
using contract::Type;

// An enum with more labels than this is not checked: its statements would become long.
constexpr std::size_t kMaxLabels = 64;

// Types of elements that have the = that array_position needs, and of which each value fits its field.
constexpr std::array<std::string_view, 14> kElements = {"bool",   "int2",    "int4",  "int8",    "float4",
                                                        "float8", "oid",     "text",  "varchar", "name",
                                                        "uuid",   "numeric", "bytea", "bpchar"};

// The type itself, and not a domain over it, whose functions may be resolved in another way.
bool IsPlain(const Type& type) {
  return BuiltIn(type) && type.sql_type == type.element_sql_type + (type.repeated ? "[]" : "");
}

// The years 1 to 9999, which the server's sessions read in UTC.
std::string TimestampFits(const Field& field) {
  const std::string_view type = field.type.zoned ? "timestamptz" : "timestamp";
  return fmt::format(
      "{0} >= '0001-01-01 00:00:00+00'::pg_catalog.{1} AND {0} < '10000-01-01 00:00:00+00'::pg_catalog.{1}",
      Column(field), type);
}

// One dimension, from 1 on, without a NULL.
std::string ArrayFits(const Field& field) {
  return fmt::format(
      "CASE WHEN pg_catalog.array_ndims({0}) > 1 OR pg_catalog.array_lower({0}, 1) <> 1 THEN FALSE "
      "ELSE pg_catalog.array_position({0}, NULL) IS NULL END",
      Column(field));
}

std::optional<std::string> EnumFits(const contract::Contract& contract, const Field& field) {
  const auto& values = contract.enums[static_cast<std::size_t>(field.type.index)].values;
  if (values.size() > kMaxLabels) return std::nullopt;
  std::vector<std::string_view> labels;
  for (const contract::EnumValue& value : values) labels.push_back(value.label);
  // Quotes and backslashes in a label are escaped twice: in the array, and in the literal.
  return fmt::format("{}::pg_catalog.text = ANY (E{}::pg_catalog.text[])", Column(field),
                     text::QuoteLiteral(ArrayText(labels)));
}

// The condition, which is not false of NULL. Empty: each value fits. No value: SQL cannot tell.
std::optional<std::string> FieldFits(const contract::Contract& contract, const Field& field) {
  const Type& type = field.type;
  if (type.repeated) {
    const auto is_element = [&](std::string_view name) {
      return type.element_sql_type == fmt::format(R"("pg_catalog"."{}")", name);
    };
    if (!IsPlain(type) || std::ranges::none_of(kElements, is_element)) return std::nullopt;
    return ArrayFits(field);
  }
  switch (type.kind) {
    case Kind::kTimestamp:
      if (!IsPlain(type)) return std::nullopt;
      return TimestampFits(field);
    case Kind::kEnum:
      return EnumFits(contract, field);
    case Kind::kJson:
    case Kind::kMessage:
      return std::nullopt;
    default:
      return "";
  }
}

}  // namespace

std::string CheckOfFit(const contract::Contract& contract, const contract::Table& table) {
  // Citus takes a RETURNING of immutable functions alone, and the text form of an enum is not.
  if (table.sharding == catalog::Sharding::kCitus) return "";
  std::vector<std::string> conditions;
  for (const Field& field : table.fields) {
    if (!field.in_row()) continue;
    auto fits = FieldFits(contract, field);
    if (!fits.has_value()) return "";
    conditions.push_back(*std::move(fits));
  }
  const std::string fit = And(conditions);
  // PostgreSQL would compute a division of constants when it plans the statement.
  return fit.empty() ? "" : fmt::format(", 1 / CASE WHEN ({}) IS FALSE THEN 0 ELSE 1 END", fit);
}

}  // namespace protogres::sql
