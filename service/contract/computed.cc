#include "contract/computed.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "contract/function_names.h"
#include "contract/naming.h"
#include "contract/scope.h"
#include "fmt/format.h"
#include "text/excerpt.h"
#include "text/hash.h"
#include "text/quote.h"

namespace protogres::contract {
namespace {

// A field with its comment.
struct Noted {
  Field field;
  std::string note;
};

Field MakeField(const ComputedDraft& draft, const Table& table, const TypeMap& types) {
  const catalog::Function& function = *draft.function;
  Field field;
  field.name = draft.notes.name.value_or(FieldName(function.name));
  field.number = draft.notes.number.value_or(ComputedNumber(function, table));
  field.column = function.name;
  field.function = text::QuoteName(function.schema, function.name);
  field.type = *types.Map(function.result);
  field.has_default = field.generated = true;
  return field;
}

std::string NoteOf(const ComputedDraft& draft) {
  const catalog::Function& function = *draft.function;
  std::string note = draft.notes.text.empty() ? "" : draft.notes.text + "\n\n";
  note += fmt::format("{}, computed by {}; where read_mask names it.", text::Escaped(function.sql_result),
                      text::Escaped(function.schema + "." + function.name));
  return note;
}

// The computed columns of one table.
class Computing {
 public:
  Computing(const TypeMap& types, Table* table, std::vector<std::string>* warnings)
      : types_(types), table_(*table), warnings_(*warnings), scope_(BesideColumns()) {
    for (const Field& field : table_.fields) scope_.Take(field.name, field.type);
    for (const Relation& relation : table_.relations) {
      Type type;
      type.kind = Kind::kMessage;
      type.repeated = relation.many;
      scope_.Take(relation.name, type);
    }
  }

  void Add(const ComputedDraft& draft) {
    Field field = MakeField(draft, table_, types_);
    if (scope_.Clashes(field.name, field.type)) {
      return LeaveOut(draft, fmt::format("{} has a field {}, or one whose name clashes with it in generated code: give "
                                         "it another name by `@protogres name=` in the function's COMMENT",
                                         table_.message, field.name));
    }
    if (const std::string* other = FieldWith(field.number)) {
      return LeaveOut(draft, fmt::format("{} has its number {}: give it another by `@protogres number=` in the "
                                         "function's COMMENT",
                                         *other, field.number));
    }
    scope_.Take(field.name, field.type);
    added_.push_back({std::move(field), NoteOf(draft)});
  }

  void Finish() {
    std::ranges::sort(added_, {}, [](const Noted& noted) { return noted.field.number; });
    table_.fields.reserve(table_.fields.size() + added_.size());
    for (Noted& noted : added_) {
      table_.fields.push_back(std::move(noted.field));
      table_.notes.fields.push_back(std::move(noted.note));
    }
  }

 private:
  void LeaveOut(const ComputedDraft& draft, const std::string& why) {
    warnings_.push_back(fmt::format("{}: no computed column is served, as {}", Label(*draft.function), why));
  }

  // The name of the relation or computed column that has the number. Null: none has. Columns have lower ones.
  const std::string* FieldWith(int number) const {
    const auto relation = std::ranges::find(table_.relations, number, &Relation::number);
    if (relation != table_.relations.end()) return &relation->name;
    const auto noted = std::ranges::find(added_, number, [](const Noted& one) { return one.field.number; });
    return noted == added_.end() ? nullptr : &noted->field.name;
  }

  const TypeMap& types_;
  Table& table_;
  std::vector<std::string>& warnings_;
  FieldScope scope_;
  std::vector<Noted> added_;
};

}  // namespace

void AddComputed(std::vector<ComputedDraft> drafts, const TypeMap& types, Contract* contract) {
  // By table, and there the names that were asked for first.
  std::ranges::stable_sort(drafts, {}, [contract](const ComputedDraft& draft) {
    const Table& table = contract->tables[draft.table];
    return std::tuple(draft.table, !draft.notes.name.has_value(), draft.function->schema != table.schema);
  });
  for (auto draft = drafts.begin(); draft != drafts.end();) {
    const std::size_t table = draft->table;
    Computing computing(types, &contract->tables[table], &contract->warnings);
    for (; draft != drafts.end() && draft->table == table; ++draft) computing.Add(*draft);
    computing.Finish();
  }
}

int ComputedNumber(const catalog::Function& function, const Table& table) {
  text::Hash<std::uint64_t> hash;
  hash.AddText("computed").AddText(function.schema).AddText(function.name).AddText(table.schema).AddText(table.name);
  constexpr std::uint64_t kNumbers = number::kRelationLast - number::kRelationFirst + 1;
  return number::kRelationFirst + static_cast<int>(hash.value() % kNumbers);
}

}  // namespace protogres::contract
