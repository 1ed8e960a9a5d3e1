#include "contract/functions.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "contract/function_fields.h"
#include "contract/function_names.h"
#include "contract/naming.h"
#include "fmt/format.h"
#include "text/excerpt.h"
#include "text/quote.h"

namespace protogres::contract {
namespace {

using catalog::ArgumentMode;
using catalog::TypeKind;

bool IsOut(const catalog::Argument& argument) {
  return argument.mode == ArgumentMode::kOut || argument.mode == ArgumentMode::kInOut ||
         argument.mode == ArgumentMode::kTable;
}

// Tables whose rows have a message that functions can answer with, and their indexes.
using TableNames = std::map<std::pair<std::string, std::string>, std::size_t>;

TableNames ReadableTables(const std::vector<Draft>& tables) {
  TableNames names;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const Draft& table = tables[i];
    if (std::ranges::any_of(table.columns, [](const DraftColumn& column) { return column.column->readable; })) {
      names[{table.relation->schema, table.relation->name}] = i;
    }
  }
  return names;
}

class Selection {
 public:
  Selection(const catalog::Catalog& catalog, const std::vector<Draft>& drafts, TypeMap* types,
            std::vector<std::string>* warnings)
      : catalog_(catalog), drafts_(drafts), tables_(ReadableTables(drafts)), types_(types), warnings_(warnings) {}

  // What is left out is so because its owner wants it, or `warnings` say why.
  void Select(const catalog::Function& function, FunctionDrafts* drafts) {
    Annotations notes = ReadComment(function.comment, Commented::kFunction);
    for (const std::string& problem : notes.problems) Warn(function, problem);
    if (notes.omit) return;
    if (IsComputed(function)) {
      ComputedDraft draft{.function = &function, .notes = std::move(notes)};
      if (SelectComputed(&draft)) drafts->computed.push_back(std::move(draft));
      return;
    }
    if (notes.number.has_value()) Warn(function, "@protogres number: it is no computed column, and has no number");
    FunctionDraft draft;
    draft.function = &function;
    draft.notes = std::move(notes);
    if (SelectMethod(function, &draft)) drafts->methods.push_back(std::move(draft));
  }

 private:
  // False: it is left out, and the caller was told why. So it is with the others.
  bool SelectMethod(const catalog::Function& function, FunctionDraft* draft) {
    for (const catalog::Argument& argument : function.arguments) {
      if (IsOut(argument)) draft->outs.push_back(&argument);
      // A VARIADIC "any" takes no array.
      if (!types_->CanServe(argument.type)) return LeaveOutType(function, argument.sql_type);
      if (function.procedure && IsOut(argument) && !types_->Map(argument.type)->read_cast.empty()) {
        return LeaveOut(function,
                        "a CALL gives " + text::Escaped(argument.sql_type) + " only as lc_monetary writes it");
      }
    }
    if (!SelectResult(draft)) return false;
    for (const catalog::Argument& argument : function.arguments) {
      const bool row = draft->kind == ResultKind::kRow && !IsGiven(argument);
      if (!row) types_->Use(argument.type);
    }
    return true;
  }

  bool SelectComputed(ComputedDraft* draft) {
    const catalog::Function& function = *draft->function;
    const catalog::Type& row = *TypeOf(function.arguments.front().type);
    draft->table = tables_.at({row.schema, row.name});
    if (IsRowType(function.result)) {
      return LeaveOut(function, "it computes rows of a table, and only values are served as computed columns");
    }
    if (!types_->CanServe(function.result)) return LeaveOutType(function, function.sql_result);
    // PostgreSQL gives a whole row to none who may not read all of it.
    const catalog::Relation& relation = *drafts_[draft->table].relation;
    if (!relation.selectable && !std::ranges::all_of(relation.columns, &catalog::Column::readable)) {
      return LeaveOut(function, "it is called with a whole row, and the role may not read all columns of it");
    }
    types_->Use(function.result);
    return true;
  }

  const catalog::Type* TypeOf(catalog::Oid oid) const { return catalog_.FindType(oid); }

  bool IsRowType(catalog::Oid oid) const {
    const catalog::Type* type = TypeOf(oid);
    return type != nullptr && type->kind == TypeKind::kComposite && tables_.contains({type->schema, type->name});
  }

  // Of one row of a table one value: PostgreSQL reads it as if it were a column.
  bool IsComputed(const catalog::Function& function) const {
    return !function.procedure && !function.set && function.volatility != catalog::Volatility::kVolatile &&
           function.arguments.size() == 1 && IsGiven(function.arguments.front()) &&
           IsRowType(function.arguments.front().type);
  }

  bool SelectResult(FunctionDraft* draft) {
    const catalog::Function& function = *draft->function;
    if (function.procedure || draft->outs.size() > 1) {
      draft->kind = draft->outs.empty() ? ResultKind::kNothing : ResultKind::kValues;
      return true;
    }
    const catalog::Type* type = TypeOf(function.result);
    if (type == nullptr) return LeaveOutType(function, function.sql_result);
    if (type->kind == TypeKind::kPseudo) {
      draft->kind = ResultKind::kNothing;
      if (type->name == "record") {
        return LeaveOut(function,
                        "its columns are not declared (RETURNS record): give it OUT arguments or "
                        "RETURNS TABLE");
      }
      return type->name == "void" || LeaveOutType(function, function.sql_result);
    }
    if (!types_->CanServe(function.result)) return LeaveOutType(function, function.sql_result);
    if (IsRowType(function.result)) {
      draft->kind = ResultKind::kRow;
      draft->row = text::QuoteName(type->schema, type->name);
      return true;
    }
    types_->Use(function.result);
    draft->kind = IsComposite(*type) ? ResultKind::kComposite : ResultKind::kValues;
    return true;
  }

  // Its value in FROM is not one column, but those that it is of. So it is with a domain over one.
  bool IsComposite(const catalog::Type& type) const {
    const catalog::Type* base = &type;
    while (base != nullptr && base->kind == TypeKind::kDomain) base = TypeOf(base->base);
    return base != nullptr && base->kind == TypeKind::kComposite;
  }

  void Warn(const catalog::Function& function, const std::string& what) {
    warnings_->push_back(fmt::format("{}: {}", Label(function), what));
  }
  bool LeaveOut(const catalog::Function& function, const std::string& why) {
    Warn(function, "left out, as " + why);
    return false;
  }
  bool LeaveOutType(const catalog::Function& function, const std::string& type) {
    return LeaveOut(function, fmt::format("its type {} has no values to serve", text::Escaped(type)));
  }

  const catalog::Catalog& catalog_;
  const std::vector<Draft>& drafts_;
  const TableNames tables_;
  TypeMap* types_;
  std::vector<std::string>* warnings_;
};

// Makes the contract::Function of a draft whose names are chosen.
class Definition {
 public:
  Definition(const FunctionDraft& draft, const TypeMap& types, const Contract& contract)
      : draft_(draft), source_(*draft.function), types_(types), contract_(contract) {}

  Function Make() {
    function_.schema = source_.schema;
    function_.name = source_.name;
    function_.sql_name = text::QuoteName(source_.schema, source_.name);
    function_.procedure = source_.procedure;
    function_.writes = source_.volatility == catalog::Volatility::kVolatile;
    function_.set = source_.set && draft_.kind != ResultKind::kNothing;
    function_.overloaded = source_.overloaded;
    function_.kind = draft_.kind;
    AddArguments();
    AddResult();
    function_.comment = draft_.notes.text.empty() ? "" : draft_.notes.text + "\n\n";
    function_.comment += fmt::format("{}.", Label(source_));
    return std::move(function_);
  }

 private:
  void AddArguments() {
    FieldScope scope;
    static const FieldScope own = BesideArguments();
    int number = 0;
    for (const catalog::Argument& source : source_.arguments) {
      const bool out = !IsGiven(source);
      if (out && !source_.procedure) continue;
      Argument& argument = function_.arguments.emplace_back();
      argument.out = out;
      argument.variadic = source.mode == ArgumentMode::kVariadic;
      argument.default_sql = source.default_sql;
      argument.field.column = source.name;
      argument.field.type = *types_.Map(source.type);
      if (out) continue;
      Field& field = argument.field;
      field.number = ++number;
      field.has_default = !source.default_sql.empty();
      const std::string wanted = source.name.empty() ? fmt::format("arg{}", number) : FieldName(source.name);
      field.name = FreeName(wanted, number, field.type, {&scope, &own});
      scope.Take(field.name, field.type);
      argument.note = ArgumentNote(source, field);
    }
  }

  static std::string ArgumentNote(const catalog::Argument& source, const Field& field) {
    std::string note = source.mode == ArgumentMode::kVariadic ? "VARIADIC " : "";
    note += text::Escaped(source.sql_type);
    if (field.has_default) note += " DEFAULT " + text::Escaped(source.default_sql);
    note += ".";
    if (!source.name.empty() && field.name != source.name) {
      note += fmt::format(" SQL: {}.", text::Escaped(text::QuoteName(source.name)));
    }
    return note;
  }

  void AddResult() {
    if (draft_.kind == ResultKind::kRow) {
      const auto table = std::ranges::find(contract_.tables, draft_.row, &Table::sql_name);
      function_.result = static_cast<int>(table - contract_.tables.begin());
    } else if (draft_.kind == ResultKind::kComposite) {
      function_.result = types_.Map(source_.result)->index;
    } else if (draft_.kind == ResultKind::kValues) {
      AddValues();
    }
  }

  void AddValues() {
    FieldScope scope;
    if (draft_.outs.empty()) AddValue("value", source_.result, source_.sql_result, &scope);
    for (const catalog::Argument* out : draft_.outs) AddValue(out->name, out->type, out->sql_type, &scope);
  }

  void AddValue(const std::string& name, catalog::Oid type, const std::string& sql_type, FieldScope* scope) {
    Field field;
    field.number = static_cast<int>(function_.values.size()) + 1;
    field.type = *types_.Map(type);
    field.column = name.empty() ? fmt::format("column{}", field.number) : name;
    field.name = FreeName(FieldName(field.column), field.number, field.type, {scope});
    scope->Take(field.name, field.type);
    std::string note = text::Escaped(sql_type) + ".";
    if (field.name != field.column) note += fmt::format(" SQL: {}.", text::Escaped(text::QuoteName(field.column)));
    function_.aliases.push_back(field.column);
    function_.values.push_back(std::move(field));
    function_.value_notes.push_back(std::move(note));
  }

  const FunctionDraft& draft_;
  const catalog::Function& source_;
  const TypeMap& types_;
  const Contract& contract_;
  Function function_;
};

}  // namespace

FunctionDrafts SelectFunctions(const catalog::Catalog& catalog, const std::vector<Draft>& tables, TypeMap* types,
                               std::vector<std::string>* warnings) {
  Selection selection(catalog, tables, types, warnings);
  FunctionDrafts drafts;
  for (const catalog::Function& function : catalog.functions) selection.Select(function, &drafts);
  return drafts;
}

void DefineFunctions(const std::vector<FunctionDraft>& drafts, const TypeMap& types,
                     const std::map<std::string, std::string>& packages, std::map<std::string, PackageScope>* scopes,
                     Contract* contract) {
  std::vector<std::string> methods = NameFunctions(drafts, packages, scopes, contract);
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    FunctionService& service =
        *std::ranges::find(contract->functions, drafts[i].function->schema, &FunctionService::schema);
    Function function = Definition(drafts[i], types, *contract).Make();
    const std::string prefix = service.package + ".";
    function.path = fmt::format("/{}{}/{}", prefix, service.name, methods[i]);
    function.request = prefix + methods[i] + "Request";
    function.response = prefix + methods[i] + "Response";
    function.row = function.response;
    function.rows_field = "rows";
    if (function.kind == ResultKind::kNothing) function.response = "google.protobuf.Empty";
    if (function.kind == ResultKind::kRow) {
      const Table& table = contract->tables[static_cast<std::size_t>(function.result)];
      function.row = table.FullMessage();
      function.rows_field = table.rows_field;
    }
    if (function.kind == ResultKind::kComposite) {
      function.row = contract->composites[static_cast<std::size_t>(function.result)].full_name;
    }
    if (function.OwnRow()) function.row = prefix + methods[i] + "Row";
    if (!function.set && !function.OwnResponse() && function.kind != ResultKind::kNothing) {
      function.response = function.row;
    }
    service.functions.push_back(std::move(function));
  }
}

}  // namespace protogres::contract
