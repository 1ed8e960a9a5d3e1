#include "db/rows.h"

namespace protogres::db {

void Rows::Read(std::int64_t row, std::vector<std::optional<std::string_view>>* cells) const {
  const int count = columns();
  cells->resize(static_cast<std::size_t>(count));
  for (int column = 0; column < count; ++column) (*cells)[static_cast<std::size_t>(column)] = Cell(row, column);
}

}  // namespace protogres::db
