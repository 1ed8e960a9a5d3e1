// Makes the Statements that call functions and procedures. Pure. Values are always parameters.
#ifndef PROTOGRES_SERVICE_SQL_CALL_H_
#define PROTOGRES_SERVICE_SQL_CALL_H_

#include <optional>
#include <vector>

#include "contract/contract.h"
#include "sql/filter.h"
#include "sql/statement.h"

namespace protogres::sql {

// What a call gives for each of Function::arguments. No value: it takes its DEFAULT, or is an OUT argument.
using Given = std::vector<std::optional<Param>>;

// How many parameters these are, which stand before all others.
int ParamsOf(const Given& given);

// What is read of the rows of a function.
struct CallRows {
  const contract::Table& table;  // what a row is: the alias is `t`
  Projection projection;
  Statement condition = {};  // by CompileFilter, whose first parameter is number ParamsOf + 1
  std::vector<OrderTerm> order = {};
};

// SELECT ... FROM function(...) AS t. An argument without a value must have a DEFAULT.
Statement SelectFrom(const contract::Function& function, const Given& given, const CallRows& rows);

// CALL procedure(...).
Statement Call(const contract::Function& procedure, const Given& given);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_CALL_H_
