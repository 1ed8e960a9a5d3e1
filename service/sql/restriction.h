// Compiles one comparison of a filter to SQL. Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_RESTRICTION_H_
#define PROTOGRES_SERVICE_SQL_RESTRICTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "contract/contract.h"
#include "sql/parser.h"
#include "sql/statement.h"

namespace protogres::sql {

// Compiles the comparisons of one filter, and collects their parameters. Borrows all that its constructor gets.
//
// As in SQL and PostgREST, a comparison with NULL is neither true nor false: neither `name = "x"` nor `name != "x"` nor
// their negations hold for a row without a name. What is always true or false is presence (`= null`, `!= null`, `:*`)
// and what a repeated field or a JSON value has (`tags:x`, `attrs:key`).
//
// In text, `=` and `!=` take wildcards: * stands for any characters, and \* in quotes for a star.
class RestrictionCompiler {
 public:
  RestrictionCompiler(const contract::Contract& contract, const contract::Table& table, std::string_view filter,
                      int first_param)
      : contract_(contract), table_(table), filter_(filter), first_param_(first_param) {}

  // Returns a condition that binds tighter than NOT.
  absl::StatusOr<std::string> Compile(const Restriction& restriction);

  std::vector<Param> TakeParams() { return std::move(params_); }

 private:
  // What a path leads to.
  struct Target {
    std::string sql;  // t."a", (t."a")."b"
    const contract::Type* type = nullptr;
    std::string name;                    // as the filter has it
    std::vector<std::string_view> json;  // the path within a JSON value
  };

  absl::StatusOr<Target> Resolve(const Restriction& restriction) const;
  absl::StatusOr<std::string> CompileScalar(const Target& target, const Restriction& restriction);
  absl::StatusOr<std::string> CompileRepeated(const Target& target, const Restriction& restriction);
  absl::StatusOr<std::string> CompileMessage(const Target& target, const Restriction& restriction);
  absl::StatusOr<std::string> CompileJson(const Target& target, const Restriction& restriction);
  std::string CompileJsonNumber(const std::string& value, const std::string& text, const Restriction& restriction);

  // The literal as a parameter to compare with `target`: "$3::type".
  absl::StatusOr<std::string> Operand(const Target& target, const Literal& literal);
  const contract::Enum& EnumOf(const contract::Type& type) const;
  // Adds a parameter and returns its place in the text, "$3".
  std::string Bind(std::string value);
  absl::Status Error(std::size_t offset, const std::string& what) const;

  const contract::Contract& contract_;
  const contract::Table& table_;
  std::string_view filter_;
  int first_param_;
  std::vector<Param> params_;
};

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_RESTRICTION_H_
