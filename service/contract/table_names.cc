#include "contract/table_names.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "contract/methods.h"
#include "contract/naming.h"
#include "contract/packages.h"
#include "contract/words.h"
#include "fmt/format.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

// `robot_arm.pb.go` would be built on ARM only (Go, "Build constraints").
constexpr std::string_view kGoBuildSuffixes[] = {
    "aix",     "android", "darwin", "dragonfly", "freebsd", "illumos", "ios",     "js",    "linux", "netbsd", "openbsd",
    "plan9",   "solaris", "unix",   "wasip1",    "windows", "zos",     "386",     "amd64", "arm",   "arm64",  "loong64",
    "mips",    "mipsle",  "mips64", "mips64le",  "ppc64",   "ppc64le", "riscv64", "s390x", "wasm",  "hurd",   "nacl",
    "sparc64", "sparc",   "ppc",    "riscv",     "s390",    "armbe",   "arm64be", "test"};

// No file can have these names on Windows.
constexpr std::string_view kDevices[] = {"aux", "con", "nul", "prn"};

std::string Directory(std::string package) {
  std::ranges::replace(package, '.', '/');
  return package + "/";
}

// A table's word and what may come of it. Lower ranks choose first: names that
// were asked for, then words that are singular already, so that of `customer`
// and `customers` the latter yields; last those that look like derived messages, so that
// `batch_get_customers_request` yields to `customer`.
struct Candidate {
  Draft* draft = nullptr;
  std::string word;
  std::string singular;
  int rank = 2;
  bool folded = false;  // the word is not the table's name letter for letter; such yield to those that are
};

bool LooksDerived(std::string_view word) {
  for (const std::string_view tail : {"Request", "Response", "Service", "Grpc", "Client", "Server", "Proto", "Builder",
                                      "Aggregate", "Sum", "Average"}) {
    if (word.size() > tail.size() && word.ends_with(tail)) return true;
  }
  return false;
}

Candidate MakeCandidate(Draft* draft) {
  Candidate candidate;
  candidate.draft = draft;
  if (draft->notes.name.has_value()) {
    candidate.word = candidate.singular = Pascal(*draft->notes.name);
    candidate.rank = 0;
  } else {
    candidate.word = Pascal(Fold(draft->relation->name));
    candidate.folded = Snake(candidate.word) != draft->relation->name;
    candidate.singular = Singular(candidate.word);
    candidate.rank = candidate.singular == candidate.word ? 1 : 2;
    if (LooksDerived(candidate.singular)) candidate.rank += 2;
  }
  return candidate;
}

void ChooseMessage(const Candidate& candidate, PackageScope* scope) {
  Table& table = candidate.draft->table;
  // The table's own word stays as it is where it is a plural; of a name that was asked for one is made.
  table.message = candidate.singular;
  table.plural = Plural(candidate.word);
  for (int i = 1; IsBadMessageName(table.message) || !scope->Take(NamesOf(table.message, table.plural)); ++i) {
    table.message = i == 1 ? candidate.word : fmt::format("{}{}", candidate.word, i);
    table.plural = table.message;
  }
}

std::string ChooseFile(const Table& table, std::set<std::string>* taken) {
  const std::string directory = Directory(table.package);
  std::string base = Snake(table.message);
  const std::size_t last = base.rfind('_');
  const bool go_build = last != std::string::npos &&
                        std::ranges::find(kGoBuildSuffixes, base.substr(last + 1)) != std::end(kGoBuildSuffixes);
  if (go_build || std::ranges::find(kDevices, base) != std::end(kDevices)) base += "_table";
  std::string file = directory + base + ".proto";
  for (int i = 2; !taken->insert(text::Lower(file)).second; ++i)
    file = fmt::format("{}{}_{}.proto", directory, base, i);
  return file;
}

}  // namespace

std::string TypesFileName(const std::string& package) { return Directory(package) + "types.proto"; }

std::string RowsFileName(const std::string& package) { return Directory(package) + "rows.proto"; }

std::string FunctionsFileName(const std::string& package) { return Directory(package) + "functions.proto"; }

void NameTables(const std::map<std::string, std::string>& packages, bool rows_apart,
                std::map<std::string, PackageScope>* scopes, std::vector<Draft>* drafts,
                std::vector<std::string>* warnings) {
  std::vector<Candidate> candidates;
  std::set<std::string> files;
  for (Draft& draft : *drafts) {
    draft.table.package = packages.at(draft.relation->schema);
    files.insert(text::Lower(TypesFileName(draft.table.package)));
    if (rows_apart) files.insert(text::Lower(RowsFileName(draft.table.package)));
    candidates.push_back(MakeCandidate(&draft));
  }
  std::ranges::stable_sort(candidates, {}, [](const Candidate& c) { return std::pair(c.rank, c.folded); });
  for (const Candidate& candidate : candidates) {
    Table& table = candidate.draft->table;
    ChooseMessage(candidate, &(*scopes)[table.package]);
    if (candidate.rank == 0 && table.message != candidate.word) {
      warnings->push_back(
          fmt::format("{}: @protogres name={} is taken: it is served as {}",
                      text::Escaped(candidate.draft->relation->schema + "." + candidate.draft->relation->name),
                      candidate.word, table.message));
    }
    table.file = ChooseFile(table, &files);
  }
  static const FieldScope beside_row = BesideRow();
  static const FieldScope beside_rows = BesideRows();
  Type row;
  row.kind = Kind::kMessage;
  Type rows = row;
  rows.repeated = true;
  for (Draft& draft : *drafts) {
    Table& table = draft.table;
    table.row_field = Snake(table.message);
    table.rows_field = Snake(table.plural);
    while (beside_row.Clashes(table.row_field, row)) table.row_field += "_row";
    while (beside_rows.Clashes(table.rows_field, rows)) table.rows_field += "_rows";
  }
}

}  // namespace protogres::contract
