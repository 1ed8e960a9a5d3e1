// What read masks have asked for before: it is planned once, and not for each request. What is kept of a table goes
// with its BoundTable, when the catalog is reloaded.
#ifndef PROTOGRES_SERVICE_CRUD_VIEW_CACHE_H_
#define PROTOGRES_SERVICE_CRUD_VIEW_CACHE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "contract/contract.h"
#include "contract/request.h"

namespace protogres::crud {

struct View;

// All that a request says of the rows that it reads beside their keys, its filter and its order: the mask, what it
// expands, and whether deleted rows are shown. Requests of one table with the same text ask for the same. Empty: the
// request says nothing.
std::string ShapeOf(const contract::Request& request);

// Thread-safe. What was not used for the longest time goes first.
class ViewCache {
 public:
  // The most bytes of all views together. One that takes more than an eighth of them is not kept.
  static constexpr std::size_t kMostBytes = 8 * 1024 * 1024;

  explicit ViewCache(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}
  ViewCache(const ViewCache&) = delete;
  ViewCache& operator=(const ViewCache&) = delete;

  static ViewCache& OfProcess();

  // What was added for these arguments. Null: nothing was, or it had to go.
  std::shared_ptr<const View> Find(const contract::Table& table, bool etag_by_default, std::string_view shape);
  // `view` is what PlanRelated or ReadMasked make of a request of this shape, whoever sends it.
  void Add(const contract::Table& table, bool etag_by_default, std::string_view shape,
           std::shared_ptr<const View> view);

  // Forgets all of this table: another one may be made at its address.
  void Drop(const contract::Table& table);

  // Roughly.
  std::size_t bytes() const;
  std::size_t size() const;

 private:
  using Key = std::tuple<const contract::Table*, bool, std::string_view>;
  struct Entry {
    const contract::Table* table = nullptr;
    bool etag_by_default = false;
    std::string shape;
    std::shared_ptr<const View> view;
    std::size_t bytes = 0;

    Key key() const { return {table, etag_by_default, shape}; }
  };

  using Entries = std::list<Entry>;
  // Takes an entry out of the cache and puts it into `gone`. The mutex must be held.
  Entries::iterator Remove(Entries::iterator entry, Entries* gone);

  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  Entries entries_;  // the one that was used last is the first
  absl::flat_hash_map<Key, Entries::iterator> index_;
};

}  // namespace protogres::crud

#endif  // PROTOGRES_SERVICE_CRUD_VIEW_CACHE_H_
