// What the conditions of one filter share: the table whose fields they name, and the parameters that they have so far.
// Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_FILTER_SCOPE_H_
#define PROTOGRES_SERVICE_SQL_FILTER_SCOPE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/filter.h"
#include "sql/parser.h"
#include "sql/statement.h"
#include "sql/through.h"

namespace protogres::sql {

// What a path of a filter leads to.
struct Target {
  std::vector<Hop> hops;                 // the relations that the path begins with
  std::string sql;                       // t."a", (t."a")."b"; t1."a" behind one relation
  const contract::Type* type = nullptr;  // null: the path ends at a relation
  std::string name;                      // as the filter has it
  std::vector<std::string_view> json;    // the path within a JSON value
};

// Borrows all that its constructor gets.
class FilterScope {
 public:
  FilterScope(const contract::Contract& contract, const contract::Table& table, std::string_view filter,
              const FilterOptions& options)
      : contract_(contract), table_(table), filter_(filter), options_(options) {}

  // INVALID_ARGUMENT: a name is unknown, or is not to be read, or the paths go through too many relations. The Target
  // borrows the path.
  absl::StatusOr<Target> Resolve(const std::vector<Name>& path);

  // The condition that there is a row behind the target's relations for which `condition` holds; empty: any row.
  // EXISTS, so that PostgreSQL can make it a semi-join.
  std::string Exists(const Target& target, const std::string& condition) const;

  // The literal as a parameter to compare with a value of the target, or with an element of it: "$3::type".
  absl::StatusOr<std::string> Operand(const Target& target, const Literal& literal);
  // The literals as one parameter, an array of what Operand makes: "$3::type[]". TakesArray(target) must hold.
  absl::StatusOr<std::string> ArrayOperand(const Target& target, const std::vector<Literal>& literals);
  bool TakesArray(const Target& target) const;

  // The JSON value that the target is, as jsonb; and its text. The path within it becomes a parameter.
  struct JsonValue {
    std::string value;
    std::string text;  // empty where there is no path
  };
  JsonValue Json(const Target& target);

  const contract::Contract& contract() const { return contract_; }
  const contract::Enum& EnumOf(const contract::Type& type) const;

  // INVALID_ARGUMENT, at this offset: the parameters have become too large. To be asked for each value of a list, as
  // each may bring the path within a JSON value along.
  absl::Status CheckSize(std::size_t offset) const;

  // Adds a parameter and returns its place in the text, "$3".
  std::string Bind(std::string value);
  std::vector<Param> TakeParams() { return std::move(params_); }

  // INVALID_ARGUMENT for what is wrong at a byte offset of the filter.
  absl::Status Error(std::size_t offset, const std::string& what) const;

 private:
  absl::StatusOr<std::string> Text(const Target& target, const Literal& literal) const;
  // Takes the relations that the path begins with, and gives the table that they lead to.
  absl::StatusOr<const contract::Table*> TakeHops(const std::vector<Name>& path, Target* target);

  const contract::Contract& contract_;
  const contract::Table& table_;
  const std::string_view filter_;
  const FilterOptions& options_;
  std::vector<Param> params_;
  std::size_t bytes_ = 0;  // of all parameters
  int hops_ = 0;           // of all paths
};

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_FILTER_SCOPE_H_
