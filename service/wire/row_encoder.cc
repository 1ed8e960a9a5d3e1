#include <fmt/format.h>

#include <algorithm>

#include "status/status.h"
#include "wire/encode.h"
#include "wire/json.h"
#include "wire/row.h"
#include "wire/writer.h"

namespace protogres::wire {
namespace {

constexpr int kRowDepth = 1;
// Room for a tag, a length and what a number takes beyond its text.
constexpr std::size_t kFieldOverhead = 10;

// Kept geometric: rows of a page are appended to one string.
void Reserve(std::size_t more, std::string* out) {
  const std::size_t needed = out->size() + more;
  if (needed > out->capacity()) out->reserve(std::max(needed, 2 * out->capacity()));
}

}  // namespace

struct RowEncoder::Column {
  const contract::Field* field;
  Tag tag;
};

RowEncoder::RowEncoder(const contract::Contract& contract, const contract::Table& table, const std::vector<int>& fields,
                       bool etag)
    : contract_(&contract), table_(&table), etag_(etag) {
  auto columns = std::make_shared<std::vector<Column>>();
  columns->reserve(fields.size());
  for (const int index : fields) {
    const contract::Field& field = table.field(index);
    columns->push_back({&field, Tag(field.number, field.type)});
    may_refuse_ = may_refuse_ || MayNotFit(field.type);
  }
  columns_ = std::move(columns);
}

absl::Status RowEncoder::Encode(std::span<const Cell> cells, std::string* out) const {
  const std::size_t wanted = columns_->size() + (etag_ ? 1 : 0);
  if (cells.size() < wanted) {
    return status::Internal(fmt::format("a row of {} has {} columns, not {}", table_->sql_name, cells.size(), wanted));
  }
  std::size_t size = 0;
  for (const Cell& cell : cells.first(wanted)) size += cell.has_value() ? cell->size() + kFieldOverhead : 0;
  Reserve(size, out);

  ValueEncoder encoder(*contract_, out);
  for (std::size_t i = 0; i < columns_->size(); ++i) {
    if (!cells[i].has_value()) continue;
    const auto& [field, tag] = (*columns_)[i];
    if (!encoder.Append(field->type, tag, *cells[i], kRowDepth)) return encoder.Refusal(*table_, field->column);
  }
  if (etag_ && cells[columns_->size()].has_value()) {
    AppendBytesField(contract::number::kEtag, *cells[columns_->size()], out);
  }
  return absl::OkStatus();
}

}  // namespace protogres::wire
