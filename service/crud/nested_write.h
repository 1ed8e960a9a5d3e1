// Writes what nested.h has planned: one INSERT for each level of the tree, rows that others refer to before these. The
// keys that PostgreSQL has stored fill the foreign keys.
#ifndef PROTOGRES_SERVICE_CRUD_NESTED_WRITE_H_
#define PROTOGRES_SERVICE_CRUD_NESTED_WRITE_H_

#include <functional>
#include <memory>
#include <string>

#include "crud/method.h"
#include "crud/nested.h"
#include "wire/request.h"

namespace protogres::crud {

// The Operation that writes `tree` and answers it as it is stored, with the etags: of a Create its only row, of a batch
// all rows of its first level as a Batch response.
//
// Alone it takes a round trip for each level and one for the COMMIT, which goes with the last INSERT where that has one
// row. With the COMMIT go SELECTs of what a trigger of rows that were written later may have changed; in a transaction
// that has begun already, or where a row of the tables may not fit an answer, they take a round trip. Where an INSERT
// of several rows fails, or does not tell which row is whose, all is done again row by row; in a transaction that has
// begun already that INSERT alone, after a savepoint. An error has the path of the row that failed.
//
// INVALID_ARGUMENT: a column of a foreign key was given a value that is not the key of the row that it is written with.
// FAILED_PRECONDITION, reason FOREIGN_KEY_VIOLATION: a row that others refer to was not stored, or without a key.
std::unique_ptr<Operation> MakeNestedOperation(const wire::Request& request, NestedRows tree, bool batch);

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_NESTED_WRITE_H_
