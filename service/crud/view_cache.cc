#include "crud/view_cache.h"

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "crud/bound_table.h"
#include "crud/related_plan.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

// What an entry, a view and an allocation take beside what they hold.
constexpr std::size_t kOverhead = 256;
// What a column of a projection takes there and in the encoder.
constexpr std::size_t kColumn = 48;

void AppendText(std::string_view text, std::string* out) {
  wire::AppendVarint(text.size(), out);
  *out += text;
}

std::size_t BytesOf(const sql::Projection& projection) {
  return kOverhead + (projection.fields.size() + projection.links.size()) * kColumn;
}

std::size_t BytesOf(const std::vector<RelatedNode>& nodes) {
  std::size_t bytes = 0;
  for (const RelatedNode& node : nodes) {
    bytes += sizeof node + kOverhead + node.path.size() + node.rows.text.size() + node.rows.condition.text.size();
    for (const auto& param : node.rows.condition.params) bytes += sizeof param + (param ? param->size() : 0);
    bytes += BytesOf(node.rows.projection) + BytesOf(node.nodes);
  }
  return bytes;
}

std::size_t BytesOf(const View& view) {
  const std::size_t own = 2 * BytesOf(view.projection);
  return view.related ? own + BytesOf(view.related->nodes) : own;
}

}  // namespace

std::string ShapeOf(const contract::Request& request) {
  std::string shape;
  if (request.show_deleted) shape += 'd';
  if (request.mask.has_value()) {
    shape += 'm';
    wire::AppendVarint(request.mask->size(), &shape);
    for (const std::string& path : *request.mask) AppendText(path, &shape);
  }
  for (const contract::Expand& expand : request.expand) {
    shape += 'e';
    // Negative ones are refused, and need only be told from others.
    wire::AppendVarint(static_cast<std::uint32_t>(expand.page_size), &shape);
    for (const std::string* text : {&expand.path, &expand.filter, &expand.order_by}) AppendText(*text, &shape);
  }
  return shape;
}

ViewCache& ViewCache::OfProcess() {
  static ViewCache& cache = *new ViewCache;  // BoundTables may be destroyed after all else
  return cache;
}

std::shared_ptr<const View> ViewCache::Find(const contract::Table& table, bool etag_by_default,
                                            std::string_view shape) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find(Key(&table, etag_by_default, shape));
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->view;
}

void ViewCache::Add(const contract::Table& table, bool etag_by_default, std::string_view shape,
                    std::shared_ptr<const View> view) {
  const std::size_t bytes = kOverhead + shape.size() + BytesOf(*view);
  if (bytes > most_bytes_ / 8) return;
  Entries gone;  // its views are destroyed after the mutex was released
  std::lock_guard lock(mutex_);
  // Another thread may have planned the same.
  if (index_.contains(Key(&table, etag_by_default, shape))) return;
  while (bytes_ + bytes > most_bytes_) Remove(std::prev(entries_.end()), &gone);
  entries_.push_front({&table, etag_by_default, std::string(shape), std::move(view), bytes});
  index_.emplace(entries_.front().key(), entries_.begin());
  bytes_ += bytes;
}

void ViewCache::Drop(const contract::Table& table) {
  Entries gone;
  std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    entry = entry->table == &table ? Remove(entry, &gone) : std::next(entry);
  }
}

ViewCache::Entries::iterator ViewCache::Remove(Entries::iterator entry, Entries* gone) {
  index_.erase(entry->key());
  bytes_ -= entry->bytes;
  const auto next = std::next(entry);
  gone->splice(gone->begin(), entries_, entry);
  return next;
}

std::size_t ViewCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t ViewCache::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace protogres::crud
