// The statement that reads the rows which a relation gives to many rows at once. Pure.
#ifndef PROTOGRES_SERVICE_SQL_RELATED_H_
#define PROTOGRES_SERVICE_SQL_RELATED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "sql/row_order.h"
#include "sql/statement.h"

namespace protogres::sql {

// A relation, and what is asked for of its rows. Borrows the Contract.
struct RelatedRows {
  const contract::Table* table = nullptr;  // whose relation it is
  const contract::Relation* relation = nullptr;
  const contract::Table* target = nullptr;
  Projection projection;  // of the target
  bool show_deleted = false;
  Statement condition;               // made by CompileFilter with FirstFilterParam; empty: all rows
  RowOrder order;                    // of the rows of one key; not used where the relation is to one
  std::optional<std::int64_t> each;  // at most so many rows of a key; no value: all
  std::string text = {};             // made by Prepare; empty: SelectRelated makes it each time
};

// To be called when all else is set: what does not depend on the keys of a statement is then made only once.
void Prepare(RelatedRows* rows);

// The number of the first parameter of RelatedRows::condition.
int FirstFilterParam(const contract::Relation& relation);

// SELECT of the rows that belong to one of `keys`, which are values of Relation::fields, none of them twice. The first
// column returned tells the key: its value where TellsByValue, else its position in `keys`, from 1. Then comes the
// projection. The rows of a key stand together, in their order. `most`: no more rows than this are read in all.
Statement SelectRelated(const RelatedRows& rows, const std::vector<Key>& keys, std::int64_t most);

// The key is one integer on both sides, whose text form is the same wherever it comes from.
bool TellsByValue(const RelatedRows& rows);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_RELATED_H_
