#include "contract/aggregates.h"

#include <algorithm>

#include "fmt/format.h"

namespace protogres::contract {
namespace {

using google::protobuf::FieldDescriptorProto;

Type BuiltInType(Kind kind, const char* name) {
  Type type;
  type.kind = kind;
  type.sql_type = type.element_sql_type = fmt::format("\"pg_catalog\".\"{}\"", name);
  type.comparable = type.orderable = true;
  return type;
}

Type Numeric() {
  Type type = BuiltInType(Kind::kString, "numeric");
  type.text = Text::kNumeric;
  return type;
}

std::optional<Type> SumType(const Type& column) {
  switch (column.kind) {
    case Kind::kInt32:
      return BuiltInType(Kind::kInt64, "int8");
    case Kind::kInt64:
      return Numeric();
    case Kind::kFloat:
    case Kind::kDouble:
      return BuiltInType(Kind::kDouble, "float8");
    case Kind::kString:
      if (column.text == Text::kNumeric) return Numeric();
      if (column.sql_type == R"("pg_catalog"."interval")") return BuiltInType(Kind::kString, "interval");
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

FieldType FieldTypeOf(const Type& type) {
  if (type.kind == Kind::kInt64) return {FieldDescriptorProto::TYPE_INT64, ""};
  if (type.kind == Kind::kDouble) return {FieldDescriptorProto::TYPE_DOUBLE, ""};
  return {FieldDescriptorProto::TYPE_STRING, ""};
}

bool HasSums(const Table& table) {
  return std::ranges::any_of(table.fields, [](const Field& field) {
    return field.readable && AggregateType(AggregateKind::kSum, field.type).has_value();
  });
}

// OrderSum or OrderAverage: a field for each column that has one, with the number that the column has in the row.
void AddValues(const Table& table, AggregateKind kind, const std::string& name, const char* comment,
               FileBuilder* file) {
  file->BeginMessage(name, comment);
  for (const Field& field : table.fields) {
    const std::optional<Type> type = AggregateType(kind, field.type);
    if (!field.readable || !type.has_value()) continue;
    file->Field(field.name, field.number, FieldTypeOf(*type), Presence::kOptional, "");
  }
}

}  // namespace

std::string_view NameOf(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::kCount:
      return "count";
    case AggregateKind::kSum:
      return "sum";
    case AggregateKind::kAverage:
      return "average";
    case AggregateKind::kMin:
      return "min";
    case AggregateKind::kMax:
      break;
  }
  return "max";
}

std::optional<Type> AggregateType(AggregateKind kind, const Type& column) {
  if (kind == AggregateKind::kCount) return BuiltInType(Kind::kInt64, "int8");
  if (kind == AggregateKind::kMin || kind == AggregateKind::kMax) {
    return column.orderable && column.kind != Kind::kJson ? std::optional<Type>(column) : std::nullopt;
  }
  if (column.repeated) return std::nullopt;
  std::optional<Type> type = SumType(column);
  if (kind == AggregateKind::kAverage && type.has_value() && type->kind == Kind::kInt64) return Numeric();
  return type;
}

bool HasAggregateMessage(const Table& table, std::string_view tail) { return tail == "Aggregate" || HasSums(table); }

void AddAggregateMessages(const Table& table, FileBuilder* file) {
  const auto message = [&table](const std::string& tail) {
    return FieldType{FieldDescriptorProto::TYPE_MESSAGE, table.FullMessage() + tail};
  };
  const auto add = [file](AggregateKind kind, const FieldType& type, Presence presence, const char* comment) {
    file->Field(std::string(NameOf(kind)), static_cast<int>(kind), type, presence, comment);
  };
  const bool sums = HasSums(table);
  file->BeginMessage(table.message + "Aggregate", "What was asked for of the rows of one group.");
  file->Field("group", kGroupNumber, message(""), Presence::kPlain, "The values that the rows of the group have.");
  add(AggregateKind::kCount, {FieldDescriptorProto::TYPE_INT64, ""}, Presence::kOptional, "How many rows there are.");
  if (sums) {
    add(AggregateKind::kSum, message("Sum"), Presence::kPlain,
        "The sums of columns; that of a column without values is unset.");
    add(AggregateKind::kAverage, message("Average"), Presence::kPlain, "The averages of columns.");
  }
  add(AggregateKind::kMin, message(""), Presence::kPlain, "The least values of columns.");
  add(AggregateKind::kMax, message(""), Presence::kPlain, "The greatest values of columns.");
  if (!sums) return;
  AddValues(table, AggregateKind::kSum, table.message + "Sum",
            "Sums of columns. Strings are exact decimals, or intervals.", file);
  AddValues(table, AggregateKind::kAverage, table.message + "Average",
            "Averages of columns. Strings are decimals, or intervals.", file);
}

}  // namespace protogres::contract
