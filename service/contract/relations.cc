#include "contract/relations.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "contract/naming.h"
#include "contract/packages.h"
#include "contract/references.h"
#include "contract/scope.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/hash.h"

namespace protogres::contract {
namespace {

// A relation that has no name yet.
struct Candidate {
  Relation relation;
  std::optional<std::string> given;  // the name that a COMMENT gives
  std::string wanted;
  std::string by;  // the columns, for a longer name
  std::string label;
  std::string comment;
};

Type MessageType(bool repeated) {
  Type type;
  type.kind = Kind::kMessage;
  type.repeated = repeated;
  return type;
}

std::string ColumnNames(const Table& table, const std::vector<int>& fields, const char* between) {
  std::string names;
  for (const int field : fields) names += (names.empty() ? "" : between) + table.field(field).name;
  return names;
}

void AddToHash(const Table& table, const std::vector<int>& fields, text::Hash<std::uint64_t>* hash) {
  hash->AddText(table.schema).AddText(table.name);
  for (const int field : fields) hash->AddText(table.field(field).column);
}

class Relating {
 public:
  Relating(std::vector<Reference> references, Contract* contract)
      : references_(std::move(references)), contract_(*contract), candidates_(contract_.tables.size()) {}

  void Run() {
    FindCircles();
    for (const Reference& reference : references_) Propose(reference);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      Table& table = contract_.tables[i];
      table.rows_apart = true;
      Name(table, &candidates_[i]);
      Number(&candidates_[i], &table);
    }
  }

 private:
  Table& TableAt(int index) const { return contract_.tables[static_cast<std::size_t>(index)]; }

  template <typename... Args>
  void Warn(const std::string& label, fmt::format_string<Args...> format, Args&&... args) const {
    contract_.warnings.push_back(fmt::format("{}: {}", label, fmt::format(format, std::forward<Args>(args)...)));
  }

  // Which packages reach which, by relations to one.
  void FindCircles() {
    PackageGraph next;
    for (const Reference& reference : references_) {
      const std::string& from = TableAt(reference.from).package;
      const std::string& to = TableAt(reference.to).package;
      if (from != to) next[from].insert(to);
    }
    reaches_ = Reached(next);
  }

  void Propose(const Reference& reference) {
    const Table& from = TableAt(reference.from);
    const Table& to = TableAt(reference.to);
    const bool same = from.package == to.package;
    const auto reached = reaches_.find(to.package);
    if (!same && reached != reaches_.end() && reached->second.contains(from.package)) {
      Warn(reference.label,
           "no relation is served, as the packages {} and {} refer to each other, and their files cannot", from.package,
           to.package);
      return;
    }
    candidates_[static_cast<std::size_t>(reference.from)].push_back(ToOne(reference, from, to));
    if (same) candidates_[static_cast<std::size_t>(reference.to)].push_back(Reverse(reference, from, to));
  }

  static Candidate ToOne(const Reference& reference, const Table& from, const Table& to) {
    Candidate candidate;
    candidate.relation.target = reference.to;
    candidate.relation.fields = reference.fields;
    candidate.relation.target_fields = reference.to_fields;
    candidate.given = reference.notes.name;
    if (reference.fields.size() == 1) candidate.wanted = WithoutId(from.field(reference.fields.front()).name);
    if (candidate.wanted.empty()) candidate.wanted = Snake(to.message);
    candidate.relation.number = reference.notes.number.value_or(
        RelationNumber(from, reference.fields, to, reference.to_fields, /*reverse=*/false));
    Describe(reference, from, "The " + to.message, &candidate);
    return candidate;
  }

  static Candidate Reverse(const Reference& reference, const Table& from, const Table& to) {
    Candidate candidate;
    candidate.relation.target = reference.from;
    candidate.relation.reverse = true;
    candidate.relation.many = !reference.unique;
    candidate.relation.fields = reference.to_fields;
    candidate.relation.target_fields = reference.fields;
    candidate.given = reference.notes.reverse_name;
    candidate.wanted = Snake(candidate.relation.many ? from.plural : from.message);
    candidate.relation.number = reference.notes.reverse_number.value_or(
        RelationNumber(from, reference.fields, to, reference.to_fields, /*reverse=*/true));
    Describe(reference, from,
             candidate.relation.many ? fmt::format("The rows of {}", from.message)
                                     : fmt::format("The {} that refers to it", from.message),
             &candidate);
    return candidate;
  }

  static void Describe(const Reference& reference, const Table& from, const std::string& what, Candidate* candidate) {
    candidate->relation.constraint = reference.constraint;
    candidate->by = ColumnNames(from, reference.fields, "_");
    candidate->label = reference.label;
    candidate->comment = fmt::format("{} by {}.{}; where read_mask names it.", what, from.message,
                                     ColumnNames(from, reference.fields, fmt::format(", {}.", from.message).c_str()));
    if (!reference.notes.text.empty()) candidate->comment = reference.notes.text + "\n\n" + candidate->comment;
  }

  // Names that were asked for come first, and then those that nothing else has.
  void Name(const Table& table, std::vector<Candidate>* candidates) const {
    if (candidates->empty()) return;
    FieldScope scope = BesideColumns();
    for (const Field& field : table.fields) scope.Take(field.name, field.type);
    std::map<std::string, int> wanted;
    for (const Candidate& candidate : *candidates) {
      if (!candidate.given.has_value()) ++wanted[Squash(candidate.wanted)];
    }
    const auto take = [&](const std::string& name, Candidate* candidate) {
      const Type type = MessageType(candidate->relation.many);
      candidate->relation.name = FreeName(name, candidate->relation.number, type, {&scope});
      scope.Take(candidate->relation.name, type);
    };
    for (Candidate& candidate : *candidates) {
      if (!candidate.given.has_value()) continue;
      take(*candidate.given, &candidate);
      if (candidate.relation.name != *candidate.given) {
        Warn(candidate.label, "@protogres name={} is taken: it is served as {}", *candidate.given,
             candidate.relation.name);
      }
    }
    for (Candidate& candidate : *candidates) {
      const bool clear = wanted[Squash(candidate.wanted)] == 1 &&
                         !scope.Clashes(candidate.wanted, MessageType(candidate.relation.many));
      if (!candidate.given.has_value() && clear) take(candidate.wanted, &candidate);
    }
    for (Candidate& candidate : *candidates) {
      if (candidate.relation.name.empty()) take(candidate.wanted + "_by_" + candidate.by, &candidate);
    }
  }

  void Number(std::vector<Candidate>* candidates, Table* table) const {
    std::ranges::stable_sort(*candidates, {}, [](const Candidate& candidate) { return candidate.relation.number; });
    for (Candidate& candidate : *candidates) {
      if (!table->relations.empty() && table->relations.back().number == candidate.relation.number) {
        Warn(candidate.label,
             "the relation {} of {} is left out, as {} has its number {}: give it another by "
             "`@protogres {}=` in the {}COMMENT",
             candidate.relation.name, table->message, table->relations.back().name, candidate.relation.number,
             candidate.relation.reverse ? "reverse_number" : "number",
             candidate.relation.constraint.empty() ? "line of the " : "constraint's ");
        continue;
      }
      table->notes.relations.push_back(std::move(candidate.comment));
      table->relations.push_back(std::move(candidate.relation));
    }
  }

  const std::vector<Reference> references_;
  Contract& contract_;
  PackageGraph reaches_;
  std::vector<std::vector<Candidate>> candidates_;  // by table
};

}  // namespace

void AddRelations(const catalog::Catalog& catalog, const std::vector<Draft>& drafts, Contract* contract) {
  Relating(FindReferences(catalog, drafts, contract), contract).Run();
}

int RelationNumber(const Table& referencing, const std::vector<int>& fields, const Table& referenced,
                   const std::vector<int>& referenced_fields, bool reverse) {
  text::Hash<std::uint64_t> hash;
  hash.AddText(reverse ? "reverse" : "forward");
  AddToHash(referencing, fields, &hash);
  AddToHash(referenced, referenced_fields, &hash);
  constexpr std::uint64_t kNumbers = number::kRelationLast - number::kRelationFirst + 1;
  return number::kRelationFirst + static_cast<int>(hash.value() % kNumbers);
}

std::string_view WithoutId(std::string_view column) {
  if (column.size() > 3 && text::Lower(column).ends_with("_id")) return column.substr(0, column.size() - 3);
  const bool camel = column.size() > 2 && column.ends_with("Id") && column[column.size() - 3] >= 'a' &&
                     column[column.size() - 3] <= 'z';
  return camel ? column.substr(0, column.size() - 2) : std::string_view();
}

}  // namespace protogres::contract
