// Which column of a table says that a row is deleted.
#ifndef PROTOGRES_SERVICE_CONTRACT_SOFT_DELETE_H_
#define PROTOGRES_SERVICE_CONTRACT_SOFT_DELETE_H_

#include <string>
#include <vector>

#include "contract/draft.h"
#include "contract/type_map.h"

namespace protogres::contract {

// Sets Table::soft_delete of a draft whose fields and key are set: by its COMMENT, or, if `by_default`, by a column
// deleted_at. A soft delete that the role may not carry out is one all the same: its rows stay hidden, and Delete is
// not served rather than becoming a hard one. False: Delete must not be served either, because the rows that are
// deleted cannot be told, and so are shown; there is a warning.
bool FillSoftDelete(const TypeMap& types, bool by_default, Draft* draft, std::vector<std::string>* warnings);

}  // namespace protogres::contract

#endif  // PROTOGRES_SERVICE_CONTRACT_SOFT_DELETE_H_
