// Which statements a connection has prepared: names by SQL text, the least
// recently used one goes first. Pure.
#ifndef PROTOGRES_SERVICE_DB_STATEMENT_CACHE_H_
#define PROTOGRES_SERVICE_DB_STATEMENT_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace protogres::db {

// A text is prepared from its second use on. Filters make many texts that come
// once: each would cost a round trip more, and push out a statement that is
// used all the time. Seen texts are kept apart, so they cannot.
class StatementCache {
 public:
  // Longer texts, of large batches and filters, are never kept.
  static constexpr std::size_t kLongest = 16 * 1024;

  // `capacity` statements at the most; 0: none is ever prepared.
  // `prefix` begins all names. Behind a pooler a server has the statements of many clients, so it must be no other
  // connection's, of this process or another.
  StatementCache(std::size_t capacity, std::string prefix)
      : prepared_(capacity), seen_(capacity), prefix_(std::move(prefix)) {}

  // The name that `sql` is prepared under, null if it is not. Valid until the next change.
  const std::string* Find(const std::string& sql) { return prepared_.Find(sql); }

  // Notes one use of a text that is not prepared. True: it was seen before and is worth preparing.
  bool Note(const std::string& sql) {
    if (sql.size() > kLongest) return false;
    if (seen_.Take(sql)) return true;
    seen_.Add(sql, {});
    return false;
  }

  // A name for `sql`, never used before, to be given to Add once it is prepared.
  std::string NewName() { return fmt::format("{}_{}", prefix_, ++names_); }
  // Gives the name of the statement that had to go, if one had.
  std::optional<std::string> Add(const std::string& sql, std::string name) {
    return prepared_.Add(sql, std::move(name));
  }

  // Forgets `sql`; gives the name that it was prepared under.
  std::optional<std::string> Erase(const std::string& sql) { return prepared_.Take(sql); }

  // Forgets all that is prepared, but not which texts were seen; gives the names.
  std::vector<std::string> EraseAll() {
    std::vector<std::string> names;
    while (auto gone = prepared_.TakeLast()) {
      seen_.Add(gone->first, {});
      names.push_back(std::move(gone->second));
    }
    return names;
  }

  std::size_t size() const { return prepared_.size(); }

 private:
  // Text -> value, in the order of use.
  class Recent {
   public:
    explicit Recent(std::size_t capacity) : capacity_(capacity) {}

    const std::string* Find(std::string_view sql) {
      const auto found = index_.find(sql);
      if (found == index_.end()) return nullptr;
      order_.splice(order_.begin(), order_, found->second);
      return &found->second->second;
    }

    std::optional<std::string> Add(const std::string& sql, std::string value) {
      if (capacity_ == 0) return value;
      std::optional<std::string> gone;
      if (order_.size() >= capacity_) gone = Take(order_.back().first);
      order_.emplace_front(sql, std::move(value));
      index_.emplace(order_.front().first, order_.begin());
      return gone;
    }

    std::optional<std::string> Take(std::string_view sql) {
      const auto found = index_.find(sql);
      if (found == index_.end()) return std::nullopt;
      const auto entry = found->second;
      index_.erase(found);  // before the text that its key is a view of
      std::optional<std::string> value = std::move(entry->second);
      order_.erase(entry);
      return value;
    }

    // The one that was used least recently; nothing: there is none.
    std::optional<std::pair<std::string, std::string>> TakeLast() {
      if (order_.empty()) return std::nullopt;
      index_.erase(order_.back().first);
      auto last = std::move(order_.back());
      order_.pop_back();
      return last;
    }

    std::size_t size() const { return order_.size(); }

   private:
    using Order = std::list<std::pair<std::string, std::string>>;
    std::size_t capacity_;
    Order order_;
    std::unordered_map<std::string_view, Order::iterator> index_;
  };

  Recent prepared_;
  Recent seen_;
  std::string prefix_;
  std::uint64_t names_ = 0;
};

}  // namespace protogres::db

#endif  // PROTOGRES_SERVICE_DB_STATEMENT_CACHE_H_
