// List (AIP-132): keyset pages (AIP-158) of what a filter (AIP-160) keeps.
#include <algorithm>
#include <utility>
#include <vector>

#include "crud/listing.h"
#include "crud/methods.h"
#include "crud/operator_error.h"
#include "crud/related.h"
#include "sql/lock.h"
#include "sql/page.h"
#include "status/macros.h"
#include "wire/writer.h"

namespace protogres::crud {
namespace {

struct ListPlan {
  Listing listing;
  sql::Statement page;
  std::optional<sql::Statement> count;  // count_total
  std::int64_t page_size = 0;
  bool locks = false;
};

class ListOperation : public Operation {
 public:
  ListOperation(const BoundTable& bound, ListPlan plan) : bound_(bound), plan_(std::move(plan)) {}

  bool locks() const override { return plan_.locks; }
  db::SessionOptions session() const override {
    // The page, the count and what belongs to the rows are of one moment.
    return plan_.count.has_value() || plan_.listing.view.related ? OfOneSnapshot() : db::SessionOptions{};
  }

  absl::StatusOr<std::string> Execute(db::Session& session) override {
    RETURN_IF_ERROR(CheckPlans(session));
    std::string response;
    // The transaction ends with the last relation's statement, in the same round trip.
    const bool last = !plan_.count.has_value();
    ASSIGN_OR_RETURN(const bool done, AppendAnswer(session, plan_.page_size, last, &response));
    if (done) return response;
    // It has ended, but not with all that belongs to the rows: half of the page, in another.
    RETURN_IF_ERROR(session.Restart());
    const std::int64_t half = std::max<std::int64_t>(plan_.page_size / 2, 1);
    RETURN_IF_ERROR(AppendAnswer(session, half, /*last=*/false, &response).status());
    return response;
  }

 private:
  absl::Status CheckPlans(db::Session& session) const {
    const absl::Status page = bound_.CheckPlan(session, plan_.page);
    if (!page.ok()) return OfOperator(page, plan_.page.text, bound_.table());
    return plan_.count.has_value() ? bound_.CheckPlan(session, *plan_.count) : absl::OkStatus();
  }

  // Reads a page of at most `size` rows. `last`: nothing follows, so that the transaction may be ended. False: it was,
  // and there is no response, since what belongs to the rows is too large.
  absl::StatusOr<bool> AppendAnswer(db::Session& session, std::int64_t size, bool last, std::string* response) const {
    const auto rows = ReadPage(session);
    if (!rows.ok()) return OfOperator(rows.status(), plan_.page.text, bound_.table());
    ASSIGN_OR_RETURN(const std::int64_t end, EncodePage(session, *rows, size, last, response));
    if (end < 0) return false;
    if (end < rows->size() || rows->cut() || (plan_.locks && end == plan_.page_size)) {
      const std::string token = plan_.listing.TokenAfter(plan_.listing.ValuesOf(*rows, end - 1), end);
      wire::AppendBytesField(contract::number::kNextPageToken, token, response);
    }
    if (plan_.count.has_value()) {
      ASSIGN_OR_RETURN(const db::Rows count, session.Read(plan_.count->text, plan_.count->params));
      wire::AppendVarintField(contract::number::kTotalSize, std::stoull(std::string(*count.Cell(0, 0))), response);
    }
    return true;
  }

  absl::StatusOr<db::Rows> ReadPage(db::Session& session) const {
    const std::int64_t most = bound_.most_read();
    if (plan_.listing.view.related) {
      // The first statement of several: it goes with its BEGIN.
      std::vector<db::Rows> rows;
      const db::Statement page{plan_.page.text, plan_.page.params};
      ASSIGN_OR_RETURN(const bool whole, session.ReadAll({&page, 1}, /*last=*/false, most, &rows));
      if (whole) return rows.front();
    }
    return session.ReadSome(plan_.page.text, plan_.page.params, most);
  }

  // Encodes rows until the page has `size` rows or enough bytes. Returns the number of rows that are on it; -1: see
  // AppendAnswer.
  absl::StatusOr<std::int64_t> EncodePage(db::Session& session, const db::Rows& rows, std::int64_t size, bool last,
                                          std::string* response) const {
    std::int64_t end = std::min(rows.size(), size);
    if (!plan_.listing.view.related || end == 0) return EncodeRows(rows, end, nullptr, response);
    Related related(bound_, *plan_.listing.view.related);
    while (true) {
      ASSIGN_OR_RETURN(const bool whole, related.Read(session, rows, 0, end, /*skip=*/0, last));
      if (whole) return EncodeRows(rows, end, &related, response);
      if (end == 1) return TooMuchRelated(bound_);
      if (!session.in_transaction()) return -1;
      end /= 2;
    }
  }

  absl::StatusOr<std::int64_t> EncodeRows(const db::Rows& rows, std::int64_t end, const Related* related,
                                          std::string* response) const {
    std::int64_t row = 0;
    for (; row < end; ++row) {
      const std::size_t before = response->size();
      RETURN_IF_ERROR(AppendElement(bound_, plan_.listing.view, rows, row, /*skip=*/0, related, response));
      if (row > 0 && response->size() > static_cast<std::size_t>(bound_.limits().max_page_bytes)) {
        response->resize(before);
        return row;
      }
    }
    return row;
  }

  const BoundTable& bound_;
  const ListPlan plan_;
};

class ListMethod : public UnaryMethod {
 public:
  ListMethod(const BoundTable& bound, const Names& names) : UnaryMethod(names), bound_(bound) {}

  absl::StatusOr<std::unique_ptr<Operation>> Plan(std::string_view bytes) const override {
    ASSIGN_OR_RETURN(const wire::Request& request, bound_.Decode(contract::MethodKind::kList, bytes));
    ListPlan plan;
    ASSIGN_OR_RETURN(plan.listing, PlanListing(bound_, request));
    ASSIGN_OR_RETURN(plan.page_size, PageSize(bound_, request, bound_.limits().page_size));
    ASSIGN_OR_RETURN(const sql::Lock lock, sql::ParseLock(request.lock));
    plan.locks = !lock.clause.empty();
    // A row more shows whether there is a next page; but it would be locked, and never seen by the caller.
    plan.page = plan.listing.Select(bound_.table(), plan.locks ? plan.page_size : plan.page_size + 1);
    plan.page.text += lock.clause;
    if (request.count_total) {
      plan.count = sql::SelectCount(bound_.table(), plan.listing.condition, request.show_deleted);
    }
    return std::make_unique<ListOperation>(bound_, std::move(plan));
  }

 private:
  const BoundTable& bound_;
};

}  // namespace

std::unique_ptr<Method> MakeList(const BoundTable& bound, const Method::Names& names) {
  return std::make_unique<ListMethod>(bound, names);
}

}  // namespace protogres::crud
