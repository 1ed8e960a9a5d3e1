// Parses a filter (https://google.aip.dev/160) into a tree. Private to sql/. Knows nothing of tables and SQL.
//
//   expression: sequence {AND sequence}        all must hold
//   sequence:   factor {factor}                all must hold: a blank is an AND
//   factor:     term {OR term}                 so OR binds tighter than AND, as AIP-160 has it:
//                                              a = 1 AND b = 2 OR c = 3  is  a = 1 AND (b = 2 OR c = 3)
//   term:       {NOT | -} ( "(" expression ")" | restriction | call )
//   restriction: path (= | != | < | <= | > | >= | :) (value | list)
//   call:       name "(" path {, (value | list)} ")"
//   path:       name {. name}
//   list:       "[" [value {, value}] "]"
//
// Keywords are in upper case. AIP-160's values without a field are not supported.
#ifndef PROTOGRES_SERVICE_SQL_PARSER_H_
#define PROTOGRES_SERVICE_SQL_PARSER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sql/lexer.h"

namespace protogres::sql {

struct Name {
  std::string text;
  std::size_t offset = 0;  // in bytes, as all offsets here
};

struct Literal {
  std::string text;
  std::vector<std::size_t> stars;  // where `text` has wildcards
  bool quoted = false;
  std::size_t offset = 0;

  bool Is(std::string_view word) const { return !quoted && text == word; }
};

// A value, or a list of values.
struct Argument {
  std::vector<Literal> values;  // one, unless it is a list
  bool list = false;
  std::size_t offset = 0;
};

struct Restriction {
  std::vector<Name> path;  // not empty
  Comparator comparator = Comparator::kEqual;
  std::size_t comparator_offset = 0;
  Argument argument;
};

// ilike(name, "li%"): a function of a field.
struct Call {
  Name function;
  std::vector<Name> path;           // not empty
  std::vector<Argument> arguments;  // after the path
};

struct Expression {
  enum class Kind { kAnd, kOr, kNot, kRestriction, kCall };

  Kind kind = Kind::kRestriction;
  std::vector<Expression> children;
  Restriction restriction;
  Call call;
  bool negated =
      false;  // kRestriction and kCall: NOT is before it, beside those that are a kNot. The parser sets none.
};

// `filter` must not be blank. The errors are those of CompileFilter.
absl::StatusOr<Expression> ParseFilter(std::string_view filter);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_PARSER_H_
