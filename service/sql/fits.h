// The check that a written row can be answered, as SQL. Pure.
#ifndef PROTOGRES_SERVICE_SQL_FITS_H_
#define PROTOGRES_SERVICE_SQL_FITS_H_

#include <string>
#include <string_view>

#include "contract/contract.h"

namespace protogres::sql {

// The error of CheckOfFit: division_by_zero (PostgreSQL manual, Appendix A).
inline constexpr std::string_view kDoesNotFit = "22012";

// A further column of a RETURNING, with its comma, that fails with kDoesNotFit where a field cannot hold its value. It
// may refuse a row that fits, but hardly does: a label that an enum got just now. So a statement with it can be
// committed at once, and one that it stops must be run again without it. Empty: SQL cannot tell for each column (JSON,
// composites, types of extensions), Citus distributes the table, or
// there is nothing to tell.
std::string CheckOfFit(const contract::Contract& contract, const contract::Table& table);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_FITS_H_
