// Suggests names that are near to an unknown one: "did you mean". Private to sql/.
#ifndef PROTOGRES_SERVICE_SQL_SUGGEST_H_
#define PROTOGRES_SERVICE_SQL_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"

namespace protogres::sql {

// ; did you mean "age"? - or, if no name is near and there are few, ; there are "a", "b". Empty: neither.
std::string Suggest(std::string_view unknown, const std::vector<std::string_view>& known);

// The same for the name of a field that can be read, or of a relation. A field whose column has that name comes first.
std::string SuggestField(std::string_view unknown, const std::vector<contract::Field>& fields,
                         const std::vector<contract::Relation>& relations = {});

// The message about the name of a field that cannot be read.
std::string InputOnly(std::string_view name);

}  // namespace protogres::sql

#endif  // PROTOGRES_SERVICE_SQL_SUGGEST_H_
